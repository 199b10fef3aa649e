/** The picture of an array: brings together what comes, what is drawn, and what people do (index.js says what is on the page). */

import {isCard, keepInAddress, queryOf} from "../address.js";
import {h} from "../dom.js";
import {Pace} from "../pace.js";
import {Says} from "../picture/says.js";
import {apiOf, isShortcut, Screen} from "../picture/screen.js";
import {Timers} from "../picture/timers.js";
import {createViewer} from "../viewer/index.js";
import {Channels} from "./channels.js";
import {Controls} from "./controls.js";
import {blend, setLimits, setMode} from "./edits.js";
import {Line} from "./line.js";
import {Plane, sidesOf} from "./plane.js";
import {Player} from "./player.js";
import {Readout} from "./readout.js";
import {Regions} from "./regions.js";
import {copyAddress, LINKS, pointLink, savePNG} from "./share.js";
import {readView, writeView} from "./state.js";
import {figuresOf} from "./words.js";

/** What is asked for changes at most this often, ms, while somebody pans; and when somebody has chosen another plane. */
const PAN_EVERY = 100;
const STEP_EVERY = 30;

/** The controls are brought up to date, and numbers written, at most this often, ms. */
const SHOW_EVERY = 16;
const STATS_EVERY = 500;

/** Ms for which the address waits for a hand to rest. */
const ADDRESS_AFTER = 400;

export class ArrayView {
  #root;
  #scope;
  #page;
  #reader; // of the configuration
  #config;
  #view;
  #shape; // of the frames
  #aborter = new AbortController();
  #timers = new Timers();
  #stopWatching = () => {};
  #writing;

  #channels;
  #regions;
  #screen = new Screen();
  #paused = false;
  #placed = false; // the camera of a link was set
  #pace = new Pace();
  #newest = null; // header of the newest frame painted

  #viewer;
  #says;
  #controls;
  #line;
  #player;
  #readout;

