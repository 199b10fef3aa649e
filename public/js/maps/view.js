/** The page of a map: brings together its options, its plot and its panes (index.js says what is on the page). */

import {keepInAddress} from "../address.js";
import {h, say} from "../dom.js";
import {announce, problemIn} from "../nav.js";
import {readColumns} from "./columns.js";
import * as Options from "./options.js";
import {Plot} from "./plot.js";
import {short} from "./scale.js";
import {searchable} from "./search.js";
import {Selection, Walk} from "./selection.js";

/** Ms for which the address waits for a hand to rest. */
const ADDRESS_AFTER = 300;

/** Options that change what the plot shows; the others are those of the panes. */
const OF_PLOT = ["x", "y", "segment", "mask", "color", "lines", "bad", "xs", "ys", "transform", "against", "types", "hx", "hy", "size"];

export class MapView {
  #root;
  #config;
  #options;
  #usual;
  #memory;
  #plot = null;
  #asking = new AbortController();
  #aborter = new AbortController();
  #columns = null;
  #asked = ""; // the query of the columns
  #objects = null; // all of the map's objects: columns x, y, z, pDist, userType
  #walk = null;
  #places = new Map(); // session -> row -> place in the columns
  #selection = new Selection();
  #words;
  #writing;

  constructor(root, config) {
    this.#root = root;
    this.#config = config;
    this.#usual = Options.complete(config.usual);
    this.#memory = new Options.Memory(safeStorage());
    const params = new URL(location.href).searchParams;
    this.#options = Options.fromAddress(params, Options.complete(config.options));
    if (!Options.saysHow(params)) this.#options = Options.remembered(this.#memory.read(), this.#options, (name, text) => this.#allows(name, text));
    this.#words = h("p", {id: "map-selected", class: "map-selected", "aria-live": "off"});
    const {signal} = this.#aborter;
    for (const form of root.querySelectorAll("[data-map-form]")) {
      form.dataset.live = "";
      form.addEventListener("input", event => this.#formed(form, event), {signal});
      form.addEventListener("submit", event => {
        event.preventDefault();
        this.#formed(form, event);
      }, {signal});
      searchable(form, signal);
    }
    this.#fillForms();
    const stage = root.querySelector("[data-map-plot]");
    if (stage) {
      this.#plot = new Plot(stage, {selection: this.#selection, sessions: config.sessions, onPlotKey: event => this.#plotKey(event)});
      stage.after(this.#words);
    }
    this.#selection.listen((what, by) => this.#selected(what, by));
    addEventListener("popstate", () => location.reload(), {signal});
    root.map = {
      stats: () => ({options: this.#options, points: this.#plot?.count ?? 0, selected: this.#selection.now}),
      select: (run, session) => this.#selection.select(run === null ? null : {run, session}),
      placeOf: (run, session) => this.#plot?.placeOf(run, session),
    };
    this.#say();
    this.#start();
  }

  destroy() {
    clearTimeout(this.#writing);
    this.#aborter.abort();
    this.#asking.abort();
    this.#plot?.destroy();
  }

  // Whether a field of the forms has a value among its choices.
  #allows(name, text) {
    const field = this.#root.querySelector(`[data-map-form] select[name="${CSS.escape(name)}"]`);
    return !field || [...field.options].some(option => option.value === text);
  }

  async #start() {
    const first = this.#askPlot();
    try {
      const objects = readColumns(await this.#load("columns?stat=x,y,z,pDist,userType", this.#aborter.signal));
      this.#objects = objects;
      const of = name => objects.by.get(name)?.values;
      const found = {n: objects.n, run: of("run"), session: of("session"), segment: of("segment"), row: of("row")};
      this.#walk = new Walk(found, of("pDist") ?? new Float64Array(objects.n).fill(NaN));
      for (let i = 0; i < objects.n; i++) {
        const rows = this.#places.get(found.session[i]) ?? new Map();
        rows.set(found.row[i], i);
        this.#places.set(found.session[i], rows);
      }
      if (this.#options.run >= 0) this.#selection.select({run: this.#options.run, session: this.#walk.nearest(this.#options.run, this.#options.show[0] ?? 0)}, "address");
      await first;
      if (this.#options.color === "type") this.#showPlot();
    } catch (error) {
      this.#failed(error);
    }
  }

  // What somebody has changed in a form.
  #formed(form, event) {
    if (event.target.matches?.("[data-map-search]")) return;
    this.#change(Options.fromForm(new FormData(form)));
  }

  #change(some) {
    const before = this.#options;
    this.#options = {...before, ...some};
    const changed = Object.keys(some).filter(name => !Options.isSame(name, before[name], this.#options[name]));
    if (changed.length === 0) return;
    this.#memory.write(Options.worthKeeping(this.#options, this.#usual));
    this.#writeSoon();
    if (changed.some(name => OF_PLOT.includes(name))) this.#askPlot();
    if (changed.includes("run")) {
      const {run} = this.#options;
      this.#selection.select(run < 0 ? null : {run, session: this.#walk?.nearest(run, this.#selection.now?.session ?? 0) ?? -1}, "form");
    }
  }

  #writeSoon() {
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => keepInAddress(params => Options.writeAddress(params, this.#options, this.#usual)), ADDRESS_AFTER);
  }

  // Puts the options into the fields.
  #fillForms() {
    for (const form of this.#root.querySelectorAll("[data-map-form]")) {
      for (const field of form.elements) {
        if (!(field.name in this.#options) || field === document.activeElement) continue;
        const text = Options.textOf(field.name, this.#options[field.name]);
        if (field.type === "checkbox") field.checked = text === "1";
        else if (field.type !== "hidden") field.value = text;
      }
    }
  }

  async #load(path, signal) {
    const response = await fetch(`${this.#config.page}/${path}`, {signal});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    return response.arrayBuffer();
  }

  async #askPlot() {
    if (!this.#plot) return;
    const query = `columns?${Options.plotQuery(this.#options)}`;
    if (query === this.#asked && this.#columns) return this.#showPlot();
    this.#asking.abort();
    const asking = this.#asking = new AbortController();
    try {
      const columns = readColumns(await this.#load(query, asking.signal));
      this.#columns = columns;
      this.#asked = query;
      this.#showPlot();
      this.#problem("");
    } catch (error) {
      if (!asking.signal.aborted) this.#failed(error);
    }
  }

  #showPlot() {
    if (this.#columns) this.#plot.set(this.#columns, this.#options, (session, row) => this.#valueOf(session, row, "userType"));
  }

  #valueOf(session, row, name) {
    const i = this.#places.get(session)?.get(row);
    return i === undefined ? NaN : this.#objects.by.get(name)?.values[i] ?? NaN;
  }

  #failed(error) {
    if (error.name === "AbortError") return;
    this.#problem(error.message);
  }

  #problem(text) {
    let note = this.#root.querySelector("[data-map-problem]");
    if (!note && text === "") return;
    if (!note) {
      note = h("p", {class: "map-problem", role: "alert", "data-map-problem": true});
      (this.#root.querySelector(".map-main") ?? this.#root).before(note);
    }
    note.hidden = text === "";
    say(note, text);
  }

  #selected(what, by) {
    this.#plot?.mark();
    this.#say();
    if (what !== "select") return;
    const {now} = this.#selection;
    this.#options = {...this.#options, run: now?.run ?? -1};
    if (by !== "form") this.#fillForms();
    this.#writeSoon();
    announce(now ? this.#words.textContent : "Nothing is selected.");
    this.#root.dispatchEvent(new CustomEvent("mapselect", {bubbles: true, detail: now}));
  }

  // Says what is selected, or under the pointer.
  #say() {
    const {now, hover} = this.#selection;
    const what = hover ?? now;
    if (!what) {
      this.#words.replaceChildren("Nothing is selected: click on a point, or step with the arrow keys.");
      return;
    }
    const {sessions, page} = this.#config;
    const condition = sessions[what.session]?.condition;
    const i = this.#walk?.at(what.run, what.session) ?? -1;
    const facts = [`Run ${what.run}`, `session ${what.session}${condition ? ` ${condition}` : ""}`];
    if (i >= 0) {
      const of = name => this.#objects.by.get(name)?.values[i];
      facts.push(`row ${of("row")}`);
      if (of("segment") >= 0) facts.push(`segment ${of("segment")}`);
      if (of("bad")) facts.push("bad");
    } else if (this.#walk) facts.push("absent");
    for (const {title, unit, value} of this.#plot?.describe(what) ?? []) {
      facts.push(`${title} ${typeof value === "string" ? value : short(value)}${unit ? ` ${unit}` : ""}`);
    }
    this.#words.replaceChildren(h("span", {}, facts.join(", ")), " ", what === now && h("a", {class: "link", href: `${page}/run/${what.run}`}, "all sessions"));
  }

  #plotKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#walk) return;
    const moves = {ArrowLeft: ["stepSession", -1], ArrowRight: ["stepSession", 1], ArrowUp: ["stepAlong", 1], ArrowDown: ["stepAlong", -1]};
    if (event.key === "Escape" && this.#selection.now) this.#selection.select(null, "key");
    else if (event.key in moves) this.step(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  /** Steps to the next object; without one that is selected, to the first. */
  step(how, by) {
    const now = this.#selection.now;
    const next = now ? this.#walk[how](now, by) : this.#walk.stepAlong({run: -1, session: this.#options.show[0] ?? 0}, 1);
    if (next) this.#selection.select(next, "key");
  }
}

function safeStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
