// Distributions as plain SVG.
"use strict";

const PLOT_WIDTH = 430;
// Bars of a long list that are drawn before "show all".
const FIRST_BARS = 20;
const MOST_BINS = 32;

// Horizontal bars. rows: {name, value, inner, note, href}; inner is a part of value, drawn darker.
function bars(rows, { label, inner = "" }) {
  const widest = (texts) => 7.3 * Math.max(...texts.map((text) => text.length));
  const name = (row) => (row.name.length > 22 ? `${row.name.slice(0, 21)}\u2026` : row.name);
  const left = 14 + widest(rows.map(name));
  const right = 12 + widest(rows.map((row) => row.shown ?? grouped(row.value)));
  const most = Math.max(1, ...rows.map((row) => row.value));
  const scale = (PLOT_WIDTH - left - right) / most;
  const high = 22;
  return s("svg", { viewBox: `0 0 ${PLOT_WIDTH} ${rows.length * high}`, class: "plot", role: "list", "aria-label": label },
    rows.map((row, at) => {
      const y = at * high;
      const text = `${row.name}: ${grouped(row.value)}${row.note ? `, ${row.note}` : ""}${inner && row.inner !== undefined ? `; ${inner} ${grouped(row.inner)}` : ""}`;
      const parts = [
        s("title", null, text),
        s("rect", { class: "hit", x: 0, y, width: PLOT_WIDTH, height: high }),
        s("text", { class: "axis", x: left - 8, y: y + 15, "text-anchor": "end" }, name(row)),
        s("rect", { class: "bar", x: left, y: y + 4, width: Math.max(1, row.value * scale), height: high - 8, rx: 2 }),
        row.inner ? s("rect", { class: "bar inner", x: left, y: y + 4, width: Math.max(1, row.inner * scale), height: high - 8, rx: 2 }) : null,
        s("text", { class: "value", x: left + row.value * scale + 6, y: y + 15 }, row.shown ?? grouped(row.value)),
      ];
      return row.href ? s("a", { href: row.href, class: "row", role: "listitem", "aria-label": text }, parts) : s("g", { class: "row", role: "listitem", "aria-label": text }, parts);
    }));
}

// Vertical bars of how often each whole number occurs. counts: {value: times}
function histogram(counts, { label, unit }) {
  const values = Object.keys(counts).map(Number);
  if (!values.length) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const wide = Math.max(1, Math.ceil((high - low + 1) / MOST_BINS));
  const bins = new Array(Math.floor((high - low) / wide) + 1).fill(0);
  for (const value of values) bins[Math.floor((value - low) / wide)] += counts[value];
  const most = Math.max(...bins);
  const [left, top, tall, bottom] = [40, 12, 130, 34];
  const step = Math.min(44, (PLOT_WIDTH - left - 8) / bins.length);
  const every = Math.ceil(bins.length / 9);
  const name = (at) => (wide === 1 ? `${low + at}` : `${low + at * wide}\u2013${Math.min(high, low + at * wide + wide - 1)}`);
  return s("svg", { viewBox: `0 0 ${PLOT_WIDTH} ${top + tall + bottom}`, class: "plot", role: "img", "aria-label": `${label}: ${low} to ${high} ${unit}` },
    [0, 0.5, 1].filter((share) => share !== 0.5 || most > 3).map((share) => [
      s("line", { class: "grid", x1: left, x2: left + step * bins.length, y1: top + tall * (1 - share), y2: top + tall * (1 - share) }),
      s("text", { class: "axis", x: left - 6, y: top + tall * (1 - share) + 4, "text-anchor": "end" }, grouped(Math.round(most * share))),
    ]),
    bins.map((count, at) => {
      const height = (tall * count) / most;
      return s("g", { class: "row" },
        s("title", null, `${name(at)} ${unit}: ${counted(count, "frame")}`),
        s("rect", { class: "hit", x: left + at * step, y: top, width: step, height: tall }),
        count ? s("rect", { class: "bar", x: left + at * step + step * 0.1, y: top + tall - Math.max(1, height), width: step * 0.8, height: Math.max(1, height), rx: Math.min(2, step * 0.2) }) : null,
        at % every === 0 ? s("text", { class: "axis", x: left + (at + 0.5) * step, y: top + tall + 15, "text-anchor": "middle" }, wide === 1 ? low + at : low + at * wide) : null);
    }),
    s("text", { class: "axis unit", x: left, y: top + tall + 31 }, unit));
}

function spread(item) {
  if (!item || !item.count) return "";
  return item.min === item.max ? `always ${item.min}` : `${item.min} to ${item.max}, median ${item.median}, 95 % up to ${item.p95}`;
}

function card(title, note, ...content) {
  return h("section", { class: "plotcard" }, h("h2", null, title), note ? h("p", { class: "quiet" }, note) : null, content);
}

