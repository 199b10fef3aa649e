/** The images of the sessions: any number of panes, of which those near the window hold pixels, linked to each other. */

import {beforePaint} from "../paint.js";
import {announce, problemIn} from "../nav.js";
import {readColumns} from "./columns.js";
import {colorsOf} from "./looks.js";
import {Pane} from "./pane.js";
import {Planes, readPlanes} from "./planes.js";

/** Panes this far from the window are made ready, CSS pixels. */
const NEARLY = "200px";

/** What an arrow key pans by, in shares of the stage, and + zooms by. */
const PAN = 0.125;
const ZOOM = 1.25;

/** Ms for which the address waits for panes to rest. */
const REST = 250;

const PROJECTS = ["single", "sliding", "all"];

export class Panes {
  planes;
  selection;
  objects = null; // what is known of the objects, for the marks (view.js, marksOf)
  hand = null; // takes pointers first, and draws last: see hand.js
  #root;
  #page; // address of the page
  #sessions;
  #view;
  #panes = new Map();
  #asked = false;
  #seen;
  #sizes;
  #colors = null;
  #aborter = new AbortController();
  #middles = new Map();
  #given; // what the address says that panes show, until they have it
  #resting = 0; // timer of what they show
  #big = null; // the pane that has the whole window
  #behind = []; // elements that take no focus meanwhile
  #back = null; // what had the focus before
  #first; // the run of the address
  #atFirst; // nobody has selected anything since
  arriving = false; // the run that is selected came by the address, and so did what panes show

