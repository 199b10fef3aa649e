/**
 * Numbers of pictures with all their digits. Pure, no DOM.
 *
 * Whole numbers of 64 bits come as BigInts. To count and to draw with them they are taken as Numbers from a *base*, a BigInt near
 * them: what is large is taken off before precision is. Everything else has the base 0.
 */

/** Bits of a base that are 0, so that the base stays the same from frame to frame. */
const BASE_BITS = 32n;

/** The least range, as a part of the numbers' size, that float32 has steps enough for; and the sizes that it has room for (shm/segment/convert.go). */
const FINE_RANGE = 2 ** -10;
const FINE_MOST = 2 ** 100;

const counted = new WeakMap();

/**
 * The values of a frame as Numbers.
 *
 * @param {object} frame as from binary.js
 * @returns {{base: (number|bigint), data: ArrayLike<number>}} a value is base + data[i]
 */
export function numbersOf(frame) {
  const {type, data} = frame;
  if (type !== "i8" && type !== "u8") return {base: 0, data};
  if (!counted.has(frame)) {
    const base = data.length > 0 ? (data[0] >> BASE_BITS) << BASE_BITS : 0n;
    // In halves, because arithmetic with BigInts takes a hundred times as long. Memory is little-endian (binary.js).
    const low = new Uint32Array(data.buffer, data.byteOffset, data.length * 2);
    const high = type === "i8" ? new Int32Array(data.buffer, data.byteOffset, data.length * 2) : low;
    const top = Number(base >> BASE_BITS);
    counted.set(frame, {base, data: Float64Array.from(data, (_, i) => (high[2 * i + 1] - top) * 2 ** 32 + low[2 * i])});
  }
  return counted.get(frame);
}

/** A value from its distance to a base: a BigInt where the base is one. */
export function fromBase(base, distance) {
  return base === 0 ? distance : base + BigInt(Math.round(distance));
}

/** How far a value, a Number or a BigInt, is from a base. */
export function away(value, base) {
  if (base === 0) return Number(value);
  if (typeof value === "bigint") return Number(value - base);
  return Number.isInteger(value) ? Number(BigInt(value) - base) : value - Number(base);
}

/**
 * Whether float32 is too coarse for what lies between two limits, or has no room for it: they differ by little compared with their
 * size, or are very large or very small.
 */
export function narrow(low, high) {
  const a = Number(low);
  const b = Number(high);
  const size = Math.max(Math.abs(a), Math.abs(b));
  return size > 0 && (size > FINE_MOST || size < 1 / FINE_MOST || !(b - a >= size * FINE_RANGE));
}

/** A frame whose whole numbers of 32 and 64 bits are floats of 64: what is a little off beyond 2^53. Others are what they were. */
export function floatsOf(frame) {
  return /^[iu][48]$/.test(frame.type) ? {...frame, type: "f8", data: Float64Array.from(frame.data, Number)} : frame;
}

/** A value in words: a whole number with all its digits, a float of 32 bits with as many as it has. */
export function wordOf(value, type) {
  if (typeof value !== "number" || Number.isInteger(value) || !Number.isFinite(value) || type !== "f4") return value === null ? "NaN" : String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** How values between two others are written, with as many digits as tell them apart, and at least `least` of them. */
export function wordsBetween(low, high, least = 6) {
  const [a, b] = [Number(low), Number(high)];
  const size = Math.max(Math.abs(a), Math.abs(b));
  const more = b > a && size > 0 ? Math.ceil(Math.log10(size) - Math.log10(b - a) - 1e-6) : 0;
  const digits = Math.min(Math.max(least + more, least), 17);
  return value => typeof value === "bigint" || Number.isNaN(value) ? String(value) : String(digits > 16 ? value : Number(value.toPrecision(digits)));
}

/** A number that somebody wrote; a BigInt where it is a whole one that a Number has not the digits for. NaN if it is none. */
export function readNumber(text) {
  const plain = text.trim();
  const value = plain === "" ? NaN : Number(plain);
  return /^-?\d+$/.test(plain) && !Number.isSafeInteger(value) ? BigInt(plain) : value;
}
