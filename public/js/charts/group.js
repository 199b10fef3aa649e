/**
 * What all charts of a page have in common: the window of time, whether they run or stand still, the part of the window that
 * is zoomed in on, the reading line, and the beat in which they are drawn.
 */

import {beforePaint} from "../paint.js";
import {ServerTime} from "./time.js";

/** A picture is drawn at most this often, ms: faster costs a lot and shows little, and frames come no faster. */
const FASTEST = 60;
const SLOWEST = 250;

/** How far the right edge of a live picture lies in the past, ms: so the next frame is there before its place is. */
const BEHIND = 120;

/** Without a frame for this long the server cannot be reached; its clock is no longer believed to go on, ms. */
const LOST = 3000;

/** The least that one can zoom in on, ms. */
const LEAST_SPAN = 200;

export class Group {
  #charts = new Set();
  #time = new ServerTime();
  #heardAt = -Infinity; // performance.now() of the last frame
  #timer = 0;
  #beat = false;
  #drawnAt = 0;
  #onChange;
  #gripped = false;

  /** The window of time, ms. */
  windowMs = 0;
  /** Whether the page is paused. */
  paused = false;
  /** The part that is zoomed in on, {from, to} in ms since the epoch, or null. */
  zoom = null;
  /** The right edge while the pictures stand still, ms since the epoch; null while they run. */
  held = null;
  /** The time that is read, ms since the epoch, or null. While the pictures run it follows the pointer instead. */
  cursor = null;

  /** @param {function()} [onChange] called when pause or zoom begin or end */
  constructor(onChange = () => {}) {
    this.#onChange = onChange;
  }

  add(chart) {
    this.#charts.add(chart);
    this.wake();
  }

  remove(chart) {
    this.#charts.delete(chart);
    if (this.#charts.size > 0) return;
    // The next tab begins again; whether the page is paused is the page's to say.
    this.zoom = this.cursor = null;
    this.held = this.paused ? this.edge() : null;
  }

  get size() {
    return this.#charts.size;
  }

  /** Takes the time of a frame, as it arrives. */
  heard(ts) {
    this.#heardAt = performance.now();
    this.#time.witness(ts);
  }

  /** The present right edge, ms since the epoch; null before any frame. */
  edge() {
    if (!this.#time.known) return null;
    const silent = performance.now() - this.#heardAt;
    return this.#time.now() - BEHIND - Math.max(0, silent - LOST);
  }

  /** The times at the left and right edge of the pictures, {from, to}; null before any frame. */
  view() {
    if (this.zoom) return this.zoom;
    const to = this.held ?? this.edge();
    return to === null ? null : {from: to - this.windowMs, to};
  }

  setPaused(paused) {
    if (paused === this.paused) return;
    this.paused = paused;
    this.#hold();
  }

  /** Holds the pictures while somebody drags over one: what is aimed at must not run away. */
  grip(held) {
    if (held === this.#gripped) return;
    this.#gripped = held;
    this.#hold();
  }

  /** Zooms in on a part, or with null back out. It stays within what the window held when the pictures came to stand. */
  setZoom(part) {
    if (part) {
      const edge = this.held ?? this.edge();
      if (edge === null) return;
      const span = Math.min(Math.max(part.to - part.from, LEAST_SPAN), this.windowMs);
      if (span >= this.windowMs) return this.setZoom(null);
      const to = Math.min(Math.max((part.from + part.to) / 2 + span / 2, edge - this.windowMs + span), edge);
      part = {from: to - span, to};
    }
    this.zoom = part;
    this.#hold();
  }

  /** Zooms around a time. */
  zoomBy(factor, around) {
    const view = this.view();
    if (!view) return;
    this.setZoom({from: around - (around - view.from) / factor, to: around + (view.to - around) / factor});
  }

  /** Moves the zoomed part by some of its length. */
  pan(part) {
    if (!this.zoom) return;
    const by = part * (this.zoom.to - this.zoom.from);
    this.setZoom({from: this.zoom.from + by, to: this.zoom.to + by});
  }

  /** Another window of time: the charts that have it begin again. */
  setWindow(windowMs) {
    if (windowMs === this.windowMs) return;
    this.windowMs = windowMs;
    this.zoom = null;
    this.cursor = null;
    // What a longer window held then is not known; a page that is paused shows what is now.
    if (this.held !== null) this.held = this.edge();
    this.#hold();
  }

  setCursor(time) {
    if (time === this.cursor) return;
    this.cursor = time;
    for (const chart of this.#charts) chart.showCursor();
  }

  #hold() {
    const still = this.paused || this.#gripped || this.zoom !== null;
    if (still && this.held === null) {
      this.held = this.edge();
      for (const chart of this.#charts) chart.freeze();
    } else if (!still && this.held !== null) {
      this.held = null;
      for (const chart of this.#charts) chart.thaw();
    }
    for (const chart of this.#charts) chart.dirty = true;
    this.#onChange();
    this.wake(true);
  }

  /** Has the charts drawn when it is time; at once where somebody waits for it. */
  wake(soon = false) {
    if (this.#beat) return;
    if (soon) clearTimeout(this.#timer);
    else if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#beat = true;
      beforePaint(() => {
        this.#beat = false;
        this.#draw();
      });
    }, soon ? 0 : Math.max(0, this.#drawnAt + this.#every() - performance.now()));
  }

  /** A live picture moves on by a column in this time; nothing is seen of being faster. */
  #every() {
    let columns = 1;
    for (const chart of this.#charts) columns = Math.max(columns, chart.columns);
    return Math.min(SLOWEST, Math.max(FASTEST, this.windowMs / columns));
  }

  #draw() {
    this.#drawnAt = performance.now();
    const view = this.view();
    for (const chart of this.#charts) {
      try {
        chart.draw(view, this.#drawnAt);
      } catch (error) {
        reportError(error); // one chart that fails must not take the others along
      }
    }
    // While the pictures stand still only news wakes them.
    if (this.#charts.size > 0 && this.held === null && !document.hidden) this.wake();
  }
}
