/** Axes: what they span, where their ticks are, how many values lie in each bar. Pure, no DOM. */

/** A round distance of which about n fit into a span. */
export function roundStep(span, n) {
  const raw = span / n;
  if (!(raw > 0) || !Number.isFinite(raw)) return 1;
  const unit = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find(k => raw <= k * unit * 1.0000001) * unit;
}

/** The least and the greatest finite value; null where there is none. */
export function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v < low && v > -Infinity) low = v;
    if (v > high && v < Infinity) high = v;
  }
  return low <= high ? [low, high] : null;
}

/**
 * A linear axis.
 *
 * @param {?number[]} span least and greatest value; null for none
 * @param {number} from, to where they lie in pixels
 */
export class Axis {
  constructor(span, from, to, words = null) {
    let [low, high] = words ? [0, Math.max(words.length - 1, 0)] : span ?? [0, 1];
    const room = words ? 0.5 : high > low ? (high - low) * 0.04 : Math.max(Math.abs(low) * 0.1, 0.5);
    low -= room;
    high += room;
    this.words = words;
    this.low = low;
    this.high = high;
    this.from = from;
    this.to = to;
  }

  /** Where a value lies, in pixels. */
  at(value) {
    return this.from + (value - this.low) / (this.high - this.low) * (this.to - this.from);
  }

  /** The value at a place in pixels. */
  valueAt(at) {
    return this.low + (at - this.from) / (this.to - this.from) * (this.high - this.low);
  }

  /** The ticks `{value, text}`, one for about each `every` pixels. */
  ticks(every) {
    const room = Math.max(Math.floor(Math.abs(this.to - this.from) / every), 1);
    if (this.words) {
      const step = Math.max(Math.ceil(this.words.length / room), 1);
      return this.words.map((text, value) => ({value, text})).filter(tick => tick.value % step === 0);
    }
    const step = roundStep(this.high - this.low, room);
    const first = Math.ceil(this.low / step - 1e-9);
    const out = [];
    for (let k = 0; k <= 2 * room + 2; k++) {
      const value = (first + k) * step;
      if (!(value <= this.high + step * 1e-9)) break;
      out.push({value, text: tickText(value, step)});
    }
    return out;
  }
}

/** A value as an axis has it whose ticks are a step apart. */
export function tickText(value, step) {
  if (Math.abs(value) < step / 1e6) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2).replace("-", "−").replace("e−", "e−");
  return value.toFixed(Math.min(Math.max(Math.ceil(-Math.log10(step) - 1e-9), 0), 20)).replace("-", "−");
}

/** A value as people read it, in four digits. */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4))).replace("-", "−");
}

/** How many finite values lie in each of `bars` bars between low and high; the last has its upper end. */
export function histogram(values, low, high, bars) {
  const out = new Uint32Array(bars);
  if (!(high > low)) return out;
  for (const v of values) {
    if (!(v >= low && v <= high)) continue;
    out[Math.min(Math.floor((v - low) / (high - low) * bars), bars - 1)]++;
  }
  return out;
}
