// Which frames are shown: the state of the filters, its form in the page's address, and the search itself.
"use strict";

const SORTS = [
  ["", "Dataset order"],
  ["least", "Smallest thing spoken of"],
  ["hidden", "Most hidden thing spoken of"],
  ["most", "Most objects"],
  ["fewest", "Fewest objects"],
  ["longest", "Longest caption"],
  ["shortest", "Shortest caption"],
];

const KINDS = [
  ["", "All frames"],
  ["notes", "With warnings"],
  ["twins", "Caption occurs again"],
  ["model", "Written by a model"],
  ["silent", "Without a question"],
];

// The state of the gallery. Lists hold texts, not numbers: an address stays good when the report is made again.
function emptyState() {
  return { words: "", questions: false, scenes: [], cameras: [], variations: [], seeds: [], labels: [], subject: "", relation: "", object: "", only: "", sort: "", page: 1 };
}

const PARAMETERS = { scenes: "scene", cameras: "camera", variations: "variation", seeds: "seed", labels: "label" };
// Those of which a frame has one, its number under the parameter's name; a frame has many labels.
const SINGLE = ["scenes", "cameras", "variations", "seeds"];

function readState(query) {
  const state = emptyState();
  const values = new URLSearchParams(query);
  state.words = values.get("q") || "";
  state.questions = values.get("questions") === "1";
  for (const [key, name] of Object.entries(PARAMETERS)) state[key] = [...new Set(values.getAll(name))];
  for (const key of ["subject", "relation", "object", "only", "sort"]) state[key] = values.get(key) || "";
  state.page = Math.max(1, Number.parseInt(values.get("page") || "1", 10) || 1);
  return state;
}

function writeState(state) {
  const values = new URLSearchParams();
  if (state.words) values.set("q", state.words);
  if (state.questions) values.set("questions", "1");
  for (const [key, name] of Object.entries(PARAMETERS)) for (const value of state[key]) values.append(name, value);
  for (const key of ["subject", "relation", "object", "only", "sort"]) if (state[key]) values.set(key, state[key]);
  if (state.page > 1) values.set("page", state.page);
  const text = values.toString();
  return text ? `#/?${text}` : "#/";
}

function isFiltered(state) {
  return writeState({ ...state, sort: "", page: 1, questions: false }) !== "#/";
}

// "left of" mug  ->  ["left of", "mug"]
function termsOf(words) {
  return [...words.toLowerCase().matchAll(/"([^"]+)"?|(\S+)/g)].map((match) => (match[1] || match[2]).trim()).filter(Boolean);
}

class Search {
  constructor(index) {
    this.index = index;
    this.frames = index.frames;
    this.texts = index.frames.map((frame) =>
      `${frame.brief || ""}\n${frame.global || ""}\n${frame.key}`.toLowerCase(),
    );
    this.labels = index.frames.map((frame) => new Set(frame.labels));
    const times = new Map();
    for (const frame of index.frames) {
      const text = `${frame.brief}\n${frame.global}`;
      times.set(text, (times.get(text) || 0) + 1);
    }
    this.again = index.frames.map((frame) => Boolean(frame.brief || frame.global) && times.get(`${frame.brief}\n${frame.global}`) > 1);
    this.words = new Map(index.relations.map(([word, inverse, keptWord], bit) => [word, { bit, inverse, kept: keptWord }]));
  }

  // Load what a state needs beyond the index.
  async prepare(state) {
    if (state.relation && (state.subject || state.object) && !this.triples) this.readTriples(await Report.load("relations"));
    if (state.questions && state.words && !this.asked) {
      this.asked = (await Report.load("questions")).texts.map((text) => text.toLowerCase());
    }
  }

  readTriples(data) {
    this.triples = new Map();
    for (const [source, bit, target, frames] of data.triples) {
      if (!this.triples.has(bit)) this.triples.set(bit, []);
      this.triples.get(bit).push([source, target, frames]);
    }
  }

  // Places of the frames in which a relation holds between labels ("" is any).
  related(state) {
    const word = this.words.get(state.relation);
    const found = new Set();
    if (!word || !this.triples) return found;
    const number = (label) => (label ? this.index.labels.indexOf(label) : null);
    let subject = number(state.subject);
    let object = number(state.object);
    const ways = [];
    if (word.kept === state.relation) ways.push([subject, object]);
    if (word.kept !== state.relation || word.inverse === state.relation) ways.push([object, subject]);
    const bit = this.words.get(word.kept).bit;
    for (const [source, target, frames] of this.triples.get(bit) || []) {
      for (const [from, to] of ways) {
        if ((from === null || from === source) && (to === null || to === target)) for (const place of frames) found.add(place);
      }
    }
    return found;
  }

  // Places of the frames that pass, in the order asked for; without: a filter that is left out (for the counts beside it).
  run(state, without = null) {
    const { index, frames } = this;
    const terms = termsOf(state.words);
    const numbers = (key, list) => (without === key || !state[key].length ? null : new Set(state[key].map((text) => list.indexOf(text))));
    const singles = SINGLE.map((key) => [PARAMETERS[key], numbers(key, index[key])]).filter((item) => item[1]);
    const labels = [...(numbers("labels", index.labels) || [])];
    const related = state.relation && (state.subject || state.object) ? this.related(state) : null;
    const bit = state.relation && this.words.has(state.relation) ? 2 ** this.words.get(state.relation).bit : 0;
    const found = [];
    for (let place = 0; place < frames.length; place += 1) {
      const frame = frames[place];
      if (!singles.every(([name, chosen]) => chosen.has(frame[name]))) continue;
      if (!labels.every((label) => this.labels[place].has(label))) continue;
      if (state.relation && related === null && !(Math.floor(frame.relations / bit) % 2)) continue;
      if (related !== null && !related.has(place)) continue;
      if (!this.isKind(state.only, frame, place)) continue;
      const text = this.texts[place];
      const asked = state.questions && this.asked ? this.asked[place] : "";
      if (!terms.every((term) => text.includes(term) || asked.includes(term))) continue;
      found.push(place);
    }
    return this.sorted(found, state.sort);
  }

  isKind(only, frame, place) {
    if (only === "notes") return frame.notes > 0;
    if (only === "twins") return this.again[place];
    if (only === "model") return frame.model;
    if (only === "silent") return frame.questions === 0;
    return true;
  }

  sorted(places, sort) {
    const words = (frame) => (frame.global || frame.brief || "").length;
    const keys = {
      least: (frame) => frame.least_px ?? Infinity,
      hidden: (frame) => -(frame.most_hidden ?? -1),
      most: (frame) => -frame.objects,
      fewest: (frame) => frame.objects,
      longest: (frame) => -words(frame),
      shortest: words,
    };
    const key = keys[sort];
    if (!key) return places;
    return places
      .map((place) => [key(this.frames[place]), place])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1])
      .map((item) => item[1]);
  }

  // How many of some frames have each scene, camera, ... or label: [text, frames], most first.
  counts(places, key) {
    const list = this.index[key];
    const counts = new Array(list.length).fill(0);
    for (const place of places) {
      const frame = this.frames[place];
      if (key === "labels") for (const label of frame.labels) counts[label] += 1;
      else counts[frame[PARAMETERS[key]]] += 1;
    }
    return list.map((text, number) => [text, counts[number]]);
  }
}
