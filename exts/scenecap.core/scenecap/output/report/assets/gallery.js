// The grid of pictures and the filters beside it.
"use strict";

const PAGE_SIZE = 48;
// Entries of a filter's list that are drawn at once; its own search field finds the others.
const LISTED = 200;

class Gallery {
  constructor(index, search) {
    this.index = index;
    this.search = search;
    this.state = emptyState();
    this.places = index.frames.map((_, place) => place);
    this.scroll = 0;
    this.several = index.frames.some((frame) => frame.frame !== index.frames[0].frame);
    this.build();
  }

  build() {
    const { index } = this;
    const set = (change) => this.go({ ...this.state, page: 1, ...change });
    let timer = null;
    this.words = h("input", {
      type: "search", id: "words", placeholder: "Words in captions", autocomplete: "off", spellcheck: "false",
      "aria-label": "Words in captions", title: 'All words must occur; "quotes" keep words together. Press / to come here',
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => set({ words: this.words.value }), 60);
      },
    });
    this.inQuestions = h("input", { type: "checkbox", id: "in-questions", onchange: () => set({ questions: this.inQuestions.checked }) });
    this.facets = [
      new Facet("Scene", "scenes", (values) => set({ scenes: values })),
      new Facet("Camera", "cameras", (values) => set({ cameras: values })),
      new Facet("Variation", "variations", (values) => set({ variations: values })),
      new Facet("Seed", "seeds", (values) => set({ seeds: values })),
      new Facet("Label", "labels", (values) => set({ labels: values }), "Frames with all of them"),
    ];
    const choice = (name, key, options) =>
      h("select", { id: `choose-${key}`, "aria-label": name, onchange: (event) => set({ [key]: event.target.value }) },
        options.map(([value, text]) => h("option", { value }, text)));
    const labels = [["", "anything"], ...[...index.labels].sort().map((label) => [label, label])];
    this.choices = {
      subject: choice("First thing of the relation", "subject", labels),
      relation: choice("Relation", "relation", [["", "any relation"], ...index.relations.map(([word]) => [word, relationWord(word)])]),
      object: choice("Second thing of the relation", "object", labels),
      only: choice("Which frames", "only", KINDS),
      sort: choice("Order", "sort", SORTS),
    };
    this.reset = h("button", { type: "button", class: "plain", id: "reset", onclick: () => this.go(emptyState()) }, "Clear");
    this.count = h("p", { class: "found", role: "status", id: "found" });
    this.grid = h("div", { class: "grid", id: "grid", onkeydown: (event) => this.move(event) });
    this.pager = h("nav", { class: "pager", "aria-label": "Pages" });
    this.element = h("div", { class: "gallery" },
      h("aside", { class: "filters", "aria-label": "Filters" },
        h("div", { class: "searchbox" }, this.words, h("label", { class: "check" }, this.inQuestions, "in questions too")),
        h("fieldset", { class: "relation" }, h("legend", null, "Relation"), this.choices.subject, this.choices.relation, this.choices.object),
        this.facets.map((facet) => facet.element),
      ),
      h("section", { class: "results", "aria-label": "Frames" },
        h("div", { class: "bar" }, this.count, this.reset, h("span", { class: "space" }), this.choices.only, this.choices.sort),
        this.grid, this.pager));
  }

  go(state) {
    location.replace(writeState(state));
  }

  async update(state) {
    this.state = state;
    const turn = (this.turn = (this.turn || 0) + 1);
    await this.search.prepare(state);
    if (turn !== this.turn) return; // typed on meanwhile
    this.places = this.search.run(state);
    const pages = Math.max(1, Math.ceil(this.places.length / PAGE_SIZE));
    this.page = Math.min(state.page, pages);
    if (this.words.value !== state.words && document.activeElement !== this.words) this.words.value = state.words;
    this.inQuestions.checked = state.questions;
    for (const [key, select] of Object.entries(this.choices)) select.value = state[key];
    for (const facet of this.facets) {
      facet.update(this.search.counts(this.search.run(state, facet.key === "labels" ? null : facet.key), facet.key), state[facet.key]);
    }
    const total = this.index.frames.length;
    this.count.replaceChildren(h("strong", null, grouped(this.places.length)), this.places.length === total ? (total === 1 ? " frame" : " frames") : ` of ${counted(total, "frame")}`);
    this.reset.hidden = !isFiltered(state);
    this.drawGrid();
    this.drawPager(pages);
  }

  drawGrid() {
    const terms = termsOf(this.state.words);
    const shown = this.places.slice((this.page - 1) * PAGE_SIZE, this.page * PAGE_SIZE);
    if (!shown.length) {
      const why = this.index.frames.length ? "No frame passes these filters." : "The dataset has no frame that was written; see Problems.";
      this.grid.replaceChildren(h("p", { class: "quiet nothing" }, why));
      return;
    }
    this.grid.replaceChildren(...shown.map((place) => this.card(this.index.frames[place], terms)));
  }

  card(frame, terms) {
    const text = frame.brief || frame.global || "No caption.";
    const found = terms.length && frame.brief && frame.global && !terms.some((term) => frame.brief.toLowerCase().includes(term)) ? snippet(frame.global, terms) : text;
    return h("a", { class: "card", href: `#/frame/${frame.number}`, "data-number": frame.number, title: frame.key },
      h("span", { class: "thumb" },
        frame.thumb
          ? h("img", { src: frame.thumb, alt: "", loading: "lazy", decoding: "async", width: 400, height: 300 })
          : boxesOnly(frame)),
      h("span", { class: "text" }, marked(found, terms)),
      h("span", { class: "where" },
        h("span", null, this.where(frame)),
        h("span", null, frame.notes ? h("span", { class: "warn", title: counted(frame.notes, "warning") }, "! ") : null, this.note(frame))));
  }

  // What tells a frame from the others.
  where(frame) {
    const { index } = this;
    const variation = index.variations[frame.variation];
    const parts = [cameraName(index.cameras[frame.camera])];
    if (this.several) parts.push(`frame ${frame.frame}`);
    if (index.variations.length > 1) parts.push(`variation ${variation}`);
    if (index.seeds.length > 1) parts.push(`seed ${index.seeds[frame.seed]}`);
    if (index.scenes.length > 1) parts.push(index.scenes[frame.scene]);
    return parts.join(" \u00b7 ");
  }

  // What the order goes by, else how many objects there are.
  note(frame) {
    if (this.state.sort === "least" && frame.least_px !== null) return `${grouped(frame.least_px)} px`;
    if (this.state.sort === "hidden" && frame.most_hidden !== null) return `${percent(frame.most_hidden)} hidden`;
    return counted(frame.objects, "object");
  }

  drawPager(pages) {
    if (pages < 2) {
      this.pager.replaceChildren();
      return;
    }
    const link = (page, text, name) =>
      page < 1 || page > pages
        ? h("span", { class: "off" }, text)
        : h("a", { href: writeState({ ...this.state, page }), "aria-label": name, "aria-current": page === this.page ? "page" : null }, text);
    const near = [...new Set([1, this.page - 2, this.page - 1, this.page, this.page + 1, this.page + 2, pages])].filter((page) => page >= 1 && page <= pages);
    const numbers = near.flatMap((page, at) => [at && page - near[at - 1] > 1 ? h("span", { class: "off" }, "\u2026") : null, link(page, page, `Page ${page}`)]);
    this.pager.replaceChildren(link(this.page - 1, "\u2039", "Previous page"), ...numbers.filter(Boolean), link(this.page + 1, "\u203a", "Next page"));
  }

  // Arrow keys go from card to card.
  move(event) {
    const cards = [...this.grid.querySelectorAll(".card")];
    const at = cards.indexOf(document.activeElement);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const columns = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined || !cards[at + step]) return;
    event.preventDefault();
    cards[at + step].focus();
  }

  // Number of the frame before or after one, among those that pass.
  neighbour(number, step) {
    const places = this.places.length ? this.places : this.index.frames.map((_, place) => place);
    let at = places.findIndex((place) => this.index.frames[place].number === number);
    if (at < 0) {
      const all = this.index.frames.findIndex((frame) => frame.number === number);
      const other = this.index.frames[all + step];
      return other ? other.number : null;
    }
    const place = places[at + step];
    return place === undefined ? null : this.index.frames[place].number;
  }
}

