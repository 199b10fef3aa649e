/**
 * Pictures that came coded become samples again: those packed without loss, and JPEG. Pure but for what browsers have built in, so that it
 * runs in a worker (decode-worker.js) and, where there is none, in the page (decode.js).
 */

/** Bytes of a sample. */
export const BYTES = {u1: 1, u2: 2, u4: 4, u8: 8, i4: 4, i8: 8, f4: 4, f8: 8};

/** How samples of a packed picture may be expected (dashboard/pixels/packed). */
export const PREDICTS = ["left", "up", "mean"];

/** Bytes of a plane in a strip, at most, unless a row has more. */
const STRIP = 65535;

/** What this browser can read, as the server is told: "packed" and "jpeg". */
export function readable(scope = globalThis) {
  const takes = [];
  try {
    new scope.DecompressionStream("deflate-raw");
    takes.push("packed");
  } catch {
    // None, or an old one that knows only gzip.
  }
  if (scope.createImageBitmap && (scope.OffscreenCanvas || scope.document)) takes.push("jpeg");
  return takes;
}

/**
 * Reads a coded picture.
 *
 * @param {{as: string, predict: ?string}} coded "packed" or "jpeg"
 * @param {{type: string, rows: number, cols: number, samples: number}} shape what it becomes, checked (binary.js)
 * @param {Uint8Array} body
 * @returns {Promise<{data: Uint8Array, samples: number}>} the samples' bytes, little-endian; of JPEG in colour 4 of a pixel, the last one full
 * @throws {Error} that says what is wrong with it
 */
export async function readCoded({as, predict}, shape, body) {
  if (as === "packed") return {data: undo(await inflate(body, sizeOf(shape)), shape, predict), samples: shape.samples};
  return readJPEG(body, shape);
}

function sizeOf({type, rows, cols, samples}) {
  return rows * cols * samples * BYTES[type];
}

/** What a stream of DEFLATE becomes, which must have `size` bytes. No more is kept of one that has more. */
async function inflate(body, size) {
  const out = new Uint8Array(size);
  const stream = new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter(); // all at once: a third faster than by way of a Blob
  const ignore = () => {}; // the reader is told as well
  writer.write(body).catch(ignore);
  writer.close().catch(ignore);
  const reader = stream.readable.getReader();
  let at = 0;
  for (;;) {
    const {done, value} = await reader.read();
    if (done) break;
    if (at + value.length > size) {
      reader.cancel().catch(ignore);
      throw new Error(`read picture: more than the ${size} bytes that it should have`);
    }
    out.set(value, at);
    at += value.length;
  }
  if (at !== size) throw new Error(`read picture: ${at} of ${size} bytes`);
  return out;
}

/**
 * Makes samples of the planes of differences (dashboard/pixels/packed says how they lie).
 *
 * @param {Uint8Array} planes
 * @param {{type: string, rows: number, cols: number, samples: number}} shape
 * @param {string} predict "left", "up" or "mean"
 * @returns {Uint8Array} the samples, little-endian
 */
export function undo(planes, {type, rows, cols, samples}, predict) {
  const bytes = BYTES[type];
  const out = new Uint8Array(planes.length);
  if (rows * cols === 0) return out;
  // Whole numbers without a sign are what differences are added to, whatever they mean. Those of 64 bits are two of 32.
  const to = bytes === 1 ? out : bytes === 2 ? new Uint16Array(out.buffer) : new Uint32Array(out.buffer);
  const strip = Math.max(1, Math.floor(STRIP / cols));
  const line = cols * samples;
  for (let from = 0; from < rows; from += strip) {
    const many = Math.min(strip, rows - from);
    const each = many * cols;
    const start = from * line * bytes;
    for (let s = 0; s < samples; s++) {
      const plane = start + s * bytes * each;
      for (let row = 0; row < many; row++) {
        const at = (from + row) * line + s;
        const way = from + row === 0 ? "left" : predict;
        const source = plane + row * cols;
        if (bytes === 8) row64(to, planes, source, each, cols, samples, line, at, from + row, way);
        else ROWS[bytes](to, planes, source, each, cols, samples, line, at, from + row, way);
      }
    }
  }
  if (samples >= 3) addSecond(to, rows * cols, samples, bytes);
  return out;
}

/** Each reads a row of one sample of the pixels: differences from `source` on, `each` bytes from one plane to the next. */
const ROWS = {1: row8, 2: row16, 4: row32};

function row8(to, planes, source, each, cols, samples, line, at, row, way) {
  let value = row > 0 ? to[at - line] : 0;
  value = to[at] = value + planes[source] & 0xff;
  let i = at + samples;
  if (way === "left") {
    for (let x = 1; x < cols; x++, i += samples) value = to[i] = value + planes[source + x] & 0xff;
  } else if (way === "up") {
    for (let x = 1; x < cols; x++, i += samples) to[i] = to[i - line] + planes[source + x];
  } else {
    for (let x = 1; x < cols; x++, i += samples) value = to[i] = (value + to[i - line] >> 1) + planes[source + x] & 0xff;
  }
}

