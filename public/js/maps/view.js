/** The page of a map: brings together its options, its plot and its panes (index.js says what is on the page). */

import {keepInAddress} from "../address.js";
import {fill, h, say} from "../dom.js";
import {announce, problemIn} from "../nav.js";
import {readColumns} from "./columns.js";
import {Edits} from "./edits.js";
import {MapObject} from "./object.js";
import {missing, whyEmpty} from "./nothing.js";
import * as Options from "./options.js";
import {Panes} from "./panes.js";
import {Plot} from "./plot.js";
import {groupsOf} from "./points.js";
import {short} from "./scale.js";
import {searchable} from "./search.js";
import {Selection, Walk} from "./selection.js";
import {Together} from "./together.js";

/** Ms for which the address waits for a hand to rest. */
const ADDRESS_AFTER = 300;

/** Ms after an edit until the page asks for what only the server writes, of all edits together. */
const PARTS_AFTER = 400;

/** How often what has changed is asked for anew because it changes all the while. */
const RENEWALS = 20;

/** The columns of all objects that the page knows them by. */
const OBJECTS = "columns?stat=x,y,z,pDist,userType";

/** A number beyond the rows of any session. */
const SESSION = 2 ** 32;

/** Sliders of the contrast reach from and to, percent. */
const DARK = [-50, 100];
const BRIGHT = [5, 300];

/** Options that change what the plot shows; the others are those of the panes. */
const OF_PLOT = ["x", "y", "segment", "mask", "color", "lines", "bad", "xs", "ys", "transform", "against", "types", "hx", "hy", "size"];

export class MapView {
  #root;
  #config;
  #options;
  #usual;
  #memory;
  #plot = null;
  #panes = null;
  #chooser = null;
  #whole = null; // address of where the selected run is, and its answer
  #asking = new AbortController();
  #aborter = new AbortController();
  #columns = null;
  #asked = ""; // the query of the columns
  #tabled = null; // that of the table
  #objects = null; // all of the map's objects: columns x, y, z, pDist, userType
  #walk = null;
  #places = new Map(); // session -> row -> place in the columns
  #selection = new Selection();
  #edits;
  #object = null; // the bar with the selected one
  #edition; // that the rows of the objects are of
  #renewing = null; // resolves once the page shows what there is
  #stale = false;
  #target = null; // what is selected once it does
  #renewed = null; // timer of what the server writes
  #together;
  #words;
  #writing;
  #know; // resolves known
  #shown = null; // what the plot's filters leave, as session * SESSION + row