  constructor(root, scope, page, reader, config) {
    this.#root = root;
    this.#scope = scope;
    this.#page = page;
    this.#reader = reader;
    const signal = this.#aborter.signal;
    const load = path => page.load(`${apiOf(this.#config.source)}/arrays/${encodeURIComponent(this.#config.name)}${path}`, signal);
    this.#channels = new Channels(() => ({config: this.#config, view: this.#view, shape: this.#shape}), this.#timers, (key, late) => this.#counted(key, late));
    this.#regions = new Regions(root, page.onFrame, this.#timers, this.#channels, {
      now: () => ({...this.#now(), screen: this.#screen.last}),
      take: (key, frame) => this.#take(key, frame),
      changed: () => { root.dataset.topics = String(this.#regions.changes); },
    });
    this.#readout = new Readout(scope, this.#timers, () => ({...this.#now(), point: this.#screen.last.point, paused: this.#paused}), load);
    this.#read(config);
    this.#says = new Says(root);
    this.#viewer = createViewer(root, {
      onFrame: screen => this.#moved(screen),
      onPictures: () => this.#shown(),
      draws: event => event.button === 0 && (event.shiftKey || this.#line.drawing),
      draw: (phase, x, y) => this.#line.drawTo(phase, this.#viewer.toData(x, y)),
    });
    this.#controls = new Controls(scope.querySelector("[data-array-controls]") ?? h("div"), {
      change: edit => this.change(edit),
      limits: (limits, done) => {
        this.change(view => setLimits(view, this.#channels.chosen, limits));
        if (done) this.#address();
      },
      mode: mode => {
        const chosen = this.#channels.chosenOne();
        const now = chosen ? this.#channels.limitsOf(chosen) : null;
        this.change(view => setMode(view, this.#channels.chosen, mode, now));
      },
      choose: channel => {
        this.#channels.chosen = String(channel);
        this.#show();
      },
      step: (axis, position) => this.#step(axis, position),
      play: axis => {
        this.#player.toggle(axis);
        this.#show();
      },
      blend: axis => this.change(view => blend(view, axis, this.#shape)),
      line: line => this.#line.set(line),
      again: () => this.#line.again(),
      copy: () => {
        this.#address();
        copyAddress(this.#controls, this.#timers);
      },
      png: () => savePNG(this.#viewer, this.#page, this.#controls, this.#config.name, () => this.#channels.drawn().map(({frame}) => frame), this.#paused),
    });
    this.#player = new Player(this.#timers, {
      pace: () => this.#controls.pace,
      waits: () => !this.#channels.complete,
      next: axis => {
        const position = this.#view.index[axis];
        if (typeof position !== "number") return false;
        this.#step(axis, (position + 1) % Math.max(this.#shape[axis], 1));
        return true;
      },
    });
    this.#line = new Line({
      now: () => ({...this.#now(), screen: this.#screen.last}),
      load,
      element: () => this.#controls.plotElement,
      shown: data => this.#controls.showProfile(data),
      moved: () => {
        this.#setMarks();
        this.#show();
        this.#addressSoon();
      },
    });
    this.#listen(signal);
    this.#writing = setInterval(() => this.#showStats(), STATS_EVERY);
    this.#begin();
    root.array = this;
  }

  #listen(signal) {
    this.#scope.addEventListener("click", event => {
      const button = event.target instanceof Element && event.target.closest("[data-array-action]");
      if (button) this.#act(button.dataset.arrayAction);
    }, {signal});
    for (const name of ["click", "contextmenu"]) {
      this.#scope.addEventListener(name, event => {
        const link = event.target instanceof Element && event.target.closest(LINKS);
        if (link) pointLink(link, this.#view, this.#channels);
      }, {signal, capture: true});
    }
    document.addEventListener("keydown", event => this.#key(event), {signal});
    document.addEventListener("visibilitychange", () => this.#regions.ask(), {signal});
    const stage = this.#scope.querySelector("[data-array-config]")?.parentElement;
    if (stage) this.#stopWatching = this.#reader.watch(stage, () => this.#reread());
  }

  setPaused(paused) {
    this.#paused = paused;
    this.#viewer.setPaused(paused);
    if (paused) this.#player.stop();
    else for (const [key, frame] of this.#channels.held()) this.#take(key, frame);
  }

  setStale(stale) {
    this.#viewer.setStale(stale);
  }

  /** Figures for tests and the curious. */
  stats() {
    const channels = this.#channels.keys().map(key => {
      const {topic, frame} = this.#channels.get(key);
      return {key, topic, rows: frame?.rows, cols: frame?.cols, step: frame?.step, seq: frame?.seq};
    });
    return {view: this.#view, shape: this.#shape, region: this.#regions.region, changes: this.#regions.changes, viewer: this.#viewer.stats(), channels,
      limits: this.#channels.active().map(channel => this.#channels.limitsOf(channel))};
  }

  destroy() {
    this.#aborter.abort();
    this.#stopWatching();
    clearInterval(this.#writing);
    this.#timers.clear();
    this.#regions.destroy();
    this.#line.destroy();
    this.#controls.destroy();
    this.#viewer.destroy();
    this.#says.destroy();
    delete this.#root.array;
  }

  /** Edits the view and shows what has become of it. */
  change(edit, {soon = STEP_EVERY} = {}) {
    const before = [...this.#view.index];
    const scaled = this.#view.scaled;
    edit(this.#view);
    const {index} = this.#view;
    const other = before.join() !== index.join();
    if (other && sidesOf(before) !== sidesOf(index) || scaled !== this.#view.scaled) this.#begin();
    else this.#update(other ? soon : PAN_EVERY);
  }

  #now() {
    return {config: this.#config, view: this.#view, shape: this.#shape, plane: this.#plane, channels: this.#channels};
  }

  get #plane() {
    return new Plane(this.#config, this.#view, this.#shape);
  }

  #read(config) {
    const before = this.#config;
    this.#config = config;
    // The same array in another shape keeps as much of the view as still makes sense. What people have left as the process has it
    // follows the process.
    const query = queryOf(this.#scope);
    this.#view = readView(this.#view ? writeView(query, this.#view, before) : query, config);
    const same = before && sameFrames(before, config);
    if (!same) this.#shape = config.shape;
    return same;
  }

  #reread() {
    const config = this.#reader.read();
    if (!config) return;
    if (this.#read(config)) this.#update(PAN_EVERY);
    else this.#begin();
  }

  // Another plane: other sides, another place.
  #begin() {
    this.#regions.clear();
    this.#readout.clear();
    this.#scene();
    if (this.#view.camera && !this.#placed) {
      // The camera of a link is in pixels of the array; that of the viewer in those of the picture.
      const [x, y] = this.#plane.toPoint([this.#view.camera.x, this.#view.camera.y]);
      this.#viewer.setCamera({x, y, scale: this.#view.camera.scale});
    }
    this.#placed = true;
    this.#update(0);
    this.#line.begin();
  }

  #scene() {
    const {sizes: [rows, cols], box} = this.#plane;
    if (!(rows > 0 && cols > 0)) {
      this.#viewer.setImages([]);
      return;
    }
    this.#viewer.setScene({key: `${this.#config.name} ${sidesOf(this.#view.index)} ${this.#view.scaled}`, box});
    this.#setMarks();
  }

  #setMarks() {
    const plane = this.#plane;
    this.#viewer.setMarks({line: this.#view.line?.map(place => plane.toPoint(place)) ?? null, names: plane.names});
  }

  #update(soon) {
    this.#channels.keepChosen();
    if (soon === 0) this.#regions.askIn(0);
    else this.#regions.askAfter(soon);
    this.#draw();
    this.#show();
    this.#addressSoon();
  }

  // ---- what comes

  // While the page is held still, only a plane that somebody has asked for since is shown.
  #take(key, frame) {
    if (!this.#channels.take(key, frame, this.#paused)) return;
    if (Array.isArray(frame.shape) && frame.shape.length === this.#config.shape.length && frame.shape.join() !== this.#shape.join()) {
      this.#shape = frame.shape;
      this.#scene();
      this.#regions.askIn(PAN_EVERY);
    }
    this.#pace.came(frame.ts);
    this.#channels.count(key);
    this.#draw();
  }

  #counted(key, late) {
    if (this.#channels.hasOtherDigits(key)) this.#regions.askIn(PAN_EVERY);
    this.#show();
    if (this.#view.line) this.#line.again();
    if (late) this.#draw();
  }

  // ---- what is shown

  // Gives the viewer what has come, which may be at 60 Hz: the controls need less.
  #draw() {
    this.#viewer.setImages(this.#channels.images(this.#plane));
    for (const {frame, limits} of this.#channels.drawn()) if (limits) this.#page.looks(frame, limits);
    this.#says.drawn(() => this.#channels.drawn().map(({frame}) => frame));
  }

  // Brings the controls up to date, once an animation frame.
  #show() {
    this.#timers.once("show", SHOW_EVERY, () => {
      const chosen = this.#channels.chosenOne();
      this.#controls.show({config: this.#config, view: this.#view, shape: this.#shape, chosen: chosen ? chosen.at : null, playing: this.#player.axis,
        mode: chosen?.limits ? "manual" : this.#view.mode});
      if (!chosen) return;
      this.#controls.showContrast(this.#channels.contrast(chosen));
      this.#line.draw();
    });
  }

  // After each animation frame of the viewer.
  #moved(screen) {
    const moved = this.#screen.take(screen);
    this.#readout.show();
    if (moved === "same" || !this.#viewer) return;
    if (this.#channels.size === 0) this.#regions.askIn(0);
    else this.#regions.askAfter(PAN_EVERY);
    this.#addressSoon();
  }

  // Pictures with new frames are being painted.
  #shown() {
    this.#pace.painted();
    let newest = null;
    for (const frame of this.#channels.frames()) if (!newest || frame.seq > newest.seq) newest = frame;
    if (!newest) return;
    const fresh = this.#newest?.seq !== newest.seq;
    this.#newest = newest;
    if (!fresh || !Number.isFinite(newest.stamp)) return;
    this.#page.afterPaint(() => this.#pace.shown(newest.stamp));
  }

  #showStats() {
    if (this.#newest) this.#controls.showStats(figuresOf(this.#newest, this.#channels.frames(), this.#pace));
  }

  #addressSoon() {
    this.#timers.rest("address", ADDRESS_AFTER, () => this.#address());
  }

  #address() {
    const {camera, mode} = this.#viewer.stats();
    const [x, y] = this.#plane.toPlace([camera.x, camera.y]);
    this.#view.camera = mode === "free" ? {x, y, scale: camera.scale} : null;
    if (!isCard(this.#scope)) keepInAddress(query => writeView(query, this.#view, this.#config));
  }

  // ---- what people do

  #step(axis, position) {
    this.change(view => { view.index[axis] = position; });
  }

  #act(action) {
    if (action === "profile") {
      this.#line.toggle();
      for (const button of this.#scope.querySelectorAll("[data-array-action=profile]")) button.setAttribute("aria-pressed", String(this.#line.drawing));
    } else if (action === "one-to-one" && this.#screen.last) {
      const {camera, viewport, size} = this.#screen.last;
      const {place} = this.#plane;
      this.#viewer.zoomBy(viewport.width / size.width / Math.min(place.width, place.height) / camera.scale);
    }
  }

  #key(event) {
    if (!isShortcut(event) || (isCard(this.#scope) && !this.#scope.contains(event.target))) return;
    const slider = this.#view.index.findIndex((item, axis) => typeof item === "number" && this.#shape[axis] > 1);
    const by = {",": -1, ".": 1}[event.key];
    if (event.key === "o") this.#act("one-to-one");
    else if (event.key === "l") this.#act("profile");
    else if (by !== undefined && slider >= 0) this.#step(slider, Math.min(Math.max(this.#view.index[slider] + by, 0), this.#shape[slider] - 1));
    else return;
    event.preventDefault();
  }
}

// Whether two configurations are of the same frames, at the same place: they differ in how these are looked at, if at all.
function sameFrames(a, b) {
  const keys = ["source", "name", "topic", "shape", "axes", "units", "scale", "dtype", "role", "pixels"];
  return keys.every(key => JSON.stringify(a[key]) === JSON.stringify(b[key]));
}
