/**
 * A simulation, live: its density in the viewer, with fingers, tracers and the phase over it. The server writes the markup
 * (components/models.templ) and sends what there is to see.
 *
 *     import {mount} from "./models/index.js";
 *     const picture = mount(document.querySelector("[data-model]"), {onFrame, send, who, afterPaint, save, stamp, load, post});
 *
 * Within the nearest [data-model-scope]: an element with `data-model-config`, JSON of what the server knows of the model, which may
 * change; `data-model-tools`, where the controls of the picture go; `data-model-readout`, what is under the pointer; elements with
 * `data-model-stat` ("rate", "step", "latency", "time", "frames"); `data-model-people`, who is there; buttons with
 * `data-model-action` ("full"), which gives all of the screen to the nearest `data-model-stage` around the picture, as `full=1` in
 * the address gives it all of the window; a form with `data-model-parameters`, which offers the parameters of the link that was opened.
 *
 * A plain press on the picture points: it goes out as `{"type": "hand", "source", "x", "y", "down"}`, once an animation frame at
 * most, and where it is let go with down false. With Shift or Control, with another button, with two fingers, and where the model
 * has no finger, the picture is moved instead. Arrow keys point as well while the picture has the focus.
 *
 * Only what is shown is asked for, by elements with data-topic, and no picture while the page is hidden. The view stands in
 * the address (state.js). On the root: `model`, a property with `stats()` for tests.
 */

import {h, say} from "../dom.js";
import {keepInAddress} from "../address.js";
import {Pace} from "../pace.js";
import {countValues} from "../arrays/contrast.js";
import {Config, mountWhenKnown} from "../picture/config.js";
import {announce, Feeds} from "../picture/feeds.js";
import {apiOf, isShortcut, Screen} from "../picture/screen.js";
import {Timers} from "../picture/timers.js";
import {createViewer} from "../viewer/index.js";
import {colorTable} from "../viewer/lut.js";
import {floatsOf} from "../viewer/numbers.js";
import {placeOf, regionFor, regionTopic} from "../viewer/region.js";
import {dotsOf, near, paint, toBox} from "./finger.js";
import {Full} from "./full.js";
import {Hand, SETTLE} from "./hand.js";
import {changed, withParameters} from "./link.js";
import {Offer} from "./offer.js";
import {readPeople, showPeople} from "./people.js";
import {AutoRange, limitsOf, measure} from "./range.js";
import {readView, writeView} from "./state.js";
import {Tools} from "./tools.js";
import {figuresOf, readoutOf, sentenceOf} from "./words.js";

/** Numbers and words are written at most this often, ms; what is asked for follows a pan at most so often. */
const WRITE_EVERY = 250;
const PAN_EVERY = 100;

/** Ms for which the address waits for a hand to rest. */
const ADDRESS_AFTER = 400;

/** Tracers: their size, CSS pixels. */
const TRACER = 3;

/** Below this share of the greatest density the phase means less and less, and its contours fade. */
const FAINT = 0.08;

/** From this share of the greatest density the phase is seen in its full colours. */
const BRIGHT = 0.7;

