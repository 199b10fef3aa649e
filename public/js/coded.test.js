import assert from "node:assert/strict";
import {test} from "node:test";
import {deflateRawSync} from "node:zlib";
import {BYTES, PREDICTS, readable, readCoded, sidesOfJPEG} from "./coded.js";

/** The planes of samples as dashboard/pixels/packed defines them, one BigInt after the other. */
function planesOf(samples, {type, rows, cols, samples: each}, predict) {
  const bytes = BYTES[type];
  const bits = BigInt(8 * bytes);
  const at = (row, col, s) => {
    const v = samples[(row * cols + col) * each + s];
    return each >= 3 && (s === 0 || s === 2) ? BigInt.asUintN(Number(bits), v - samples[(row * cols + col) * each + 1]) : v;
  };
  const out = [];
  const strip = Math.max(1, Math.floor(65535 / cols));
  for (let from = 0; from < rows; from += strip) {
    for (let s = 0; s < each; s++) {
      for (let b = 0n; b < bytes; b++) {
        for (let row = from; row < Math.min(rows, from + strip); row++) {
          for (let col = 0; col < cols; col++) {
            const left = col > 0 ? at(row, col - 1, s) : null;
            const above = row > 0 ? at(row - 1, col, s) : null;
            const expected = left === null ? above ?? 0n : above === null || predict === "left" ? left : predict === "up" ? above : (left + above) / 2n;
            const d = BigInt.asIntN(Number(bits), at(row, col, s) - expected);
            const told = bytes === 1 ? BigInt.asUintN(8, d) : d >= 0n ? 2n * d : -2n * d - 1n;
            out.push(Number(told >> 8n * b & 255n));
          }
        }
      }
    }
  }
  return Uint8Array.from(out);
}

let seed = 1;
function random() {
  seed = seed * 1103515245 + 12345 & 0x7fffffff;
  return seed / 0x80000000;
}

/** Samples of noise, and of steps that are wide for the type. */
function someSamples({type, rows, cols, samples}) {
  const bits = 8 * BYTES[type];
  return Array.from({length: rows * cols * samples}, (_, i) => {
    const wide = BigInt.asUintN(bits, BigInt(Math.floor(random() * 2 ** 48)) * 65537n);
    return i % 7 < 4 ? BigInt.asUintN(bits, BigInt(i % cols * 3) + BigInt(Math.floor(random() * 9)) - 4n) : wide;
  });
}

function bytesOf(samples, bytes) {
  const out = new Uint8Array(samples.length * bytes);
  samples.forEach((v, i) => { for (let b = 0; b < bytes; b++) out[i * bytes + b] = Number(v >> BigInt(8 * b) & 255n); });
  return out;
}

test("what was packed is what it was, bit by bit", async () => {
  for (const type of Object.keys(BYTES)) {
    for (const samples of [1, 2, 3, 4]) {
      for (const [rows, cols] of [[1, 1], [1, 9], [7, 1], [5, 6], [3, 30000]]) {
        if (cols > 1000 && samples !== 3 && type !== "u2") continue;
        const shape = {type, rows, cols, samples};
        const values = someSamples(shape);
        for (const predict of PREDICTS) {
          if (predict === "mean" && BYTES[type] === 8) continue;
          const body = new Uint8Array(deflateRawSync(planesOf(values, shape, predict), {level: 1}));
          const read = await readCoded({as: "packed", predict}, shape, body);
          assert.equal(read.samples, samples);
          assert.deepEqual(Buffer.compare(read.data, bytesOf(values, BYTES[type])), 0, `${JSON.stringify(shape)} ${predict}`);
        }
      }
    }
  }
});

test("a stream that is too long, too short or broken is refused", async () => {
  const shape = {type: "u2", rows: 4, cols: 5, samples: 1};
  const read = planes => readCoded({as: "packed", predict: "left"}, shape, new Uint8Array(planes));
  await assert.rejects(read(deflateRawSync(new Uint8Array(41))), /more than the 40 bytes/);
  await assert.rejects(read(deflateRawSync(new Uint8Array(1 << 24))), /more than the 40 bytes/);
  await assert.rejects(read(deflateRawSync(new Uint8Array(39))), /39 of 40 bytes/);
  await assert.rejects(read([255, 255, 255]));
  await assert.rejects(read([]));
});

test("the sides of a JPEG are found, and those of nothing else", () => {
  const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 1, 2, 3, 4, 1, 1, 0x11, 0];
  assert.deepEqual(sidesOfJPEG(Uint8Array.from(head)), {rows: 258, cols: 772, parts: 1});
  assert.equal(sidesOfJPEG(Uint8Array.from(head.slice(0, 12))), null);
  assert.equal(sidesOfJPEG(new Uint8Array(40)), null);
  assert.equal(sidesOfJPEG(new Uint8Array(0)), null);
});

test("a JPEG of other sides is refused before the browser reads it", async () => {
  const shape = {type: "u1", rows: 2, cols: 2, samples: 1};
  const body = Uint8Array.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 255, 255, 255, 255, 1, 1, 0x11, 0, 0]);
  await assert.rejects(readCoded({as: "jpeg"}, shape, body), /JPEG of 65535 x 65535 pixels of 1 parts where 2 x 2/);
  await assert.rejects(readCoded({as: "jpeg"}, shape, new Uint8Array(4)), /no size/);
});

test("what a browser can read is what it has", () => {
  const streams = known => ({DecompressionStream: class { constructor(as) { if (!known.includes(as)) throw new TypeError(as); } }});
  assert.deepEqual(readable({}), []);
  assert.deepEqual(readable(streams(["gzip"])), []);
  assert.deepEqual(readable({...streams(["gzip", "deflate-raw"]), createImageBitmap() {}, document: {}}), ["packed", "jpeg"]);
  assert.deepEqual(readable({createImageBitmap() {}, OffscreenCanvas: class {}}), ["jpeg"]);
});
