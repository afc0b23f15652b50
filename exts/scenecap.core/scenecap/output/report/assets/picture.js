// The picture of a frame with boxes and edges over it.
"use strict";

const LAYERS = [
  ["boxes", "Boxes", "b", true],
  ["names", "Labels", "l", true],
  ["hidden", "Hidden extents", "h", false],
  ["others", "Not in the graph", "n", false],
];

const EDGE_CHOICES = [
  ["marked", "of what is marked"],
  ["pruned", "pruned graph"],
  ["all", "all"],
  ["none", "none"],
];

// Relations that hold one thing by another; their lines are drawn as in the overlay pictures.
const HOLDING = new Set(["supported by", "supports", "inside", "contains", "attached to", "hanging from", "holds"]);
const SYMMETRIC = new Set(["near", "far", "touching", "next to"]);

// Columns of a row of edges.
const [DISTANCE, CENTERS, RIGHT, FORWARD, UP, CLOCK, MARGIN, , EVIDENCE, PRUNED] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

// From this many objects on, small ones have their numbers instead of labels.
const CROWD = 20;
// Labels that are drawn large for what is marked, at most.
const MOST_TAGS = 24;

// Lines that are drawn, at most.
const MOST_LINES = 2500;
// Edges that have their words written on them, at most.
const MOST_WORDS = 24;

class Picture {
  constructor(page, focus) {
    this.page = page;
    this.focus = focus;
    this.objects = new Map(page.objects.map((object) => [object.id, object]));
    const [width, height] = page.size || [640, 480];
    this.width = width;
    this.height = height;
    this.unit = Math.max(width, height) / 640;
    this.layers = Object.fromEntries(LAYERS.map(([name, , , on]) => [name, kept.get(`layer.${name}`, on)]));
    this.edgeChoice = kept.get("edges", page.objects.length > 24 ? "marked" : "pruned");
    this.build();
    focus.onchange((target) => {
      this.drawEdges(target);
      this.drawTags(target);
    });
  }

