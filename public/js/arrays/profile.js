/** The values of a picture along a line: as a chart, and for the table beside it. */

import {narrow, readNumber, wordsBetween} from "../viewer/numbers.js";

/** The line is measured again at most this often, ms; less often where the server has to be asked. */
const EVERY = 250;
const ASK_EVERY = 1000;

/** Values along a line, at most. */
const MOST = 4096;

/**
 * The values of the pixels that a line passes, as the server finds them (dashboard/pixels/profile.go): a value a pixel along the
 * longer side, both ends included; ends beyond the picture are moved to its edge.
 *
 * @param {number[][]} line its ends, [[x, y], [x, y]] in pixels, (0, 0) being the outer corner of the first
 * @param {number[]} shape rows and columns
 * @param {function(number, number): (number|undefined)} valueOf of a row and a column; undefined where it is not known
 * @param {number[]} [scale] how far a pixel goes down and right
 * @returns {?{distance: number[], value: number[]}} null if a value is not known
 */
export function alongLine(line, [rows, cols], valueOf, scale = [1, 1]) {
  const [[x0, y0], [x1, y1]] = endsWithin(line, [rows, cols]);
  const length = Math.hypot((y1 - y0) * scale[0], (x1 - x0) * scale[1]);
  const count = Math.min(1 + Math.ceil(Math.max(Math.abs(y1 - y0), Math.abs(x1 - x0))), MOST);
  const distance = [];
  const value = [];
  for (let i = 0; i < count; i++) {
    const part = count > 1 ? i / (count - 1) : 0;
    const here = valueOf(Math.round(y0 + (y1 - y0) * part), Math.round(x0 + (x1 - x0) * part));
    if (here === undefined) return null;
    distance.push(length * part);
    value.push(here);
  }
  return {distance, value};
}

/** The ends of a line with whole numbers at the centres of pixels, and within the picture. */
export function endsWithin(line, [rows, cols]) {
  return line.map(([x, y]) => [Math.min(Math.max(x - 0.5, 0), cols - 1), Math.min(Math.max(y - 0.5, 0), rows - 1)]);
}

// A whole number that has no room in a Number may come as a text.
function valueFrom(value) {
  if (typeof value === "string") return readNumber(value);
  return typeof value === "number" || typeof value === "bigint" ? value : NaN;
}

/**
 * Values as a curve: those that differ by little compared with their size, and those that a Number has not the digits for, are
 * counted from the least of them, so that ticks and digits suffice.
 *
 * @param {(number|bigint)[]} value NaN where there is none
 * @returns {{from: (number|bigint), y: number[], wordOf: function(number): string}} value is from + y; wordOf(y) says it in words
 */
export function curveOf(value) {
  const [least, most] = endsOf(value);
  const from = least <= most && least !== most && (typeof least === "bigint" || typeof most === "bigint" || narrow(least, most) && Math.abs(least) > 1) ? least : 0;
  const word = wordsBetween(least, most, 8);
  if (typeof from !== "bigint") return {from, y: value.map(v => Number(v) - from), wordOf: y => word(from + y)};
  const away = v => typeof v === "bigint" ? Number(v - from) : Number.isInteger(v) ? Number(BigInt(v) - from) : v - Number(from);
  return {from, y: value.map(away), wordOf: y => word(from + BigInt(Math.round(y)))};
}

/** The least and the greatest of values, of which some may be no numbers. */
export function endsOf(values) {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

export class Profile {
  #source;
  #line = null;
  #plot = null; // {element, chart}
  #data = null;
  #due = 0;
  #at = -Infinity;
  #asking = false;
  #gone = false;

  /**
   * @param {object} source `values(line)` what the server would answer, or null; `fetch(line)`, a promise of what it answers: `{distance, value, unit,
   * value_unit}`, unit that of the distances;
   * `element()` where to draw, or null; `shown(data)` is called with what is drawn
   */
  constructor(source) {
    this.#source = source;
  }

  /** Sets the line, null for none. */
  set(line) {
    this.#line = line;
    this.#data = null;
    if (line) this.again();
    else this.#close();
  }

  /** Measures again, soon. */
  again() {
    if (!this.#line || this.#due !== 0) return;
    this.#due = setTimeout(() => {
      this.#due = 0;
      this.#measure();
    }, Math.max(this.#at + EVERY - performance.now(), 30));
  }

  /** Draws what was measured, as when there is a new element for it. */
  draw() {
    const element = this.#source.element();
    if (!element || !this.#data || this.#plot?.element === element) return;
    this.#open(element);
  }

  destroy() {
    this.#gone = true;
    clearTimeout(this.#due);
    this.#close();
  }

  #measure() {
    const line = this.#line;
    if (!line || this.#gone) return;
    const now = performance.now();
    const values = this.#source.values(line);
    if (values) {
      this.#at = now;
      this.#show(values);
      return;
    }
    if (this.#asking) return;
    if (now - this.#at < ASK_EVERY && this.#data) {
      this.#due = setTimeout(() => {
        this.#due = 0;
        this.#measure();
      }, this.#at + ASK_EVERY - now);
      return;
    }
    this.#asking = true;
    this.#at = now;
    this.#source.fetch(line).then(answer => {
      if (answer && this.#line && !this.#gone) this.#show(answer);
    }, () => {
      // What was measured last stays.
    }).finally(() => {
      this.#asking = false;
      if (this.#line !== line) this.again();
    });
  }

  #show(answer) {
    const distance = Array.isArray(answer.distance) ? answer.distance : [];
    const value = Array.isArray(answer.value) ? answer.value : [];
    this.#data = {distance, value: value.map(valueFrom), unit: answer.value_unit ?? "", along: answer.unit ?? "px"};
    this.#source.shown(this.#data);
    const element = this.#source.element();
    if (element) this.#open(element);
  }

  async #open(element) {
    if (this.#plot?.element !== element) {
      this.#close();
      const opening = {element, chart: null};
      this.#plot = opening;
      const {plot} = await import("./plot.js");
      if (this.#gone || this.#plot !== opening || !element.isConnected) return;
      opening.chart = plot(element);
    }
    if (!this.#plot?.chart || !this.#data) return;
    const {distance, value, unit, along} = this.#data;
    const {from, y, wordOf} = curveOf(value);
    this.#plot.chart.set({x: distance, y, above: from === 0 ? "" : wordOf(0), wordOf, xName: along, yName: unit ? `value, ${unit}` : "value",
      label: `Profile: ${distance.length} values along the line; the table has them in numbers`});
    this.#source.shown(this.#data);
  }

  #close() {
    this.#plot?.chart?.destroy();
    this.#plot = null;
  }
}
