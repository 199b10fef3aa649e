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
 * Pixels are in row-major order, the samples of one beside each other. Those of "u8" and "i8" are BigInts (viewer/numbers.js).
 */

const MAGIC = 0x31424d57; // "WMB1" read as a little-endian number
const HEAD = 8;

const ARRAYS = {u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, u8: BigUint64Array, i4: Int32Array, i8: BigInt64Array, f4: Float32Array, f8: Float64Array};

/** Whether pixels in memory can be used as they came; every machine that runs a browser today is little-endian. */
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Reads a message.
 *
 * @param {ArrayBuffer} buffer
 * @returns {object} the header, checked, with `data`: a typed array over the message's own memory
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
  if (samples > 4 || count * Kind.BYTES_PER_ELEMENT > buffer.byteLength - start) {
    throw new Error(`read picture: ${rows} x ${cols} pixels of ${samples} samples in ${buffer.byteLength - start} bytes`);
  }
  return {...header, row: number(header.row), col: number(header.col), data: LITTLE ? new Kind(buffer, start, count) : swapped(view, start, Kind, count)};
}

function number(n) {
  return Number.isFinite(n) ? n : 0;
}

function swapped(view, start, Kind, count) {
  const size = Kind.BYTES_PER_ELEMENT;
  const get = `get${Kind.name.replace("Array", "")}`;
  return Kind.from({length: count}, (_, i) => view[get](start + i * size, true));
}
