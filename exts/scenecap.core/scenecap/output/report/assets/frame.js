// The page of one frame: picture and what is marked on the left, texts and tables on the right.
"use strict";

const TABS = [
  ["questions", "Questions", questionsView],
  ["relations", "Relations", relationsView],
  ["objects", "Objects", objectsView],
  ["support", "Support tree", supportView],
  ["raw", "Raw JSON", rawView],
];

function frameName(number) {
  return `frames/${String(number).padStart(6, "0")}`;
}

class FrameView {
  constructor(page, gallery, tab) {
    this.page = page;
    this.element = h("article", { class: "frame", "data-number": page.number });
    this.focus = new Focus(this.element);
    this.picture = new Picture(page, this.focus);
    this.place = h("div", { class: "panel", role: "tabpanel", id: "panel" });
    this.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "About this frame", onkeydown: (event) => this.moveTab(event) },
      TABS.map(([name, text]) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", onclick: () => this.open(name) }, text, this.number(name))));
    const way = (step, text, key) => {
      const number = gallery.neighbour(page.number, step);
      const name = step < 0 ? "previous" : "next";
      return number === null ? h("span", { class: "off" }, text) : h("a", { href: `#/frame/${number}`, id: name, rel: step < 0 ? "prev" : "next", title: `Key ${key}` }, text);
    };
    const problems = [...page.problems, ...page.warnings];
    this.element.append(
      h("nav", { class: "crumbs", "aria-label": "Where" },
        h("a", { href: writeState(gallery.state), id: "back", title: "Key Esc" }, "\u2039 Gallery"),
        h("h1", null, h("span", null, page.scene), h("span", { class: "quiet", title: page.camera }, cameraName(page.camera)), gallery.several ? h("span", { class: "quiet" }, `frame ${page.frame}`) : null, page.variation ? h("span", { class: "quiet" }, `variation ${page.variation.number}`) : null),
        h("span", { class: "space" }), way(-1, "\u2190 Previous", "\u2190"), way(1, "Next \u2192", "\u2192")),
      problems.length ? h("details", { class: "notice", open: page.problems.length > 0 }, h("summary", null, counted(problems.length, "warning")), h("ul", null, problems.map((text) => h("li", null, text)))) : "",
      h("div", { class: "columns" },
        h("div", { class: "left" }, this.picture.element, inspectorView(page, this.focus)),
        h("div", { class: "right" }, captionsView(page, this.focus), this.tabs, this.place)));
    this.open(TABS.some(([name]) => name === tab) ? tab : kept.get("tab", "questions"));
  }

  number(name) {
    const numbers = { questions: this.page.questions.length, relations: this.page.edges.rows.length, objects: this.page.objects.length };
    return name in numbers ? h("span", { class: "number" }, numbers[name]) : null;
  }

  open(name) {
    const [, , view] = TABS.find(([other]) => other === name) || TABS[0];
    this.tab = name;
    kept.set("tab", name);
    for (const button of this.tabs.children) {
      const on = button.id === `tab-${name}`;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    this.views = this.views || new Map();
    if (!this.views.has(name)) this.views.set(name, view(this.page, this.focus));
    this.place.replaceChildren(this.views.get(name));
    this.place.setAttribute("aria-labelledby", `tab-${name}`);
    this.focus.apply(this.focus.held);
  }

  moveTab(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const buttons = [...this.tabs.children];
    const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  }

  // Whether a key was one of this page's.
  key(name) {
    if (name === "Escape" && this.focus.held) this.focus.hold(null);
    else if (name === "Escape") document.getElementById("back").click();
    else if (name === "ArrowLeft") document.getElementById("previous")?.click();
    else if (name === "ArrowRight") document.getElementById("next")?.click();
    else if (name === "e") this.picture.nextEdges();
    else {
      const layer = LAYERS.find(([, , key]) => key === name);
      if (!layer) return false;
      this.picture.toggle(layer[0], !this.picture.layers[layer[0]]);
    }
    return true;
  }
}
