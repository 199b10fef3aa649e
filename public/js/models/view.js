/** The picture of a model: brings together what comes, what is drawn, and what people do (index.js says what is on the page). */

import {isCard, keepInAddress, queryOf} from "../address.js";
import {Says} from "../picture/says.js";
import {apiOf, isShortcut, Screen} from "../picture/screen.js";
import {Timers} from "../picture/timers.js";
import {createViewer} from "../viewer/index.js";
import {Full} from "./full.js";
import {Offer} from "./offer.js";
import {Live} from "./live.js";
import {Pointing} from "./pointing.js";
import {Report} from "./report.js";
import {Share} from "./share.js";
import {readView, writeView} from "./state.js";
import {Tools} from "./tools.js";
import {Value} from "./value.js";
import {isAbout, placeUnder} from "./words.js";

/** Numbers and words are written at most this often, ms. */
const WRITE_EVERY = 250;

/** Ms for which the address waits for a hand to rest. */
const ADDRESS_AFTER = 400;

export class ModelView {
  #root;
  #scope;
  #page;
  #me;
  #reader; // of the configuration
  #config;
  #view;
  #shape; // [nx, ny] of the frames
  #aborter = new AbortController();
  #timers = new Timers();
  #stopWatching;
  #writing;

  #live;
  #screen = new Screen();
  #stale = false;
  #shownSeq = -1;

  #viewer;
  #says;
  #marks = {line: null, names: ["y", "x"], paint: (context, view) => this.#pointing.paint(context, view)};
  #due = false; // something is to be drawn
  #tools;
  #pointing;
  #report;
  #share;
  #offer;
  #full;
  #value;