// A list of values with how many frames have each; any number may be chosen.
class Facet {
  constructor(title, key, change, hint = "") {
    this.key = key;
    this.change = change;
    this.find = h("input", { type: "search", class: "find", placeholder: "Find", "aria-label": `Find a ${title.toLowerCase()}`, oninput: () => this.draw() });
    this.list = h("div", { class: "values" });
    this.number = h("span", { class: "number" });
    this.element = h("details", { class: "facet", open: true, "data-facet": key },
      h("summary", null, title, this.number), hint ? h("p", { class: "hint" }, hint) : null, this.find, this.list);
  }

  update(counts, chosen) {
    this.counts = counts;
    this.chosen = chosen;
    this.find.hidden = counts.length <= 8;
    this.element.hidden = counts.length < 2 && !chosen.length;
    this.number.textContent = chosen.length ? `${chosen.length} of ${counts.length}` : counts.length;
    this.draw();
  }

  draw() {
    const wanted = this.find.value.trim().toLowerCase();
    const isChosen = new Set(this.chosen);
    const most = Math.max(1, ...this.counts.map((item) => item[1]));
    const known = new Set(this.counts.map((item) => item[0]));
    const lost = this.chosen.filter((text) => !known.has(text)).map((text) => [text, 0]);
    const rows = [...lost, ...this.counts]
      .filter(([text, count]) => isChosen.has(text) || ((count || !this.chosen.length) && text.toLowerCase().includes(wanted)))
      .sort((a, b) => isChosen.has(b[0]) - isChosen.has(a[0]) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const focused = this.list.contains(document.activeElement) ? document.activeElement.value : null;
    this.list.replaceChildren(...rows.slice(0, LISTED).map(([text, count]) =>
      h("label", { class: "value", title: text, share: count / most },
        h("input", { type: "checkbox", value: text, checked: isChosen.has(text), onchange: (event) => this.toggle(text, event.target.checked) }),
        h("span", { class: "name" }, this.key === "cameras" ? shortPath(text) : text), h("span", { class: "number" }, grouped(count)))));
    if (rows.length > LISTED) this.list.append(h("p", { class: "hint" }, `and ${rows.length - LISTED} more`));
    if (focused !== null) [...this.list.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
  }

  toggle(text, on) {
    this.change(on ? [...this.chosen, text] : this.chosen.filter((other) => other !== text));
  }
}

function relationWord(word) {
  return { left: "left of", right: "right of", front: "in front of", supports: "supports", "supported by": "rests on (supported by)" }[word] || word;
}

// "/World/Cameras/Left" as "Cameras/Left": what tells cameras apart is at the end.
function shortPath(path) {
  return path.split("/").filter(Boolean).slice(-2).join("/");
}

// The part of a text around the first word that was found.
function snippet(text, terms) {
  const at = Math.min(...terms.map((term) => text.toLowerCase().indexOf(term)).filter((place) => place >= 0));
  if (!Number.isFinite(at) || at < 60) return text;
  return `\u2026 ${text.slice(text.indexOf(" ", at - 40) + 1)}`;
}

// A frame without a picture: its boxes on paper.
function boxesOnly(frame) {
  const [width, height] = frame.size || [4, 3];
  return s("svg", { viewBox: `0 0 ${width} ${height}`, class: "paper", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" },
    (frame.boxes || []).map(([id, x0, y0, x1, y1]) =>
      s("rect", { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1, color: colorOf(id), "vector-effect": "non-scaling-stroke" })));
}
