/**
 * Shared arrays, live: the picture of a plane of an array, with its axes, its contrast and what lies under the pointer. The
 * server writes the markup (components/arrays.templ) and sends pictures (binary.js); the viewer draws them.
 *
 *     import {mount} from "./arrays/index.js";
 *     const picture = mount(document.querySelector("[data-array]"), {onFrame, afterPaint, save, load});
 *
 * Within the nearest [data-viewer-scope]: an element with `data-array-config`, JSON of what the server knows of the array, which
 * may change; `data-array-controls`, where the controls go; buttons with `data-array-action` ("one-to-one", "profile"); and
 * `data-array-readout`, what is under the pointer. Links with `data-array-plane` and `data-array-png` are kept to the plane that
 * is shown.
 *
 * Only what is on the screen is asked for, at the resolution that it needs (region.js), by elements with data-topic, as all
 * of the page; none of it while the page is hidden. The view stands in the address (state.js). On the root: `data-topics`, how
 * often what is asked for has changed, and `array`, a property with `stats()` for tests.
 */

import {keepInAddress} from "../address.js";
import {Pace} from "../pace.js";
import {Config, mountWhenKnown} from "../picture/config.js";
import {announce, Feeds} from "../picture/feeds.js";
import {apiOf, isShortcut, Screen} from "../picture/screen.js";
import {Timers} from "../picture/timers.js";
import {createViewer} from "../viewer/index.js";
import {colorTable} from "../viewer/lut.js";
import {mostOf} from "../viewer/image.js";
import {narrow} from "../viewer/numbers.js";
import {placeOf, regionFor, regionTopic} from "../viewer/region.js";
import {countValues, limitsOf} from "./contrast.js";
import {Controls} from "./controls.js";
import {h, say} from "../dom.js";
import {Plane, sidesOf} from "./plane.js";
import {Player} from "./player.js";
import {alongLine, endsWithin, Profile} from "./profile.js";
import {channelsOf, readView, rolesOf, topicIndex, writeView} from "./state.js";
import {exactKey, figuresOf, readoutOf, valueAt} from "./words.js";

/** What is asked for changes at most this often, ms, while somebody pans; and when somebody has chosen another plane. */
const PAN_EVERY = 100;
const STEP_EVERY = 30;

/** Values are counted, and numbers written, at most this often, ms. */
const COUNT_EVERY = 250;
const SHOW_EVERY = 16;
const STATS_EVERY = 500;

/** Ms for which the address waits for a hand to rest, and the pointer before its exact value is asked for. */
const ADDRESS_AFTER = 400;
const VALUE_AFTER = 200;

/** Tables of colours that are kept. */
const MOST_TABLES = 32;