// A list of bars that is cut, with a button for the rest.
function longBars(rows, options) {
  const place = h("div", null, bars(rows.slice(0, FIRST_BARS), options));
  if (rows.length > FIRST_BARS) {
    place.append(h("button", { type: "button", class: "plain", onclick: () => place.replaceChildren(bars(rows, options)) }, `Show all ${grouped(rows.length)}`));
  }
  return place;
}

function statisticsView(index) {
  const { stats } = index;
  const link = (change) => writeState({ ...emptyState(), ...change });
  const cards = [];
  const numbers = [
    [grouped(stats.frames.written || 0), "frames"], [grouped(stats.scenes.length), stats.scenes.length === 1 ? "scene" : "scenes"], [grouped(stats.cameras), stats.cameras === 1 ? "camera" : "cameras"],
    [grouped(stats.labels.length), "labels"], [grouped(stats.vocabulary.size), "words in captions"], [grouped(stats.questions.per_frame.count ? stats.questions.kinds.reduce((sum, item) => sum + item[1], 0) : 0), "questions"],
    [sizeText(stats.bytes), counted(stats.files, "file")],
  ];
  if (stats.labels.length) {
    cards.push(card(`Labels`, "objects in the graphs; a bar leads to the frames", longBars(stats.labels.map(([label, objects, frames, scenes, share]) =>
      ({ name: label, value: objects, note: `${counted(frames, "frame")}, ${percent(share)} of scenes`, href: link({ labels: [label] }) })), { label: "Objects by label" })));
  }
  const graphs = Object.keys(stats.relations);
  if (graphs.length) {
    const first = graphs[0];
    const second = graphs[1];
    const rows = Object.entries(stats.relations[first].pairs).map(([name, pairs]) => ({ name, value: pairs, inner: second ? stats.relations[second].pairs[name] || 0 : undefined, href: link({ relation: name.split(" / ")[0] }) }));
    const silent = stats.relations[first].pairs_without_relation;
    if (silent) rows.push({ name: "(none is clear)", value: silent, inner: second ? stats.relations[second].pairs_without_relation : undefined });
    if (rows.length) cards.push(card("Relations", second ? `pairs in the ${first} graph; dark: in the ${second} one` : `pairs in the ${first} graph`, bars(rows, { label: "Pairs by relation", inner: second || "" })));
  }
  if (stats.objects_per_frame.count) cards.push(card("Objects in a frame", spread(stats.objects_per_frame), histogram(stats.objects_per_frame.histogram, { label: "Objects in a frame", unit: "objects" })));
  for (const [name, item] of Object.entries(stats.captions)) {
    const title = `${TEXT_NAMES[name] || name} captions`;
    const note = `${spread(item.words)} words; ${grouped(item.distinct)} different, ${counted(item.duplicates, "repeat")}`;
    cards.push(card(title, note, histogram(item.words.histogram, { label: title, unit: "words" }),
      item.most_repeated.length ? h("details", null, h("summary", null, "Most repeated"), h("ul", { class: "plainlist" }, item.most_repeated.slice(0, 10).map(([text, times]) =>
        h("li", null, h("span", { class: "number" }, `${times}\u00d7 `), h("a", { href: link({ words: `"${text.replaceAll('"', "")}"` }) }, text))))) : null));
  }
  if (stats.questions.kinds.length) {
    const rows = stats.questions.kinds.map(([kind, count, yes, no]) => ({ name: kind.replaceAll("_", " "), value: count, inner: yes + no ? yes : undefined, note: yes + no ? `yes ${yes}, no ${no}` : "", shown: yes + no ? `${grouped(count)} (${Math.round((100 * yes) / (yes + no))}%)` : grouped(count) }));
    const { yes, no } = stats.questions;
    cards.push(card("Questions", `${spread(stats.questions.per_frame)} in a frame${yes + no ? `; ${percent(yes / (yes + no))} of yes/no are yes (dark)` : ""}`, bars(rows, { label: "Questions by kind" })));
    cards.push(card("Answers", "the most frequent", bars(stats.questions.most_frequent_answers.slice(0, FIRST_BARS).map(([name, value]) => ({ name, value })), { label: "Most frequent answers" })));
  }
  if (stats.scenes.length > 1) cards.push(card("Frames by scene", "", longBars(stats.scenes.map(([name, value]) => ({ name, value, href: value ? link({ scenes: [name] }) : null })), { label: "Frames by scene" })));
  if (stats.vocabulary.words.length) cards.push(card("Words", `the most frequent of ${grouped(stats.vocabulary.size)}, without articles and the like`, longBars(stats.vocabulary.words.map(([name, value]) => ({ name, value, href: link({ words: name }) })), { label: "Words of the captions" })));
  return h("div", { class: "statistics" },
    h("div", { class: "numbers" }, numbers.map(([number, name]) => h("p", null, h("strong", null, number), h("span", null, name)))),
    h("div", { class: "plots" }, cards));
}
