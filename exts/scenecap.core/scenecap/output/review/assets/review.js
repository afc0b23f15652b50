"use strict";
// Everything that comes from stages, models and people is set as text or value, never as HTML.
(() => {
  const LIMITS = { label: 80, caption: 2000, value: 80 };
  const KIND = "scenecap label corrections";
  const COLUMNS = ["identifier", "label", "caption", "attributes", "content_hash", "review"];
  const SHOWN = [
    ["all", "all"], ["undecided", "undecided"], ["accepted", "accepted"], ["corrected", "corrected"],
    ["rejected", "rejected"], ["unanswered", "without a label"], ["remarks", "with remarks"],
  ];
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = document.getElementById("find");
  const show = document.getElementById("show");
  let saved = true;

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const attributesText = (pairs) => pairs.map(([kind, value]) => `${kind}: ${value}`).join("\n");

  // "color: red" on each line; what is no such line is said below the fields.
  const readAttributes = (text) => {
    const pairs = [], wrong = [];
    for (const line of text.split("\n").map((item) => item.trim()).filter(Boolean)) {
      const at = line.indexOf(":");
      const kind = line.slice(0, at).trim(), value = line.slice(at + 1).trim();
      if (at < 1 || !kind || !value || kind.length > LIMITS.value || value.length > LIMITS.value) wrong.push(line);
      else pairs.push([kind, value]);
    }
    return { pairs, wrong };
  };

  class Card {
    constructor(item, number) {
      this.item = item;
      this.decision = "undecided";
      this.node = element("article", undefined, { "data-number": number });
      const left = element("div");
      if (item.picture) {
        const image = element("img", undefined, { loading: "lazy", alt: "the asset from several sides" });
        image.src = item.picture;
        left.append(image);
      } else left.append(element("p", "There is no picture of it."));
      const right = element("div");
      right.append(element("h2", item.identifier));
      const facts = element("dl", undefined, { class: "facts" });
      const who = { person: "a person", model: item.model || "a model", doc: "its documentation" }[item.source];
      for (const [name, text] of [["said by", who || "nobody"], ...item.facts]) {
        facts.append(element("dt", name), element("dd", text));
      }
      right.append(facts);
      if (item.remarks.length) {
        const list = element("ul", undefined, { class: "remarks" });
        for (const remark of item.remarks) list.append(element("li", remark));
        right.append(list);
      }
      this.label = this.field(right, "label", element("input", undefined, { type: "text", maxlength: LIMITS.label }));
      this.caption = this.field(right, "caption", element("textarea", undefined, { rows: 2, maxlength: LIMITS.caption }));
      this.attributes = this.field(right, "attributes, one on a line", element("textarea", undefined, { rows: 4 }));
      const buttons = element("div", undefined, { class: "buttons" });
      for (const [text, decision] of [["Accept", "accepted"], ["Reject", "rejected"], ["Undo", "undecided"]]) {
        const button = element("button", text, { type: "button", "data-do": decision });
        button.addEventListener("click", () => this.decide(decision));
        buttons.append(button);
      }
      this.state = element("span", "", { class: "state" });
      buttons.append(this.state);
      this.problem = element("p", "", { class: "problem", role: "alert" });
      right.append(buttons, this.problem);
      this.node.append(left, right);
      this.reset();
    }

    field(parent, name, input) {
      const label = element("label", undefined, { class: "field" });
      label.append(element("span", name), input);
      input.addEventListener("input", () => this.edited());
      parent.append(label);
      return input;
    }

    reset() {
      this.label.value = this.item.label;
      this.caption.value = this.item.caption;
      this.attributes.value = attributesText(this.item.attributes);
      this.set("undecided");
    }

    get isEdited() {
      return this.label.value.trim() !== this.item.label || this.caption.value.trim() !== this.item.caption ||
        this.attributes.value.trim() !== attributesText(this.item.attributes);
    }

    edited() {
      this.set(this.isEdited ? "corrected" : "undecided");
    }

    decide(decision) {
      if (decision === "undecided") return this.reset();
      this.set(decision === "accepted" && this.isEdited ? "corrected" : decision);
    }

    set(decision) {
      this.decision = decision;
      this.node.dataset.state = decision;
      this.state.textContent = decision === "undecided" ? "" : decision;
      this.problem.textContent = this.fault();
      saved = false;
      count();
    }

    // What is wrong with what would be saved, or "".
    fault() {
      if (this.decision === "undecided" || this.decision === "rejected") return "";
      if (!this.label.value.trim()) return "A label is needed.";
      const { wrong } = readAttributes(this.attributes.value);
      return wrong.length ? `This is no "kind: value" of at most ${LIMITS.value} characters each: ${wrong[0]}` : "";
    }

    fits(text, shown) {
      if (shown === "unanswered" ? this.item.label : shown === "remarks" ? !this.item.remarks.length
        : shown !== "all" && shown !== this.decision) return false;
      const words = [this.item.identifier, this.label.value, this.caption.value, this.attributes.value,
        ...this.item.facts.flat(), ...this.item.remarks].join("\n").toLowerCase();
      return words.includes(text.toLowerCase());
    }

    entry() {
      const head = { identifier: this.item.identifier, content_hash: this.item.content_hash, review: this.decision };
      if (this.decision === "rejected") return head;
      const attributes = Object.create(null);
      for (const [kind, value] of readAttributes(this.attributes.value).pairs) attributes[kind] = value;
      return { ...head, label: this.label.value.trim(), caption: this.caption.value.trim(), attributes };
    }
  }

  const cards = [];
  const count = () => {
    const numbers = {};
    for (const card of cards) numbers[card.decision] = (numbers[card.decision] || 0) + 1;
    const parts = ["accepted", "corrected", "rejected", "undecided"].map((name) => `${numbers[name] || 0} ${name}`);
    document.getElementById("counts").textContent = `${cards.length} assets: ${parts.join(", ")}`;
  };

  const filter = () => {
    let any = false;
    for (const card of cards) {
      const fits = card.fits(find.value.trim(), show.value);
      card.node.hidden = !fits;
      card.node.style.display = fits ? "" : "none";
      any = any || fits;
    }
    document.getElementById("none").hidden = any;
  };

  // A cell that a spreadsheet would take for a formula is not one: it gets a space before it, which import takes away.
  const cell = (value) => {
    const text = /^[=+\-@\t\r]/.test(value) ? ` ${value}` : value;
    return /[",\n\r]|^ /.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const csv = (entries) => [COLUMNS, ...entries.map((entry) => COLUMNS.map((name) => {
    const value = entry[name] === undefined ? "" : entry[name];
    return typeof value === "string" ? value : JSON.stringify(value);
  }))].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

  const decided = () => {
    const faulty = cards.find((card) => card.fault());
    if (faulty) {
      find.value = "";
      show.value = "all";
      filter();
      faulty.node.scrollIntoView({ block: "center" });
      faulty.label.focus();
      return null;
    }
    return cards.filter((card) => card.decision !== "undecided").map((card) => card.entry());
  };

  const save = (name, type, text) => {
    const link = element("a", undefined, { download: name });
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
  };

  document.querySelector("h1").textContent = data.title;
  for (const [value, text] of SHOWN) show.append(element("option", text, { value }));
  const list = document.getElementById("cards");
  data.items.forEach((item, number) => {
    const card = new Card(item, number);
    cards.push(card);
    list.append(card.node);
  });
  saved = true;
  count();
  find.addEventListener("input", filter);
  show.addEventListener("change", filter);
  document.getElementById("save-json").addEventListener("click", () => {
    const entries = decided();
    if (entries) save("corrections.json", "application/json", JSON.stringify({ kind: KIND, entries }, null, 2) + "\n");
  });
  document.getElementById("save-csv").addEventListener("click", () => {
    const entries = decided();
    if (entries) save("corrections.csv", "text/csv", csv(entries));
  });
  window.addEventListener("beforeunload", (event) => {
    if (!saved && cards.some((card) => card.decision !== "undecided")) event.preventDefault();
  });
})();