  constructor(root, scope, page, reader, config) {
    this.#root = root;
    this.#scope = scope;
    this.#page = page;
    this.#me = page.who();
    this.#reader = reader;
    const canvas = root.querySelector("[data-viewer-canvas]");
    this.#report = new Report(scope, root, canvas);
    const {signal} = this.#aborter;
    this.#take(config);
    this.#live = new Live(root, page.onFrame, this.#timers, {
      now: () => ({config: this.#config, view: this.#view, shape: this.#shape, screen: this.#screen.last}),
      resized: shape => {
        this.#shape = shape;
        this.#scene();
      },
      told: before => this.#told(before),
      met: () => this.#met(),
      redraw: () => this.#redraw(),
    });
    this.#pointing = new Pointing(canvas, this.#timers, {
      signal,
      me: this.#me,
      may: () => this.#mayPoint,
      now: () => ({config: this.#config, shape: this.#shape, state: this.#live.state, people: this.#live.people}),
      send: place => page.send(JSON.stringify({type: "hand", source: this.#config.source, ...place})),
      moved: () => this.#viewer.setMarks(this.#marks), // the next animation frame sends it, and shows the dot
      redraw: () => this.#redraw(),
      announce: text => this.#report.announce(text),
    });
    this.#value = new Value(this.#timers, path => page.load(`${apiOf(this.#config.source)}/arrays${path}`, signal), () => this.#readout());
    this.#offer = new Offer(scope, signal, page.post);
    this.#full = new Full(root.closest("[data-model-stage]") ?? root, signal, full => this.#showFull(full));
    this.#says = new Says(root);
    this.#viewer = createViewer(root, {
      onFrame: screen => this.#moved(screen),
      onPictures: () => this.#painted(),
      presses: () => this.#mayPoint,
      draws: event => this.#pointing.begins(event, this.#viewer),
      draw: (phase, x, y) => this.#pointing.pointAt(this.#viewer.toData(x, y), phase !== "end"),
    });
    this.#tools = new Tools(scope.querySelector("[data-model-tools]"), {
      change: edit => this.change(edit),
      mode: mode => this.change(view => {
        if (mode === "manual") view.limits = this.#live.pictures.limits(view).map(n => Number(n.toPrecision(8)));
        view.mode = mode;
      }),
      limits: limits => this.change(view => Object.assign(view, {mode: "manual", limits})),
      png: () => this.#share.png(this.#viewer, this.#config.key, () => this.#live.pictures.frames, this.#live.paused),
      copy: () => {
        this.#address();
        this.#share.copy(this.#config.source);
      },
    });
    this.#share = new Share(page, this.#tools, this.#timers, signal);
    this.#listen(signal);
    this.#writing = setInterval(() => this.#write(), WRITE_EVERY);
    this.#begin();
    if (this.#view.camera) {
      const {x, y, scale} = this.#view.camera;
      this.#viewer.setCamera({x, y: this.#shape[1] - y, scale});
    }
    if (queryOf(this.#scope).get("full") === "1") this.#full.toggleWindow();
    root.model = this;
  }

  #listen(signal) {
    this.#scope.addEventListener("click", event => {
      if (event.target instanceof Element && event.target.closest("[data-model-action=full]")) this.#full.toggle();
    }, {signal});
    document.addEventListener("keydown", event => this.#shortcut(event), {signal});
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#pointing.letGo();
      this.#live.ask();
    }, {signal});
    addEventListener("pagehide", () => this.#pointing.letGo(), {signal});
    const themed = () => {
      this.#pointing.forgetColours();
      this.#redraw();
    };
    document.addEventListener("themechange", themed, {signal});
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed, {signal});
    this.#stopWatching = this.#reader.watch(this.#scope instanceof Document ? this.#scope.body : this.#scope, () => {
      const config = this.#reader.read();
      if (config) {
        this.#take(config);
        this.#begin();
      }
      this.#offered();
    });
  }

  setPaused(paused) {
    this.#viewer.setPaused(paused);
    this.#live.setPaused(paused);
  }

  setStale(stale) {
    this.#stale = stale;
    this.#dim();
  }

  /** Figures for tests and the curious. */
  stats() {
    const {pictures, state, people, pace, topics} = this.#live;
    const {data, ...density} = pictures.density ?? {};
    return {view: this.#view, shape: this.#shape, density, measured: {...pictures.measured}, limits: pictures.limits(this.#view), state, people, me: this.#me,
      hand: this.#pointing.at, dots: this.#pointing.dots(), topics, rate: pace.rate, viewer: this.#viewer.stats()};
  }

  /** Edits the view and shows what has become of it. */
  change(edit) {
    edit(this.#view);
    this.#render();
    this.#live.ask();
    this.#timers.rest("address", ADDRESS_AFTER, () => this.#address());
  }

  destroy() {
    this.#pointing.letGo();
    if (this.#full.on) this.#full.toggle();
    this.#aborter.abort();
    this.#stopWatching();
    clearInterval(this.#writing);
    this.#timers.clear();
    this.#live.destroy();
    this.#tools.destroy();
    this.#viewer.destroy();
    this.#says.destroy();
    this.#report.destroy();
    delete this.#root.model;
  }

  #take(config) {
    const before = this.#config;
    this.#config = config;
    // The same model on another grid keeps as much of the view as still makes sense.
    const query = queryOf(this.#scope);
    this.#view = readView(this.#view ? writeView(query, this.#view, before) : query, config);
    this.#shape = config.shape;
    this.#root.toggleAttribute("data-model-points", this.#mayPoint);
  }

  // Whether a press on the picture points. For whoever may only look it moves the picture.
  get #mayPoint() {
    return this.#config.finger && this.#root.dataset.locked === undefined;
  }

  #begin() {
    this.#scene();
    this.#live.begin();
    this.#render();
    this.#offered();
  }

  #scene() {
    const [nx, ny] = this.#shape;
    const full = this.#full.on;
    this.#viewer.setScene({key: `${this.#config.key} ${nx} ${ny}`, box: {x0: 0, y0: 0, x1: nx, y1: ny}, up: true, margin: full ? 0 : undefined, axes: !full});
    this.#viewer.setMarks(this.#marks);
  }

  // The model has said something of itself.
  #told(before) {
    const {state} = this.#live;
    const other = before?.phase !== state.phase;
    if (other) {
      this.#dim();
      this.#offered();
    }
    this.#pointing.told(state.finger);
    if (other || !sameFinger(before?.finger, state.finger)) this.#redraw();
  }

  // Other people are there, or elsewhere.
  #met() {
    const {people, more} = this.#live;
    this.#pointing.toldOf(people);
    this.#report.people(people, this.#me, more);
    this.#offered();
    this.#redraw();
  }

  // ---- drawing

  // Everything that comes in an animation frame is drawn in that frame, once.
  #redraw() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.#aborter.signal.aborted) return;
      const {pictures} = this.#live;
      pictures.draw(this.#viewer, this.#shape, this.#view);
      if (pictures.came.density) this.#page.looks(pictures.came.density, pictures.limits(this.#view));
      this.#says.drawn(() => pictures.frames);
      this.#viewer.setMarks(this.#marks);
      this.#viewer.flush();
    });
  }

  #render() {
    this.#tools.show({config: this.#config, view: this.#view});
    this.#timers.once("range", 0, () => this.#showRange());
    this.#redraw();
  }

  #dim() {
    this.#viewer.setStale(this.#stale || ["failed", "stopped"].includes(this.#live.state?.phase));
  }

  // After each animation frame of the viewer.
  #moved(screen) {
    const moved = this.#screen.take(screen);
    this.#pointing.flush();
    this.#readout();
    if (!this.#viewer || moved === "same") return;
    this.#live.askSoon();
    if (moved === "moved") this.#timers.rest("address", ADDRESS_AFTER, () => this.#address());
  }

  #readout() {
    const {density, phase} = this.#live.pictures;
    const {point} = this.#screen.last;
    const about = this.#live.paused ? [] : [isAbout(density) && "density", phase?.about && "phase"].filter(Boolean);
    const exact = this.#value.at(placeUnder(point, this.#shape), about, density?.seq ?? -1);
    this.#report.readout({point, shape: this.#shape, density, phase, unit: this.#config.unit, exact});
  }

  // Pictures with new frames are being painted.
  #painted() {
    const frame = this.#live.pictures.density;
    if (!frame || frame.seq === this.#shownSeq) return;
    this.#shownSeq = frame.seq;
    const {pace} = this.#live;
    pace.painted();
    this.#page.afterPaint(() => pace.shown(frame.stamp));
  }

  // ---- what stands around the picture

  #write() {
    const {paused, pictures: {density, measured}, state, people, more, pace} = this.#live;
    if (paused) return;
    this.#report.write({state, density, measured, shape: this.#shape, finger: this.#config.finger, people, more}, pace);
    this.#showRange();
    if (people.length > 0) this.#report.people(people, this.#me, more);
  }

  #showRange() {
    const {pictures} = this.#live;
    if (!pictures.density || !this.#viewer) return;
    this.#tools.showRange({counts: pictures.counts, limits: pictures.limits(this.#view), table: pictures.colors(this.#view)});
  }

  #address() {
    const {camera, mode} = this.#viewer.stats();
    this.#view.camera = mode === "free" ? {x: camera.x, y: this.#shape[1] - camera.y, scale: camera.scale} : null;
    if (!isCard(this.#scope)) keepInAddress(query => writeView(query, this.#view, this.#config));
  }

  #offered() {
    this.#offer.look(this.#live.state?.phase, this.#live.people, this.#me);
  }

  #showFull(full) {
    this.#tools.showFull(full);
    this.#scene();
    if (full) this.#viewer.fit();
  }

  #shortcut(event) {
    if (!isShortcut(event) || (isCard(this.#scope) && !this.#scope.contains(event.target))) return;
    if (event.key === "k") this.#full.toggle();
    else if (event.key === "Escape" && this.#full.inWindow) this.#full.toggleWindow();
    else return;
    event.preventDefault();
  }
}

function sameFinger(a, b) {
  return a === b || Boolean(a && b) && a.x === b.x && a.y === b.y && a.px === b.px && a.py === b.py;
}
