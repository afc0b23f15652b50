// Which view is shown, the head of the page, keys, and the list of what is not there.
"use strict";

const KEYS = [
  ["/", "search"], ["g", "gallery"], ["s", "statistics"], ["Arrow keys", "from card to card; to the frame before and after"],
  ["b l h n", "boxes, labels, hidden extents, objects that are not in the graph"], ["e", "which edges are drawn"],
  ["Tab, Enter", "mark and hold an object, a word or a row"], ["Esc", "let go; back to the gallery"], ["t", "light or dark"], ["?", "this list"],
];

const THEMES = ["auto", "light", "dark"];

class App {
  constructor(index) {
    Report.index = index;
    this.index = index;
    this.gallery = new Gallery(index, new Search(index));
    this.main = document.getElementById("main");
    this.faults = index.faults.length + index.problems.length;
    this.drawHead();
    this.setTheme(kept.get("theme", "auto"));
    window.addEventListener("hashchange", () => this.route());
    document.addEventListener("keydown", (event) => this.key(event));
    this.route();
  }

  drawHead() {
    const { index } = this;
    this.links = new Map([
      ["gallery", h("a", { href: "#/" }, "Gallery")],
      ["statistics", h("a", { href: "#/statistics" }, "Statistics")],
      ["problems", h("a", { href: "#/problems" }, "Problems", this.faults ? h("span", { class: "number bad" }, grouped(this.faults)) : null)],
    ]);
    this.theme = h("button", { type: "button", class: "plain", id: "theme", title: "Key t", onclick: () => this.nextTheme() });
    this.help = h("dialog", { class: "help", "aria-label": "Keys" }, h("h2", null, "Keys"),
      h("dl", null, KEYS.map(([key, text]) => [h("dt", null, h("kbd", null, key)), h("dd", null, text)])),
      h("p", null, h("button", { type: "button", class: "plain", onclick: () => this.help.close() }, "Close")));
    document.getElementById("top").replaceChildren(
      h("span", { class: "brand", title: index.generator }, index.name), index.unfinished ? h("span", { class: "badge" }, "unfinished run") : "",
      h("nav", { "aria-label": "Views" }, [...this.links.values()]), h("span", { class: "space" }), this.theme,
      h("button", { type: "button", class: "plain", id: "keys", title: "Key ?", onclick: () => this.help.showModal() }, "Keys"), this.help);
  }

