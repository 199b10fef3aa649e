/**
 * The histogram of a picture's values, with two thumbs for the limits between which its colours lie. The thumbs are sliders for
 * the keyboard and for screen readers; the bars stand in a table as well.
 */

import {barsOf} from "./contrast.js";
import {h, say} from "../dom.js";
import {wordsBetween} from "../viewer/numbers.js";

/** Room beside the bars for the thumbs, CSS pixels. */
const SIDE = 8;

/** Height of the strip of colours under the bars, CSS pixels. */
const STRIP = 8;

/** Rows of the table. */
const ROWS = 16;

export class Histogram {
  element;
  #canvas;
  #thumbs;
  #table;
  #changed;
  #state = {counts: null, limits: [0, 1], range: [0, 1], log: false, table: null, whole: false, valueOf: n => n};
  #size = {width: 0, height: 0};
  #request = 0;
  #observer;
  #themed = () => this.#schedule();

  /** @param {function(number[], boolean)} changed called with new limits, and whether the hand is done */
  constructor(changed) {
    this.#changed = changed;
    this.#canvas = h("canvas", {"aria-hidden": "true"});
    this.#thumbs = [0, 1].map(side => this.#thumb(side));
    this.#table = h("tbody");
    this.element = h("div", {class: "arrays-histogram"},
      h("div", {class: "arrays-bars"}, this.#canvas, ...this.#thumbs),
      h("details", {class: "disclosure", ontoggle: () => this.#rows()}, h("summary", {}, "Histogram as a table"),
        h("div", {class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Histogram"},
          h("table", {class: "table"}, h("thead", {}, h("tr", {}, h("th", {scope: "col", class: "numeric"}, "from"), h("th", {scope: "col", class: "numeric"}, "to"),
            h("th", {scope: "col", class: "numeric"}, "values"))), this.#table))));
    this.#observer = new ResizeObserver(([entry]) => {
      this.#size = {width: entry.contentRect.width, height: entry.contentRect.height};
      this.#schedule();
    });
    this.#observer.observe(this.#canvas);
    document.addEventListener("themechange", this.#themed);
  }

  /**
   * Shows.
   *
   * @param {object} state `{counts, limits, gamma, log, table, whole, valueOf}`: counts as from countValues or null, limits counted
   * from its base, table the colours of lut.js, whole whether values are whole numbers, valueOf(n) the value that n from the base is
   */
  set(state) {
    this.#state = {...this.#state, ...state};
    const {counts, limits} = this.#state;
    // What is drawn reaches from the lowest to the highest of values and limits; not while a thumb is held, or it would run away.
    if (!this.#thumbs.some(thumb => thumb.dataset.held)) {
      const some = counts && counts.count > 0;
      const low = some ? Math.min(counts.low, limits[0]) : limits[0];
      const high = some ? Math.max(counts.high, limits[1]) : limits[1];
      this.#state.range = high > low ? [low, high] : [low, low + 1];
    }
    this.#schedule();
  }

  destroy() {
    cancelAnimationFrame(this.#request);
    this.#observer.disconnect();
    document.removeEventListener("themechange", this.#themed);
  }

  #schedule() {
    if (this.#request === 0) this.#request = requestAnimationFrame(() => {
      this.#request = 0;
      this.#draw();
    });
  }

  #draw() {
    const {width, height} = this.#size;
    const {counts, limits, range, log, table} = this.#state;
    this.#thumbs.forEach((thumb, side) => {
      thumb.style.left = `${this.#place(limits[side])}px`;
      const others = side === 0 ? [range[0], limits[1]] : [limits[0], range[1]];
      thumb.setAttribute("aria-valuemin", this.#word(others[0]));
      thumb.setAttribute("aria-valuemax", this.#word(others[1]));
      thumb.setAttribute("aria-valuenow", this.#word(limits[side]));
    });
    this.#rows();
    if (!(width > 0 && height > 0)) return;
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const context = this.#canvas.getContext("2d");
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.#canvas);
    const room = width - 2 * SIDE;
    const floor = height - STRIP - 2;
    if (counts && counts.count > 0 && room > 0) {
      const bars = barsOf(counts, range[0], range[1] + (counts.width === 1 && counts.bins.length > 1 ? 1 : 0), Math.min(128, Math.max(Math.floor(room / 2), 8)));
      const tall = n => log ? Math.log1p(n) : n;
      let most = 0;
      for (const bar of bars) most = Math.max(most, tall(bar));
      context.fillStyle = style.getPropertyValue("--icon") || "#ccc";
      const each = room / bars.length;
      bars.forEach((bar, i) => {
        const size = most > 0 ? tall(bar) / most * (floor - 4) : 0;
        if (size > 0) context.fillRect(SIDE + i * each, floor - Math.max(size, 0.5), Math.max(each - 0.5, 0.5), Math.max(size, 0.5));
      });
    }
    // The colours as the limits lay them over the values.
    if (table && room > 0) {
      for (let x = 0; x < room; x++) {
        const value = range[0] + (x + 0.5) / room * (range[1] - range[0]);
        const share = Math.min(Math.max((value - limits[0]) / (limits[1] - limits[0]), 0), 1) ** this.#gamma;
        const at = Math.round(share * 255) * 4;
        context.fillStyle = `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]})`;
        context.fillRect(SIDE + x, height - STRIP, 1.5, STRIP);
      }
    }
    context.fillStyle = style.getPropertyValue("--panel");
    context.globalAlpha = 0.6;
    const [low, high] = limits.map(value => this.#place(value));
    context.fillRect(SIDE, 0, Math.max(low - SIDE, 0), floor);
    context.fillRect(high, 0, Math.max(width - SIDE - high, 0), floor);
    context.globalAlpha = 1;
  }

  get #gamma() {
    return this.#state.gamma ?? 1;
  }

  // A value in words, in at least so many digits, and as many as tell it from the others.
  #word(n, digits = 8) {
    const {valueOf, range} = this.#state;
    return wordsBetween(valueOf(range[0]), valueOf(range[1]), digits)(valueOf(n));
  }

  #place(value) {
    const {range} = this.#state;
    const share = Math.min(Math.max((value - range[0]) / (range[1] - range[0]), 0), 1);
    return SIDE + share * Math.max(this.#size.width - 2 * SIDE, 0);
  }

  #rows() {
    if (!this.element?.querySelector("details").open) return;
    const {counts, range} = this.#state;
    const bars = counts ? barsOf(counts, range[0], range[1] + (counts.width === 1 ? 1 : 0), ROWS) : [];
    const each = (range[1] - range[0]) / ROWS;
    while (this.#table.rows.length < bars.length) {
      this.#table.append(h("tr", {}, ...[0, 1, 2].map(() => h("td", {class: "numeric"}))));
    }
    bars.forEach((bar, i) => {
      const {cells} = this.#table.rows[i];
      say(cells[0], this.#word(range[0] + i * each, 5));
      say(cells[1], this.#word(range[0] + (i + 1) * each, 5));
      say(cells[2], String(Math.round(bar)));
    });
  }

  #thumb(side) {
    const thumb = h("button", {type: "button", class: "arrays-thumb", role: "slider", "aria-label": side === 0 ? "Lower limit" : "Upper limit",
      "aria-orientation": "horizontal", "data-side": side});
    const move = (value, done) => {
      const {limits, whole} = this.#state;
      const next = [...limits];
      const least = whole ? 1 : Math.max((this.#state.range[1] - this.#state.range[0]) / 1e4, Number.MIN_VALUE);
      const rounded = whole ? Math.round(value) : value;
      next[side] = side === 0 ? Math.min(rounded, limits[1] - least) : Math.max(rounded, limits[0] + least);
      this.#changed(next, done);
    };
    thumb.addEventListener("pointerdown", event => {
      thumb.dataset.held = "true";
      thumb.setPointerCapture(event.pointerId);
      event.preventDefault();
      thumb.focus();
    });
    thumb.addEventListener("pointermove", event => {
      if (!thumb.dataset.held) return;
      const box = this.#canvas.getBoundingClientRect();
      const {range} = this.#state;
      const share = (event.clientX - box.left - SIDE) / Math.max(box.width - 2 * SIDE, 1);
      move(range[0] + Math.min(Math.max(share, 0), 1) * (range[1] - range[0]), false);
    });
    const release = () => {
      if (!thumb.dataset.held) return;
      delete thumb.dataset.held;
      move(this.#state.limits[side], true);
    };
    thumb.addEventListener("pointerup", release);
    thumb.addEventListener("pointercancel", release);
    thumb.addEventListener("keydown", event => {
      const {range, limits, whole} = this.#state;
      const step = whole ? Math.max(Math.round((range[1] - range[0]) / 200), 1) : (range[1] - range[0]) / 200;
      const by = {ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -10 * step, PageUp: 10 * step}[event.key];
      const value = event.key === "Home" ? range[0] : event.key === "End" ? range[1] : by === undefined ? null : limits[side] + by;
      if (value === null) return;
      event.preventDefault();
      move(value, true);
    });
    return thumb;
  }
}