  build() {
    const { page, width, height } = this;
    this.edges = s("g", { class: "edges" });
    this.svg = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "over", role: "group", "aria-label": "Objects in the picture" });
    this.image = page.picture ? h("img", { src: page.picture, alt: `The picture of ${page.key}`, class: "shot", width, height }) : null;
    this.note = h("figcaption", { class: "quiet" });
    if (this.image) {
      this.image.addEventListener("error", () => {
        this.image.remove();
        this.note.textContent = "The picture cannot be loaded. Was the dataset moved away from the report? ";
      });
    }
    this.note.textContent = page.picture_kind === "picture" ? "" : page.picture ? `No picture was drawn; this is ${page.picture_kind === "depth" ? "depth" : "shading by normals"}.` : page.problems.length ? "There is no picture to show." : "No picture was drawn.";
    this.stage = h("div", { class: "stage" }, this.image, this.svg);
    this.stage.style.setProperty("aspect-ratio", `${width} / ${height}`);
    this.stage.style.setProperty("--ratio", width / height);
    this.drawObjects();
    this.tags = s("g", { class: "tags" });
    this.svg.append(this.edges, this.tags);
    const tools = LAYERS.filter(([name]) => this.needed(name)).map(([name, text, key]) => {
      const box = h("input", { type: "checkbox", id: `layer-${name}`, checked: this.layers[name], onchange: () => this.toggle(name, box.checked) });
      return h("label", { class: "check", title: `Key ${key}` }, box, text);
    });
    const choose = h("select", { id: "edges", title: "Key e", onchange: (event) => this.chooseEdges(event.target.value) },
      EDGE_CHOICES.map(([value, text]) => h("option", { value, selected: value === this.edgeChoice }, text)));
    this.element = h("figure", { class: "picture" }, this.stage, h("div", { class: "tools" }, tools, h("label", { class: "check" }, "Edges", choose)), this.note);
    this.applyLayers();
    this.drawEdges(null);
    // A click beside all objects lets go of what is held.
    this.stage.addEventListener("click", () => this.focus.hold(null));
  }

  needed(layer) {
    if (layer === "others") return this.page.objects.some((object) => !object.in_graph && object.box);
    if (layer === "hidden") return this.page.objects.some((object) => object.loose && String(object.loose) !== String(object.box));
    return true;
  }

  toggle(name, on) {
    this.layers[name] = on;
    kept.set(`layer.${name}`, on);
    const box = document.getElementById(`layer-${name}`);
    if (box) box.checked = on;
    this.applyLayers();
  }

  chooseEdges(value) {
    this.edgeChoice = value;
    kept.set("edges", value);
    const select = document.getElementById("edges");
    if (select) select.value = value;
    this.drawEdges(this.focus.shown);
  }

  nextEdges() {
    const values = EDGE_CHOICES.map(([value]) => value);
    this.chooseEdges(values[(values.indexOf(this.edgeChoice) + 1) % values.length]);
  }

  applyLayers() {
    for (const [name, on] of Object.entries(this.layers)) this.svg.classList.toggle(`no-${name}`, !on);
  }

  // Large objects first, so that a small one on top of them can be pointed at.
  drawObjects() {
    const area = ([x0, y0, x1, y1]) => (x1 - x0 + 1) * (y1 - y0 + 1);
    const shown = this.page.objects.filter((object) => object.box).sort((a, b) => area(b.box) - area(a.box) || a.id - b.id);
    const placed = [];
    const labels = s("g", { class: "names" });
    // In a crowd the labels of small things would hide them: their numbers stand there until they are marked.
    const crowd = shown.length > CROWD;
    const least = 0.02 * this.width * this.height;
    for (const object of shown) {
      const [x0, y0, x1, y1] = object.box;
      const group = s("g", { class: object.in_graph ? "object" : "object other", color: colorOf(object.id), tabindex: 0, role: "button", "aria-label": `${object.id} ${object.label}` });
      if (object.loose && String(object.loose) !== String(object.box)) {
        const [u0, v0, u1, v1] = object.loose;
        group.append(s("rect", { class: "loose", x: u0, y: v0, width: u1 - u0 + 1, height: v1 - v0 + 1, "vector-effect": "non-scaling-stroke" }));
      }
      const frame = { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1, "vector-effect": "non-scaling-stroke" };
      group.append(s("rect", { class: "rim", ...frame }), s("rect", { class: "box", ...frame }), s("title", null, `${object.label} ${object.path}`));
      this.svg.append(this.focus.link(group, [object.id]));
    }
    // Labels over all boxes, the small objects' first: a large one has more room.
    for (const object of [...shown].reverse()) {
      const short = crowd && area(object.box) < least;
      const label = this.label(object, short ? String(object.id) : `${object.id} ${object.label}`, placed);
      if (short) label.classList.add("short");
      labels.append(this.focus.link(label, [object.id], { quiet: true }));
    }
    this.svg.append(labels);
  }

  label(object, whole, placed) {
    const size = 11.5 * this.unit;
    const text = whole.length > 30 ? `${whole.slice(0, 29)}\u2026` : whole;
    const wide = text.length * size * 0.56 + size * 0.5;
    const place = this.placeLabel(object.box, wide, size * 1.35, placed);
    return s("g", { class: object.in_graph ? "name" : "name other", color: colorOf(object.id) },
      s("rect", { x: place.x, y: place.y, width: wide, height: size * 1.35, rx: size * 0.2 }),
      s("text", { x: place.x + size * 0.25, y: place.y + size * 1.02, "font-size": size, textLength: wide - size * 0.5, lengthAdjust: "spacingAndGlyphs" }, text));
  }

  // The whole labels of what is marked, over everything.
  drawTags(target) {
    const placed = [];
    const objects = (target ? target.ids.slice(0, MOST_TAGS) : []).map((id) => this.objects.get(id)).filter((object) => object?.box);
    this.tags.replaceChildren(...objects.map((object) => {
      const tag = this.label(object, `${object.id} ${object.label}`, placed);
      tag.classList.add("lit");
      return tag;
    }));
  }

  placeLabel([x0, y0, x1, y1], wide, high, placed) {
    const inside = (x, y) => ({ x: Math.min(Math.max(0, x), this.width - wide), y: Math.min(Math.max(0, y), this.height - high) });
    const spots = [inside(x0, y0 - high), inside(x0, y0), inside(x1 - wide, y0 - high), inside(x0, y1), inside(x1 - wide, y1 - high), inside((x0 + x1 - wide) / 2, (y0 + y1 - high) / 2)];
    for (let step = 1; step <= 8; step += 1) spots.push(inside(x0, y0 - high * (1 + step)), inside(x0, y1 + high * step));
    const covered = (spot) =>
      placed.reduce((sum, other) => sum + Math.max(0, Math.min(spot.x + wide, other.x + other.wide) - Math.max(spot.x, other.x)) * Math.max(0, Math.min(spot.y + high, other.y + other.high) - Math.max(spot.y, other.y)), 0);
    let best = spots[0];
    let least = Infinity;
    for (const spot of spots) {
      const area = covered(spot);
      if (area < least - 1e-6) {
        least = area;
        best = spot;
      }
      if (area === 0) break;
    }
    placed.push({ ...best, wide, high });
    return best;
  }

  drawEdges(target) {
    const ids = new Set(target ? target.ids : []);
    let rows = this.page.edges.rows.filter((row) => {
      const pair = pairName(row[0], row[1]);
      if (target && target.pair) return pair === target.pair;
      if (this.edgeChoice === "none") return false;
      if (target && ids.size) return (ids.has(row[0]) || ids.has(row[1])) && (this.edgeChoice !== "pruned" || row[PRUNED]);
      return this.edgeChoice === "all" || (this.edgeChoice === "pruned" && row[PRUNED]);
    });
    // A graph of hundreds of objects has tens of thousands: those of the pruned graph are drawn first.
    if (rows.length > MOST_LINES) rows = [...rows].sort((a, b) => b[PRUNED] - a[PRUNED]).slice(0, MOST_LINES);
    const many = rows.length > 60;
    const words = s("g");
    this.words = [];
    const lines = rows.map((row) => this.edge(row, target && rows.length <= MOST_WORDS ? words : null));
    this.edges.replaceChildren(...lines.filter(Boolean), words);
    this.edges.classList.toggle("many", many);
  }

  edge(row, words) {
    const [from, to, relation] = row;
    const first = this.objects.get(from);
    const second = this.objects.get(to);
    if (!first?.box || !second?.box) return null;
    // The line reads "source relation target"; what holds is told from the held.
    const [there, back] = this.page.edges.words[relation];
    const turned = /^(supports|contains|holds|above)/.test(there) && back;
    const [source, aim, text] = turned ? [second, first, back] : [first, second, there];
    const [ax, ay] = middle(source.box);
    const [bx, by] = middle(aim.box);
    const main = text.split(",")[0];
    const holding = HOLDING.has(main);
    const group = s("g", { class: holding ? "edge holding" : "edge" },
      s("line", { class: "rim", x1: ax, y1: ay, x2: bx, y2: by, "vector-effect": "non-scaling-stroke" }),
      s("line", { class: "line", x1: ax, y1: ay, x2: bx, y2: by, "vector-effect": "non-scaling-stroke" }));
    const length = Math.hypot(bx - ax, by - ay);
    if (!SYMMETRIC.has(main) && length > 14 * this.unit) group.append(this.arrow(ax, ay, bx, by, length));
    if (words) this.word(words, text.split(",").map(shortWord).join(", "), holding, [ax, ay, bx, by]);
    return group;
  }

  // The word of an edge, where along its line it covers no other; else none.
  word(words, text, holding, [ax, ay, bx, by]) {
    const size = 10.5 * this.unit;
    const [wide, high] = [text.length * size * 0.53 + size * 0.6, size * 1.4];
    for (const share of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]) {
      const x = Math.min(Math.max(0, ax + (bx - ax) * share - wide / 2), this.width - wide);
      const y = Math.min(Math.max(0, ay + (by - ay) * share - high / 2), this.height - high);
      if (this.words.some((other) => x < other.x + other.wide && other.x < x + wide && y < other.y + high && other.y < y + high)) continue;
      this.words.push({ x, y, wide });
      words.append(s("g", { class: holding ? "edge holding" : "edge" },
        s("rect", { class: "word", x, y, width: wide, height: high, rx: size * 0.25 }),
        s("text", { x: x + size * 0.3, y: y + size * 1.05, "font-size": size, textLength: wide - size * 0.6, lengthAdjust: "spacingAndGlyphs" }, text)));
      return;
    }
  }

  arrow(ax, ay, bx, by, length) {
    const [ux, uy] = [(bx - ax) / length, (by - ay) / length];
    const [tx, ty] = [ax + (bx - ax) * 0.66, ay + (by - ay) * 0.66];
    const size = 6 * this.unit;
    const points = [[tx, ty], [tx - ux * size - uy * size * 0.5, ty - uy * size + ux * size * 0.5], [tx - ux * size + uy * size * 0.5, ty - uy * size - ux * size * 0.5]];
    return s("polygon", { class: "head", points: points.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" ") });
  }
}

function middle([x0, y0, x1, y1]) {
  return [(x0 + x1 + 1) / 2, (y0 + y1 + 1) / 2];
}

function shortWord(word) {
  return { "supported by": "on", supports: "holds up", left: "left of", right: "right of", front: "in front of" }[word] || word;
}
