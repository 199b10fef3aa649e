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
import {createViewer} from "../viewer/index.js";
import {colorTable} from "../viewer/lut.js";
import {mostOf} from "../viewer/image.js";
import {narrow, wordOf} from "../viewer/numbers.js";
import {placeOf, regionFor, regionTopic} from "../viewer/region.js";
import {countValues, limitsOf} from "./contrast.js";
import {Controls, nameOf, scaledOf, worldOf} from "./controls.js";
import {h, say} from "../dom.js";
import {alongLine, endsWithin, Profile} from "./profile.js";
import {channelsOf, readView, rolesOf, topicIndex, writeView} from "./state.js";

/** What is asked for changes at most this often, ms, while somebody pans; and when somebody has chosen another plane. */
const PAN_EVERY = 100;
const STEP_EVERY = 30;

/** Values are counted, and numbers written, at most this often, ms. */
const COUNT_EVERY = 250;
const STATS_EVERY = 500;

/** Ms for which the address waits for a hand to rest, and the pointer before its exact value is asked for. */
const ADDRESS_AFTER = 400;
const VALUE_AFTER = 200;

/** How long a played position waits for its picture at most, ms. */
const PLAY_PATIENCE = 2000;

/** Tables of colours that are kept. */
const MOST_TABLES = 32;

/** Draws an array into server-rendered markup, as soon as the server knows what the array is. */
export function mount(root, page) {
  const scope = root.closest("[data-viewer-scope]") ?? document;
  let array = null;
  const state = {paused: false, stale: false};
  const observer = new MutationObserver(() => begin());
  const begin = () => {
    if (array || !scope.querySelector("[data-array-config]")) return;
    observer.disconnect();
    array = new ArrayView(root, page);
    root.array = array;
    array.setPaused(state.paused);
    array.setStale(state.stale);
  };
  begin();
  if (!array) observer.observe(scope, {childList: true, subtree: true});
  return {
    setPaused(paused) {
      state.paused = paused;
      array?.setPaused(paused);
    },
    setStale(stale) {
      state.stale = stale;
      array?.setStale(stale);
    },
    destroy() {
      observer.disconnect();
      array?.destroy();
    },
  };
}

class ArrayView {
  #root;
  #scope;
  #page;
  #config;
  #configText = "";
  #view;
  #viewer;
  #controls;
  #profile;
  #topics; // the element that holds those with data-topic
  #aborter = new AbortController();
  #observer;

  #channels = new Map(); // key -> {topic, index, stop, element, frame, counts, countedAt}
  #shape; // of the frames
  #region = null;
  #screen = null; // {camera, viewport, size, most} of the last animation frame
  #chosen = null; // key of the channel whose contrast is shown
  #tables = new Map();
  #paused = false;
  #playing = -1;
  #playTimer = 0;
  #drawing = false; // the profile's tool is pressed
  #timers = new Map(); // name -> timer of something that is due
  #askedAt = 0;
  #changes = 0;
  #pace = new Pace();
  #newest = null; // header of the newest frame painted
  #point = null;
  #exact = null; // {key, value}: what the server says of the element under the pointer

