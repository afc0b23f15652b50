// Captions with what their words speak of, the claims they make, and the questions.
"use strict";

const TEXT_NAMES = { brief_caption: "Brief", global_caption: "Global" };

// A text whose stretches are linked to objects. spans: [start, end, ids]; room: [start, end, paths].
function grounded(text, spans, focus, { room = [], tab = true } = {}) {
  const units = characters(text);
  const all = [...spans.filter((span) => span[2].length).map(([start, end, ids]) => ({ start, end, ids })), ...room.map(([start, end, paths]) => ({ start, end, paths }))];
  const cuts = new Set([0, units.length]);
  for (const span of all) for (const at of [span.start, span.end]) if (at >= 0 && at <= units.length) cuts.add(at);
  const places = [...cuts].sort((a, b) => a - b);
  const parts = [];
  for (let at = 0; at + 1 < places.length; at += 1) {
    const [start, end] = [places[at], places[at + 1]];
    // The innermost span that covers the stretch.
    const over = all.filter((span) => span.start <= start && span.end >= end && span.end > span.start);
    const span = over.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
    const piece = units.slice(start, end);
    if (!span) {
      parts.push(piece);
    } else if (span.ids) {
      const element = h("span", { class: "span", tabindex: tab ? 0 : null, color: colorOf(span.ids[0]) }, piece);
      parts.push(focus.link(element, span.ids));
    } else {
      parts.push(h("span", { class: "span room", title: span.paths.join("\n") }, piece));
    }
  }
  return parts;
}

function captionsView(page, focus) {
  return h("section", { class: "captions", "aria-label": "Captions" },
    page.texts.length ? null : h("p", { class: "quiet" }, "No caption was written for this frame."),
    page.texts.map((item) => {
      const words = item.text.split(/\s+/).filter(Boolean).length;
      return h("article", { class: "caption", "data-name": item.name },
        h("h2", null, TEXT_NAMES[item.name] || item.name, h("span", { class: "quiet" }, `${counted(words, "word")} \u00b7 ${item.source === "model" && page.model ? page.model : item.source}`)),
        h("p", { class: "prose" }, grounded(item.text, item.spans, focus, { room: item.room })),
        item.facts.length ? h("details", { class: "claims" }, h("summary", null, counted(item.facts.length, "claim")), h("ul", null, item.facts.map((fact) => claim(fact, page, focus)))) : null);
    }),
    page.caption_notes.length ? h("ul", { class: "notes" }, page.caption_notes.map((note) => h("li", null, note))) : null);
}

// One claim of a text: "on: 9 coffee table -> 11 rug".
function claim([kind, subjects, objects, value, source], page, focus) {
  const labels = new Map(page.objects.map((object) => [object.id, object.label]));
  const things = (ids) => ids.map((id) => h("span", { class: "thing" }, mark(id), ` ${labels.get(id) ?? "?"}`));
  const ids = [...subjects, ...objects];
  const pair = subjects.length === 1 && objects.length === 1 ? pairName(subjects[0], objects[0]) : null;
  const row = h("li", { class: "claim", tabindex: ids.length ? 0 : null },
    h("span", { class: "kind" }, String(kind).replaceAll("_", " ")), things(subjects),
    objects.length ? [h("span", { class: "quiet" }, " \u2192 "), things(objects)] : null,
    value === null || value === undefined ? null : h("span", { class: "value" }, ` ${typeof value === "object" ? JSON.stringify(value) : value}`),
    source ? h("span", { class: "quiet" }, ` from ${source}`) : null);
  return focus.link(row, ids, { pair });
}

function questionsView(page, focus) {
  if (!page.questions.length) return h("p", { class: "quiet" }, "No question was written for this frame.");
  const kinds = [...new Set(page.questions.map((item) => item.kind))].sort();
  const list = h("ol", { class: "questions" }, page.questions.map((item) => question(item, page, focus)));
  const choose = h("select", { id: "question-kind", "aria-label": "Kind of question", onchange: () => {
    for (const row of list.children) row.hidden = Boolean(choose.value) && row.dataset.kind !== choose.value;
  } }, h("option", { value: "" }, `All kinds (${page.questions.length})`), kinds.map((kind) =>
    h("option", { value: kind }, `${kind.replaceAll("_", " ")} (${page.questions.filter((item) => item.kind === kind).length})`)));
  return h("div", null, h("div", { class: "bar" }, choose), list);
}

function question(item, page, focus) {
  const shown = new Set([...item.question_spans, ...item.answer_spans].flatMap((span) => span[2]));
  const edges = item.edges.map(([a, b]) => pairName(a, b));
  const evidence = [...new Set(item.nodes)].map((id) => focus.link(h("button", { type: "button", class: "chip" }, mark(id)), [id]));
  for (const [a, b] of item.edges) {
    evidence.push(focus.link(h("button", { type: "button", class: "chip" }, mark(a), "\u2013", mark(b)), [a, b], { pair: pairName(a, b) }));
  }
  const facts = item.facts.length ? h("details", { class: "claims" }, h("summary", null, counted(item.facts.length, "claim")), h("ul", null, item.facts.map((fact) => claim(fact, page, focus)))) : null;
  const row = h("li", { class: "question", "data-kind": item.kind },
    h("p", { class: "asked" }, grounded(item.question, item.question_spans, focus)),
    h("p", { class: item.polarity === false ? "answer no" : item.polarity ? "answer yes" : "answer" }, grounded(item.answer, item.answer_spans, focus)),
    h("p", { class: "evidence" }, h("span", { class: "kind" }, item.kind.replaceAll("_", " ")), evidence.length ? h("span", { class: "quiet" }, "rests on") : h("span", { class: "quiet" }, "rests on what is not there"), evidence),
    facts);
  return focus.link(row, [...new Set([...shown, ...item.nodes, ...item.edges.flat()])], { quiet: true, pair: edges.length === 1 ? edges[0] : null });
}