  /**
   * @param {HTMLElement} root
   * @param {{page: string, sessions: object[]}} config
   * @param {object} view `options`, `selection`, `change(options)`, `step(how, by)`
   */
  constructor(root, config, view) {
    this.#root = root;
    this.#page = config.page;
    this.#sessions = config.sessions;
    this.#view = view;
    this.selection = view.selection;
    this.planes = new Planes((keys, signal) => this.#loadPlanes(keys, signal));
    this.#seen = new IntersectionObserver(entries => {
      for (const {target, isIntersecting} of entries) this.#panes.get(Number(target.dataset.session))?.setVisible(isIntersecting);
    }, {rootMargin: NEARLY});
    this.#sizes = new ResizeObserver(entries => {
      for (const {target} of entries) this.#panes.get(Number(target.closest("[data-session]")?.dataset.session))?.resized();
    });
    document.addEventListener("themechange", () => this.draw(), {signal: this.#aborter.signal});
    this.#given = {...view.options.view};
    this.#first = view.options.run;
    this.#atFirst = this.#first >= 0 && Object.keys(this.#given).length > 0;
    addEventListener("keydown", event => this.#leave(event), {signal: this.#aborter.signal});
    this.#root.replaceChildren();
    this.show();
  }

  destroy() {
    clearTimeout(this.#resting);
    this.enlarge(null);
    this.#aborter.abort();
    this.#seen.disconnect();
    this.#sizes.disconnect();
    for (const pane of this.#panes.values()) pane.destroy();
    this.planes.clear();
  }

  get options() {
    return this.#view.options;
  }

  stats() {
    return {panes: this.#shown().map(pane => pane.stats()), planes: this.planes.stats};
  }

  /** Where a place of a session, in micrometres, is on its stage; for tests. */
  screenOf(session, x, y) {
    return this.#panes.get(session)?.screenOf(x, y) ?? null;
  }

  /** The pane of a session, null if it is not shown. */
  pane(session) {
    return this.#panes.get(session) ?? null;
  }

  /** What the address says that the pane of a session shows, null for nothing; asked once. */
  given(session) {
    const given = this.#given[session] ?? null;
    delete this.#given[session];
    return given;
  }

  /** A pane shows something else. */
  viewed() {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      const view = {...this.#given};
      for (const pane of this.#shown()) {
        const seen = pane.seen ?? this.#given[pane.session];
        if (seen) view[pane.session] = seen;
      }
      this.#view.change({view});
    }, REST);
  }

  /** Gives a pane the whole window, or, where it has it or for null, gives that back. */
  enlarge(pane) {
    const before = this.#big;
    this.#big = pane === before ? null : pane;
    document.documentElement.classList.toggle("map-enlarged", this.#big !== null); // first, since it takes a scrollbar away
    before?.enlarge(false);
    for (const element of this.#behind) element.inert = false;
    this.#behind = [];
    for (const other of this.#panes.values()) other.hold(this.#big !== null && other !== this.#big);
    this.#big?.enlarge(true);
    if (this.#big) this.#cover(this.#big.element);
    if (!before && this.#big) this.#back = document.activeElement;
    if (this.#big) this.#big.stage.focus();
    else if (before) {
      (this.#back?.isConnected && before.element.contains(this.#back) ? this.#back : before.stage).focus({preventScroll: true});
      before.element.scrollIntoView({block: "nearest"});
    }
  }

  // What lies behind takes no focus; what announces, and dialogs, stay.
  #cover(front) {
    for (let at = front; at !== document.body && at.parentElement; at = at.parentElement) {
      for (const other of at.parentElement.children) {
        if (other === at || other.inert || other.matches("dialog, [aria-live], script, style") || other.querySelector("dialog")) continue;
        other.inert = true;
        this.#behind.push(other);
      }
    }
  }

  // The whole window is left from wherever the focus is.
  #leave(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.#big || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.enlarge(null);
  }

  #shown() {
    return this.options.show.map(session => this.#panes.get(session)).filter(Boolean);
  }

  /** Brings the panes in line with the sessions that are shown. */
  show() {
    const wanted = this.options.show.filter(session => this.#sessions[session]);
    for (const [session, pane] of this.#panes) {
      if (wanted.includes(session)) continue;
      if (pane === this.#big) this.enlarge(null);
      this.#seen.unobserve(pane.element);
      this.#sizes.unobserve(pane.stage);
      pane.destroy();
      pane.element.remove();
      this.#panes.delete(session);
    }
    let before = null;
    for (const session of wanted) {
      let pane = this.#panes.get(session);
      if (!pane) {
        pane = new Pane(this.#sessions[session], this);
        this.#panes.set(session, pane);
        if (this.#places) pane.setPlace(this.#places[session] ?? null);
      }
      const next = before ? before.nextElementSibling : this.#root.firstElementChild;
      if (next !== pane.element) this.#root.insertBefore(pane.element, next);
      before = pane.element;
      this.#seen.observe(pane.element);
      this.#sizes.observe(pane.stage);
    }
  }

  #places = null; // of the selected run, by session

  /** Takes where the selected run is in each session; null for none. */
  setPlaces(places, still = false) {
    // Where it was when it came by the address; whoever selects it again wants it in the middle.
    if (places && !still) this.arriving = this.#atFirst && this.selection.now?.run === this.#first;
    if (places && !still) this.#atFirst = false;
    this.#places = places;
    for (const [session, pane] of this.#panes) pane.setPlace(places?.[session] ?? null, still);
  }

  /** Takes where the selected run would be in one session. */
  setPlace(session, place, still = false) {
    if (!this.#places) return;
    this.#places[session] = place;
    this.#panes.get(session)?.setPlace(place, still);
  }

  /** Options have changed. */
  changed(names) {
    if (names.includes("show")) this.show();
    for (const pane of this.#panes.values()) {
      if (names.includes("names")) pane.name();
      if (names.includes("slice") && this.options.slice >= 0) pane.setSlice(this.options.slice);
      if (names.includes("contrast")) pane.exactly();
      pane.refresh();
    }
  }

  /** The objects are others: nothing that was counted of them holds. */
  renewed() {
    this.#middles.clear();
  }

  /**
   * Looks closer: at the place of the selected run in each pane, or at a place of one pane, which linked ones follow.
   *
   * @param {?object} pane null: at the selected run
   * @param {{x: number, y: number}} place micrometres
   */
  closer(pane, {x, y}, factor, least) {
    if (pane) pane.lookAt(x, y, factor, least);
    else for (const each of this.#shown()) each.judge(factor, least);
  }

  /** Draws what is seen, or one pane of it, before the next paint. */
  draw(only = null) {
    for (const pane of only ? [only] : this.#panes.values()) pane.age();
    if (this.#asked) return;
    this.#asked = true;
    beforePaint(() => {
      this.#asked = false;
      this.#colors = null;
      for (const pane of this.#panes.values()) pane.paint();
      this.#view.drawn();
    });
  }

  /** The colours on images, which lie on black in both themes. */
  color(stage) {
    return this.#colors ??= colorsOf(stage, "image-");
  }

  /** A pane was moved by hand: those that are linked go the same way. */
  moved(way, by) {
    if (!this.options.link) return;
    for (const pane of this.#panes.values()) pane.follow(way, by);
  }

  /** The slice on which the middle one of a session's objects lies. */
  middle(session) {
    if (!this.#middles.has(session)) {
      const z = this.objects ? this.objects.of(session).map(i => this.objects.z[i]).filter(Number.isFinite).sort((a, b) => a - b) : [];
      if (z.length === 0) return Math.floor((this.#sessions[session].pz || 0) / 2);
      this.#middles.set(session, Math.floor(z[Math.floor(z.length / 2)]));
    }
    return this.#middles.get(session);
  }

  async images(session, signal) {
    const response = await fetch(`${this.#page}/images?session=${session}`, {signal});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    await this.#view.known; // the first slice is that of the objects
    return (await response.json()).images;
  }

  async tracing(session, signal) {
    const response = await fetch(`${this.#page}/tracings?session=${session}`, {signal});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    const {n, by} = readColumns(await response.arrayBuffer());
    return {n, x: by.get("x").values, y: by.get("y").values, z: by.get("z").values, segment: by.get("segment").values};
  }

  async #loadPlanes(keys, signal) {
    const response = await fetch(`${this.#page}/planes?${keys.map(key => `plane=${encodeURIComponent(key)}`).join("&")}`, {signal});
    if (!response.ok) throw new Error(problemIn(await response.text()));
    return readPlanes(await response.arrayBuffer(), keys.length);
  }

  /** Keys on a pane that has the focus; all of them are in the help (components/layout). */
  onKey(event, pane) {
    if (event.metaKey || event.altKey || event.target !== pane.stage) return;
    const {options} = this;
    const change = some => this.#view.change(some);
    const shift = {ArrowLeft: ["stepSession", -1], ArrowRight: ["stepSession", 1]}[event.key];
    if (event.shiftKey && shift) this.#toSession(...shift, pane);
    else if (event.ctrlKey) {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.#view.step("stepAlong", event.key === "ArrowRight" ? 1 : -1, pane.session);
      else return;
    } else if (/^[0-9]$/.test(event.key)) {
      const channel = Number(event.key);
      const all = this.#sessions[pane.session].channels;
      if (channel !== 0 && !all.includes(channel)) announce(`There is no channel ${channel}.`);
      else change({channel: channel === 0 && all.length < 2 ? all[0] ?? 1 : channel});
    } else {
      const act = {
        ArrowLeft: () => pane.pan(-PAN, 0), ArrowRight: () => pane.pan(PAN, 0), ArrowUp: () => pane.pan(0, -PAN), ArrowDown: () => pane.pan(0, PAN),
        "+": () => pane.zoom(ZOOM), "=": () => pane.zoom(ZOOM), "-": () => pane.zoom(1 / ZOOM), f: () => pane.fit(),
        ",": () => this.#toSlice(pane, -1), ".": () => this.#toSlice(pane, 1), PageUp: () => this.#toSlice(pane, -5), PageDown: () => this.#toSlice(pane, 5),
        Home: () => this.#toSlice(pane, -Infinity), End: () => this.#toSlice(pane, Infinity),
        l: () => {
          change({link: !options.link});
          announce(options.link ? "Panes move each by itself." : "Panes are linked.");
        },
        z: () => change({project: PROJECTS[(PROJECTS.indexOf(options.project) + 1) % PROJECTS.length]}),
        t: () => change(options.marks || options.tracing ? {marks: false, tracing: false} : {marks: true, tracing: true}),
        c: () => change({contrast: [0, 100]}),
        Enter: () => this.enlarge(pane),
        "[": () => this.#brighten(1 / 0.85), "]": () => this.#brighten(0.85),
      }[event.key];
      if (act) act();
      else if (event.key === "Escape" && this.#big) this.enlarge(null);
      else if (event.key === "Escape" && this.selection.now) this.selection.select(null, "key");
      else return;
    }
    event.preventDefault();
  }

  #brighten(by) {
    const [dark, bright] = this.options.contrast;
    this.#view.change({contrast: [dark, Math.min(Math.max(Math.round(dark + (bright - dark) * by), dark + 1), 1000)]});
  }

  #toSlice(pane, by) {
    if (!pane.shape) return;
    pane.step(Math.min(Math.max(by, -pane.shape.slices), pane.shape.slices));
    announce(`Slice ${pane.stats().slice}`);
  }

  // The same run in the session before or after; the focus goes to its pane if there is one.
  #toSession(how, by, pane) {
    const now = this.selection.now;
    if (!now) return;
    this.#view.step(how, by, pane.session);
    this.#panes.get(this.selection.now?.session)?.stage.focus();
  }
}
