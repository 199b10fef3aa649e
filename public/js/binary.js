/**
 * Binary frames of the socket: pictures. A message is
 *
 *     "WMB1", u32 length of the header, the header, the pixels
 *
 * little-endian. The header is JSON, padded so that the pixels begin at a multiple of 8 bytes:
 *
 *     {"topic", "ts": ms, "seq", "stamp": ms by the process's clock or null, "type": "u1" | "u2" | "u4" | "u8" | "i4" | "i8" | "f4" | "f8",
 *      "row", "col": of the first pixel, in pixels of the frame, "rows", "cols", "samples": values a pixel, "full": the
 *      sample of a colour that is as bright as can be, "step": pixels of the frame along a side of one sent, "shape": of the frame, "offset": [row, col] of the frame in its layer, "pixel":
 *      [rows, cols] of level 0 that a pixel of the frame takes, "level", "rate": Hz, "missed": frames}
 *
 * Pixels are in row-major order, the samples of one beside each other. Those of "u8" and "i8" are BigInts (viewer/numbers.js). "frame" is the number of the
 * picture in its topic, which counts up; the same one may come again with fewer losses.
 *
 * A picture that is not as it is has "coded", which says what stands in place of the pixels, and "of", how many bytes these would have; type, rows, cols,
 * samples and step say what it becomes:
 *
 *     {"as": "packed", "predict"}: the same values in fewer bytes
 *     {"as": "bytes", "low", "high"}: bytes, of which 0 and 255 stand for low and high and for what lies beyond
 *     {"as": "jpeg", "quality", "low", "high"}: the same as JPEG; without low and high where there are colours, which go from 0 to full
 *
 * "scale" in it says how many exact pixels went along a side of one; absent: 1. A picture with losses may have "counts", how the values of the exact one are
 * distributed (dashboard/pixels/counts.go).
 */

import {BYTES, PREDICTS} from "./coded.js";

const MAGIC = 0x31424d57; // "WMB1" read as a little-endian number
const HEAD = 8;

const ARRAYS = {u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, u8: BigUint64Array, i4: Int32Array, i8: BigInt64Array, f4: Float32Array, f8: Float64Array};

/** Whether pixels in memory can be used as they came; every machine that runs a browser today is little-endian. */
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Bytes of samples that a picture may become, at most: those of the largest one that is sent (dashboard/pixels), with room for odd sides. */
const MOST = 65 << 20;

/** Bins that a distribution may have, at most. */
const MOST_BINS = 1 << 16;

/**
 * Reads a message.
 *
 * @param {ArrayBuffer} buffer
 * @returns {object} the header, checked, with `data`: a typed array over the message's own memory; `bytes`: those of the message; `lossy`: null, or what decode.js says; and `counts`: null, or
 * what countValues (arrays/contrast.js) would say of the exact picture. If it has `coded`, its data are bytes that decode.js makes samples of
 * @throws {Error} that says what is wrong with the message
 */
export function readBinary(buffer) {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < HEAD) throw new Error("read picture: the message is too short");
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("read picture: the message does not begin with WMB1");
  const length = view.getUint32(4, true);
  const start = Math.ceil((HEAD + length) / 8) * 8;
  if (start > buffer.byteLength) throw new Error(`read picture: a header of ${length} bytes in a message of ${buffer.byteLength}`);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, HEAD, length)));
  const {type, rows, cols, samples} = header;
  if (typeof header.topic !== "string") throw new Error("read picture: the header has no topic");
  const Kind = Object.hasOwn(ARRAYS, type) ? ARRAYS[type] : null;
  if (!Kind) throw new Error(`read picture: pixels of type ${JSON.stringify(type)}`);
  for (const [name, n, least] of [["rows", rows, 0], ["cols", cols, 0], ["samples", samples, 1], ["step", header.step, 1]]) {
    if (!Number.isSafeInteger(n) || n < least) throw new Error(`read picture: ${name} is ${JSON.stringify(n)}`);
  }
  const count = rows * cols * samples;
  if (samples > 4) throw new Error(`read picture: ${rows} x ${cols} pixels of ${samples} samples`);
  const {coded: how, counts, ...rest} = header;
  const frame = {...rest, row: number(header.row), col: number(header.col), bytes: buffer.byteLength, lossy: null, counts: null};
  if (how !== undefined && how !== null) {
    const coded = checkCoded(how, header);
    if (count * Kind.BYTES_PER_ELEMENT > MOST) throw new Error(`read picture: ${rows} x ${cols} pixels are more than a picture may have`);
    if (coded.as !== "packed") {
      const {as, low, high, scale} = coded;
      Object.assign(frame, {lossy: {as, quality: coded.quality, low, high, scale, of: number(header.of), bytes: buffer.byteLength}, counts: readCounts(counts)});
    }
    if (coded.as !== "bytes") return {...frame, coded, data: new Uint8Array(buffer, start)};
  }
  if (count * Kind.BYTES_PER_ELEMENT > buffer.byteLength - start) {
    throw new Error(`read picture: ${rows} x ${cols} pixels of ${samples} samples in ${buffer.byteLength - start} bytes`);
  }
  return {...frame, data: LITTLE ? new Kind(buffer, start, count) : swapped(view, start, Kind, count)};
}

