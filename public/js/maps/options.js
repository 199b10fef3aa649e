/**
 * The options of the page of a map: in its two forms, in its address, and in what the browser remembers. Pure, but for Memory.
 *
 * The server has the same names in the address (dashboard/maps/options.go); what is as usual is left out of it.
 */

/** What kind of value each option has; the order is that of the address. */
const KINDS = {
  x: "text", y: "text", segment: "count", mask: "text", color: "text", lines: "truth", bad: "truth", xs: "count", ys: "count", transform: "text",
  against: "text", types: "text", hx: "truth", hy: "truth", size: "number",
  show: "list", channel: "number", project: "text", slice: "place", link: "truth", marks: "truth", tracing: "truth", names: "text", marksize: "number", run: "place",
  contrast: "pair", together: "truth", view: "views",
};

/** The options that decide what the plot asks the server for. */
export const ASKED = ["x", "y", "segment", "mask", "bad", "transform", "against", "types"];

/** What belongs to one map alone, and is not remembered for others. */
const OWN = ["segment", "xs", "ys", "against", "show", "slice", "run", "types", "view"];

/** What says nothing of how somebody wants to see it: a link to a run leaves what is remembered as it is. */
const PLACES = ["run", "show", "slice", "view"];

/** The contrast as the server proposes it, in percent of the way from dark to bright. */
export const USUAL_CONTRAST = [0, 100];

/** Adds what only scripts know to the options of the server. */
export function complete(options) {
  return {...options, contrast: options.contrast ?? USUAL_CONTRAST, together: options.together ?? false, view: options.view ?? {}};
}

/** An option as the address and the forms have it. */
export function textOf(name, value) {
  switch (KINDS[name]) {
    case "truth": return value ? "1" : "0";
    case "count": return value < 0 ? "all" : String(value);
    case "place": return value < 0 ? "" : String(value);
    case "list": return value.join(",");
    case "pair": return value.join("~");
    case "views": return Object.entries(value).map(([session, {x, y, span, z}]) => `${session}:${(x === undefined ? [z] : [...[x, y, span].map(tenth), z]).join(",")}`).join("~");
    default: return String(value);
  }
}

/** The value of a text, or undefined if it is none. */
export function valueOf(name, text) {
  const whole = () => /^\d{1,7}$/.test(text) ? Number(text) : undefined;
  switch (KINDS[name]) {
    case "truth": return text === "1" ? true : text === "0" ? false : undefined;
    case "count": return text === "all" || text === "" ? -1 : whole();
    case "place": return text === "" || text === "all" ? -1 : whole();
    case "number": return whole();
    case "list": {
      if (text.trim() === "") return [];
      const list = text.split(",").map(item => /^\s*\d{1,6}\s*$/.test(item) ? Number(item) : NaN);
      return list.every(Number.isFinite) ? [...new Set(list)] : undefined;
    }
    case "pair": {
      const pair = text.split("~").map(item => item === "" ? NaN : Number(item));
      return pair.length === 2 && pair.every(v => v >= -1000 && v <= 10_000) && pair[1] > pair[0] ? pair : undefined;
    }
    case "views": return viewsOf(text);
    case "text": return text;
    default: return undefined;
  }
}

const tenth = v => Math.round(v * 10) / 10;

/** Panes whose view an address may give. */
const MOST_VIEWS = 64;

// What panes show, as "session:slice" where that is all that is not as usual, or "session:x,y,span,slice" (sight.js, seenOf), with
// tildes in between.
function viewsOf(text) {
  const out = {};
  for (const part of text.split("~").slice(0, MOST_VIEWS)) {
    if (part === "") continue;
    const found = /^(\d{1,6}):(?:(-?[\d.]{1,9}),(-?[\d.]{1,9}),([\d.]{1,9}),)?(\d{1,7})$/.exec(part);
    if (!found) return undefined;
    const [x, y, span] = found.slice(2, 5).map(v => v === undefined ? undefined : Number(v));
    const z = Number(found[5]);
    if (x === undefined) out[found[1]] = {z};
    else if ([x, y, span].every(Number.isFinite) && span > 0) out[found[1]] = {x, y, span, z};
    else return undefined;
  }
  return out;
}

/** Whether two values of an option are the same. */
export function isSame(name, a, b) {
  return textOf(name, a) === textOf(name, b);
}

