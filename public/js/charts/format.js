/**
 * Numbers with units, and times of day, as charts write them. The server writes numbers in the same way
 * (dashboard/chart/unit.go); dashboard/chart/testdata/format.json holds both to it.
 */

export const NONE = "–";

/**
 * A number in a unit, with three significant digits or a few more. The unit may be another than asked for: 65536 B are
 * ["64.0", "KiB"].
 *
 * @param {?number} value
 * @param {string} unit "ms", "B" (powers of 1024), "B/s" (powers of 1000), or any other text
 * @returns {[string, string]} the number and its unit
 */
export function format(value, unit) {
  if (!Number.isFinite(value)) return [NONE, unit === "B/s" ? "MB/s" : unit];
  switch (unit) {
    case "B":
      return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
    case "B/s":
      return scaled(value, 1000, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"]);
    case "ms":
      return Math.abs(value) >= 9999.5 ? [digits(value / 1000), "s"] : [digits(value), "ms"];
    default:
      return [digits(value), unit];
  }
}

/** The same in one string. */
export function text(value, unit) {
  const [number, its] = format(value, unit);
  return its ? `${number} ${its}` : number;
}

/** The label of a tick: like text, without zeros that say nothing, because ticks lie at round numbers. */
export function tick(value, unit) {
  const [number, its] = format(value, unit);
  const short = /^-?\d+\.\d*$/.test(number) ? number.replace(/\.?0+$/, "") : number;
  return its ? `${short} ${its}` : short;
}

function scaled(value, step, units) {
  let i = 0;
  while (Math.abs(value) >= step && i < units.length - 1) {
    value /= step;
    i++;
  }
  return [i === 0 && Number.isInteger(value) ? value.toFixed(0) : digits(value), units[i]];
}

function digits(value) {
  const abs = Math.abs(value);
  if (value === 0) return "0";
  if (abs >= 999_999.5 || abs < 0.0009995) return value.toExponential(2).replace("e+", "e");
  if (abs >= 99.95) return value.toFixed(0);
  if (abs >= 9.995) return value.toFixed(1);
  if (abs >= 0.9995) return value.toFixed(2);
  if (abs >= 0.09995) return value.toFixed(3);
  if (abs >= 0.009995) return value.toFixed(4);
  return value.toFixed(5);
}

/** A time of day, to the second: "14:03:22". */
export function clock(ms) {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A time of day as exact as the width of a bucket is worth: "14:03:22.4". */
export function clockExact(ms, width) {
  const decimals = width >= 1000 ? 0 : width >= 100 ? 1 : width >= 10 ? 2 : 3;
  if (decimals === 0) return clock(ms);
  const part = Math.floor((((ms % 1000) + 1000) % 1000) / 10 ** (3 - decimals));
  return `${clock(ms)}.${String(part).padStart(decimals, "0")}`;
}

/** A time of day at a tick: to the second, or with as many decimals as a tick between seconds needs. */
export function clockTick(ms) {
  return clockExact(ms, [1000, 100, 10].find(width => ms % width === 0) ?? 1);
}

/** A length of time: "850 ms", "12.4 s", "5 min". */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(ms < 20_000 ? 1 : 0)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

const two = n => String(n).padStart(2, "0");
