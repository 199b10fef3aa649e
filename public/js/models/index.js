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
import {createViewer} from "../viewer/index.js";
import {colorTable} from "../viewer/lut.js";
import {floatsOf} from "../viewer/numbers.js";
import {placeOf, regionFor, regionTopic} from "../viewer/region.js";
import {dotsOf, near, paint, toBox} from "./finger.js";
import {changed, without, withParameters} from "./link.js";
import {counted, readPeople, showPeople} from "./people.js";
import {AutoRange, limitsOf, measure} from "./range.js";
import {readView, writeView} from "./state.js";
import {Tools} from "./tools.js";

/** Numbers and words are written at most this often, ms; what is asked for follows a pan at most so often. */
const WRITE_EVERY = 250;
const PAN_EVERY = 100;

/** Ms for which the address waits for a hand to rest. */
const ADDRESS_AFTER = 400;

/** How long the own dot stays where it was let go while the model does not say the same, ms. */
const SETTLE = 700;

/** Share of the box that an arrow key moves the finger, and with Shift; and ms after which such a hand lets go. */
const KEY_STEP = 0.01;
const KEY_STEP_FAR = 0.05;
const KEY_REST = 400;

/** Tracers: their size, CSS pixels. */
const TRACER = 3;

/** Below this share of the greatest density the phase means less and less, and its contours fade. */
const FAINT = 0.08;

/** From this share of the greatest density the phase is seen in its full colours. */
const BRIGHT = 0.7;

/** Draws a model into server-rendered markup, as soon as the server knows what the model is. */
export function mount(root, page) {
  const scope = root.closest("[data-model-scope]") ?? document;
  let model = null;
  const state = {paused: false, stale: false};
  const observer = new MutationObserver(() => begin());
  const begin = () => {
    if (model || !readConfig(scope)) return;
    observer.disconnect();
    model = new ModelView(root, scope, page);
    root.model = model;
    model.setPaused(state.paused);
    model.setStale(state.stale);
  };
  begin();
  if (!model) observer.observe(scope, {childList: true, subtree: true, attributes: true, attributeFilter: ["data-model-config"]});
  return {
    setPaused(paused) {
      state.paused = paused;
      model?.setPaused(paused);
    },
    setStale(stale) {
      state.stale = stale;
      model?.setStale(stale);
    },
    destroy() {
      observer.disconnect();
      model?.destroy();
      delete root.model;
    },
  };
}

class ModelView {
  #root;
  #stage; // what can have all of the screen
  #scope;
  #page;
  #me;
  #viewer;
  #canvas;
  #tools;
  #config;
  #configText = "";
  #view;
  #shape; // [nx, ny] of the frames
  #aborter = new AbortController();
  #observer;
  #themed;

  #topics; // the element that holds those with data-topic
  #feeds = new Map(); // name -> {topic, element, stop}
  #region = null;
  #askedAt = 0;
  #screen = null;
  #timers = new Map();
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

  #hand = null; // {x, y, down, due, until}: where this page points
  #last = null; // {colour, x, y}: who pointed last
  #keyTimer = 0;
  #said = "";
  #pace = new Pace();
  #shownSeq = -1;
  #text;
  #announcer;
  #asked = false; // the parameters of the link were dealt with