/**
 * Draws a model into server-rendered markup, as soon as the server knows what the model is.
 *
 * @param {HTMLElement} root with data-model
 * @param {object} page what the page offers: `onFrame(topic, draw)`, `send(text)`, `who()`, `afterPaint(callback)`, `save(blob, name)`,
 * `stamp(date)`, `load(url, signal)`, `post(url, body)` (pictures.js)
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mount(root, page) {
  const scope = root.closest("[data-model-scope]") ?? document;
  const config = new Config(scope, "data-model-config", checked);
  return mountWhenKnown(scope, config, first => new ModelView(root, scope, page, config, first));
}

class ModelView {
  #root;
  #scope;
  #page;
  #me;
  #viewer;
  #canvas;
  #tools;
  #hand;
  #offer;
  #full;
  #reader; // of the configuration
  #config;
  #view;
  #shape; // [nx, ny] of the frames
  #aborter = new AbortController();
  #stopWatching;

  #feeds;
  #region = null;
  #askedAt = 0;
  #screen = new Screen();
  #timers = new Timers();
  #writing;

  #density = null;
  #phase = null;
  #tracers = null;
  #state = null; // what the model says of itself
  #people = [];
  #more = 0; // people who are here and not in the list
  #held = new Map(); // name -> frame that came while the page was held still
  #paused = false;
  #stale = false;

  #measured = {low: NaN, high: NaN, sum: 0, count: 0};
  #range = new AutoRange();
  #table = {name: "", colors: null};
  #hues = colorTable("hsv");
  #marks = {line: null, names: ["y", "x"], paint: (context, view) => this.#paint(context, view)};
  #colours = new Map();
  #due = false; // something is to be drawn

  #last = null; // {colour, x, y}: who pointed last
  #said = "";
  #pace = new Pace();
  #shownSeq = -1;
  #text;
  #announcer;

  constructor(root, scope, page, reader, config) {
    this.#root = root;
    this.#scope = scope;
    this.#page = page;
    this.#me = page.who();
    this.#reader = reader;
    this.#feeds = new Feeds(root, page.onFrame);
    this.#canvas = root.querySelector("[data-viewer-canvas]");
    this.#text = scope.querySelector("[data-model-text]") ?? root.appendChild(h("p", {class: "sr-only", "data-model-text": true}));
    this.#text.id ||= "model-text";
    this.#canvas.setAttribute("aria-describedby", this.#text.id);
    this.#announcer = root.appendChild(h("p", {class: "sr-only", role: "status", "data-model-announced": true}));
    const {signal} = this.#aborter;
    this.#take(config);
    this.#hand = new Hand(this.#canvas, this.#timers, {
      signal,
      may: () => this.#config.finger,
      finger: () => this.#state?.finger,
      send: place => page.send(JSON.stringify({type: "hand", source: this.#config.source, ...place})),
      moved: place => this.#handMoved(place),
    });
    this.#offer = new Offer(scope, signal, page.post);
    this.#full = new Full(root.closest("[data-model-stage]") ?? root, signal, full => this.#showFull(full));
    this.#viewer = createViewer(root, {
      onFrame: screen => this.#moved(screen),
      onPictures: () => this.#painted(),
      presses: () => this.#config.finger,
      draws: event => this.#points(event),
      draw: (phase, x, y) => this.#point(phase, x, y),
    });
    this.#tools = new Tools(scope.querySelector("[data-model-tools]"), {
      change: edit => this.change(edit),
      mode: mode => this.change(view => {
        if (mode === "manual") view.limits = this.#limits().map(n => Number(n.toPrecision(8)));
        view.mode = mode;
      }),
      limits: limits => this.change(view => Object.assign(view, {mode: "manual", limits})),
      png: () => this.#png(),
      copy: () => this.#copy(),
    });
    this.#listen(signal);
    this.#writing = setInterval(() => this.#write(), WRITE_EVERY);
    this.#begin();
    if (this.#view.camera) {
      const {x, y, scale} = this.#view.camera;
      this.#viewer.setCamera({x, y: this.#shape[1] - y, scale});
    }
    if (new URLSearchParams(location.search).get("full") === "1") this.#full.toggleWindow();
    root.model = this;
  }

  #listen(signal) {
    this.#scope.addEventListener("click", event => {
      if (event.target instanceof Element && event.target.closest("[data-model-action=full]")) this.#full.toggle();
    }, {signal});
    document.addEventListener("keydown", event => this.#shortcut(event), {signal});
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#hand.letGo();
      this.#ask();
    }, {signal});
    addEventListener("pagehide", () => this.#hand.letGo(), {signal});
    const themed = () => {
      this.#colours.clear();
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
    this.#paused = paused;
    this.#viewer.setPaused(paused);
    if (paused) return;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const take of held) take();
  }

  setStale(stale) {
    this.#stale = stale;
    this.#dim();
  }

  /** Figures for tests and the curious. */
  stats() {
    const {data, ...density} = this.#density ?? {};
    return {view: this.#view, shape: this.#shape, density, measured: {...this.#measured}, limits: this.#limits(), state: this.#state, people: this.#people, me: this.#me,
      hand: this.#hand.at, dots: this.#dots(), topics: this.#feeds.topics, rate: this.#pace.rate, viewer: this.#viewer.stats()};
  }

  /** Edits the view and shows what has become of it. */
  change(edit) {
    edit(this.#view);
    this.#render();
    this.#ask();
    this.#timers.rest("address", ADDRESS_AFTER, () => this.#address());
  }

  destroy() {
    this.#hand.letGo();
    if (this.#full.on) this.#full.toggle();
    this.#aborter.abort();
    this.#stopWatching();
    clearInterval(this.#writing);
    this.#timers.clear();
    this.#feeds.destroy();
    this.#tools.destroy();
    this.#viewer.destroy();
    this.#announcer.remove();
    delete this.#root.model;
  }

  #take(config) {
    const before = this.#config;
    this.#config = config;
    // The same model on another grid keeps as much of the view as still makes sense.
    const query = new URLSearchParams(location.search);
    this.#view = readView(this.#view ? writeView(query, this.#view, before) : query, config);
    this.#shape = config.shape;
    this.#root.toggleAttribute("data-model-points", config.finger);
  }

  #begin() {
    if (this.#density && this.#density.shape?.join() !== this.#shape.join()) this.#forget();
    this.#scene();
    this.#want("model", `${this.#config.source}/model`, frame => this.#takeState(frame));
    this.#want("people", `${this.#config.source}/people`, frame => this.#takePeople(frame));
    this.#ask();
    this.#render();
    this.#offered();
  }

  // What belongs to another grid.
  #forget() {
    this.#density = this.#phase = this.#tracers = this.#region = null;
    this.#range.clear();
    this.#held.clear();
    this.#measured = {low: NaN, high: NaN, sum: 0, count: 0};
  }

  #scene() {
    const [nx, ny] = this.#shape;
    const full = this.#full.on;
    this.#viewer.setScene({key: `${this.#config.key} ${nx} ${ny}`, box: {x0: 0, y0: 0, x1: nx, y1: ny}, up: true, margin: full ? 0 : undefined, axes: !full});
    this.#viewer.setMarks(this.#marks);
  }

  // ---- what is asked for

  #want(name, topic, take) {
    const change = this.#feeds.want(name, topic, frame => {
      if (this.#paused) this.#held.set(name, () => take(frame));
      else take(frame);
    });
    if (change && topic === "") this.#held.delete(name);
    // Several change at a time.
    if (change) this.#timers.once("topics", 0, () => announce());
  }

  #ask() {
    if (!this.#screen.last) return;
    this.#askedAt = performance.now();
    const [nx, ny] = this.#shape;
    const {camera, viewport, size, most} = this.#screen.last;
    const visible = !document.hidden;
    // Rows go up: the region is that of the picture upside down.
    const region = regionFor({camera: {...camera, y: ny - camera.y}, viewport, ratio: size.width / viewport.width, place: {x: 0, y: 0, width: 1, height: 1},
      shape: [ny, nx], most, present: this.#region});
    if (region) this.#region = region;
    const array = name => `${this.#config.source}/array/${name}`;
    const wantsPhase = this.#config.phase && (this.#view.show === "phase" || this.#view.lines > 0);
    const picture = (name, nearest) => visible && this.#region ? regionTopic(array(name), ["x", "y"], this.#region, nearest) : "";
    this.#want("density", picture("density", false), frame => this.#takeDensity(frame));
    // Angles have no mean: of many pixels one stands for all.
    this.#want("phase", wantsPhase ? picture("phase", this.#region?.step > 1) : "", frame => this.#takePhase(frame));
    const count = this.#view.tracers && visible ? this.#config.tracers : 0;
    this.#want("tracers", count > 0 ? `${array("tracers")}/y,x/0,0,2,${count}/1/n` : "", frame => this.#takeTracers(frame));
    if (!wantsPhase) this.#phase = null;
    if (!this.#view.tracers || !(this.#config.tracers > 0)) this.#tracers = null;
  }

  // ---- what comes

  #takeDensity(frame) {
    if (!frame.data || frame.samples !== 1) return;
    this.#pace.came(frame.ts);
    if (Array.isArray(frame.shape) && frame.shape.length === 2 && frame.shape.join() !== this.#shape.join()) {
      this.#forget();
      this.#shape = frame.shape;
      this.#scene();
      this.#timers.once("ask", PAN_EVERY, () => this.#ask());
    }
    // Whole numbers are weighed and measured as floats are.
    frame = floatsOf(frame);
    this.#density = frame;
    measure(frame.data, this.#measured);
    this.#range.take(this.#measured.low, this.#measured.high, performance.now(), this.#state?.phase === "paused");
    this.#redraw();
  }

  #takePhase(frame) {
    if (!frame.data || frame.samples !== 1) return;
    this.#phase = frame;
    this.#redraw();
  }

  #takeTracers(frame) {
    if (!frame.data || frame.rows !== 2 || !frame.type.startsWith("f")) return;
    this.#tracers = frame.type === "f4" ? frame : {...frame, type: "f4", data: Float32Array.from(frame.data)};
    this.#redraw();
  }

  #takeState(frame) {
    const before = this.#state;
    this.#state = frame;
    if (before?.phase !== frame.phase) {
      this.#dim();
      this.#offered();
      if (frame.phase === "paused" && this.#density) this.#range.take(this.#measured.low, this.#measured.high, performance.now(), true);
    }
    const hand = this.#hand.at;
    if (hand && frame.finger && near(hand.x, frame.finger.x) && near(hand.y, frame.finger.y)) this.#hand.settle();
    if (!sameFinger(before?.finger, frame.finger) || before?.phase !== frame.phase) this.#redraw();
  }

  #takePeople(frame) {
    this.#people = readPeople(frame.people);
    this.#more = Number.isSafeInteger(frame.more) ? frame.more : 0;
    for (const {colour, hand} of this.#people) if (hand) this.#last = {colour, x: hand[0], y: hand[1]};
    showPeople(this.#scope.querySelector("[data-model-people]"), this.#people, this.#me, this.#more);
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
      this.#draw();
      this.#viewer.flush();
    });
  }

  #render() {
    this.#tools.show({config: this.#config, view: this.#view});
    this.#timers.once("range", 0, () => this.#showRange());
    this.#redraw();
  }

  #limits() {
    return limitsOf(this.#view, this.#range);
  }

  #draw() {
    const [nx, ny] = this.#shape;
    const images = [];
    const place = {x: 0, y: ny, width: 1, height: -1};
    if (this.#density && this.#density.rows > 0 && this.#density.cols > 0) {
      const {lut, show, lines, smooth} = this.#view;
      if (this.#table.name !== lut) this.#table = {name: lut, colors: colorTable(lut)};
      const [low, high] = this.#limits();
      const picture = (key, frame, look) => images.push({key, frame, place: placeOf(frame, place, [ny, nx]),
        look: {low, high, gamma: 1, table: this.#table.colors, opacity: 1, additive: false, smooth, ...look}});
      picture("density", this.#density, {kind: "scalar"});
      const most = Math.max(this.#range.high, 0);
      if (this.#phase && this.#phase.type.startsWith("f")) {
        if (show === "phase") picture("phase", this.#phase, {kind: "phase", table: this.#hues, weight: {key: "density", high: most * BRIGHT}});
        if (lines > 0) picture("contours", this.#phase, {kind: "contours", lines, weight: {key: "density", high: most * FAINT}});
      }
    }
    this.#viewer.setImages(images);
    this.#viewer.setPoints(this.#tracers ? {data: this.#tracers.data, count: this.#tracers.cols, place, wrap: [nx, ny], size: TRACER} : null);
    this.#viewer.setMarks(this.#marks);
  }

  #dim() {
    this.#viewer.setStale(this.#stale || ["failed", "stopped"].includes(this.#state?.phase));
  }

  #dots() {
    return dotsOf({finger: this.#config.finger ? this.#state?.finger : null, people: this.#people, me: this.#me, own: this.#hand.at, last: this.#last});
  }

  #paint(context, view) {
    if (!this.#config.finger) return;
    paint(context, view, this.#shape, this.#dots(), this.#state?.finger, colour => this.#colour(colour));
  }

  #colour(colour) {
    const name = colour === null ? "--person-nobody" : `--person-${colour}`;
    if (!this.#colours.has(name)) this.#colours.set(name, getComputedStyle(this.#root).getPropertyValue(name).trim() || "rgb(225 225 225)");
    return this.#colours.get(name);
  }

  // After each animation frame of the viewer.
  #moved(screen) {
    const moved = this.#screen.take(screen);
    this.#hand.flush();
    this.#readout();
    if (!this.#viewer || moved === "same") return;
    this.#timers.once("ask", moved === "first" ? 0 : Math.max(this.#askedAt + PAN_EVERY - performance.now(), 0), () => this.#ask());
    if (moved === "moved") this.#timers.rest("address", ADDRESS_AFTER, () => this.#address());
  }

  // Pictures with new frames are being painted.
  #painted() {
    const frame = this.#density;
    if (!frame || frame.seq === this.#shownSeq) return;
    this.#shownSeq = frame.seq;
    this.#pace.painted();
    this.#page.afterPaint(() => this.#pace.shown(frame.stamp));
  }

  // ---- the finger

  #points(event) {
    if (!this.#hand.points(event)) return false;
    const box = this.#canvas.getBoundingClientRect();
    const [x, y] = this.#viewer.toData(event.clientX - box.left, event.clientY - box.top);
    return x >= 0 && y >= 0 && x <= this.#shape[0] && y <= this.#shape[1];
  }

  #point(phase, x, y) {
    const [fromLeft, fromBottom] = toBox(...this.#viewer.toData(x, y), this.#shape);
    this.#hand.pointAt(fromLeft, fromBottom, phase !== "end");
  }

  #handMoved({x, y, down}) {
    this.#last = {colour: this.#people.find(({id}) => id === this.#me)?.colour ?? 0, x, y};
    if (!down) {
      this.#timers.rest("settle", SETTLE + 20, () => this.#redraw());
      this.#timers.rest("announce", ADDRESS_AFTER, () => this.#announce(`Finger at x ${x.toFixed(2)}, y ${y.toFixed(2)}`));
    }
    // The next animation frame sends it, and shows the dot.
    this.#viewer.setMarks(this.#marks);
  }

  #announce(text) {
    if (text === this.#said) return;
    this.#said = text;
    say(this.#announcer, text);
  }

  // ---- words and numbers

  #readout() {
    const output = this.#scope.querySelector("[data-model-readout]");
    if (output) say(output, readoutOf({point: this.#screen.last.point, shape: this.#shape, density: this.#density, phase: this.#phase, unit: this.#config.unit}));
  }

  #write() {
    if (this.#paused) return;
    const latency = this.#density ? this.#pace.latency(this.#density) : null;
    const figures = figuresOf(this.#state, this.#density ? this.#pace.rate : null, latency);
    for (const element of this.#scope.querySelectorAll("[data-model-stat]")) {
      const text = figures[element.dataset.modelStat];
      if (text !== undefined) say(element, text);
      if (element.dataset.modelStat === "latency") element.title = latency && !latency.whole ? "To webmon; this computer's clock is another" : "";
    }
    say(this.#text, sentenceOf({state: this.#state, density: this.#density, measured: this.#measured, shape: this.#shape, finger: this.#config.finger,
      people: this.#people, more: this.#more}));
    this.#showRange();
    const people = this.#scope.querySelector("[data-model-people]");
    if (people && this.#people.length > 0) showPeople(people, this.#people, this.#me, this.#more);
  }

  #showRange() {
    if (!this.#density || !this.#viewer) return;
    this.#tools.showRange({counts: countValues(this.#density), limits: this.#limits(), table: this.#table.colors});
  }

  // ---- files, links, the screen

  async #png() {
    try {
      this.#page.save(await this.#viewer.toPNG(), `${this.#config.key}-${this.#page.stamp(new Date())}.png`);
    } catch (error) {
      this.#tools.say(error.message);
    }
  }

  async #copy() {
    this.#address();
    const made = this.#link();
    let link = "";
    try {
      // Some browsers let only what a click itself begins write there: it gets the text when that is known.
      const written = globalThis.ClipboardItem && navigator.clipboard?.write
        ? navigator.clipboard.write([new ClipboardItem({"text/plain": made.then(text => new Blob([text], {type: "text/plain"}))})]) : null;
      written?.catch(() => {}); // is awaited below, if the link can be made
      link = await made;
      await (written ?? navigator.clipboard.writeText(link));
      this.#tools.say("Copied");
      this.#timers.rest("copied", 2000, () => this.#tools.say(""));
    } catch {
      // Without a secure context there is no clipboard.
      this.#tools.say(link === "" ? "The parameters could not be read." : "Copy this:", link);
    }
  }

  async #link() {
    const state = await this.#page.load(`${apiOf(this.#config.source)}/state`, this.#aborter.signal);
    return withParameters(location.href, changed(state.controls));
  }

  #address() {
    const {camera, mode} = this.#viewer.stats();
    this.#view.camera = mode === "free" ? {x: camera.x, y: this.#shape[1] - camera.y, scale: camera.scale} : null;
    keepInAddress(query => writeView(query, this.#view, this.#config));
  }

  #offered() {
    this.#offer.look(this.#state?.phase, this.#people, this.#me);
  }

  #showFull(full) {
    this.#tools.showFull(full);
    this.#scene();
    if (full) this.#viewer.fit();
  }

  #shortcut(event) {
    if (!isShortcut(event)) return;
    if (event.key === "k") this.#full.toggle();
    else if (event.key === "Escape" && this.#full.inWindow) this.#full.toggleWindow();
    else return;
    event.preventDefault();
  }
}

// Checks what the server says of the model; null where it cannot be drawn.
function checked(config) {
  const {shape} = config ?? {};
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(n => Number.isSafeInteger(n) && n > 0)) return null;
  return {...config, tracers: config.tracers > 0 ? config.tracers : 0, phase: config.phase === true, finger: config.finger === true};
}

function sameFinger(a, b) {
  return a === b || Boolean(a && b) && a.x === b.x && a.y === b.y && a.px === b.px && a.py === b.py;
}
