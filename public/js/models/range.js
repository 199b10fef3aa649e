/** The range of a density's colours, and what its values are like. Pure, no DOM. */

/** Time constants with which a range grows and shrinks, ms: soon what is new is seen, and late what has gone is missed. */
const GROW = 120;
const SHRINK = 900;

/** After a rest of this long the range is that of the picture at once, ms. */
const REST = 600;

/**
 * Measures a picture.
 *
 * @param {ArrayLike<number>} data
 * @param {object} [out] is filled and returned, so that nothing is made for a picture
 * @returns {{low: number, high: number, sum: number, count: number, missing: number}} least and most (NaN where no value is a number), sum and
 * how many there are of those that are numbers, and how many are none
 */
export function measure(data, out = {}) {
  let low = Infinity;
  let high = -Infinity;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value - value !== 0) continue; // infinite, or no number
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
    count++;
  }
  out.low = count > 0 ? low : NaN;
  out.high = count > 0 ? high : NaN;
  out.sum = sum;
  out.count = count;
  out.missing = data.length - count;
  return out;
}

/** A range that follows the pictures' own without flickering with each of them. */
export class AutoRange {
  low = NaN;
  high = NaN;
  #at = -Infinity;

  /**
   * Takes the least and the most of a picture.
   *
   * @param {number} now ms
   * @param {boolean} [atOnce] without delay, where there is no next picture to wait for
   */
  take(low, high, now, atOnce = false) {
    if (!(low <= high)) return;
    const elapsed = now - this.#at;
    this.#at = now;
    if (atOnce || !(elapsed < REST) || !(this.low <= this.high)) {
      this.low = low;
      this.high = high;
      return;
    }
    const towards = (from, to, grows) => from + (to - from) * (1 - Math.exp(-elapsed / (grows ? GROW : SHRINK)));
    this.low = towards(this.low, low, low < this.low);
    this.high = towards(this.high, high, high > this.high);
  }

  /** Forgets what was. */
  clear() {
    this.low = this.high = NaN;
    this.#at = -Infinity;
  }
}

/**
 * The limits of the colours.
 *
 * @param {{mode: string, limits: ?number[]}} view
 * @param {AutoRange} range
 * @returns {number[]} low and high, never the same
 */
export function limitsOf({mode, limits}, range) {
  if (mode === "manual" && limits) return limits;
  const low = mode === "zero" ? Math.min(0, Number.isFinite(range.low) ? range.low : 0) : range.low;
  const high = range.high;
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  // An even field has nothing to stretch: rounding errors would become a pattern.
  const least = Math.max(Math.abs(high), Math.abs(low)) * 1e-6 || 1;
  return high - low >= least ? [low, high] : [Math.min(low, high - least / 2), Math.max(high, low + least / 2)];
}