  constructor(root, page) {
    this.#root = root;
    this.#page = page;
    this.#scope = root.closest("[data-viewer-scope]") ?? document;
    this.#topics = root.appendChild(h("div", {hidden: true, "data-array-topics": true}));
    const signal = this.#aborter.signal;
    this.#readConfig();
    this.#viewer = createViewer(root, {
      onFrame: screen => this.#moved(screen),
      onPictures: () => this.#shown(),
      draws: event => event.button === 0 && (event.shiftKey || this.#drawing),
      draw: (phase, x, y) => this.#drawLine(phase, x, y),
    });
    this.#controls = new Controls(this.#scope.querySelector("[data-array-controls]") ?? h("div"), {
      change: edit => this.change(edit),
      limits: (limits, done) => this.#setLimits(limits, done),
      mode: mode => this.#setMode(mode),
      choose: channel => this.#choose(channel),
      step: (axis, position) => this.#step(axis, position),
      play: axis => this.#play(axis),
      blend: axis => this.#blend(axis),
      line: line => this.#setLine(line),
      again: () => this.#profile.again(),
      copy: () => this.#copy(),
      png: () => this.#png(),
    });
    this.#profile = new Profile({
      values: line => this.#lineValues(line),
      fetch: line => this.#fetchLine(line),
      element: () => this.#controls.plotElement,
      shown: data => this.#controls.showProfile(data),
    });
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
    this.#observer = new MutationObserver(() => this.#readConfig());
    const stage = this.#scope.querySelector("[data-array-config]")?.parentElement;
    if (stage) this.#observer.observe(stage, {attributes: true, childList: true, subtree: true, attributeFilter: ["data-array-config"]});
    this.#timers.set("stats", setInterval(() => this.#showStats(), STATS_EVERY));
    this.#begin();
  }

  setPaused(paused) {
    this.#paused = paused;
    this.#viewer.setPaused(paused);
    if (paused) this.#stopPlaying();
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
    this.#observer.disconnect();
    for (const timer of this.#timers.values()) clearInterval(timer);
    clearTimeout(this.#playTimer);
    for (const {stop} of this.#channels.values()) stop();
    this.#profile.destroy();
    this.#controls.destroy();
    this.#viewer.destroy();
    delete this.#root.array;
  }

  /** Edits the view and shows what has become of it. */
  change(edit, {soon = STEP_EVERY} = {}) {
    const before = this.#view.index.join();
    const scaled = this.#view.scaled;
    edit(this.#view);
    const other = before !== this.#view.index.join();
    if (other && this.#sides(before) !== this.#sides(this.#view.index.join()) || scaled !== this.#view.scaled) this.#begin();
    else this.#update(other ? soon : PAN_EVERY);
  }

  // The parts of an index by which the picture is another one, not another position of the same.
  #sides(index) {
    return index.replace(/\d+/g, "");
  }

  #readConfig() {
    const text = this.#scope.querySelector("[data-array-config]")?.dataset.arrayConfig;
    if (!text || text === this.#configText) return;
    this.#configText = text;
    let config;
    try {
      config = JSON.parse(text);
    } catch (error) {
      reportError(error);
      return;
    }
    const before = this.#config;
    this.#config = {...config, shape: config.shape ?? [], axes: config.axes ?? [], units: config.units ?? [], scale: config.scale ?? []};
    // The same array in another shape keeps as much of the view as still makes sense. What people have left as the process has it
    // follows the process.
    const query = new URLSearchParams(location.search);
    this.#view = readView(this.#view ? writeView(query, this.#view, before) : query, this.#config);
    if (before && sameFrames(before, this.#config)) {
      this.#update(PAN_EVERY);
      return;
    }
    this.#shape = this.#config.shape;
    if (this.#viewer) this.#begin();
  }

  // Another plane: other sides, another place.
  #begin() {
    for (const channel of this.#channels.values()) {
      channel.stop();
      channel.element.remove();
    }
    this.#channels.clear();
    this.#region = null;
    this.#exact = null;
    this.#scene();
    if (this.#view.camera && !this.#placed) {
      // The camera of a link is in pixels of the array; that of the viewer in those of the picture.
      const {x, y, scale} = this.#view.camera;
      const place = this.#place();
      this.#viewer.setCamera({x: x * place.width, y: y * place.height, scale});
    }
    this.#placed = true;
    this.#update(0);
    this.#profile.set(this.#view.line);
  }

  #placed = false;

  // How a pixel of the array lies in the picture.
  #place() {
    const roles = rolesOf(this.#view);
    const [height, width] = this.#view.scaled ? scaledOf(this.#config, roles) ?? [1, 1] : [1, 1];
    // An array of one axis is a strip, high enough to be seen.
    return {x: 0, y: 0, width, height: roles.down < 0 ? Math.max(this.#sizes()[1] / 12, 1) : height};
  }

  // Rows and columns of the plane.
  #sizes() {
    const {down, right} = rolesOf(this.#view);
    return [down < 0 ? 1 : this.#shape[down], this.#shape[right]];
  }

  #scene() {
    const [rows, cols] = this.#sizes();
    const place = this.#place();
    const {down, right} = rolesOf(this.#view);
    if (!(rows > 0 && cols > 0)) {
      this.#viewer.setImages([]);
      return;
    }
    this.#viewer.setScene({key: `${this.#config.name} ${this.#sides(this.#view.index.join())} ${this.#view.scaled}`,
      box: {x0: 0, y0: 0, x1: cols * place.width, y1: rows * place.height}});
    this.#viewer.setMarks({line: this.#lineOnPicture(), names: [down < 0 ? "" : nameOf(this.#config, down), nameOf(this.#config, right)]});
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
    this.#later("ask", soon === 0 ? 0 : Math.max(this.#askedAt + soon - performance.now(), 0), () => this.#ask());
    this.#render();
    this.#later("address", ADDRESS_AFTER, () => this.#address());
  }

  // Does something once, after a while, however often it is said.
  #later(name, ms, act) {
    if (this.#timers.has(name)) {
      if (name !== "address" && name !== "value") return;
      clearTimeout(this.#timers.get(name));
    }
    const run = () => {
      this.#timers.delete(name);
      act();
    };
    if (ms <= 0) run();
    else this.#timers.set(name, setTimeout(run, ms));
  }

  /** Asks for what the screen needs and for nothing else. */
  #ask() {
    if (this.#timers.has("ask")) {
      clearTimeout(this.#timers.get("ask"));
      this.#timers.delete("ask");
    }
    if (!this.#screen) return;
    this.#askedAt = performance.now();
    const {camera, viewport, size, most} = this.#screen;
    const region = document.hidden ? null : regionFor({camera, viewport, ratio: size.width / viewport.width, place: this.#place(), shape: this.#sizes(), most, present: this.#region});
    if (region) this.#region = region;
    const active = region ? this.#active() : [];
    const labels = this.#config.role === "labels";
    let changed = false;
    for (const [key, channel] of this.#channels) {
      if (active.some(one => one.key === key) || channel.topic === "") continue;
      channel.stop();
      channel.stop = () => {};
      channel.topic = "";
      channel.element.removeAttribute("data-topic");
      changed = true;
    }
    for (const one of active) {
      const index = topicIndex(this.#view, one);
      const topic = regionTopic(this.#config.topic, index, region, labels, this.#needsDigits(one));
      let channel = this.#channels.get(one.key);
      if (channel?.topic === topic) continue;
      changed = true;
      if (!channel) {
        channel = {stop: () => {}, element: this.#topics.appendChild(h("i", {})), frame: null, counts: null, countedAt: -Infinity};
        this.#channels.set(one.key, channel);
      }
      channel.stop();
      channel.topic = topic;
      channel.index = index.join();
      channel.element.dataset.topic = topic;
      channel.stop = this.#page.onFrame(topic, frame => this.#take(one.key, frame));
    }
    if (!changed) return;
    this.#changes++;
    this.#root.dataset.topics = String(this.#changes);
    document.dispatchEvent(new CustomEvent("topicschange", {detail: {anew: false}}));
  }

  #take(key, frame) {
    const channel = this.#channels.get(key);
    if (!channel || frame.topic !== channel.topic || !(frame.data)) return;
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
      this.#later("ask", PAN_EVERY, () => this.#ask());
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
      this.#later(`count ${key}`, due, () => {
        this.#count(key);
        this.#draw();
      });
      return;
    }
    channel.countedAt = performance.now();
    channel.counts = countValues(channel.frame);
    const one = this.#active().find(active => active.key === key);
    if (one && channel.topic !== "" && channel.topic.endsWith("/e") !== this.#needsDigits(one)) this.#later("ask", PAN_EVERY, () => this.#ask());
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
    const place = this.#place();
    const images = [];
    for (const one of this.#active()) {
      const frame = this.#channels.get(one.key)?.frame;
      if (!frame || frame.rows === 0 || frame.cols === 0) continue;
      const [low, high] = this.#limitsOf(one);
      images.push({
        key: one.key, frame, place: placeOf(frame, place, this.#sizes()),
        look: {kind, low, high, gamma: this.#view.gamma, table: this.#table(one.lut), opacity: 1, additive: images.length > 0},
      });
    }
    this.#viewer.setImages(images);
  }

  // Brings the controls up to date, once an animation frame.
  #show() {
    this.#later("show", 16, () => {
      const chosen = this.#active().find(({key}) => key === this.#chosen);
      this.#controls.show({config: this.#config, view: this.#view, shape: this.#shape, chosen: chosen ? chosen.at : null, playing: this.#playing,
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
    const before = this.#screen;
    this.#screen = {...screen, camera: {...screen.camera}, viewport: {...screen.viewport}, size: {...screen.size}};
    this.#point = screen.point;
    this.#readout();
    const {camera, viewport} = screen;
    const same = before && before.camera.x === camera.x && before.camera.y === camera.y && before.camera.scale === camera.scale &&
      before.viewport.width === viewport.width && before.viewport.height === viewport.height;
    if (same || !this.#viewer) return;
    this.#later("ask", this.#channels.size === 0 ? 0 : Math.max(this.#askedAt + PAN_EVERY - performance.now(), 0), () => this.#ask());
    this.#later("address", ADDRESS_AFTER, () => this.#address());
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
    const frame = this.#newest;
    if (!frame) return;
    let bytes = 0;
    let sizes = "";
    for (const {frame: one} of this.#channels.values()) {
      if (!one) continue;
      bytes += one.data.byteLength;
      sizes = `${one.rows} × ${one.cols}${one.step > 1 ? `, 1 : ${one.step}` : ""}`;
    }
    const latency = this.#pace.latency(frame);
    this.#controls.showStats({
      rate: `${this.#pace.rate.toFixed(1)} Hz`,
      offered: Number.isFinite(frame.rate) ? `${frame.rate.toFixed(1)} Hz` : "–",
      latency: latency ? `${latency.ms.toFixed(0)} ms${latency.whole ? "" : " to webmon; this clock is another"}` : "–",
      sent: `${sizes}, ${(bytes / 1024).toFixed(0)} KiB`,
      missed: Number.isFinite(frame.missed) ? String(frame.missed) : "–",
      frame: `${frame.seq}${frame.level > 0 ? `, level ${frame.level}` : ""}`,
    });
  }

  // What lies under the pointer: [row, col] in pixels of the array, null if nothing.
  #under() {
    if (!this.#point) return null;
    const place = this.#place();
    const [rows, cols] = this.#sizes();
    const row = Math.floor(this.#point[1] / place.height);
    const col = Math.floor(this.#point[0] / place.width);
    return row >= 0 && col >= 0 && row < rows && col < cols ? [row, col] : null;
  }

  #readout() {
    const output = this.#scope.querySelector("[data-array-readout]");
    if (!output) return;
    const under = this.#under();
    if (!under) {
      say(output, "");
      return;
    }
    const lines = [];
    const at = (axis, position) => {
      const world = worldOf(this.#config, axis, position);
      return `${nameOf(this.#config, axis)} ${String(position).padStart(String(this.#shape[axis] - 1).length, "\u2007")}${world ? ` (${world})` : ""}`;
    };
    const {down, right, samples, blended} = rolesOf(this.#view);
    const positions = this.#view.index.map((item, axis) => axis === down ? under[0] : axis === right ? under[1] : typeof item === "number" ? Math.min(item, Math.max(this.#shape[axis] - 1, 0)) : null);
    lines.push(positions.map((position, axis) => position === null ? null : at(axis, position)).filter(Boolean).join("  "));
    const unit = this.#config.unit ? ` ${this.#config.unit}` : "";
    let asks = false;
    const values = this.#active().map(one => {
      const frame = this.#channels.get(one.key)?.frame;
      const local = frame && valueAt(frame, under[0], under[1]);
      const index = positions.map((position, axis) => axis === blended ? one.at : position);
      const key = `${index} ${frame?.seq}`;
      let text = local ? local.values.map(value => wordOf(value, frame.type)).join(", ") : "–";
      if (samples < 0 && local && !(local.exact && this.#isExact(frame))) {
        if (this.#exact?.place === String(index)) {
          text = wordOf(this.#exact.value, "f8");
        } else {
          text = `≈ ${text}`;
        }
        if (this.#exact?.key !== key) asks = true;
      }
      return `${one.at === null ? "" : `${one.at}: `}${text}${unit}`;
    });
    lines.push(values.join("  "));
    say(output, lines.join("\n"));
    if (asks) this.#later("value", VALUE_AFTER, () => this.#fetchValue());
  }

  // Whether the pixels of a frame hold the array's values as they are: not absolute values, seconds, or floats that were made shorter.
  #isExact(frame) {
    const {pixels, dtype} = this.#config;
    return /^(bool|u?int\d+|float(16|32|64))\b/.test(String(dtype)) && (frame.type === pixels || !frame.type.startsWith("f"));
  }

  async #fetchValue() {
    const under = this.#under();
    const {down, right, blended} = rolesOf(this.#view);
    const one = this.#active().find(({key}) => key === this.#chosen) ?? this.#active()[0];
    if (!under || !one || this.#paused) return;
    const index = this.#view.index.map((item, axis) => axis === down ? under[0] : axis === right ? under[1] : axis === blended ? one.at : Math.min(item, Math.max(this.#shape[axis] - 1, 0)));
    try {
      const answer = await this.#page.load(`${this.#api}/value?index=${index.join(",")}`, this.#aborter.signal);
      if (answer.value === undefined) return;
      // JSON in a browser has no digits for the largest whole numbers; their text has.
      const value = answer.text ?? answer.value;
      this.#exact = {key: `${index} ${this.#channels.get(one.key)?.frame?.seq}`, place: String(index), value};
      this.#readout();
    } catch {
      // The pixels stay what is known.
    }
  }

  get #api() {
    return `${document.body.dataset.prefix ?? ""}/api/v1/sources/${encodeURIComponent(this.#config.source)}/arrays/${encodeURIComponent(this.#config.name)}`;
  }

  #address() {
    const {camera, mode} = this.#viewer.stats();
    const place = this.#place();
    this.#view.camera = mode === "free" ? {x: camera.x / place.width, y: camera.y / place.height, scale: camera.scale} : null;
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

  #play(axis) {
    const on = this.#playing !== axis;
    this.#stopPlaying();
    if (!on) return this.#show();
    this.#playing = axis;
    this.#show();
    this.#playOn();
  }

  #stopPlaying() {
    clearTimeout(this.#playTimer);
    this.#playing = -1;
  }

  #playOn() {
    const started = performance.now();
    const next = () => {
      const waiting = this.#active().some(({key}) => {
        const channel = this.#channels.get(key);
        return !channel || channel.index !== channel.shownIndex;
      });
      // A position is shown before the next one is asked for.
      if (waiting && performance.now() - started < PLAY_PATIENCE) {
        this.#playTimer = setTimeout(next, 10);
        return;
      }
      const axis = this.#playing;
      if (typeof this.#view.index[axis] !== "number") return this.#stopPlaying();
      this.#step(axis, (this.#view.index[axis] + 1) % Math.max(this.#shape[axis], 1));
      this.#playOn();
    };
    this.#playTimer = setTimeout(next, 1000 / this.#controls.pace);
  }

  #act(action) {
    if (action === "profile") {
      this.#drawing = !this.#drawing;
      for (const button of this.#scope.querySelectorAll("[data-array-action=profile]")) button.setAttribute("aria-pressed", String(this.#drawing));
      if (this.#drawing && !this.#view.line) {
        // Where there is no pointer a line is there to be moved: across the middle of what is in view.
        const {x0, x1, y} = this.#inView();
        this.#setLine([[x0 + (x1 - x0) / 4, y], [x1 - (x1 - x0) / 4, y]]);
      }
    } else if (action === "one-to-one" && this.#screen) {
      const {camera, viewport, size} = this.#screen;
      const place = this.#place();
      this.#viewer.zoomBy(viewport.width / size.width / Math.min(place.width, place.height) / camera.scale);
    }
  }

  #inView() {
    const place = this.#place();
    const [rows, cols] = this.#sizes();
    const {camera, viewport} = this.#screen;
    const half = viewport.width / 2 / camera.scale;
    return {x0: Math.max((camera.x - half) / place.width, 0), x1: Math.min((camera.x + half) / place.width, cols),
      y: Math.min(Math.max(camera.y / place.height, 0), rows)};
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
    const slider = this.#view.index.findIndex((item, axis) => typeof item === "number" && this.#shape[axis] > 1);
    const by = {",": -1, ".": 1}[event.key];
    if (event.key === "o") this.#act("one-to-one");
    else if (event.key === "l") this.#act("profile");
    else if (by !== undefined && slider >= 0) this.#step(slider, Math.min(Math.max(this.#view.index[slider] + by, 0), this.#shape[slider] - 1));
    else return;
    event.preventDefault();
  }

  #drawLine(phase, x, y) {
    const place = this.#place();
    const [dataX, dataY] = this.#viewer.toData(x, y);
    const at = [dataX / place.width, dataY / place.height];
    if (phase === "start") this.#setLine([at, at]);
    else if (this.#view.line) this.#setLine([this.#view.line[0], at]);
  }

  #setLine(line) {
    this.#view.line = line;
    this.#viewer.setMarks({line: this.#lineOnPicture(), names: this.#names()});
    this.#profile.set(line);
    this.#show();
    this.#later("address", ADDRESS_AFTER, () => this.#address());
  }

  #names() {
    const {down, right} = rolesOf(this.#view);
    return [down < 0 ? "" : nameOf(this.#config, down), nameOf(this.#config, right)];
  }

  #lineOnPicture() {
    const place = this.#place();
    return this.#view.line?.map(([x, y]) => [x * place.width, y * place.height]) ?? null;
  }

  // The values along a line out of the picture that is there; null where it does not hold them all, one by one.
  #lineValues(line) {
    const frame = this.#channels.get(this.#chosen)?.frame;
    if (!frame || frame.step !== 1 || frame.samples !== 1) return null;
    const {down, right} = rolesOf(this.#view);
    const {units, scale, axes, unit} = this.#config;
    const world = scale.length === axes.length && units.length === axes.length && Boolean(units[right]) && (down < 0 || units[down] === units[right]);
    const values = alongLine(line, this.#sizes(), (row, col) => valueAt(frame, row, col)?.values[0],
      world ? [down < 0 ? 1 : Math.abs(scale[down]), Math.abs(scale[right])] : [1, 1]);
    return values && {...values, unit: world ? units[right] : "px", value_unit: unit};
  }

  async #fetchLine(line) {
    const chosen = this.#active().find(({key}) => key === this.#chosen);
    if (!chosen || this.#view.index.includes("c")) return null;
    const [from, to] = endsWithin(line, this.#sizes()).map(([x, y]) => `${y},${x}`);
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
    this.#later("copied", 2000, () => this.#controls.sayCopied(""));
  }

  async #png() {
    try {
      this.#page.save(await this.#viewer.toPNG(), `${this.#config.name}-${this.#page.stamp(new Date())}.png`);
    } catch (error) {
      this.#controls.sayCopied(error.message);
    }
  }
}

/** Whether two configurations are of the same frames, at the same place: they differ in how these are looked at, if at all. */
function sameFrames(a, b) {
  const keys = ["source", "name", "topic", "shape", "axes", "units", "scale", "dtype", "role", "pixels"];
  return keys.every(key => JSON.stringify(a[key]) === JSON.stringify(b[key]));
}

/** The samples of a picture at a pixel of its frame, and whether they are that pixel's own; null where it has none. */
export function valueAt(frame, row, col) {
  const y = Math.floor((row - frame.row) / frame.step);
  const x = Math.floor((col - frame.col) / frame.step);
  if (y < 0 || x < 0 || y >= frame.rows || x >= frame.cols) return null;
  const at = (y * frame.cols + x) * frame.samples;
  return {values: [...frame.data.subarray(at, at + frame.samples)], exact: frame.step === 1};
}