  constructor(root, scope, page) {
    this.#root = root;
    this.#stage = root.closest("[data-model-stage]") ?? root;
    this.#scope = scope;
    this.#page = page;
    this.#me = page.who();
    this.#topics = root.appendChild(h("div", {hidden: true, "data-model-topics": true}));
    this.#canvas = root.querySelector("[data-viewer-canvas]");
    this.#text = scope.querySelector("[data-model-text]") ?? root.appendChild(h("p", {class: "sr-only", "data-model-text": true}));
    this.#text.id ||= "model-text";
    this.#canvas.setAttribute("aria-describedby", this.#text.id);
    this.#announcer = root.appendChild(h("p", {class: "sr-only", role: "status", "data-model-announced": true}));
    const {signal} = this.#aborter;
    this.#readConfig();
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
    scope.addEventListener("click", event => {
      if (event.target instanceof Element && event.target.closest("[data-model-action=full]")) this.#toggleFull();
    }, {signal});
    // Before htmx hears of it, which would load the page anew.
    scope.addEventListener("submit", event => {
      if (!(event.target instanceof Element) || !event.target.matches("form[data-model-parameters]")) return;
      event.preventDefault();
      event.stopPropagation();
      this.#apply(event.target);
    }, {signal, capture: true});
    this.#canvas.addEventListener("keydown", event => this.#key(event), {signal});
    this.#canvas.addEventListener("keyup", event => event.key.startsWith("Arrow") && this.#keysRest(150), {signal});
    this.#canvas.addEventListener("blur", () => this.#hand?.down && this.#keyTimer !== 0 && this.#letGo(), {signal});
    document.addEventListener("keydown", event => this.#shortcut(event), {signal});
    document.addEventListener("visibilitychange", () => this.#visible(), {signal});
    document.addEventListener("fullscreenchange", () => this.#showFull(), {signal});
    addEventListener("pagehide", () => this.#letGo(), {signal});
    this.#themed = () => {
      this.#colours.clear();
      this.#redraw();
    };
    document.addEventListener("themechange", this.#themed, {signal});
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#themed, {signal});
    this.#observer = new MutationObserver(() => {
      this.#readConfig();
      this.#offered();
    });
    this.#observer.observe(scope instanceof Document ? scope.body : scope, {attributes: true, childList: true, subtree: true, attributeFilter: ["data-model-config"]});
    this.#writing = setInterval(() => this.#write(), WRITE_EVERY);
    this.#begin();
    if (this.#view.camera) {
      const {x, y, scale} = this.#view.camera;
      this.#viewer.setCamera({x, y: this.#shape[1] - y, scale});
    }
    if (new URLSearchParams(location.search).get("full") === "1") this.#fill();
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
      hand: this.#hand, dots: this.#dots(), topics: [...this.#feeds.values()].map(({topic}) => topic), rate: this.#pace.rate, viewer: this.#viewer.stats()};
  }

  /** Edits the view and shows what has become of it. */
  change(edit) {
    edit(this.#view);
    this.#render();
    this.#ask();
    this.#later("address", ADDRESS_AFTER, () => this.#address());
  }

  destroy() {
    this.#letGo();
    if (this.#full) this.#toggleFull();
    this.#aborter.abort();
    this.#observer.disconnect();
    clearInterval(this.#writing);
    clearTimeout(this.#keyTimer);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const {stop} of this.#feeds.values()) stop();
    this.#tools.destroy();
    this.#viewer.destroy();
    this.#topics.remove();
    this.#announcer.remove();
  }

  #readConfig() {
    const read = readConfig(this.#scope);
    if (!read || read.text === this.#configText) return;
    this.#configText = read.text;
    const before = this.#config;
    this.#config = read.config;
    // The same model on another grid keeps as much of the view as still makes sense.
    const query = new URLSearchParams(location.search);
    this.#view = readView(this.#view ? writeView(query, this.#view, before) : query, this.#config);
    this.#shape = this.#config.shape;
    this.#root.toggleAttribute("data-model-points", this.#config.finger);
    if (this.#viewer) this.#begin();
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
    const full = this.#full;
    this.#viewer.setScene({key: `${this.#config.key} ${nx} ${ny}`, box: {x0: 0, y0: 0, x1: nx, y1: ny}, up: true, margin: full ? 0 : undefined, axes: !full});
    this.#viewer.setMarks(this.#marks);
  }

  // ---- what is asked for

  #want(name, topic, take) {
    let feed = this.#feeds.get(name);
    if (feed?.topic === topic || !feed && topic === "") return false;
    feed?.stop();
    if (topic === "") {
      feed.element.remove();
      this.#feeds.delete(name);
      this.#held.delete(name);
      return true;
    }
    if (!feed) this.#feeds.set(name, feed = {element: this.#topics.appendChild(h("i", {}))});
    feed.topic = topic;
    feed.element.dataset.topic = topic;
    feed.stop = this.#page.onFrame(topic, frame => {
      if (this.#paused) this.#held.set(name, () => take(frame));
      else take(frame);
    });
    this.#announceTopics();
    return true;
  }

  #announceTopics() {
    // Several change at a time.
    if (this.#timers.has("topics")) return;
    this.#later("topics", 0, () => document.dispatchEvent(new CustomEvent("topicschange", {detail: {anew: false}})));
  }

  #ask() {
    if (!this.#screen) return;
    this.#askedAt = performance.now();
    const [nx, ny] = this.#shape;
    const {camera, viewport, size, most} = this.#screen;
    const visible = !document.hidden;
    // Rows go up: the region is that of the picture upside down.
    const region = regionFor({camera: {...camera, y: ny - camera.y}, viewport, ratio: size.width / viewport.width, place: {x: 0, y: 0, width: 1, height: 1},
      shape: [ny, nx], most, present: this.#region});
    if (region) this.#region = region;
    const array = name => `${this.#config.source}/array/${name}`;
    const wantsPhase = this.#config.phase && (this.#view.show === "phase" || this.#view.lines > 0);
    const picture = (name, nearest) => visible && this.#region ? regionTopic(array(name), ["x", "y"], this.#region, nearest) : "";
    let changes = this.#want("density", picture("density", false), frame => this.#takeDensity(frame));
    // Angles have no mean: of many pixels one stands for all.
    changes = this.#want("phase", wantsPhase ? picture("phase", this.#region?.step > 1) : "", frame => this.#takePhase(frame)) || changes;
    const count = this.#view.tracers && visible ? this.#config.tracers : 0;
    changes = this.#want("tracers", count > 0 ? `${array("tracers")}/y,x/0,0,2,${count}/1/n` : "", frame => this.#takeTracers(frame)) || changes;
    if (!wantsPhase) this.#phase = null;
    if (!this.#view.tracers || !(this.#config.tracers > 0)) this.#tracers = null;
    if (changes) this.#announceTopics();
  }

  #visible() {
    if (document.hidden) this.#letGo();
    this.#ask();
  }

  // ---- what comes

  #takeDensity(frame) {
    if (!frame.data || frame.samples !== 1) return;
    this.#pace.came(frame.ts);
    if (Array.isArray(frame.shape) && frame.shape.length === 2 && frame.shape.join() !== this.#shape.join()) {
      this.#forget();
      this.#shape = frame.shape;
      this.#scene();
      this.#later("ask", PAN_EVERY, () => this.#ask());
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
    const hand = this.#hand;
    if (hand && !hand.down && frame.finger && near(hand.x, frame.finger.x) && near(hand.y, frame.finger.y)) this.#settle();
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
    this.#later("range", 0, () => this.#showRange());
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
    const hand = this.#hand;
    if (hand && !hand.down && performance.now() > hand.until) this.#settle();
    return dotsOf({finger: this.#config.finger ? this.#state?.finger : null, people: this.#people, me: this.#me, own: this.#hand, last: this.#last});
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
    const before = this.#screen;
    this.#screen = {...screen, camera: screen.camera, viewport: {...screen.viewport}, size: {...screen.size}};
    this.#sendHand();
    this.#readout();
    if (!this.#viewer) return;
    const same = before && before.camera === screen.camera && before.viewport.width === screen.viewport.width && before.viewport.height === screen.viewport.height;
    if (same) return;
    this.#later("ask", before ? Math.max(this.#askedAt + PAN_EVERY - performance.now(), 0) : 0, () => this.#ask());
    if (before) this.#later("address", ADDRESS_AFTER, () => this.#address());
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
    if (!this.#config.finger || event.button !== 0 || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return false;
    const box = this.#canvas.getBoundingClientRect();
    const [x, y] = this.#viewer.toData(event.clientX - box.left, event.clientY - box.top);
    return x >= 0 && y >= 0 && x <= this.#shape[0] && y <= this.#shape[1];
  }

  #point(phase, x, y) {
    const [dataX, dataY] = this.#viewer.toData(x, y);
    const [fromLeft, fromBottom] = toBox(dataX, dataY, this.#shape);
    this.#pointAt(fromLeft, fromBottom, phase !== "end");
  }

  #pointAt(x, y, down) {
    clearTimeout(this.#keyTimer);
    this.#keyTimer = 0;
    this.#hand = {x, y, down, due: true, until: performance.now() + SETTLE};
    const own = this.#people.find(({id}) => id === this.#me);
    this.#last = {colour: own?.colour ?? 0, x, y};
    if (!down) {
      this.#sendHand();
      this.#later("settle", SETTLE + 20, () => this.#redraw());
      this.#later("announce", ADDRESS_AFTER, () => this.#announce(`Finger at x ${x.toFixed(2)}, y ${y.toFixed(2)}`));
    }
    // The next animation frame sends it, and shows the dot.
    this.#viewer.setMarks(this.#marks);
  }

  #letGo() {
    if (this.#hand?.down) this.#pointAt(this.#hand.x, this.#hand.y, false);
  }

  #settle() {
    this.#hand = null;
  }

  #sendHand() {
    const hand = this.#hand;
    if (!hand?.due) return;
    hand.due = false;
    this.#page.send(JSON.stringify({type: "hand", source: this.#config.source, x: round(hand.x), y: round(hand.y), down: hand.down}));
  }

  #key(event) {
    const [dx, dy] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key] ?? [0, 0];
    if (dx === 0 && dy === 0 || !this.#config.finger || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const from = this.#hand ?? this.#state?.finger ?? {x: 0.5, y: 0.5};
    const far = event.shiftKey ? KEY_STEP_FAR : KEY_STEP;
    const within = n => Math.min(Math.max(n, 0), 1);
    this.#pointAt(within(from.x + dx * far), within(from.y + dy * far), true);
    this.#keysRest(KEY_REST);
  }

  #keysRest(ms) {
    clearTimeout(this.#keyTimer);
    this.#keyTimer = this.#hand?.down ? setTimeout(() => this.#letGo(), ms) : 0;
  }

  #announce(text) {
    if (text === this.#said) return;
    this.#said = text;
    say(this.#announcer, text);
  }

  // ---- words and numbers

  #readout() {
    const output = this.#scope.querySelector("[data-model-readout]");
    if (!output) return;
    const point = this.#screen?.point;
    const [nx, ny] = this.#shape;
    const col = point ? Math.floor(point[0]) : -1;
    const row = point ? Math.floor(ny - point[1]) : -1;
    if (col < 0 || row < 0 || col >= nx || row >= ny) {
      say(output, "");
      return;
    }
    const {unit = ""} = this.#config;
    const at = (name, i, count) => `${name} ${String(i).padStart(String(count - 1).length, "\u2007")}`;
    const words = [at("x", col, nx), at("y", row, ny)];
    const density = valueAt(this.#density, row, col);
    if (density !== null) words.push(`density ${this.#density.step > 1 ? "≈ " : ""}${shown(density, 4)}${unit ? ` ${unit}` : ""}`);
    const phase = valueAt(this.#phase, row, col);
    if (phase !== null) words.push(`phase ${shown(phase / Math.PI, 3)} π`);
    say(output, words.join("  "));
  }

  #write() {
    if (this.#paused) return;
    const state = this.#state;
    const latency = this.#density ? this.#pace.latency(this.#density) : null;
    const time = Number.isFinite(state?.t) ? shown(state.t, 6) : "–";
    const stats = {
      rate: this.#density ? `${this.#pace.rate.toFixed(1)}` : "–",
      step: state?.step_ms > 0 ? state.step_ms < 0.01 ? "< 0.01" : shown(state.step_ms, 3) : "–",
      latency: latency ? `${latency.ms.toFixed(0)}` : "–",
      time,
      frames: Number.isFinite(state?.frame) ? String(state.frame) : "–",
    };
    for (const element of this.#scope.querySelectorAll("[data-model-stat]")) {
      const text = stats[element.dataset.modelStat];
      if (text !== undefined) say(element, text);
      if (element.dataset.modelStat === "latency") element.title = latency && !latency.whole ? "To webmon; this computer's clock is another" : "";
    }
    const words = [];
    if (state?.phase) words.push(`The model is ${state.phase}`);
    if (time !== "–") words.push(`time ${time}${state.time_unit ? ` ${state.time_unit}` : ""}`);
    const {low, high, sum, count} = this.#measured;
    if (count > 0) {
      words.push(`density from ${shown(Math.abs(low) < high * 1e-9 ? 0 : low, 4)} to ${shown(high, 4)}`);
      const {step, rows, cols} = this.#density;
      if (rows * cols * step * step >= this.#shape[0] * this.#shape[1]) words.push(`its sum ${shown(sum * step * step, 6)}`);
      if (count < this.#density.data.length) words.push(`${this.#density.data.length - count} values are no numbers`);
    }
    const finger = this.#config.finger ? state?.finger : null;
    if (finger) {
      words.push(`finger at x ${finger.x?.toFixed(2)}, y ${finger.y?.toFixed(2)}`);
      if (Number.isFinite(finger.px) && Number.isFinite(finger.py)) words.push(`its potential at x ${finger.px.toFixed(2)}, y ${finger.py.toFixed(2)}`);
    }
    if (this.#people.length > 0) words.push(counted(this.#people, this.#more));
    say(this.#text, words.length > 0 ? `${words.join(", ")}.` : "");
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
      this.#later("copied", 2000, () => this.#tools.say(""));
    } catch {
      // Without a secure context there is no clipboard.
      this.#tools.say(link === "" ? "The parameters could not be read." : "Copy this:", link);
    }
  }

  async #link() {
    const state = await this.#page.load(`${document.body.dataset.prefix ?? ""}/api/v1/sources/${encodeURIComponent(this.#config.source)}/state`, this.#aborter.signal);
    return withParameters(location.href, changed(state.controls));
  }

  #address() {
    const {camera, mode} = this.#viewer.stats();
    this.#view.camera = mode === "free" ? {x: camera.x, y: this.#shape[1] - camera.y, scale: camera.scale} : null;
    keepInAddress(query => writeView(query, this.#view, this.#config));
  }

  // A link with parameters was opened: where nobody else is there nobody is disturbed by them.
  #offered() {
    const form = this.#scope.querySelector("form[data-model-parameters]");
    if (!form || this.#asked) return;
    if (!form.querySelector("[type=submit]")) {
      this.#askAgain(form);
      return;
    }
    if (!this.#people.some(({id}) => id === this.#me)) return;
    this.#asked = true;
    if (this.#people.length === 1 && !form.querySelector("[data-refused]")) form.requestSubmit();
  }

  // The server could not check the parameters before the model had said what it takes. Now it has.
  #askAgain(form) {
    if (form.querySelector("[data-refused]") || !["running", "paused", "slow"].includes(this.#state?.phase)) return;
    this.#asked = true;
    const key = `webmon-parameters ${location.href}`;
    try {
      if (sessionStorage.getItem(key)) return; // once is enough
      sessionStorage.setItem(key, "yes");
    } catch {
      return;
    }
    location.reload();
  }

  // Sends the parameters of the link. The page stays as it is, and its view with it.
  async #apply(form) {
    const button = form.querySelector("[type=submit]");
    if (button) button.disabled = true;
    try {
      await this.#page.post(form.action, new URLSearchParams(new FormData(form)));
      form.remove();
      keepInAddress(without);
    } catch (error) {
      if (button) button.disabled = false;
      const told = form.querySelector("[data-model-told]") ?? form.appendChild(h("p", {class: "models-told text-error-text", role: "alert", "data-model-told": true}));
      say(told, error.message);
    }
  }

  get #full() {
    return document.fullscreenElement === this.#stage || this.#stage.classList.contains("models-full");
  }

  async #toggleFull() {
    if (document.fullscreenElement === this.#stage) {
      await document.exitFullscreen();
      return;
    }
    if (!this.#stage.classList.contains("models-full") && this.#stage.requestFullscreen) {
      try {
        await this.#stage.requestFullscreen();
        return;
      } catch {
        // The window, then.
      }
    }
    this.#fill();
  }

  // Where the browser gives no element the screen, and where the address says so, the picture fills the window.
  #fill() {
    const full = this.#stage.classList.toggle("models-full");
    if (!full) keepInAddress(query => query.delete("full"));
    this.#showFull();
  }

  #showFull() {
    const full = this.#full;
    this.#tools.showFull(full);
    this.#scene();
    if (full) this.#viewer.fit();
    const button = this.#stage.querySelector(".models-leave");
    // The browser has its own way out of the screen, but not out of the window.
    if (!this.#stage.classList.contains("models-full")) button?.remove();
    else if (!button) this.#stage.append(h("button", {type: "button", class: "btn models-leave", "data-model-action": "full"}, "Leave full screen"));
  }

  #shortcut(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
    if (event.key === "k") this.#toggleFull();
    else if (event.key === "Escape" && this.#stage.classList.contains("models-full")) this.#fill();
    else return;
    event.preventDefault();
  }

  // Does something once, after a while, however often it is said; the address waits for the last time.
  #later(name, ms, act) {
    if (this.#timers.has(name)) {
      if (name !== "address" && name !== "announce" && name !== "copied" && name !== "settle") return;
      clearTimeout(this.#timers.get(name));
    }
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name);
      act();
    }, ms));
  }
}

// What the server says of the model: {text, config}; null where it says nothing yet.
function readConfig(scope) {
  const text = scope.querySelector("[data-model-config]")?.dataset.modelConfig;
  if (!text) return null;
  try {
    const config = JSON.parse(text);
    const {shape} = config ?? {};
    if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(n => Number.isSafeInteger(n) && n > 0)) return null;
    return {text, config: {...config, tracers: config.tracers > 0 ? config.tracers : 0, phase: config.phase === true, finger: config.finger === true}};
  } catch (error) {
    reportError(error);
    return null;
  }
}

// The value of a picture at a point of the grid; null where it has none.
function valueAt(frame, row, col) {
  if (!frame) return null;
  const y = Math.floor((row - frame.row) / frame.step);
  const x = Math.floor((col - frame.col) / frame.step);
  return y >= 0 && x >= 0 && y < frame.rows && x < frame.cols ? frame.data[y * frame.cols + x] : null;
}

function sameFinger(a, b) {
  return a === b || Boolean(a && b) && a.x === b.x && a.y === b.y && a.px === b.px && a.py === b.py;
}

// As many digits as a finger has.
function round(n) {
  return Math.round(n * 1e5) / 1e5;
}

function shown(value, digits) {
  if (!Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}