  constructor(root, config, page) {
    this.#root = root;
    this.#config = config;
    this.#usual = Options.complete(config.usual);
    this.#memory = new Options.Memory(safeStorage());
    const params = new URL(location.href).searchParams;
    this.#edition = config.edition || config.version;
    this.#options = Options.fromAddress(params, Options.complete(config.options));
    if (!Options.saysHow(params)) this.#options = Options.remembered(this.#memory.read(), this.#options, (name, text) => this.#allows(name, text));
    this.#options = Options.lookedAt(this.#memory.readMap(config.page), params, this.#options);
    this.#words = h("p", {id: "map-selected", class: "map-selected", "aria-live": "off"});
    const {signal} = this.#aborter;
    for (const form of root.querySelectorAll("[data-map-form]")) {
      form.dataset.live = "";
      // What it keeps of the other form, for a page without scripts, would be old.
      for (const kept of form.querySelectorAll(":scope > input[type=hidden]")) kept.remove();
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
      this.#plot = new Plot(stage, {selection: this.#selection, sessions: config.sessions, onPlotKey: event => this.#plotKey(event), onDrawn: () => this.drawn()});
      stage.after(this.#words);
    }
    this.known = new Promise(resolve => (this.#know = resolve));
    const images = root.querySelector("[data-map-panes]");
    if (images) {
      this.#chooser = this.#makeChooser();
      this.#panes = new Panes(images, config, this);
    }
    root.querySelector("#map-plot-table")?.addEventListener("toggle", () => this.#table(), {signal});
    this.#selection.listen((what, by) => this.#selected(what, by));
    addEventListener("popstate", () => location.reload(), {signal});
    root.map = {
      panes: () => this.#panes?.stats() ?? null,
      screenOf: (session, x, y) => this.#panes?.screenOf(session, x, y) ?? null,
      stats: () => ({options: this.#options, points: this.#plot?.count ?? 0, selected: this.#selection.now}),
      select: (run, session) => this.#selection.select(run === null ? null : {run, session}, "script"),
      placeOf: (run, session) => this.#plot?.placeOf(run, session),
    };
    this.#edits = new Edits(root, this);
    this.#together = new Together(root, config, page, this);
    const bar = root.querySelector("[data-map-object]");
    if (bar) this.#object = new MapObject(bar, config, this, this.#edits);
    this.#say();
    this.#writeSoon(); // what was remembered
    this.#start();
  }

  destroy() {
    clearTimeout(this.#writing);
    clearTimeout(this.#renewed);
    this.#object?.destroy();
    this.#aborter.abort();
    this.#asking.abort();
    this.#plot?.destroy();
    this.#panes?.destroy();
    this.#edits.destroy();
    this.#together.destroy();
  }

  get options() {
    return this.#options;
  }

  get selection() {
    return this.#selection;
  }

  get plot() {
    return this.#plot;
  }

  get panes() {
    return this.#panes;
  }

  get root() {
    return this.#root;
  }

  /** The edition of the map that the rows on the page are of. */
  get edition() {
    return this.#edition;
  }

  /** A run's object in a session as the page knows it, null where it is absent. */
  objectAt(run, session) {
    const i = this.#walk?.at(run, session) ?? -1;
    return i < 0 ? null : this.#objectOf(i);
  }

  /** The object of a row of a session, null if there is none of the map's type. */
  objectOfRow(session, row) {
    const i = this.#places.get(session)?.get(row);
    return i === undefined ? null : this.#objectOf(i);
  }

  /** The one object of a session that lies at a place, null if it is not one. */
  objectNear(was) {
    const found = this.#objects && sameIn({columns: this.#objects, edition: null}, was);
    return found ? this.objectOfRow(found.session, found.row) : null;
  }

  #objectOf(i) {
    const of = name => this.#objects.by.get(name).values[i];
    return {
      run: of("run"), session: of("session"), row: of("row"), segment: of("segment"), bad: of("bad") === 1, userType: of("userType"), x: of("x"), y: of("y"), z: of("z"),
      edition: this.#edition,
    };
  }

  /** The objects of a session as the page knows them. */
  *objectsOf(session) {
    for (const i of this.#places.get(session)?.values() ?? []) yield this.#objectOf(i);
  }

  /** The plot or the panes were drawn, so what lies over them may be elsewhere. */
  drawn() {
    this.#together?.place();
  }

  // Whether a field of the forms has a value among its choices.
  #allows(name, text) {
    const field = this.#root.querySelector(`[data-map-form] select[name="${CSS.escape(name)}"]`);
    return !field || [...field.options].some(option => option.value === text);
  }

  async #start() {
    const first = this.#askPlot();
    try {
      this.#install(await this.#loadColumns(OBJECTS, this.#aborter.signal));
      this.#know();
      if (this.#options.run >= 0) this.#selection.select({run: this.#options.run, session: this.#walk.nearest(this.#options.run, this.#options.show[0] ?? 0)}, "address");
      await first;
      if (this.#options.color === "type") this.#showPlot();
      this.#object?.ready();
    } catch (error) {
      this.#know();
      this.#failed(error);
    }
  }

  // Takes all objects of an edition.
  #install({columns, edition}) {
    this.#objects = columns;
    this.#edition = edition || this.#edition;
    const of = name => columns.by.get(name)?.values;
    const found = {n: columns.n, run: of("run"), session: of("session"), segment: of("segment"), row: of("row")};
    this.#walk = new Walk(found, of("pDist") ?? new Float64Array(columns.n).fill(NaN));
    this.#places = new Map();
    for (let i = 0; i < columns.n; i++) {
      const rows = this.#places.get(found.session[i]) ?? new Map();
      rows.set(found.row[i], i);
      this.#places.set(found.session[i], rows);
    }
    this.#panes?.renewed();
    this.#mark();
  }

  /**
   * Shows the map as it is now, in place: plot, marks, tables. What is selected stays selected, whatever its run and its row
   * are now, and nothing on the page moves.
   *
   * @param {?{session: number, row: number, edition: string}} target an object to select instead
   * @returns {Promise} once it is shown
   */
  renew(target = null) {
    if (target) this.#target = target;
    this.#stale = true;
    return this.#renewing ??= this.#renewAll().finally(() => (this.#renewing = null));
  }

  async #renewAll() {
    await this.known;
    try {
      for (let i = 0; this.#stale && i < RENEWALS; i++) {
        this.#stale = false;
        if (!await this.#renewOnce()) this.#stale = true;
      }
      clearTimeout(this.#renewed);
      this.#renewed = setTimeout(() => this.#parts(), PARTS_AFTER);
    } catch (error) {
      this.#failed(error);
    }
  }

  // Whether all that came is of one edition, and of what is selected.
  async #renewOnce() {
    const query = this.#query();
    const {signal} = this.#aborter;
    const [objects, plot] = await Promise.all([this.#loadColumns(OBJECTS, signal), this.#plot && this.#loadColumns(query, signal)]);
    if (plot && plot.edition !== objects.edition) return false;
    const {now} = this.#selection;
    const target = this.#target;
    const was = target ?? this.#held();
    const found = was && (sameIn(objects, was) ?? await this.#follow(was, objects.edition));
    if (found === undefined || this.#selection.now !== now || this.#target !== target) return false;
    this.#target = null;
    this.#install(objects);
    if (plot && query === this.#query()) this.#take(plot.columns, query);
    else this.#asked = "";
    if (this.#asked === "") this.#askPlot();
    const i = found && this.#places.get(found.session)?.get(found.row);
    const gone = was && i === undefined;
    const next = gone && !target ? null : gone || !was ? now : {run: this.#objects.by.get("run").values[i], session: was.shown ?? found.session};
    this.#reselect(next, was && !target);
    this.#object?.renewed(gone ? found?.error ?? "" : null);
    this.#problem("");
    return true;
  }

  // The object by which the selected run is found again: the selected one, or the first of its run.
  #held() {
    const {now} = this.#selection;
    if (!now || !this.#walk) return null;
    const session = this.#walk.at(now.run, now.session) >= 0 ? now.session : this.#walk.sessions(now.run)[0];
    const object = session === undefined ? null : this.objectAt(now.run, session);
    return object && {...object, shown: now.session};
  }

  // Where an object is in an edition, as the server knows it: its session and row, or {error} if it is gone; undefined if the map has
  // changed again.
  async #follow(was, edition) {
    const query = new URLSearchParams({session: was.session, row: was.row, edition: was.edition});
    const response = await fetch(`${this.#config.api}/object?${query}`, {signal: this.#aborter.signal, headers: {Accept: "application/json"}});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    const answer = await response.json();
    if (answer.edition !== edition) return undefined;
    return answer.row === null ? {error: answer.error ?? ""} : {session: was.session, row: answer.row};
  }

  // Selects what is found again; who looks at something else meanwhile is left alone.
  #reselect(next, still) {
    const {now} = this.#selection;
    this.#selection.point(null);
    const by = still ? "renewal" : "edit";
    if (next?.run === now?.run && next?.session === now?.session) this.#selected("select", by, true);
    else this.#selection.select(next, by);
  }

  // What only the server writes: the head, the sessions, what is wrong in the files.
  async #parts() {
    try {
      const page = await this.#askPage();
      for (const part of [".map-head", "#map-sessions tbody", "#map-problems"]) {
        const [old, now] = [this.#root.querySelector(part), page.querySelector(part)];
        if (old && now && !old.contains(document.activeElement) && !old.isEqualNode(now)) old.replaceWith(now);
      }
      this.#showChooser();
    } catch (error) {
      this.#failed(error);
    }
  }

  // The page as the server writes it, with the options as they are.
  async #askPage() {
    const params = new URLSearchParams();
    Options.writeAddress(params, {...this.#options, run: -1, show: this.#usual.show}, this.#usual);
    const response = await fetch(`${this.#config.page}?${params}`, {signal: this.#aborter.signal});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  // Tells the panes which objects there are, how they look, and which the plot's filters leave.
  #mark() {
    if (!this.#objects || !this.#panes) return;
    const {n, by} = this.#objects;
    const of = name => by.get(name)?.values;
    const objects = {n, run: of("run"), session: of("session"), segment: of("segment"), row: of("row"), dynamics: of("dynamics"), bad: of("bad"), userType: of("userType")};
    const {groups, index} = groupsOf(this.#options.color, objects, this.#config.sessions);
    const plain = {color: "map-object", shape: "circle"};
    const sessions = new Map();
    for (let i = 0; i < n; i++) {
      const list = sessions.get(objects.session[i]);
      if (list) list.push(i);
      else sessions.set(objects.session[i], [i]);
    }
    this.#panes.objects = {
      ...objects, x: of("x"), y: of("y"), z: of("z"),
      of: session => sessions.get(session) ?? [],
      look: i => this.#options.color === "none" ? plain : groups[index[i]],
      shown: i => !this.#shown || this.#shown.has(objects.session[i] * SESSION + objects.row[i]) || objects.run[i] === this.#selection.now?.run,
    };
    this.#panes.draw();
  }

  // Where the selected run is in every session: what is known at once, and where it would be, which the server says.
  async #place(still = false) {
    const now = this.#selection.now;
    if (!this.#panes || !this.#walk) return;
    if (!now) return this.#panes.setPlaces(null);
    const {by} = this.#objects;
    const at = (name, i) => by.get(name).values[i];
    const places = this.#config.sessions.map(({index}) => {
      const i = this.#walk.at(now.run, index);
      return i < 0 ? null : {row: at("row", i), x: at("x", i), y: at("y", i), z: at("z", i)};
    });
    this.#panes.setPlaces(places, still);
    if (places.every(Boolean)) return;
    this.#whole?.abort();
    const asking = this.#whole = new AbortController();
    try {
      const response = await fetch(`${this.#config.api}/where?run=${now.run}`, {signal: asking.signal, headers: {Accept: "application/json"}});
      if (!response.ok) throw new Error(problemIn(await response.text()));
      for (const {session, row, x, y, z} of await response.json()) {
        if (!places[session] && Number.isFinite(x) && Number.isFinite(y) && x !== null) this.#panes.setPlace(session, {row, x, y, z}, still);
      }
    } catch (error) {
      if (!asking.signal.aborted) this.#failed(error);
    }
  }

  // Buttons for the sessions in place of the field with their numbers, and sliders for the contrast.
  #makeChooser() {
    const field = this.#root.querySelector("[data-map-form] [name=show]");
    const form = field?.form;
    if (!form) return null;
    const {sessions} = this.#config;
    const set = show => {
      field.value = show.join(",");
      this.change({show});
    };
    const toggle = session => {
      const {show} = this.#options;
      set(show.includes(session) ? show.filter(s => s !== session) : [...show, session].sort((a, b) => a - b));
    };
    const buttons = sessions.map(({index, condition, channels}) => h("button", {
      type: "button", class: "btn btn-small map-session", "data-session-button": index, disabled: channels.length === 0,
      title: channels.length === 0 ? "This session has no images" : null, onclick: () => toggle(index),
    }, `${index} ${condition}`.trim()));
    const all = h("button", {type: "button", class: "btn btn-small map-session", onclick: () => {
      const pictured = sessions.filter(s => s.channels.length > 0).map(s => s.index);
      set(this.#options.show.length === pictured.length ? pictured.slice(0, 1) : pictured);
    }}, "all");
    field.closest(".field").hidden = true;
    const slider = (label, [min, max], at) => h("label", {class: "map-slider"}, label, h("input", {
      type: "range", min, max, "aria-label": `${label}, percent of the usual contrast`,
      oninput: event => {
        event.stopPropagation();
        const contrast = [...this.#options.contrast];
        contrast[at] = Number(event.target.value);
        if (contrast[1] > contrast[0]) this.change({contrast});
      },
    }));
    const sliders = [slider("Dark", DARK, 0), slider("Bright", BRIGHT, 1)];
    form.prepend(h("div", {class: "map-sessions", role: "group", "aria-label": "Sessions whose images are shown"}, ...buttons, all));
    form.querySelector(".map-choices").append(...sliders);
    this.#root.querySelector("#map-sessions")?.addEventListener("click", event => {
      const session = event.target.closest?.("[data-map-toggles]")?.closest("[data-row]")?.dataset.row;
      if (session === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      toggle(Number(session));
    }, {signal: this.#aborter.signal});
    return {buttons, sliders: sliders.map(label => label.querySelector("input"))};
  }

  #showChooser() {
    const {show, contrast} = this.#options;
    this.#chooser?.buttons.forEach((button, session) => button.setAttribute("aria-pressed", String(show.includes(session))));
    this.#chooser?.sliders.forEach((input, i) => fill(input, contrast[i]));
    for (const link of this.#root.querySelectorAll("#map-sessions [data-map-toggles]")) say(link, show.includes(Number(link.closest("[data-row]").dataset.row)) ? "hide" : "show");
  }

  // What somebody has changed in a form.
  #formed(form, event) {
    if (event.target.matches?.("[data-map-search]")) return;
    this.change(Options.fromForm(new FormData(form)), true);
  }

  /** Changes options, as the page shows at once. */
  change(some, byForm = false) {
    const before = this.#options;
    this.#options = {...before, ...some};
    const changed = Object.keys(some).filter(name => !Options.isSame(name, before[name], this.#options[name]));
    if (changed.length === 0) return;
    this.#memory.write(Options.worthKeeping(this.#options, this.#usual));
    this.#memory.writeMap(this.#config.page, this.#options, this.#usual);
    this.#writeSoon();
    if (changed.some(name => OF_PLOT.includes(name))) this.#askPlot();
    if (!byForm) this.#fillForms();
    this.#showChooser();
    if (changed.includes("color")) this.#mark();
    this.#panes?.changed(changed);
    if (changed.includes("together")) this.#together.changed();
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
    this.#showChooser();
  }

  // Columns, and the edition that their rows are of.
  async #loadColumns(path, signal) {
    const response = await fetch(`${this.#config.page}/${path}`, {signal});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    return {columns: readColumns(await response.arrayBuffer()), edition: response.headers.get("Webmon-Edition") ?? ""};
  }

  #query() {
    return `columns?${Options.plotQuery(this.#options)}`;
  }

  async #askPlot() {
    if (!this.#plot) return;
    const query = this.#query();
    if (query === this.#asked && this.#columns) return this.#showPlot();
    this.#asking.abort();
    const asking = this.#asking = new AbortController();
    try {
      const {columns} = await this.#loadColumns(query, asking.signal);
      this.#take(columns, query);
      this.#problem("");
    } catch (error) {
      if (!asking.signal.aborted) this.#failed(error);
    }
  }

  // Takes what the plot shows.
  #take(columns, query) {
    this.#columns = columns;
    this.#asked = query;
    const sessions = columns.by.get("session").values;
    this.#shown = new Set(Array.from(columns.by.get("row").values, (row, i) => sessions[i] * SESSION + row));
    this.#showPlot();
    this.#panes?.draw();
    this.#table();
  }

  #showPlot() {
    if (!this.#columns) return;
    this.#plot.set(this.#columns, this.#options, (session, row) => this.#valueOf(session, row, "userType"));
    const {text, undo} = this.#plot.count === 0 ? whyEmpty(this.#columns, this.#options, this.#usual) : {text: "", undo: []};
    this.#plot.say(text, undo.map(({label, change}) => ({label, act: () => this.change(change)})));
    this.#note();
    this.#say();
  }

  // What the plot leaves out: all else is drawn.
  #note() {
    let note = this.#root.querySelector("[data-map-plot-note]");
    if (!note) {
      note = h("p", {class: "text-muted", "data-map-plot-note": true});
      this.#words.after(note);
    }
    say(note, [this.#options.bad ? "" : "Bad ones are left out; what is added and subtracted is of all.", missing(this.#columns, this.#options)].filter(Boolean).join(" "));
  }

  // The table beside the plot is the server's, of the options as they are: asked for while it is open.
  async #table() {
    const details = this.#root.querySelector("#map-plot-table");
    const of = `${this.#asked} ${this.#edition}`;
    if (!details?.open || this.#tabled === of) return;
    this.#tabled = of;
    try {
      const page = await this.#askPage();
      const table = page.querySelector("#map-plot-table tbody");
      const head = page.querySelector("#map-plot-table thead");
      if (of !== this.#tabled || !table || !head) return;
      details.querySelector("thead").replaceWith(head);
      details.querySelector("tbody").replaceWith(table);
    } catch (error) {
      this.#failed(error);
    }
  }

  #valueOf(session, row, name) {
    const i = this.#places.get(session)?.get(row);
    return i === undefined ? NaN : this.#objects.by.get(name)?.values[i] ?? NaN;
  }

  #failed(error) {
    if (error.name === "AbortError") return;
    this.#plot?.fail(() => this.#askPlot());
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

  #selected(what, by, same = false) {
    this.#plot?.mark();
    this.#panes?.draw();
    this.#say();
    if (what !== "select") return;
    const {now} = this.#selection;
    const still = by === "renewal"; // what is shown has changed, and nobody has gone anywhere
    this.#options = {...this.#options, run: now?.run ?? -1, slice: by === "address" || still ? this.#options.slice : -1};
    if (by !== "address" || this.#options.slice < 0) this.#place(still);
    if (by !== "form") this.#fillForms();
    this.#writeSoon();
    this.#object?.selected(by);
    if (same) return;
    if (!still) announce(now ? this.wordsOf(now) : "Nothing is selected.");
    this.#root.dispatchEvent(new CustomEvent("mapselect", {bubbles: true, detail: now}));
  }

  // Says what is under the pointer, or selected.
  #say() {
    const {now, hover} = this.#selection;
    const what = hover ?? now;
    if (!what) {
      this.#words.replaceChildren("Nothing is selected: click on a point, or step with the arrow keys.");
      return;
    }
    this.#words.replaceChildren(h("span", {}, this.wordsOf(what)));
    if (what === now) this.#words.append(" ", h("a", {class: "link", href: `${this.#config.page}/run/${what.run}`}, "all sessions"));
  }

  /** What there is to say of an object in one line. */
  wordsOf(what) {
    const {sessions} = this.#config;
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
    return facts.join(", ");
  }

  #plotKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#walk) return;
    const moves = {ArrowLeft: ["stepSession", -1], ArrowRight: ["stepSession", 1], ArrowUp: ["stepAlong", 1], ArrowDown: ["stepAlong", -1], Home: ["stepSession", -Infinity], End: ["stepSession", Infinity], PageUp: ["stepAlong", 10], PageDown: ["stepAlong", -10]};
    if (event.key === "Escape" && this.#selection.now) this.#selection.select(null, "key");
    else if (event.key in moves) this.step(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  /** Steps to the next object; without one that is selected, to the first. */
  step(how, by, session = -1) {
    if (!this.#walk) return;
    let now = this.#selection.now;
    // From a pane, one goes along its own session.
    if (now && session >= 0 && how === "stepAlong" && this.#walk.at(now.run, session) >= 0) now = {run: now.run, session};
    const next = now ? this.#walk[how](now, by) : this.#walk.stepAlong({run: -1, session: session >= 0 ? session : this.#options.show[0] ?? 0}, 1);
    if (next) this.#selection.select(next, "key");
  }
}

// Where an object is in columns of another edition, as far as that can be told from its place; undefined if it cannot.
function sameIn({columns, edition}, was) {
  if (was.edition === edition) return was;
  const [session, row, x, y, z] = ["session", "row", "x", "y", "z"].map(name => columns.by.get(name).values);
  const places = [];
  for (let i = 0; i < columns.n; i++) if (session[i] === was.session && x[i] === was.x && y[i] === was.y && z[i] === was.z) places.push(row[i]);
  if (places.includes(was.row)) return {session: was.session, row: was.row};
  return places.length === 1 ? {session: was.session, row: places[0]} : undefined;
}

function safeStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
