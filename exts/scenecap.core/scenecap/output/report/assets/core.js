// Loading of data, building of elements, and the small things that every view needs. Text is set as text, never as markup.
"use strict";

const Report = {
  data: new Map(),
  waiting: new Map(),

  // Called by the data scripts.
  take(name, json) {
    const value = JSON.parse(json);
    Report.data.set(name, value);
    const waiting = Report.waiting.get(name);
    if (waiting) {
      Report.waiting.delete(name);
      waiting.resolve(value);
    }
  },

  // Promise of the data of a name: there already, in the page itself, or in a script beside it.
  load(name) {
    if (Report.data.has(name)) return Promise.resolve(Report.data.get(name));
    if (Report.waiting.has(name)) return Report.waiting.get(name).promise;
    const inline = document.querySelector(`script[data-name="${CSS.escape(name)}"]`);
    if (inline) {
      const value = JSON.parse(inline.textContent);
      Report.data.set(name, value);
      return Promise.resolve(value);
    }
    const entry = {};
    entry.promise = new Promise((resolve, reject) => {
      entry.resolve = resolve;
      entry.reject = reject;
    });
    Report.waiting.set(name, entry);
    if (name !== "index") {
      const script = document.createElement("script");
      script.src = `data/${name}.js`;
      script.addEventListener("load", () => script.remove());
      script.addEventListener("error", () => {
        script.remove();
        Report.waiting.delete(name);
        entry.reject(new Error(`data/${name}.js cannot be loaded. Is the report's folder whole?`));
      });
      document.head.append(script);
    }
    return entry.promise;
  },

  // Frames are large; only the last few that were looked at stay in memory.
  keepOnly(prefix, names) {
    for (const name of [...Report.data.keys()]) {
      if (name.startsWith(prefix) && !names.includes(name)) Report.data.delete(name);
    }
  },
};

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "color") {
      element.style.setProperty("--color", value);
      element.style.setProperty("--on-color", inkOn(value));
    }
    else if (name === "share") element.style.setProperty("--share", value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

// h("a", {class: "x", onclick: f}, "text", child, [children])
function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

function s(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function counted(number, noun, plural) {
  return `${grouped(number)} ${number === 1 ? noun : plural || noun + "s"}`;
}

// 12345 as "12 345", with a narrow space: the same in every locale.
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function metres(value) {
  return typeof value === "number" ? `${value.toFixed(2)} m` : "";
}

function percent(share) {
  const value = 100 * share;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
}

function sizeText(bytes) {
  let value = bytes;
  for (const unit of ["bytes", "kB", "MB", "GB"]) {
    if (value < 1000) return unit === "bytes" ? `${value} bytes` : `${value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} TB`;
}

// Black or white, whichever is read more easily on a colour "#rrggbb".
function inkOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 110 ? "#101214" : "#ffffff";
}

// The last part of a prim path.
function lastPart(path) {
  return path.slice(path.lastIndexOf("/") + 1) || path;
}

// What a camera is called here: the end of its path, as far as it says something ("/orbit/3" is "orbit/3").
function cameraName(path) {
  const parts = path.split("/").filter(Boolean);
  const last = parts.at(-1) ?? path;
  return parts.length > 1 && (/^\d+$/.test(last) || /^camera$/i.test(last)) ? parts.slice(-2).join("/") : last;
}

// Positions in texts count characters as Python does; JavaScript counts UTF-16 units.
function characters(text) {
  const units = Array.from(text);
  return { length: units.length, slice: (start, end) => units.slice(start, end).join("") };
}

function colorOf(id) {
  const palette = Report.index.palette;
  return palette[((id % palette.length) + palette.length) % palette.length];
}

// A colour mark with an object's number, as on the picture.
function mark(id) {
  return h("span", { class: "mark", color: colorOf(id) }, id);
}

// Parts of a text, with what a search was for marked.
function marked(text, terms) {
  const wanted = terms.filter((term) => term).map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!wanted.length) return [text];
  return text.split(new RegExp(`(${wanted.join("|")})`, "gi")).map((part, at) => (at % 2 ? h("mark", null, part) : part));
}

// What a person chose, kept where the browser allows that for a page from the disk.
const kept = {
  get(name, otherwise) {
    try {
      const value = localStorage.getItem(`scenecap.report.${name}`);
      return value === null ? otherwise : JSON.parse(value);
    } catch {
      return otherwise;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`scenecap.report.${name}`, JSON.stringify(value));
    } catch {
      // not kept
    }
  },
};
