/**
 * What the values of a picture are like: least and most, how many there are of each, and limits made from that. Pure, no DOM.
 */

import {fromBase, numbersOf} from "../viewer/numbers.js";

/** Bars of a histogram as it is drawn. */
const BARS = 128;

/** Values looked at, at most: of a larger picture every nth. */
const MOST_VALUES = 1 << 20;

/** Bins of floating-point values, fine enough for percentiles. */
const FINE = 4096;

/** Whole numbers no further apart than this are counted one by one. */
const ONE_BY_ONE = 65536;

/**
 * Counts the values of a picture.
 *
 * @param {object} frame as from binary.js
 * @returns {{low: number, high: number, count: number, missing: number, bins: Uint32Array, from: number, width: number, base: (number|bigint)}}
 * least and most finite value (NaN where there is none), how many were counted, how many were no numbers, and how many lie in each
 * bin, bin i beginning at from + i * width; all values counted from base (numbers.js). Of colours the alpha does not count.
 */
export function countValues(frame) {
  const {type, samples} = frame;
  const {base, data} = numbersOf(frame);
  const colors = Math.min(samples, 3);
  const pixels = data.length / samples;
  const stride = Math.max(Math.ceil(pixels * colors / MOST_VALUES), 1);
  let count = 0;
  let missing = 0;
  let low = Infinity;
  let high = -Infinity;
  const each = visit => {
    for (let pixel = 0; pixel < pixels; pixel += stride) {
      for (let sample = 0; sample < colors; sample++) visit(data[pixel * samples + sample]);
    }
  };
  if (type === "u1" || type === "u2") {
    const bins = new Uint32Array(type === "u1" ? 256 : 65536);
    each(value => {
      bins[value]++;
      count++;
      if (value < low) low = value;
      if (value > high) high = value;
    });
    return count === 0 ? nothing(0) : {low, high, count, missing: 0, bins: bins.subarray(low, high + 1), from: low, width: 1, base};
  }
  each(value => {
    if (!Number.isFinite(value)) {
      missing++;
      return;
    }
    count++;
    if (value < low) low = value;
    if (value > high) high = value;
  });
  if (count === 0) return nothing(missing);
  if (low === high) return {low, high, count, missing, bins: new Uint32Array([count]), from: low, width: 1, base};
  const one = !type.startsWith("f") && high - low < ONE_BY_ONE;
  const bins = new Uint32Array(one ? high - low + 1 : FINE);
  const width = one ? 1 : high / FINE - low / FINE || Number.MIN_VALUE;
  const by = high - low < Infinity ? 1 : 0.25; // both ends of float64 are further apart than it reaches
  each(value => {
    if (Number.isFinite(value)) bins[Math.min(Math.floor((value * by - low * by) / (width * by)), bins.length - 1)]++;
  });
  return {low, high, count, missing, bins, from: low, width, base};
}

function nothing(missing) {
  return {low: NaN, high: NaN, count: 0, missing, bins: new Uint32Array(0), from: 0, width: 1, base: 0};
}

/** The value below which `percent` of the values lie, within a bin; NaN where there are none. */
export function percentile({bins, count, low, high, from, width}, percent) {
  if (count === 0) return NaN;
  const wanted = Math.min(Math.max(percent, 0), 100) / 100 * count;
  if (wanted <= 0) return low;
  let below = 0;
  for (let i = 0; i < bins.length; i++) {
    if (below + bins[i] < wanted) {
      below += bins[i];
      continue;
    }
    // Whole numbers are values themselves; among others one goes on within the bin.
    const share = (wanted - below) / bins[i];
    return Math.min(Math.max(width === 1 && Number.isInteger(from) ? from + i : from + (i + share) * width, low), high);
  }
  return high;
}

/** The bars of a histogram over [low, high], `bars` of them; what lies outside is left out. */
export function barsOf({bins, from, width}, low, high, bars = BARS) {
  const result = new Float64Array(bars);
  if (!(high > low)) return result;
  const each = (high - low) / bars;
  for (let i = 0; i < bins.length; i++) {
    if (bins[i] === 0) continue;
    // A bin is spread over the bars that it covers.
    const start = (from + i * width - low) / each;
    const end = (from + (i + 1) * width - low) / each;
    const first = Math.max(Math.floor(start), 0);
    const last = Math.min(Math.ceil(end), bars);
    for (let bar = first; bar < last; bar++) {
      result[bar] += bins[i] * (Math.min(end, bar + 1) - Math.max(start, bar)) / (end - start);
    }
  }
  return result;
}

/**
 * The limits of a channel.
 *
 * @param {{mode: string, limits: ?number[], percentiles: number[]}} contrast mode "auto", "percentile" or "manual"
 * @param {?object} counts as from countValues
 * @param {number[]} otherwise what to take while nothing is known
 * @returns {(number|bigint)[]} low and high; BigInts where the values are
 */
export function limitsOf({mode, limits, percentiles}, counts, otherwise) {
  if (mode === "manual" && limits) return limits;
  if (!counts || counts.count === 0) return otherwise;
  const [low, high] = mode === "percentile" ? percentiles.map(percent => percentile(counts, percent)) : [counts.low, counts.high];
  return apart(low, high).map(value => fromBase(counts.base, value));
}

// Limits that are the same would leave nothing between them.
function apart(low, high) {
  return high > low ? [low, high] : [low, low + Math.max(1, Math.abs(low) * 1e-6)];
}
