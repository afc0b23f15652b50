// What is looked at: hovering (or focusing) anything lights up everything that speaks of the same objects; a click holds it.
"use strict";

class Focus {
  constructor(root) {
    this.root = root;
    this.links = [];
    this.byId = new Map();
    this.held = null;
    this.shown = null;
    this.listeners = [];
  }

  // Make an element stand for objects: ids, and the pair "a-b" where it stands for their relation.
  // quiet: it lights up with the others, and lights nothing itself.
  link(element, ids, { pair = null, quiet = false, exact = false } = {}) {
    const entry = { element, ids, pair, exact };
    this.links.push(entry);
    for (const id of ids) {
      if (!this.byId.has(id)) this.byId.set(id, []);
      this.byId.get(id).push(entry);
    }
    element.dataset.ids = ids.join(" ");
    if (quiet || !ids.length) return element;
    element.classList.add("linked");
    const target = { ids, pair };
    element.addEventListener("mouseenter", () => this.show(target));
    element.addEventListener("mouseleave", () => this.show(null));
    element.addEventListener("focus", () => this.show(target));
    element.addEventListener("blur", () => this.show(null));
    element.addEventListener("click", (event) => {
      if (event.target.closest("a, button, input, summary") && event.target.closest("a, button, input, summary") !== element) return;
      event.stopPropagation();
      this.hold(target);
    });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.hold(target);
      }
    });
    return element;
  }

  onchange(listener) {
    this.listeners.push(listener);
  }

  hold(target) {
    const same = this.held && target && this.held.pair === target.pair && String(this.held.ids) === String(target.ids);
    this.held = same ? null : target;
    this.apply(this.held || (same ? null : target));
  }

  show(target) {
    this.apply(target || this.held);
  }

  apply(target) {
    this.shown = target;
    for (const entry of this.lit || []) entry.element.classList.remove("lit");
    this.lit = [];
    const ids = target ? new Set(target.ids) : new Set();
    const seen = new Set();
    for (const id of ids) {
      for (const entry of this.byId.get(id) || []) {
        if (seen.has(entry)) continue;
        seen.add(entry);
        // A pair lights its own relation only; an object all of its relations.
        const lit = target.pair && entry.pair ? entry.pair === target.pair : !entry.exact || entry.ids.every((one) => ids.has(one));
        if (lit) {
          entry.element.classList.add("lit");
          this.lit.push(entry);
        }
      }
    }
    this.root.classList.toggle("focused", Boolean(target));
    this.root.classList.toggle("held", Boolean(this.held));
    for (const listener of this.listeners) listener(target, this.held);
  }
}

function pairName(first, second) {
  return first < second ? `${first}-${second}` : `${second}-${first}`;
}
