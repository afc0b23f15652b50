// What a frame holds: objects, relations with their numbers, the support tree, the raw documents, and the object looked at.
"use strict";

// Rows of the table of relations that are drawn before "show all".
const FIRST_ROWS = 150;

function objectLine(object) {
  return [mark(object.id), h("span", { class: "label" }, object.label)];
}

function objectsView(page, focus) {
  const total = page.size ? page.size[0] * page.size[1] : null;
  const row = (object) => focus.link(
    h("tr", { tabindex: 0, class: object.in_graph ? null : "other" },
      h("td", null, objectLine(object)),
      h("td", { class: "num" }, object.visible_px ? (total ? percent(object.visible_px / total) : grouped(object.visible_px)) : "not seen"),
      h("td", { class: "num" }, object.occlusion === null ? "" : percent(object.occlusion)),
      h("td", { class: "num" }, metres(object.depth)),
      h("td", { class: "path", title: object.path }, lastPart(object.path))),
    [object.id], { exact: true });
  return h("div", { class: "scroll" }, h("table", { class: "objects" },
    h("thead", null, h("tr", null, ["Object", "Of picture", "Hidden", "Depth", "Prim"].map((name, at) => h("th", { class: at > 0 && at < 4 ? "num" : null }, name)))),
    h("tbody", null, page.objects.map(row))));
}

function relationsView(page, focus) {
  const { edges } = page;
  if (!edges.written) return h("p", { class: "quiet" }, "No edges were written (export_edges: false).");
  if (!edges.rows.length) return h("p", { class: "quiet" }, "No relation is asserted in this frame.");
  const objects = new Map(page.objects.map((object) => [object.id, object]));
  const body = h("tbody");
  const words = [...new Set(edges.words.flat().flatMap((text) => text.split(",")).filter(Boolean))].sort();
  const only = h("select", { id: "relation-word", "aria-label": "Relation", onchange: () => draw(false) },
    h("option", { value: "" }, `All relations (${edges.rows.length} pairs)`), words.map((word) => h("option", { value: word }, relationWord(word))));
  const prunedOnly = h("input", { type: "checkbox", id: "pruned-only", onchange: () => draw(false) });
  const ofHeld = h("input", { type: "checkbox", id: "of-held", checked: false, onchange: () => draw(false) });
  const more = h("button", { type: "button", class: "plain", onclick: () => draw(true) });
  let links = [];

  const row = (edge) => {
    const [there, back] = edges.words[edge[2]];
    // Shown in the direction that holds the word that was chosen.
    const turned = Boolean(only.value) && !there.split(",").includes(only.value) && back;
    const [first, second, text, sign] = turned ? [edge[1], edge[0], back, -1] : [edge[0], edge[1], there, 1];
    const offset = [RIGHT, FORWARD, UP].map((column) => (edge[column] === null ? "" : (sign * edge[column] + 0).toFixed(2))).join(" ");
    const pair = pairName(edge[0], edge[1]);
    return focus.link(
      h("tr", { tabindex: 0, "data-pair": pair },
        h("td", null, objectLine(objects.get(first))), h("td", { class: "rel" }, text.split(",").map(shortWord).join(", ")), h("td", null, objectLine(objects.get(second))),
        h("td", { class: "num" }, metres(edge[DISTANCE])), h("td", { class: "num" }, offset), h("td", { class: "num" }, metres(edge[MARGIN])),
        h("td", { class: "quiet" }, [edge[PRUNED] ? "pruned" : "", edge[EVIDENCE] === "boxes" ? "boxes" : ""].filter(Boolean).join(", "))),
      [edge[0], edge[1]], { pair });
  };
  const draw = (all) => {
    // Rows that go are no longer linked.
    const gone = new Set(links);
    focus.links = focus.links.filter((entry) => !gone.has(entry));
    for (const entries of focus.byId.values()) for (let at = entries.length - 1; at >= 0; at -= 1) if (gone.has(entries[at])) entries.splice(at, 1);
    const held = focus.held ? new Set(focus.held.ids) : new Set();
    const rows = edges.rows.filter((edge) => {
      if (prunedOnly.checked && !edge[PRUNED]) return false;
      if (ofHeld.checked && !held.has(edge[0]) && !held.has(edge[1])) return false;
      return !only.value || edges.words[edge[2]].some((text) => text.split(",").includes(only.value));
    });
    const before = focus.links.length;
    body.replaceChildren(...(all ? rows : rows.slice(0, FIRST_ROWS)).map(row));
    links = focus.links.slice(before);
    more.hidden = all || rows.length <= FIRST_ROWS;
    more.textContent = `Show all ${grouped(rows.length)}`;
  };
  draw(false);
  focus.onchange((target, held) => {
    if (ofHeld.checked && held === target) draw(false);
  });
  const between = (page.graph?.between || []).map(([subject, first, second]) =>
    focus.link(h("li", { class: "claim", tabindex: 0 }, objectLine(objects.get(subject)), " between ", objectLine(objects.get(first)), " and ", objectLine(objects.get(second))), [subject, first, second]));
  const centered = (page.graph?.centered || []).map(([node, holder]) =>
    focus.link(h("li", { class: "claim", tabindex: 0 }, objectLine(objects.get(node)), " at the centre of ", objectLine(objects.get(holder))), [node, holder]));
  const heads = [["", ""], ["", ""], ["", ""], ["Gap", "between the surfaces"], ["Right, forward, up", "of the first from the second, as the viewer stands [m]"], ["Margin", "by which the strongest direction passes its threshold"], ["", ""]];
  return h("div", null,
    h("div", { class: "bar" }, only, h("label", { class: "check" }, prunedOnly, "pruned graph only"), h("label", { class: "check" }, ofHeld, "of the object held")),
    h("div", { class: "scroll" }, h("table", { class: "relations" }, h("thead", null, h("tr", null, heads.map(([name, hint], at) => h("th", { title: hint || null, class: at > 2 ? "num" : null }, name)))), body)),
    more,
    edges.silent ? h("p", { class: "quiet" }, `On ${counted(edges.silent, "more pair")} no relation is clear enough to be asserted.`) : null,
    between.length || centered.length ? h("ul", { class: "plainlist" }, between, centered) : null);
}