/** Writes options into the parameters of an address; others stay as they are. */
export function writeAddress(params, options, usual) {
  for (const name of Object.keys(KINDS)) {
    if (isSame(name, options[name], usual[name])) params.delete(name);
    else params.set(name, textOf(name, options[name]));
  }
}

/** Whether the address of a page says how the map is to be seen. */
export function saysHow(params) {
  return Object.keys(KINDS).some(name => params.has(name) && !PLACES.includes(name));
}

/** Options read from the address, on those of the server, which knows nothing of what needs scripts. */
export function fromAddress(params, options) {
  const out = {...options};
  for (const name of ["contrast", "together", "view"]) {
    const value = params.has(name) ? valueOf(name, params.get(name)) : undefined;
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** What of options says what is looked at of one map: its sessions and what their panes show; kept with the map. */
const LOOKED = ["show", "view"];

/** Maps of which it is remembered what was looked at last. */
const MOST_MAPS = 50;

/** Options with what was looked at when the map was left (Memory, readMap), unless the address says what is to be seen. */
export function lookedAt(kept, params, options) {
  if (!kept || PLACES.some(name => params.has(name))) return options;
  const out = {...options};
  for (const name of LOOKED) {
    const value = typeof kept[name] === "string" ? valueOf(name, kept[name]) : undefined;
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** What a form says: the options whose fields it has and whose values make sense. */
export function fromForm(entries) {
  const out = {};
  for (const [name, text] of entries) { // of a box that is ticked the last one counts
    const value = name in KINDS ? valueOf(name, String(text)) : undefined;
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** The address of the columns that a plot needs, without what is as the server takes it anyway. */
export function plotQuery(options, usual = {bad: true}) {
  const q = new URLSearchParams({stat: [options.x, options.y].join(","), transformed: options.y});
  for (const name of ASKED.slice(2)) {
    if (name === "bad" ? options.bad !== usual.bad : options[name] !== "" && options[name] !== -1) q.set(name, textOf(name, options[name]));
  }
  if (!options.transform) q.delete("against");
  return q;
}

/** What of options is worth remembering: what is not as usual, and is no matter of one map. */
export function worthKeeping(options, usual) {
  const out = {};
  for (const name of Object.keys(KINDS)) {
    if (!OWN.includes(name) && !isSame(name, options[name], usual[name])) out[name] = textOf(name, options[name]);
  }
  return out;
}

/**
 * Options with what was remembered, as far as this map has it.
 *
 * @param {function(string, string): boolean} allows whether the map has a value of an option
 */
export function remembered(kept, options, allows) {
  const out = {...options};
  for (const [name, text] of Object.entries(kept ?? {})) {
    if (!(name in KINDS) || OWN.includes(name) || typeof text !== "string" || !allows(name, text)) continue;
    const value = valueOf(name, text);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** The version of what is remembered: another one is forgotten. */
const VERSION = 1;
const KEY = "webmon-maps";

/** What the browser remembers of the last options. */
export class Memory {
  #storage;

  constructor(storage) {
    this.#storage = storage;
  }

  /** What was kept, or null. */
  read() {
    try {
      const {version, options} = JSON.parse(this.#storage.getItem(KEY));
      return version === VERSION && typeof options === "object" ? options : null;
    } catch {
      return null;
    }
  }

  /** What was looked at of a map, or null. */
  readMap(map) {
    return this.#maps()[map] ?? null;
  }

  #maps() {
    try {
      const {version, maps} = JSON.parse(this.#storage.getItem(`${KEY}-looked`));
      return version === VERSION && maps && typeof maps === "object" ? maps : {};
    } catch {
      return {};
    }
  }

  /** Remembers what is looked at of a map; of those that nobody has opened for longest it is forgotten. */
  writeMap(map, options, usual) {
    const {[map]: _, ...others} = this.#maps();
    const looked = LOOKED.filter(name => !isSame(name, options[name], usual[name])).map(name => [name, textOf(name, options[name])]);
    const kept = Object.entries(others).slice(1 - MOST_MAPS);
    if (looked.length > 0) kept.push([map, Object.fromEntries(looked)]);
    try {
      this.#storage.setItem(`${KEY}-looked`, JSON.stringify({version: VERSION, maps: Object.fromEntries(kept)}));
    } catch {
      // A browser that keeps nothing forgets.
    }
  }

  write(options) {
    try {
      this.#storage.setItem(KEY, JSON.stringify({version: VERSION, options}));
    } catch {
      // A browser that keeps nothing forgets.
    }
  }
}