/**
 * Draws an array into server-rendered markup, as soon as the server knows what the array is.
 *
 * @param {HTMLElement} root with data-array
 * @param {object} page what the page offers: `onFrame(topic, draw)`, `afterPaint(callback)`, `save(blob, name)`, `stamp(date)`,
 * `load(url, signal)` (pictures.js)
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mount(root, page) {
  const scope = root.closest("[data-viewer-scope]") ?? document;
  const config = new Config(scope, "data-array-config", complete);
  return mountWhenKnown(scope, config, first => new ArrayView(root, scope, page, config, first));
}

class ArrayView {
  #root;
  #scope;
  #page;
  #reader; // of the configuration
  #config;
  #view;
  #viewer;
  #controls;
  #profile;
  #player;
  #feeds;
  #aborter = new AbortController();
  #stopWatching = () => {};

  #channels = new Map(); // key -> {topic, index, shownIndex, frame, held, counts, countedAt}
  #shape; // of the frames
  #region = null;
  #screen = new Screen();
  #chosen = null; // key of the channel whose contrast is shown
  #tables = new Map();
  #paused = false;
  #drawing = false; // the profile's tool is pressed
  #placed = false; // the camera of a link was set
  #timers = new Timers();
  #writing;
  #askedAt = 0;
  #changes = 0;
  #pace = new Pace();
  #newest = null; // header of the newest frame painted
  #exact = null; // {key, place, value}: what the server says of the element under the pointer

  constructor(root, scope, page, reader, config) {
    this.#root = root;
    this.#scope = scope;
    this.#page = page;
    this.#reader = reader;
    this.#feeds = new Feeds(root, page.onFrame);
    const signal = this.#aborter.signal;
    this.#read(config);
    this.#viewer = createViewer(root, {
      onFrame: screen => this.#moved(screen),
      onPictures: () => this.#shown(),
      draws: event => event.button === 0 && (event.shiftKey || this.#drawing),
      draw: (phase, x, y) => this.#drawLine(phase, x, y),
    });
    this.#controls = new Controls(scope.querySelector("[data-array-controls]") ?? h("div"), {
      change: edit => this.change(edit),
      limits: (limits, done) => this.#setLimits(limits, done),
      mode: mode => this.#setMode(mode),
      choose: channel => this.#choose(channel),
      step: (axis, position) => this.#step(axis, position),
      play: axis => {
        this.#player.toggle(axis);
        this.#show();
      },
      blend: axis => this.#blend(axis),
      line: line => this.#setLine(line),
      again: () => this.#profile.again(),
      copy: () => this.#copy(),
      png: () => this.#png(),
    });
    this.#player = new Player(this.#timers, {
      pace: () => this.#controls.pace,
      waits: () => this.#active().some(({key}) => {
        const channel = this.#channels.get(key);
        return !channel || channel.index !== channel.shownIndex;
      }),
      next: axis => {
        const position = this.#view.index[axis];
        if (typeof position !== "number") return false;
        this.#step(axis, (position + 1) % Math.max(this.#shape[axis], 1));
        return true;
      },
    });
    this.#profile = new Profile({
      values: line => this.#lineValues(line),
      fetch: line => this.#fetchLine(line),
      element: () => this.#controls.plotElement,
      shown: data => this.#controls.showProfile(data),
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
        const link = event.target instanceof Element && event.target.closest("[data-array-plane], [data-array-png]");
        if (link) this.#pointLink(link);
      }, {signal, capture: true});
    }
    document.addEventListener("keydown", event => this.#key(event), {signal});
    document.addEventListener("visibilitychange", () => this.#ask(), {signal});
    const stage = this.#scope.querySelector("[data-array-config]")?.parentElement;
    if (stage) this.#stopWatching = this.#reader.watch(stage, () => this.#reread());
  }

  setPaused(paused) {
    this.#paused = paused;
    this.#viewer.setPaused(paused);
    if (paused) this.#player.stop();
    else for (const [key, channel] of this.#channels) if (channel.held) this.#take(key, channel.held);
  }

  setStale(stale) {
    this.#viewer.setStale(stale);
  }

  /** Figures for tests and the curious. */
  stats() {
    return {view: this.#view, shape: this.#shape, region: this.#region, changes: this.#changes, viewer: this.#viewer.stats(),
      channels: [...this.#channels].map(([key, {topic, frame}]) => ({key, topic, rows: frame?.rows, cols: frame?.cols, step: frame?.step, seq: frame?.seq})),
      limits: this.#active().map(channel => this.#limitsOf(channel))};
  }

  destroy() {
    this.#aborter.abort();
    this.#stopWatching();
    clearInterval(this.#writing);
    this.#timers.clear();
    this.#feeds.destroy();
    this.#profile.destroy();
    this.#controls.destroy();
    this.#viewer.destroy();
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

  #read(config) {
    const before = this.#config;
    this.#config = config;
    // The same array in another shape keeps as much of the view as still makes sense. What people have left as the process has it
    // follows the process.
    const query = new URLSearchParams(location.search);
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
    this.#feeds.clear();
    this.#channels.clear();
    this.#region = null;
    this.#exact = null;
    this.#scene();
    if (this.#view.camera && !this.#placed) {
      // The camera of a link is in pixels of the array; that of the viewer in those of the picture.
      const [x, y] = this.#plane.toPoint([this.#view.camera.x, this.#view.camera.y]);
      this.#viewer.setCamera({x, y, scale: this.#view.camera.scale});
    }
    this.#placed = true;
    this.#update(0);
    this.#profile.set(this.#view.line);
  }

  get #plane() {
    return new Plane(this.#config, this.#view, this.#shape);
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

  // The channels that are shown: {key, at, lut, limits}.
  #active() {
    const {blended} = rolesOf(this.#view);
    if (blended < 0) return [{key: "all", at: null, lut: this.#view.lut, limits: null}];
    return this.#view.channels.filter(channel => channel.on && channel.at < this.#shape[blended]).map(channel => ({...channel, key: String(channel.at)}));
  }

  #update(soon) {
    const active = this.#active();
    if (!active.some(({key}) => key === this.#chosen)) this.#chosen = active[0]?.key ?? null;
    this.#askIn(soon === 0 ? 0 : this.#askedAt + soon - performance.now());
    this.#render();
    this.#addressSoon();
  }

  // Asks after a while, once, however often it is said.
  #askIn(ms) {
    if (this.#timers.has("ask")) return;
    if (ms <= 0) this.#ask();
    else this.#timers.once("ask", ms, () => this.#ask());
  }

  #addressSoon() {
    this.#timers.rest("address", ADDRESS_AFTER, () => this.#address());
  }

  /** Asks for what the screen needs and for nothing else. */
  #ask() {
    this.#timers.cancel("ask");
    if (!this.#screen.last) return;
    this.#askedAt = performance.now();
    const {camera, viewport, size, most} = this.#screen.last;
    const {place, sizes} = this.#plane;
    const region = document.hidden ? null : regionFor({camera, viewport, ratio: size.width / viewport.width, place, shape: sizes, most, present: this.#region});
    if (region) this.#region = region;
    const active = region ? this.#active() : [];
    const labels = this.#config.role === "labels";
    let changed = false;
    for (const [key, channel] of this.#channels) {
      if (active.some(one => one.key === key) || !this.#feeds.want(key, "")) continue;
      channel.topic = "";
      changed = true;
    }
    for (const one of active) {
      const {key} = one;
      const index = topicIndex(this.#view, one);
      const topic = regionTopic(this.#config.topic, index, region, labels, this.#needsDigits(one));
      if (!this.#feeds.want(key, topic, frame => this.#take(key, frame))) continue;
      changed = true;
      if (!this.#channels.has(key)) this.#channels.set(key, {frame: null, held: null, counts: null, countedAt: -Infinity});
      Object.assign(this.#channels.get(key), {topic, index: index.join()});
    }
    if (!changed) return;
    this.#changes++;
    this.#root.dataset.topics = String(this.#changes);
    announce();
  }

  #take(key, frame) {
    const channel = this.#channels.get(key);
    if (!channel || frame.topic !== channel.topic || !frame.data) return;
    // While the page is held still, only a plane that somebody has asked for since is shown.
    if (this.#paused && channel.frame && channel.shownIndex === channel.index) {
      channel.held = frame;
      return;
    }
    channel.held = null;
    channel.frame = frame;
    channel.shownIndex = channel.index;
    if (Array.isArray(frame.shape) && frame.shape.length === this.#config.shape.length && frame.shape.join() !== this.#shape.join()) {
      this.#shape = frame.shape;
      this.#scene();
      this.#askIn(PAN_EVERY);
    }
    this.#pace.came(frame.ts);
    this.#count(key);
    this.#draw();
  }

  #count(key) {
    const channel = this.#channels.get(key);
    if (!channel?.frame) return;
    const due = channel.countedAt + COUNT_EVERY - performance.now();
    if (due > 0 && channel.counts) {
      this.#timers.once(`count ${key}`, due, () => {
        this.#count(key);
        this.#draw();
      });
      return;
    }
    channel.countedAt = performance.now();
    channel.counts = countValues(channel.frame);
    const one = this.#active().find(active => active.key === key);
    if (one && channel.topic !== "" && channel.topic.endsWith("/e") !== this.#needsDigits(one)) this.#askIn(PAN_EVERY);
    this.#show();
    if (this.#view.line) this.#profile.again();
  }

  /** Limits and their mode of a channel; those set by hand for a channel come before the view's. */
  #limitsOf({key, limits}) {
    const channel = this.#channels.get(key);
    const most = channel?.frame ? mostOf(channel.frame.type) : mostOf(this.#config.pixels);
    if (limits) return limits;
    const own = {...this.#view};
    // Limits set by hand count for a picture of one channel; channels have their own.
    if (key !== "all" && own.mode === "manual") own.mode = own.limits ? "manual" : "auto";
    return limitsOf(own, channel?.counts, [0, most]);
  }

  /** Whether what lies between the limits of a channel needs more digits than float32 has. */
  #needsDigits(one) {
    const {pixels, role} = this.#config;
    return !["u1", "u2", "f4"].includes(pixels) && role !== "labels" && !this.#view.index.includes("c") && narrow(...this.#limitsOf(one));
  }

  #table(lut) {
    const name = `${lut} ${this.#view.invert}`;
    if (!this.#tables.has(name)) {
      if (this.#tables.size >= MOST_TABLES) this.#tables.clear();
      this.#tables.set(name, colorTable(lut, this.#view.invert));
    }
    return this.#tables.get(name);
  }

  #render() {
    this.#draw();
    this.#show();
  }

  // Gives the viewer what has come, which may be at 60 Hz: the controls need less.
  #draw() {
    const kind = this.#config.role === "labels" ? "labels" : this.#view.index.includes("c") ? "color" : "scalar";
    const {place, sizes} = this.#plane;
    const images = [];
    for (const one of this.#active()) {
      const frame = this.#channels.get(one.key)?.frame;
      if (!frame || frame.rows === 0 || frame.cols === 0) continue;
      const [low, high] = this.#limitsOf(one);
      images.push({
        key: one.key, frame, place: placeOf(frame, place, sizes),
        look: {kind, low, high, gamma: this.#view.gamma, table: this.#table(one.lut), opacity: 1, additive: images.length > 0},
      });
    }
    this.#viewer.setImages(images);
  }

  // Brings the controls up to date, once an animation frame.
  #show() {
    this.#timers.once("show", SHOW_EVERY, () => {
      const chosen = this.#active().find(({key}) => key === this.#chosen);
      this.#controls.show({config: this.#config, view: this.#view, shape: this.#shape, chosen: chosen ? chosen.at : null, playing: this.#player.axis,
        mode: chosen?.limits ? "manual" : this.#view.mode});
      if (!chosen) return;
      const channel = this.#channels.get(chosen.key);
      this.#controls.showContrast({counts: channel?.counts ?? null, limits: this.#limitsOf(chosen), table: this.#view.index.includes("c") ? null : this.#table(chosen.lut),
        gamma: this.#view.gamma, log: this.#view.log, whole: !(channel?.frame?.type ?? this.#config.pixels).startsWith("f")});
      this.#profile.draw();
    });
  }

  // After each animation frame of the viewer.
  #moved(screen) {
    const moved = this.#screen.take(screen);
    this.#readout();
    if (moved === "same" || !this.#viewer) return;
    this.#askIn(this.#channels.size === 0 ? 0 : this.#askedAt + PAN_EVERY - performance.now());
    this.#addressSoon();
  }

  // Pictures with new frames are being painted.
  #shown() {
    this.#pace.painted();
    let newest = null;
    for (const {frame} of this.#channels.values()) if (frame && (!newest || frame.seq > newest.seq)) newest = frame;
    if (!newest) return;
    const fresh = this.#newest?.seq !== newest.seq;
    this.#newest = newest;
    if (!fresh || !Number.isFinite(newest.stamp)) return;
    this.#page.afterPaint(() => this.#pace.shown(newest.stamp));
  }

  #showStats() {
    if (!this.#newest) return;
    const frames = [...this.#channels.values()].map(({frame}) => frame).filter(Boolean);
    this.#controls.showStats(figuresOf(this.#newest, frames, this.#pace));
  }

  #readout() {
    const output = this.#scope.querySelector("[data-array-readout]");
    if (!output) return;
    const plane = this.#plane;
    const under = plane.positionAt(this.#screen.last.point);
    if (!under) {
      say(output, "");
      return;
    }
    const shown = this.#active().map(({key, at}) => ({at, frame: this.#channels.get(key)?.frame}));
    const {text, asks} = readoutOf({config: this.#config, shape: this.#shape, plane, under, shown, exact: this.#exact});
    say(output, text);
    if (asks) this.#timers.rest("value", VALUE_AFTER, () => this.#fetchValue());
  }

  async #fetchValue() {
    const plane = this.#plane;
    const under = plane.positionAt(this.#screen.last.point);
    const one = this.#active().find(({key}) => key === this.#chosen) ?? this.#active()[0];
    if (!under || !one || this.#paused) return;
    const place = plane.indexAt(under).map((position, axis) => axis === plane.roles.blended ? one.at : position).join();
    try {
      const answer = await this.#page.load(`${this.#api}/value?index=${place}`, this.#aborter.signal);
      if (answer.value === undefined) return;
      // JSON in a browser has no digits for the largest whole numbers; their text has.
      this.#exact = {key: exactKey(place, this.#channels.get(one.key)?.frame), place, value: answer.text ?? answer.value};
      this.#readout();
    } catch {
      // The pixels stay what is known.
    }
  }

  get #api() {
    return `${apiOf(this.#config.source)}/arrays/${encodeURIComponent(this.#config.name)}`;
  }

  #address() {
    const {camera, mode} = this.#viewer.stats();
    const [x, y] = this.#plane.toPlace([camera.x, camera.y]);
    this.#view.camera = mode === "free" ? {x, y, scale: camera.scale} : null;
    keepInAddress(query => writeView(query, this.#view, this.#config));
  }

  // The links to files stand in what the server renders again and again; they are kept to the plane that is shown as they are used.
  #pointLink(link) {
    const chosen = this.#active().find(({key}) => key === this.#chosen);
    const address = new URL(link.href);
    const query = address.searchParams;
    query.set(link.dataset.arrayPlane === undefined ? "index" : "plane", topicIndex(this.#view, chosen).join(","));
    if (link.dataset.arrayPng !== undefined) {
      const [low, high] = chosen ? this.#limitsOf(chosen) : [0, 1];
      query.set("gamma", String(this.#view.gamma));
      // Limits that are the same as the server reads them would be none.
      if (Number(high) > Number(low)) for (const [key, value] of Object.entries({low, high})) query.set(key, String(value));
      if (chosen && !this.#view.index.includes("c")) query.set("colormap", chosen.lut);
    }
    link.href = address.href;
  }

  #setLimits(limits, done) {
    this.change(view => {
      const channel = view.channels.find(one => String(one.at) === this.#chosen);
      if (channel && rolesOf(view).blended >= 0) {
        channel.limits = limits;
      } else {
        view.mode = "manual";
        view.limits = limits;
      }
    });
    if (done) this.#address();
  }

  #setMode(mode) {
    const chosen = this.#active().find(({key}) => key === this.#chosen);
    const now = chosen ? this.#limitsOf(chosen) : null;
    this.change(view => {
      const channel = view.channels.find(one => String(one.at) === this.#chosen);
      if (rolesOf(view).blended >= 0 && channel) {
        channel.limits = mode === "manual" ? now : null;
        if (mode !== "manual") view.mode = mode;
        return;
      }
      view.mode = mode;
      if (mode === "manual") view.limits = now;
    });
  }

  #choose(channel) {
    this.#chosen = String(channel);
    this.#show();
  }

  #step(axis, position) {
    this.change(view => { view.index[axis] = position; });
  }

  #blend(axis) {
    this.change(view => {
      const before = view.index.indexOf("k");
      if (before >= 0) view.index[before] = 0;
      view.channels = axis < 0 ? [] : channelsOf(this.#shape[axis]);
      if (axis >= 0) view.index[axis] = "k";
    });
  }

  #act(action) {
    if (action === "profile") {
      this.#drawing = !this.#drawing;
      for (const button of this.#scope.querySelectorAll("[data-array-action=profile]")) button.setAttribute("aria-pressed", String(this.#drawing));
      if (this.#drawing && !this.#view.line) {
        // Where there is no pointer a line is there to be moved: across the middle of what is in view.
        const {x0, x1, y} = this.#plane.across(this.#screen.last);
        this.#setLine([[x0 + (x1 - x0) / 4, y], [x1 - (x1 - x0) / 4, y]]);
      }
    } else if (action === "one-to-one" && this.#screen.last) {
      const {camera, viewport, size} = this.#screen.last;
      const {place} = this.#plane;
      this.#viewer.zoomBy(viewport.width / size.width / Math.min(place.width, place.height) / camera.scale);
    }
  }

  #key(event) {
    if (!isShortcut(event)) return;
    const slider = this.#view.index.findIndex((item, axis) => typeof item === "number" && this.#shape[axis] > 1);
    const by = {",": -1, ".": 1}[event.key];
    if (event.key === "o") this.#act("one-to-one");
    else if (event.key === "l") this.#act("profile");
    else if (by !== undefined && slider >= 0) this.#step(slider, Math.min(Math.max(this.#view.index[slider] + by, 0), this.#shape[slider] - 1));
    else return;
    event.preventDefault();
  }

  #drawLine(phase, x, y) {
    const at = this.#plane.toPlace(this.#viewer.toData(x, y));
    if (phase === "start") this.#setLine([at, at]);
    else if (this.#view.line) this.#setLine([this.#view.line[0], at]);
  }

  #setLine(line) {
    this.#view.line = line;
    this.#setMarks();
    this.#profile.set(line);
    this.#show();
    this.#addressSoon();
  }

  // The values along a line out of the picture that is there; null where it does not hold them all, one by one.
  #lineValues(line) {
    const frame = this.#channels.get(this.#chosen)?.frame;
    if (!frame || frame.step !== 1 || frame.samples !== 1) return null;
    const {sizes, steps} = this.#plane;
    const values = alongLine(line, sizes, (row, col) => valueAt(frame, row, col)?.values[0], steps.scale);
    return values && {...values, unit: steps.unit, value_unit: this.#config.unit};
  }

  async #fetchLine(line) {
    const chosen = this.#active().find(({key}) => key === this.#chosen);
    if (!chosen || this.#view.index.includes("c")) return null;
    const [from, to] = endsWithin(line, this.#plane.sizes).map(([x, y]) => `${y},${x}`);
    return this.#page.load(`${this.#api}/profile?index=${topicIndex(this.#view, chosen).join(",")}&from=${from}&to=${to}`, this.#aborter.signal);
  }

  async #copy() {
    this.#address();
    try {
      await navigator.clipboard.writeText(location.href);
      this.#controls.sayCopied("Copied");
    } catch {
      this.#controls.sayCopied("The address above is the link.");
    }
    this.#timers.rest("copied", 2000, () => this.#controls.sayCopied(""));
  }

  async #png() {
    try {
      this.#page.save(await this.#viewer.toPNG(), `${this.#config.name}-${this.#page.stamp(new Date())}.png`);
    } catch (error) {
      this.#controls.sayCopied(error.message);
    }
  }
}

// What the server says of the array, with an empty list where it leaves one out.
function complete(config) {
  return {...config, shape: config.shape ?? [], axes: config.axes ?? [], units: config.units ?? [], scale: config.scale ?? []};
}

// Whether two configurations are of the same frames, at the same place: they differ in how these are looked at, if at all.
function sameFrames(a, b) {
  const keys = ["source", "name", "topic", "shape", "axes", "units", "scale", "dtype", "role", "pixels"];
  return keys.every(key => JSON.stringify(a[key]) === JSON.stringify(b[key]));
}