function supportView(page, focus) {
  const nodes = page.objects.filter((object) => object.in_graph);
  if (!nodes.length) return h("p", { class: "quiet" }, "No graph was written for this frame.");
  const children = new Map();
  const ids = new Set(nodes.map((object) => object.id));
  for (const object of nodes) {
    const parent = ids.has(object.parent) ? object.parent : null;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(object);
  }
  const done = new Set(); // a damaged file may hold a ring
  const branch = (object) => {
    if (done.has(object.id)) return null;
    done.add(object.id);
    const below = (children.get(object.id) || []).map(branch).filter(Boolean);
    const note = object.parent === null && object.parent_path && object.parent_path !== page.graph?.root ? ` on ${lastPart(object.parent_path)}` : "";
    const how = object.support && object.support !== "support" ? object.support : "";
    const line = focus.link(h("span", { class: "node", tabindex: 0, title: object.path }, objectLine(object), how || note ? h("span", { class: "quiet" }, ` ${how}${note}`) : null), [object.id], { exact: true });
    return h("li", null, line, below.length ? h("ul", null, below) : null);
  };
  const roots = (children.get(null) || []).map(branch);
  const rest = nodes.filter((object) => !done.has(object.id)).map(branch);
  const floor = page.graph?.root ? lastPart(page.graph.root) : "Nothing below";
  return h("div", { class: "tree" }, h("p", { class: "root" }, floor), h("ul", null, roots, rest));
}

