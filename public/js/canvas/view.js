/** The page of napari's canvas: brings together pictures, hands and words (index.js says what is on the page). */

import {withChoice} from "../choice.js";
import {h, say} from "../dom.js";
import {Full} from "../models/full.js";
import {Pace} from "../pace.js";
import {exactly} from "../picture/exactly.js";
import {announce, Feeds} from "../picture/feeds.js";
import {Says} from "../picture/says.js";
import {isShortcut} from "../picture/screen.js";
import {Timers} from "../picture/timers.js";
import {BUTTON_ZOOM, listen} from "../viewer/input.js";
import {Draw} from "./draw.js";
import {Hands, modsOf, notchesOf} from "./hands.js";
import {Lag} from "./lag.js";
import {Picture} from "./picture.js";
import {clamped, shareOf, sizeFor, within} from "./place.js";
import {Prediction} from "./prediction.js";
import {drawerOf, figuresOf, readDraw, sentenceOf} from "./words.js";

/** Another size is asked for at most this often, ms. */
const ASK_EVERY = 250;

/** Numbers are written this often, the picture in words this often, ms. */
const WRITE_EVERY = 500;
const TELL_EVERY = 2000;

/** Ms for which the page says that something was copied. */
const SAID_FOR = 2000;

const NOTES = {empty: "Waiting for napari to draw.", paused: "Paused", live: "", stale: ""};

export class CanvasView {
  #root;
  #page;
  #stage;
  #surface;
  #source;
  #locked;
  #aborter = new AbortController();
  #timers = new Timers();
  #feeds;
  #picture;
  #hands;
  #prediction = new Prediction();
  #lag = new Lag();
  #pace = new Pace();
  #draw;
  #full;
  #observer;
  #writing;

  #id; // of this page, as pictures name it
  #size = {width: 0, height: 0, ratio: 1}; // of the surface, device pixels
  #state = null; // what napari says of its canvas
  #drawer = null; // who draws
  #newest = null; // a frame that is not painted yet
  #last = null; // the one that is
  #says;
  #frames = 0;
  #topic = "";
  #paused = false;
  #stale = false;
  #due = false;
  #colours = null;