/** How a picture is coded, checked. */
function checkCoded(how, {type, samples}) {
  const {as, predict, quality = null, low = null, high = null, scale = 1} = how;
  const wrong = what => new Error(`read picture: ${what} in ${JSON.stringify(how)}`);
  if (as === "packed") {
    if (!PREDICTS.includes(predict) || predict === "mean" && BYTES[type] === 8) throw wrong("no way to expect samples");
    return {as, predict};
  }
  if (as !== "bytes" && as !== "jpeg") throw wrong("no known way to code pictures");
  if (type !== "u1") throw wrong(`losses of type ${JSON.stringify(type)}`);
  if (!Number.isSafeInteger(scale) || scale < 1) throw wrong("no scale");
  if (samples === 2 || as === "bytes" && samples !== 1) throw wrong(`${samples} samples`);
  if (samples === 1 && !(Number.isFinite(low) && Number.isFinite(high) && low < high)) throw wrong("no window");
  return {as, quality, low: samples === 1 ? low : null, high: samples === 1 ? high : null, scale};
}

/** A distribution of values; null where none was sent. */
function readCounts(counts) {
  if (counts === undefined || counts === null) return null;
  const {count, missing, from, width} = counts;
  const wrong = what => new Error(`read picture: ${what} in its distribution`);
  for (const n of [count, missing]) if (!Number.isSafeInteger(n) || n < 0) throw wrong("no number of values");
  if (count === 0) return {low: NaN, high: NaN, count, missing, bins: new Uint32Array(0), from: 0, width: 1, base: 0};
  const {low, high} = counts;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high && Number.isFinite(from) && width > 0 && width < Infinity)) throw wrong("no range");
  const text = atob(String(counts.bins));
  let at = 0;
  const next = () => {
    let value = 0;
    for (let by = 1; ; by *= 128) {
      if (at >= text.length || by > 2 ** 42) throw wrong("half a number");
      const byte = text.charCodeAt(at++);
      value += (byte & 127) * by;
      if (byte < 128) return value;
    }
  };
  const runs = [];
  let length = 0;
  while (at < text.length) {
    const value = next();
    const span = value % 2 === 1 ? 1 : next();
    if (span < 1 || (length += span) > MOST_BINS) throw wrong("too many bins");
    runs.push([Math.floor(value / 2), span]);
  }
  const bins = new Uint32Array(length);
  let i = 0;
  for (const [value, span] of runs) {
    // What is known of a few bins together is spread over them.
    for (let k = 0; k < span; k++) bins[i++] = Math.floor(value * (k + 1) / span) - Math.floor(value * k / span);
  }
  return {low, high, count, missing, bins, from, width, base: 0};
}

function number(n) {
  return Number.isFinite(n) ? n : 0;
}

function swapped(view, start, Kind, count) {
  const size = Kind.BYTES_PER_ELEMENT;
  const get = `get${Kind.name.replace("Array", "")}`;
  return Kind.from({length: count}, (_, i) => view[get](start + i * size, true));
}