// The documents as they are; they are unpacked by the browser.
function rawView(page) {
  const view = h("div", { class: "raw" }, h("p", { class: "quiet" }, "Loading ..."));
  const name = `raw/${String(page.number).padStart(6, "0")}`;
  const show = async (path, content) => {
    const text = await unpacked(content);
    return h("div", null,
      h("p", { class: "bar" }, h("button", { type: "button", class: "plain", onclick: (event) => copied(text, event.target) }, "Copy"),
        page.dataset === null ? null : h("a", { href: `${page.dataset}/${address(path)}`, target: "_blank", rel: "noopener" }, "Open the file")),
      h("pre", { tabindex: 0 }, text));
  };
  (async () => {
    const { documents } = await Report.load(name);
    Report.keepOnly("raw/", [name]);
    if (!documents.length) return h("p", { class: "quiet" }, "This frame has no documents.");
    const place = h("div");
    const tabs = h("div", { class: "chips", role: "group", "aria-label": "Documents" }, documents.map(([path, bytes, content], at) => {
      const button = h("button", { type: "button", class: "chip", title: path, "aria-pressed": "false", onclick: async () => {
        for (const other of tabs.children) other.setAttribute("aria-pressed", String(other === button));
        place.replaceChildren(await show(path, content));
      } }, documentName(path), h("span", { class: "quiet" }, ` ${sizeText(bytes)}`));
      if (at === 0) setTimeout(() => button.click());
      return button;
    }));
    return h("div", null, tabs, place);
  })().then((content) => view.replaceChildren(content), (error) => view.replaceChildren(h("p", { class: "error" }, error.message)));
  const others = page.files.map(([path, bytes]) => h("li", null, page.dataset === null ? path : h("a", { href: `${page.dataset}/${address(path)}`, target: "_blank", rel: "noopener" }, path), h("span", { class: "quiet" }, ` ${sizeText(bytes)}`)));
  return h("div", null, view, h("details", { class: "files" }, h("summary", null, counted(page.files.length, "file"), " of this frame"), h("ul", null, others)));
}

function documentName(path) {
  if (/full/.test(path)) return "full graph";
  if (/pruned/.test(path)) return "pruned graph";
  if (/object_data/.test(path)) return "objects";
  return /caption/.test(path) ? "captions" : lastPart(path);
}