  constructor(root, page) {
    this.#root = root;
    this.#page = page;
    this.#stage = root.closest("[data-canvas-stage]") ?? root;
    this.#surface = root.querySelector("[data-canvas-surface]");
    if (!this.#surface) throw new Error("show the canvas: the root element lacks its canvas, data-canvas-surface");
    this.#source = root.dataset.source ?? "";
    this.#locked = root.dataset.locked ?? "";
    this.#id = randomPage();
    this.#feeds = new Feeds(root, page.onFrame);
    this.#picture = new Picture(this.#surface);
    this.#says = new Says(root);
    this.#hands = new Hands({source: this.#source, page: this.#id, send: page.send});
    const {signal} = this.#aborter;
    this.#draw = new Draw(this.#surface, {
      signal, source: this.#source, page: this.#id, send: page.send,
      did: event => this.#did(event),
      wheel: (event, x, y) => {
        const at = this.#share(x, y);
        if (at) this.#did({do: "wheel", ...clamped(at), ...notchesOf(event), mods: modsOf(event)});
      },
      changed: () => this.#showDrawer(),
    });
    this.#full = new Full(this.#stage, signal, full => this.#press("full", full), "canvas-full", "data-canvas-action");
    this.#listen(signal);
    this.#observer = this.#watchSize();
    this.#writing = setInterval(() => this.#write(), WRITE_EVERY);
    this.#wantWords();
    this.#showState();
    if (new URLSearchParams(location.search).get("full") === "1") this.#full.toggleWindow();
    root.canvas = this;
  }

  // ---- what the page asks of it

  setPaused(paused) {
    this.#paused = paused;
    if (paused) this.#draw.stop();
    this.#showState();
    this.#redraw();
  }

  setStale(stale) {
    this.#stale = stale;
    if (stale) this.#prediction.clear();
    if (this.#locked === "") {
      for (const button of this.#stage.querySelectorAll("[data-canvas-steers]")) button.disabled = stale;
    }
    this.#redraw();
    this.#showState();
  }

  destroy() {
    this.#draw.stop();
    if (this.#full.on) this.#full.toggle();
    this.#aborter.abort();
    this.#observer.disconnect();
    clearInterval(this.#writing);
    this.#timers.clear();
    this.#feeds.destroy();
    this.#says.destroy();
    delete this.#root.canvas;
  }

  /** Figures for tests and the curious. */
  stats() {
    return {page: this.#id, frames: this.#frames, rect: this.#picture.rect, size: {...this.#size}, picture: this.#picture.size, topics: this.#feeds.topics,
      move: this.#prediction.at(performance.now()), lag: this.#lag.figures, rate: this.#pace.rate, state: this.#state, draw: this.#drawer, drawing: this.#draw.on};
  }

  /** Where on napari's canvas a place of the window is, in shares of it; null outside, in a grid, and while this browser draws. */
  placeOf(x, y) {
    const box = this.#surface.getBoundingClientRect();
    const at = this.#draw.on || this.#state?.grid ? null : this.#share(x - box.left, y - box.top);
    return at && within(at) ? [at.x, at.y] : null;
  }

  // ---- hands

  /** Whether what hands do goes to napari now. */
  get #may() {
    return this.#locked === "" && !this.#paused && !this.#stale && this.#picture.has && this.#topic !== "";
  }

  get #solid() {
    return this.#state?.ndisplay === 3;
  }

  #listen(signal) {
    const pan = (dx, dy) => this.#did({do: "pan", dx, dy});
    const shares = (dx, dy) => {
      const {rect} = this.#picture;
      return rect ? [dx * this.#size.ratio / rect.width, dy * this.#size.ratio / rect.height] : [0, 0];
    };
    const zoomAt = (x, y, by) => {
      const at = this.#share(x, y);
      if (at) this.#did({do: "zoom", ...clamped(at), by});
    };
    listen(this.#surface, {
      pan: (dx, dy, by) => {
        const [x, y] = shares(dx, dy);
        if (this.#solid && by.button === 0 && !by.shift) this.#did({do: "rotate", dx: x, dy: y});
        else pan(x, y);
      },
      pinch: (from, to) => {
        const apart = f => Math.max(Math.hypot(f.ax - f.bx, f.ay - f.by), 1);
        zoomAt((from.ax + from.bx) / 2, (from.ay + from.by) / 2, apart(to) / apart(from));
        pan(...shares((to.ax + to.bx - from.ax - from.bx) / 2, (to.ay + to.by - from.ay - from.by) / 2));
      },
      zoomAt,
      zoomTo: zoomAt,
      zoomBy: by => this.#did({do: "zoom", x: 0.5, y: 0.5, by}),
      step: (dx, dy) => pan(-dx, -dy),
      fit: () => this.#did({do: "reset"}),
      follow: () => {},
      grid: () => {},
      point: (x, y, held) => this.#point(x, y, held),
      leave: () => this.#did({do: "leave"}),
      rights: () => true,
      presses: () => this.#draw.on,
      draws: event => this.#draw.on && this.#may && within(this.#share(...placeIn(this.#surface, event)) ?? {x: -1, y: -1}),
      draw: (phase, x, y, event) => {
        const at = this.#share(x, y);
        if (at) this.#draw.press(phase, clamped(at), event);
      },
    }, signal);
    this.#stage.addEventListener("click", event => {
      const button = event.target instanceof Element && event.target.closest("[data-canvas-action]");
      if (button && !button.disabled) this.#act(button.dataset.canvasAction);
    }, {signal});
    const doc = this.#root.ownerDocument;
    // The layers stand beside the picture.
    doc.addEventListener("click", event => {
      const button = event.target instanceof Element && event.target.closest("[data-canvas-layer]");
      if (button && !button.disabled) this.#choose(button);
    }, {signal});
    doc.addEventListener("keydown", event => this.#shortcut(event), {signal});
    doc.addEventListener("visibilitychange", () => {
      if (doc.hidden) this.#draw.stop();
      this.#ask();
    }, {signal});
    const themed = () => {
      this.#colours = null;
      this.#redraw();
    };
    doc.addEventListener("themechange", themed, {signal});
    this.#root.addEventListener("redraw", () => this.#redraw(), {signal});
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed, {signal});
  }

  #act(action) {
    switch (action) {
      case "zoom-in": return this.#did({do: "zoom", x: 0.5, y: 0.5, by: BUTTON_ZOOM});
      case "zoom-out": return this.#did({do: "zoom", x: 0.5, y: 0.5, by: 1 / BUTTON_ZOOM});
      case "reset": return this.#did({do: "reset"});
      case "draw": return this.#toggleDraw();
      case "png": return this.#png();
      case "link": return this.#copy();
      case "full": return this.#full.toggle();
      default: return undefined;
    }
  }

  // The file is exact, whatever is shown.
  async #png() {
    try {
      await exactly(() => this.#last ? [this.#last] : [], {paused: this.#paused, say: text => say(this.#stage.querySelector("[data-canvas-said]"), text)});
      this.#page.save(await this.#picture.toPNG(), `napari-canvas-${this.#page.stamp(new Date())}.png`);
    } catch (error) {
      this.#said(error.message);
    }
  }

  #toggleDraw() {
    if (this.#locked || ((this.#paused || this.#stale) && !this.#draw.wanted)) return;
    this.#draw.toggle();
    if (this.#draw.wanted) this.#surface.focus();
  }

  // One layer alone is selected, because napari draws on no more than one.
  async #choose(chosen) {
    const others = [...chosen.parentElement.querySelectorAll("[data-canvas-selected]")].filter(button => button !== chosen);
    if ("canvasSelected" in chosen.dataset && others.length === 0) return; // choosing it again would end its mode
    try {
      for (const [button, on] of [[chosen, "true"], ...others.map(other => [other, "false"])]) {
        await this.#page.post(button.dataset.canvasPost, new URLSearchParams({csrf: this.#root.ownerDocument.body.dataset.csrf ?? "", [button.dataset.canvasLayer]: on}));
      }
    } catch (error) {
      this.#said(error.message);
    }
  }

  #shortcut(event) {
    if (!isShortcut(event)) return;
    if (event.key === "k") this.#full.toggle();
    else if (event.key === "d") this.#toggleDraw();
    else if (event.key === "Escape" && this.#full.inWindow) this.#full.toggleWindow();
    else return;
    event.preventDefault();
  }

  #share(x, y) {
    const {rect} = this.#picture;
    return rect ? shareOf(rect, this.#size.ratio, x, y) : null;
  }

  #point(x, y, held) {
    if (held) return; // a drag is told as what it does
    const at = this.#share(x, y);
    if (at && within(at)) this.#did({do: "point", ...at});
  }

  // Something is done; the next animation frame sends it.
  #did(event) {
    if (!this.#may) return;
    const now = performance.now();
    this.#hands.did(event, now);
    // In a grid each layer moves in its own place.
    if (!this.#state?.grid) this.#prediction.did(this.#hands.next, event, now);
    this.#redraw();
  }

  // ---- pictures

  #wantWords() {
    const {canvasState, canvasPeople} = this.#root.dataset;
    if (canvasState) this.#feeds.want("state", canvasState, frame => this.#takeState(frame));
    if (canvasPeople) this.#feeds.want("people", canvasPeople, frame => this.#takePeople(frame));
    announce();
  }

  // Asks for as many pixels as there is room for.
  #ask() {
    const {canvasTopic} = this.#root.dataset;
    const room = this.#size.width > 0 && !this.#root.ownerDocument.hidden;
    // A picture that is held still stays, and so must what it came from.
    if (this.#paused && this.#topic) return;
    const topic = canvasTopic && room ? `${canvasTopic}/${sizeFor(this.#size)}` : "";
    this.#topic = topic;
    if (this.#feeds.want("picture", topic, frame => this.#take(frame))) announce();
  }

  #take(frame) {
    if (!frame.data) return;
    this.#newest = frame;
    this.#pace.came(frame.ts);
    if (!this.#paused) this.#redraw(true);
  }

  // One picture and one message an animation frame at most. What comes from the socket comes just before one: it is painted in that.
  #redraw(now = false) {
    if (now) {
      queueMicrotask(() => this.#paint());
      return;
    }
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#paint();
    });
  }

  #paint() {
    if (this.#aborter.signal.aborted) return;
    const sent = this.#hands.flush();
    if (sent?.seen) this.#lag.sent(sent.n, sent.at);
    const frame = this.#paused ? null : this.#newest;
    if (frame) {
      this.#newest = null;
      if (this.#picture.take(frame)) this.#shown(frame);
    }
    const now = performance.now();
    const move = this.#prediction.at(now);
    this.#picture.paint(move, this.#colours ??= this.#readColours());
    this.#placeDrawer();
    // What napari never answers is forgotten, and the picture goes back.
    const {until} = this.#prediction;
    if (until !== null) this.#timers.rest("forget", Math.max(until - now, 0) + 20, () => this.#redraw());
  }

  #shown(frame) {
    this.#last = frame;
    this.#says.drawn(() => [frame]);
    this.#frames++;
    this.#root.dataset.frames = String(this.#frames);
    const applied = frame.hands?.[this.#id];
    if (Number.isSafeInteger(applied)) {
      this.#prediction.shown(applied);
      this.#page.afterPaint(() => this.#lag.shown(applied, performance.now()));
    }
    this.#pace.painted();
    this.#showState();
  }

  #readColours() {
    const style = getComputedStyle(this.#root);
    const of = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    return {ground: of("--background", "rgb(35 36 43)"), canvas: of("--canvas", "black")};
  }

  #watchSize() {
    const observer = new ResizeObserver(entries => {
      const entry = entries[entries.length - 1];
      const {width, height} = entry.contentRect;
      const exact = entry.devicePixelContentBoxSize?.[0];
      const size = exact ? {width: exact.inlineSize, height: exact.blockSize} : {width: width * devicePixelRatio, height: height * devicePixelRatio};
      this.#size = {...size, ratio: width > 0 ? size.width / width : 1};
      this.#picture.resize(size);
      this.#paint(); // a canvas that gets another size is empty
      this.#timers.once("ask", this.#topic ? ASK_EVERY : 0, () => this.#ask());
    });
    try {
      observer.observe(this.#surface, {box: "device-pixel-content-box"});
    } catch {
      observer.observe(this.#surface); // Safari knows no such box
    }
    return observer;
  }

  // ---- words

  #takeState(frame) {
    const before = this.#state;
    this.#state = frame;
    if (this.#drawer && (before?.layer !== frame.layer || before?.mode !== frame.mode)) this.#showDrawer();
    say(this.#stage.querySelector("[data-canvas-status]"), frame.why ? "" : frame.status ?? "");
    this.#timers.once("tell", TELL_EVERY, () => this.#tell());
    if (!this.#root.querySelector("[data-canvas-text]")?.textContent) this.#tell();
  }

  #takePeople(frame) {
    this.#drawer = readDraw(frame.draw);
    this.#draw.told(this.#drawer);
    this.#showDrawer();
    this.#tell();
  }

  #tell() {
    say(this.#root.querySelector("[data-canvas-text]"), sentenceOf(this.#state, drawerOf(this.#drawer, this.#id)));
  }

  #showState() {
    const name = this.#paused ? "paused" : this.#stale ? "stale" : this.#picture.has ? "live" : "empty";
    if (this.#root.dataset.state === name) return;
    this.#root.dataset.state = name;
    const note = this.#root.querySelector("[data-canvas-note]");
    say(note, NOTES[name]);
    if (note) note.hidden = NOTES[name] === "";
  }

  #showDrawer() {
    const element = this.#root.querySelector("[data-canvas-drawer]");
    const words = drawerOf(this.#drawer, this.#id, this.#state);
    if (element) {
      element.hidden = words === "";
      say(element.querySelector(".canvas-drawer-name"), words);
      if (this.#drawer) element.dataset.person = String(this.#drawer.colour % 12);
    }
    this.#root.toggleAttribute("data-drawing", this.#draw.on);
    for (const button of this.#stage.querySelectorAll("[data-canvas-action=draw]")) {
      button.setAttribute("aria-pressed", String(this.#draw.wanted));
      say(button, this.#draw.wanted && !this.#draw.on ? "Waiting" : "Draw");
    }
    this.#redraw();
  }

  // The frame of who draws lies around the picture.
  #placeDrawer() {
    const element = this.#root.querySelector("[data-canvas-drawer]");
    const {rect} = this.#picture;
    if (!element || element.hidden || !rect) return;
    const {ratio} = this.#size;
    for (const [key, value] of [["left", rect.x], ["top", rect.y], ["width", rect.width], ["height", rect.height]]) element.style[key] = `${value / ratio}px`;
  }

  #write() {
    if (this.#paused) return;
    const figures = figuresOf(this.#lag.figures, this.#picture.has ? this.#pace.rate : null);
    for (const element of this.#stage.querySelectorAll("[data-canvas-stat]")) say(element, figures[element.dataset.canvasStat] ?? "");
  }

  #press(action, on) {
    for (const button of this.#stage.querySelectorAll(`[data-canvas-action=${action}]`)) button.setAttribute("aria-pressed", String(on));
  }

  async #copy() {
    const link = withChoice(location.href);
    try {
      await navigator.clipboard.writeText(link);
      this.#said("Copied");
    } catch {
      // Without a secure context there is no clipboard: it is there to be copied by hand.
      const place = this.#stage.querySelector("[data-canvas-said]");
      const field = h("input", {type: "text", readonly: true, "aria-label": "The link", class: "canvas-link"});
      field.value = link;
      place?.replaceChildren(field);
      field.select();
    }
  }

  #said(text) {
    say(this.#stage.querySelector("[data-canvas-said]"), text);
    this.#timers.rest("said", SAID_FOR, () => say(this.#stage.querySelector("[data-canvas-said]"), ""));
  }
}

function placeIn(surface, event) {
  const box = surface.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

// Eight hex digits that no other page has.
function randomPage() {
  return crypto.getRandomValues(new Uint32Array(1))[0].toString(16).padStart(8, "0");
}
