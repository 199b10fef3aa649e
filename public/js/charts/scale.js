/**
 * The range of a vertical axis. It begins and ends at round numbers and does not jump about: it grows at once, and shrinks only
 * when the values have stayed well below for a while.
 */

/** How long values must stay below part of the range before it shrinks, ms. */
const PATIENCE = 3000;
const PART = 0.55;

/** Lengths of time between the ticks of a horizontal axis, ms. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000];

/** Room that the time at a tick needs, CSS pixels. */
const LABEL = 88;

/** Room left above the highest value, as part of it. */
const HEAD = 0.02;

/** How far from 0 an axis goes, and how near: what is drawn is a difference, or a part, of what stands here, and still a number. */
const FARTHEST = 1e307;
const NEAREST = 1e-300;

/** The least that an axis spans, as part of its values: below it ticks would be the same number. */
const FINEST = 1e-12;

/** The times of the ticks between two times on an axis so many CSS pixels wide: round ones, whose labels fit. */
export function ticks(from, to, pixels) {
  const least = ((to - from) * LABEL) / Math.max(LABEL, pixels);
  const step = STEPS.find(one => one >= least) ?? STEPS[STEPS.length - 1];
  const edge = ((to - from) * LABEL * 0.35) / Math.max(1, pixels); // half a label must not be cut off
  const list = [];
  for (let t = Math.ceil((from + edge) / step) * step; t <= to - edge; t += step) list.push(t);
  return list;
}

/** The round number at or above x: 1, 2, 2.5 or 5 times a power of ten; of bytes, times a power of 1024. */
export function nice(x, unit) {
  if (!(x > 0 && x < Infinity)) return 1;
  let base = 1;
  if (unit === "B") {
    while (x >= 1024 * base) base *= 1024;
    // Within one power of 1024: 1, 2, 4, ... so that ticks are round in the unit.
    return base * 2 ** Math.ceil(Math.log2(x / base) - 1e-9);
  }
  const power = 10 ** Math.floor(Math.log10(x) + 1e-9);
  for (const step of [1, 2, 2.5, 5, 10]) {
    if (x <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

/**
 * The range of round numbers around some values.
 *
 * @param {number} low
 * @param {number} high Infinity and -Infinity where there are no values
 * @param {object} options zero: begin at zero; atLeast: how far up at least; unit; log
 * @returns {{min: number, max: number, interval: number}} interval is 0 for a logarithmic axis
 */
export function range(low, high, {zero = false, atLeast = 0, unit = "", log = false} = {}) {
  if (!(low <= high)) [low, high] = log ? [1, 10] : [0, atLeast > 0 ? 0 : 1];
  [low, high] = [low, high].map(x => Math.min(Math.max(x, -FARTHEST), FARTHEST));
  if (log) {
    [low, high] = [low, high].map(x => Math.max(x, NEAREST));
    const min = 10 ** Math.floor(Math.log10(low) + 1e-9);
    const max = 10 ** Math.ceil(Math.log10(high) - 1e-9);
    return {min, max: max > min ? max : min * 10, interval: 0};
  }
  if (zero) low = Math.min(0, low);
  high = Math.max(high + (zero && high > 0 ? HEAD * high : 0), atLeast);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (!(high - low > Math.max(size * FINEST, NEAREST))) {
    const around = size > NEAREST ? size * 0.1 : 1;
    low -= around;
    high += around;
  }
  const interval = nice((high - low) / 4, unit);
  const min = Math.floor(low / interval + 1e-9) * interval;
  const max = Math.ceil(high / interval - 1e-9) * interval;
  return {min, max, interval};
}

/** An axis that follows its values without jumping about. */
export class Scale {
  #options;
  #now = null;
  #smallSince = 0;

  /** @param {object} options as for range */
  constructor(options) {
    this.#options = options;
  }

  /** Forgets what it was, as for another window. */
  reset() {
    this.#now = null;
  }

  /**
   * @param {number} low lowest and
   * @param {number} high highest value shown
   * @param {number} time ms, of any clock
   */
  follow(low, high, time) {
    const wanted = range(low, high, this.#options);
    const now = this.#now;
    if (!now || wanted.min < now.min || wanted.max > now.max || (now.interval === 0) !== (wanted.interval === 0)) {
      this.#smallSince = time;
      this.#now = now ? range(Math.min(low, now.min), Math.max(high, now.max), this.#options) : wanted;
      return this.#now;
    }
    if (wanted.max - wanted.min > PART * (now.max - now.min)) {
      this.#smallSince = time;
    } else if (time - this.#smallSince > PATIENCE) {
      this.#smallSince = time;
      this.#now = wanted;
    }
    return this.#now;
  }
}