function row16(to, planes, source, each, cols, samples, line, at, row, way) {
  let value = row > 0 ? to[at - line] : 0;
  let i = at;
  for (let x = 0; x < cols; x++, i += samples) {
    const z = planes[source + x] | planes[source + each + x] << 8;
    const d = z >>> 1 ^ -(z & 1);
    if (x > 0) {
      if (way === "up") value = to[i - line];
      else if (way === "mean") value = value + to[i - line] >> 1;
    }
    value = to[i] = value + d & 0xffff;
  }
}

function row32(to, planes, source, each, cols, samples, line, at, row, way) {
  let value = row > 0 ? to[at - line] : 0;
  let i = at;
  for (let x = 0; x < cols; x++, i += samples) {
    const p = source + x;
    const z = planes[p] | planes[p + each] << 8 | planes[p + 2 * each] << 16 | planes[p + 3 * each] << 24;
    const d = z >>> 1 ^ -(z & 1);
    if (x > 0) {
      if (way === "up") value = to[i - line];
      else if (way === "mean") value = (value & to[i - line]) + ((value ^ to[i - line]) >>> 1);
    }
    value = to[i] = value + d | 0;
  }
}

function row64(to, planes, source, each, cols, samples, line, at, row, way) {
  let low = row > 0 ? to[2 * (at - line)] : 0;
  let high = row > 0 ? to[2 * (at - line) + 1] : 0;
  let i = at;
  for (let x = 0; x < cols; x++, i += samples) {
    const p = source + x;
    const a = planes[p] | planes[p + each] << 8 | planes[p + 2 * each] << 16 | planes[p + 3 * each] << 24;
    const b = planes[p + 4 * each] | planes[p + 5 * each] << 8 | planes[p + 6 * each] << 16 | planes[p + 7 * each] << 24;
    const sign = -(a & 1);
    if (x > 0 && way === "up") {
      low = to[2 * (i - line)];
      high = to[2 * (i - line) + 1];
    }
    const sum = (low >>> 0) + (((a >>> 1 | b << 31) ^ sign) >>> 0);
    low = to[2 * i] = sum >>> 0;
    high = to[2 * i + 1] = high + (b >>> 1 ^ sign) + (sum > 0xffffffff ? 1 : 0) >>> 0;
  }
}

/** The first and the third of colours are counted from the second. */
function addSecond(to, pixels, samples, bytes) {
  if (bytes < 8) {
    for (let i = 0, n = pixels * samples; i < n; i += samples) {
      to[i] += to[i + 1];
      to[i + 2] += to[i + 1];
    }
    return;
  }
  for (let i = 0, n = pixels * samples; i < n; i += samples) {
    for (const k of [i, i + 2]) {
      const sum = to[2 * k] + to[2 * i + 2];
      to[2 * k + 1] += to[2 * i + 3] + (sum > 0xffffffff ? 1 : 0);
      to[2 * k] = sum;
    }
  }
}

let canvas = null;
let context = null;

/** What is drawn on, used again: a canvas of the page, or one that needs none. */
function surface(cols, rows) {
  if (!canvas || canvas.width !== cols || canvas.height !== rows) {
    canvas = globalThis.OffscreenCanvas ? new OffscreenCanvas(cols, rows) : Object.assign(document.createElement("canvas"), {width: cols, height: rows});
    context = canvas.getContext("2d", {willReadFrequently: true, alpha: false});
    if (!context) throw new Error("read picture: this browser has no canvas to read JPEG with");
  }
  return context;
}

async function readJPEG(body, {rows, cols, samples}) {
  // Before the browser takes memory for it.
  const sides = sidesOfJPEG(body);
  if (!sides || sides.rows !== rows || sides.cols !== cols || (sides.parts === 1) !== (samples === 1)) {
    throw new Error(`read picture: JPEG of ${sides ? `${sides.rows} x ${sides.cols} pixels of ${sides.parts} parts` : "no size"} where ${rows} x ${cols} of ${samples} samples were told`);
  }
  const bitmap = await createImageBitmap(new Blob([body], {type: "image/jpeg"}), {colorSpaceConversion: "none", premultiplyAlpha: "none"});
  // Nothing may wait between drawing and reading: another picture uses the same canvas.
  const to = surface(cols, rows);
  to.drawImage(bitmap, 0, 0);
  bitmap.close();
  const {data} = to.getImageData(0, 0, cols, rows);
  if (samples > 1) return {data: new Uint8Array(data.buffer), samples: 4};
  const pixels = new Uint32Array(data.buffer);
  const out = new Uint8Array(pixels.length);
  for (let i = 0; i < out.length; i++) out[i] = pixels[i];
  return {data: out, samples: 1};
}

/**
 * How many rows, columns and parts of a colour a JPEG says that it has; null if it does not.
 *
 * @param {Uint8Array} body
 */
export function sidesOfJPEG(body) {
  let at = 2;
  while (at + 9 < body.length && body[at] === 0xff) {
    const marker = body[at + 1];
    // The one that we write is a baseline one (C0); the browser would read others as well.
    if (marker === 0xc0 || marker === 0xc1 || marker === 0xc2) {
      return {rows: body[at + 5] << 8 | body[at + 6], cols: body[at + 7] << 8 | body[at + 8], parts: body[at + 9]};
    }
    at += 2 + (body[at + 2] << 8 | body[at + 3]);
  }
  return null;
}