function address(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

async function unpacked(content) {
  if (typeof DecompressionStream === "undefined") throw new Error("This browser is too old to unpack documents; open the files themselves.");
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

async function copied(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed here: select the text";
  }
}

// What is known of the object looked at, or of the pair.
function inspectorView(page, focus) {
  const objects = new Map(page.objects.map((object) => [object.id, object]));
  const references = new Map(page.references);
  const view = h("section", { class: "inspector", "aria-label": "What is marked", "aria-live": "polite" });
  const total = page.size ? page.size[0] * page.size[1] : null;
  const facts = (pairs) => h("dl", null, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));

  const objectCard = (object) => h("div", { class: "about" },
    h("h3", null, objectLine(object), object.in_graph ? null : h("span", { class: "quiet" }, "not in the graph")),
    h("p", { class: "path" }, object.path),
    facts([
      ["called", references.get(object.path)],
      ["own caption", object.caption],
      ["visible", object.visible_px ? `${total ? percent(object.visible_px / total) : ""} \u00b7 ${grouped(object.visible_px)} px` : "not seen"],
      ["hidden", object.occlusion === null ? null : `${percent(object.occlusion)}${object.truncated ? " \u00b7 cut by the edge" : ""}`],
      ["box", object.box ? object.box.join(", ") : null],
      ["depth", metres(object.depth)],
      ["size", object.size ? `${object.size.map((edge) => edge.toFixed(2)).join(" \u00d7 ")} m` : null],
      ["rests on", supporter(object, objects)],
      ["level", object.level],
      ["part of", object.part_of],
      ["label from", object.label_source?.replaceAll("_", " ")],
      ...object.attributes.map(([name, value, source]) => [name, source ? [value, h("span", { class: "quiet" }, ` from ${source}`)] : value]),
      ["colours", object.colors.length ? object.colors.map(([name, share]) => `${name} ${percent(share)}`).join(", ") : null],
    ]));

  const related = (ids) => {
    const wanted = new Set(ids);
    const rows = page.edges.rows.filter((row) => wanted.has(row[0]) || wanted.has(row[1]));
    rows.sort((a, b) => holdsFirst(page, b) - holdsFirst(page, a) || (a[DISTANCE] ?? 9e9) - (b[DISTANCE] ?? 9e9));
    return h("ul", { class: "related" }, rows.slice(0, 40).map((row) => {
      const [there, back] = page.edges.words[row[2]];
      const mine = wanted.has(row[0]);
      const other = objects.get(mine ? row[1] : row[0]);
      return h("li", null, (mine ? there : back || there).split(",").map(shortWord).join(", "), " ", objectLine(other), h("span", { class: "quiet" }, ` ${metres(row[DISTANCE])}`));
    }), rows.length > 40 ? h("li", { class: "quiet" }, `and ${rows.length - 40} more`) : null);
  };

  const pairCard = (target) => {
    const row = page.edges.rows.find((edge) => pairName(edge[0], edge[1]) === target.pair);
    if (!row) return null;
    const [there, back] = page.edges.words[row[2]];
    return h("div", { class: "about" },
      h("h3", null, objectLine(objects.get(row[0])), h("span", { class: "rel" }, there.split(",").map(shortWord).join(", ")), objectLine(objects.get(row[1]))),
      facts([
        ["the other way", back.split(",").map(shortWord).join(", ")], ["gap", metres(row[DISTANCE])], ["centres", metres(row[CENTERS])],
        ["offset", row[RIGHT] === null ? null : `${row[RIGHT].toFixed(2)} right, ${row[FORWARD].toFixed(2)} forward, ${row[UP].toFixed(2)} up [m]`],
        ["clock", row[CLOCK] ? `${row[CLOCK]} o'clock` : null], ["margin", metres(row[MARGIN])], ["rests on", row[EVIDENCE]], ["pruned graph", row[PRUNED] ? "yes" : "no"],
      ]));
  };

  const frameCard = () => h("div", { class: "about" }, h("h3", null, "This frame"), facts([
    ["camera", page.camera], ["picture", page.size ? page.size.join(" \u00d7 ") : null], ["setting", page.graph?.setting],
    ["objects", page.graph ? `${page.graph.kept} of ${page.graph.seen} seen (at most ${page.graph.capacity})` : null],
    ["room", page.graph ? [...new Set(page.graph.room.map((item) => item[2]))].join(", ") : null],
    ["left out", page.graph?.left_out.map(([code, count]) => `${count} ${code.replaceAll("_", " ")}`).join(", ")],
    ["dropped", page.graph?.dropped.length ? h("details", null, h("summary", null, counted(page.graph.dropped.length, "object")), h("ul", null, page.graph.dropped.map(([path, reason]) => h("li", null, `${path}: ${reason}`)))) : null],
    ["varied", variationView(page.variation)], ["seed", page.meta.seed], ["source", page.meta.source], ["config", page.config_hash], ["written by", page.meta.generator],
    ["key", page.key],
  ]), page.graph?.notes.length ? h("ul", { class: "notes" }, page.graph.notes.map((note) => h("li", null, note))) : null,
  h("p", { class: "hint" }, "Point at a box, a word of a caption or a row; click to hold it, Esc lets go."));

  focus.onchange((target) => {
    if (!target) {
      view.replaceChildren(frameCard());
      return;
    }
    const pair = target.pair ? pairCard(target) : null;
    const known = target.ids.map((id) => objects.get(id)).filter(Boolean);
    if (pair) view.replaceChildren(pair);
    else if (known.length === 1) view.replaceChildren(h("div", { class: "both" }, objectCard(known[0]), related(target.ids)));
    else view.replaceChildren(...known.slice(0, 12).map((object) => h("p", { class: "one" }, objectLine(object), h("span", { class: "path" }, object.path))), known.length > 12 ? h("p", { class: "quiet" }, `and ${known.length - 12} more`) : "");
  });
  view.replaceChildren(frameCard());
  return view;
}

// What differs from the authored stage.
function variationView(variation) {
  if (!variation) return null;
  if (!variation.changes.length) return "nothing: the stage as it was authored";
  const text = (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : value);
  return h("details", null, h("summary", null, counted(variation.changes.length, "prim")), h("ul", null, variation.changes.map(([what, path, numbers]) =>
    h("li", null, what, " ", h("span", { class: "path" }, path), " ", numbers.map(([name, value]) => `${name} ${text(value)}`).join("; ")))));
}

function supporter(object, objects) {
  if (object.parent !== null && objects.has(object.parent)) return objectLine(objects.get(object.parent));
  return object.parent_path ? lastPart(object.parent_path) : null;
}

function holdsFirst(page, row) {
  return page.edges.words[row[2]][0].split(",").some((word) => HOLDING.has(word)) ? 1 : 0;
}