  setTheme(theme) {
    this.themeName = THEMES.includes(theme) ? theme : "auto";
    document.documentElement.dataset.theme = this.themeName;
    this.theme.textContent = { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[this.themeName];
    kept.set("theme", this.themeName);
  }

  nextTheme() {
    this.setTheme(THEMES[(THEMES.indexOf(this.themeName) + 1) % THEMES.length]);
  }

  async route() {
    const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
    const turn = (this.turn = (this.turn || 0) + 1);
    this.help.close();
    const frame = /^\/frame\/(\d+)$/.exec(path);
    if (this.view === "gallery" && path !== "/" && path !== "") this.gallery.scroll = window.scrollY;
    try {
      if (frame) await this.showFrame(Number(frame[1]), new URLSearchParams(query).get("tab"), turn);
      else if (path === "/statistics") this.show("statistics", statisticsView(this.index), "Statistics");
      else if (path === "/problems") this.show("problems", this.problemsView(), "Problems");
      else await this.showGallery(query);
    } catch (error) {
      this.show("error", h("p", { class: "error" }, error.message), "Error");
    }
  }

  show(view, element, title) {
    this.view = view;
    if (view !== "frame") this.frame = null;
    for (const [name, link] of this.links) {
      if (name === (view === "frame" ? "gallery" : view)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${title} \u00b7 ${this.index.name} - Scenecap report`;
    this.main.replaceChildren(element);
    if (view !== "gallery") window.scrollTo(0, 0);
  }

  async showGallery(query) {
    const back = this.view !== "gallery";
    const from = this.frame?.page.number;
    const state = readState(query);
    const page = this.gallery.page;
    await this.gallery.update(state);
    if (back) {
      this.show("gallery", this.gallery.element, "Gallery");
      window.scrollTo(0, this.gallery.scroll);
      if (from !== undefined) this.gallery.grid.querySelector(`[data-number="${from}"]`)?.focus({ preventScroll: true });
    } else if (page !== this.gallery.page) {
      window.scrollTo(0, 0);
    }
    document.documentElement.dataset.ready = location.hash || "#/";
  }

  async showFrame(number, tab, turn) {
    if (!this.index.frames.some((frame) => frame.number === number)) throw new Error(`There is no frame ${number} in this report.`);
    const page = await Report.load(frameName(number));
    if (turn !== this.turn) return; // went on meanwhile
    if (!this.view) await this.gallery.update(emptyState());
    this.frame = new FrameView(page, this.gallery, tab);
    this.show("frame", this.frame.element, `${page.scene} ${cameraName(page.camera)}`);
    const near = [-1, 1].map((step) => this.gallery.neighbour(number, step)).filter((other) => other !== null);
    Report.keepOnly("frames/", [number, ...near].map(frameName));
    for (const other of near) Report.load(frameName(other)).catch(() => {}); // told when it is opened
    document.documentElement.dataset.ready = location.hash;
  }

  problemsView() {
    const { index } = this;
    const groups = new Map();
    for (const [number, key, scene, camera, status, reason] of index.faults) {
      const name = `${status}: ${reason.startsWith(`${camera}: `) ? reason.slice(camera.length + 2) : reason}`;
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push([number, key, scene, camera]);
    }
    return h("div", { class: "problems" },
      index.unfinished ? h("p", { class: "notice" }, "The run that writes this dataset was stopped, or was under way. Run its config again: it goes on where it stopped.") : null,
      h("h2", null, "Frames that are not there", h("span", { class: "number" }, grouped(index.faults.length))),
      groups.size ? [...groups].map(([name, rows]) => h("details", { class: "fault", open: groups.size < 8 }, h("summary", null, h("span", { class: "number" }, grouped(rows.length)), ` ${name}`),
        h("table", null, h("tbody", null, rows.map(([number, key, scene, camera]) => h("tr", null, h("td", { class: "num" }, number), h("td", null, scene), h("td", { class: "path" }, camera), h("td", { class: "quiet" }, key))))))) : h("p", { class: "quiet" }, "None: every frame was written."),
      h("h2", null, "Files that cannot be read", h("span", { class: "number" }, grouped(index.problems.length))),
      index.problems.length ? h("ul", { class: "plainlist" }, index.problems.map((text) => h("li", null, text))) : h("p", { class: "quiet" }, "None."),
      h("h2", null, "Warnings", h("span", { class: "number" }, grouped(index.stats.warnings.length))),
      index.stats.warnings.length ? h("table", null, h("tbody", null, index.stats.warnings.map(([text, frames]) => h("tr", null, h("td", { class: "num" }, counted(frames, "frame")), h("td", null, text))))) : h("p", { class: "quiet" }, "None."));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.help.open) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea, pre");
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      if (this.view !== "gallery") location.hash = writeState(this.gallery.state);
      setTimeout(() => this.gallery.words.focus(), 50);
    } else if (event.key === "?") this.help.showModal();
    else if (event.key === "t") this.nextTheme();
    else if (event.key === "g") location.hash = writeState(this.gallery.state);
    else if (event.key === "s") location.hash = "#/statistics";
    else if (this.view === "frame" && this.frame.key(event.key)) event.preventDefault();
  }
}

window.addEventListener("load", () => {
  Report.waiting.get("index")?.reject(new Error("data/index.js cannot be loaded. Is the report's folder whole?"));
});

Report.load("index").then((index) => new App(index)).catch((error) => {
  document.getElementById("main").replaceChildren(h("p", { class: "error" }, error.message));
});
