import assert from "node:assert/strict";
import {test} from "node:test";
import {readBinary} from "./binary.js";

const header = {topic: "scope/array/cam/y,x/0,0,2,3/1", ts: 5, seq: 1, stamp: null, type: "u2", row: 0, col: 0, rows: 2, cols: 3, samples: 1, step: 1};

test("a picture is read as it was written", () => {
  for (const [type, data] of [["u1", new Uint8Array([1, 2, 255, 4, 5, 6])], ["u2", new Uint16Array([1, 2, 65535, 4, 5, 6])],
    ["f4", new Float32Array([1.5, NaN, -Infinity, 4, 5, 6])], ["f8", new Float64Array([1e9 + 1 / 256, NaN, 1e-300, 4, 5, 6])],
    ["u4", new Uint32Array([1, 2 ** 32 - 1, 3, 4, 5, 6])], ["i4", new Int32Array([1, -1, 3, 4, 5, 6])],
    ["u8", new BigUint64Array([1n, 2n ** 63n + 1n, 3n, 4n, 5n, 6n])], ["i8", new BigInt64Array([1n, -(2n ** 63n), 864691135441234567n, 4n, 5n, 6n])]]) {
    const read = readBinary(writeBinary({...header, type}, data));
    assert.deepEqual(read.data, data);
    assert.equal(read.topic, header.topic);
    assert.equal(read.data.byteOffset % 8, 0);
  }
});

test("colour samples and empty pictures", () => {
  assert.equal(readBinary(writeBinary({...header, type: "u1", samples: 4}, new Uint8Array(24))).data.length, 24);
  assert.equal(readBinary(writeBinary({...header, rows: 0}, new Uint16Array(0))).data.length, 0);
});

test("what is no picture is refused in words", () => {
  const good = writeBinary(header, new Uint16Array(6));
  const cut = good.slice(0, good.byteLength - 2);
  const wrong = good.slice(0);
  new Uint8Array(wrong)[0] = 0;
  const long = good.slice(0);
  new DataView(long).setUint32(4, 0xfffffff0, true);
  for (const [buffer, words] of [
    ["text", /too short/], [new ArrayBuffer(4), /too short/], [wrong, /WMB1/], [long, /header of/], [cut, /in 10 bytes/],
    [writeBinary({...header, type: "f2"}, new Uint16Array(6)), /type "f2"/],
    [writeBinary({...header, type: "constructor"}, new Uint16Array(6)), /type/],
    [writeBinary({...header, rows: -1}, new Uint16Array(6)), /rows is -1/],
    [writeBinary({...header, cols: 2 ** 40, rows: 2 ** 12}, new Uint16Array(6)), /pixels of/],
    [writeBinary({...header, step: 0}, new Uint16Array(6)), /step is 0/],
    [writeBinary({...header, topic: 3}, new Uint16Array(6)), /no topic/],
  ]) assert.throws(() => readBinary(buffer), words);
});

const coded = how => ({...header, type: how.as === "packed" ? "u2" : "u1", of: 12, frame: 7, coded: how});

test("what is coded is told, and what it has lost", () => {
  const packed = readBinary(writeBinary(coded({as: "packed", predict: "mean"}), new Uint8Array([1, 2, 3])));
  assert.deepEqual([packed.coded, packed.lossy, packed.counts, [...packed.data], packed.frame], [{as: "packed", predict: "mean"}, null, null, [1, 2, 3], 7]);
  const bytes = readBinary(writeBinary(coded({as: "bytes", low: -3, high: 9.5}), new Uint8Array(6)));
  assert.equal(bytes.coded, undefined);
  assert.deepEqual(bytes.lossy, {as: "bytes", quality: null, low: -3, high: 9.5, scale: 1, of: 12, bytes: bytes.bytes});
  assert.equal(bytes.data.length, 6);
  const jpeg = readBinary(writeBinary(coded({as: "jpeg", quality: 60, low: 0, high: 1, scale: 2}), new Uint8Array(5)));
  assert.deepEqual([jpeg.coded.as, jpeg.lossy.quality, jpeg.lossy.scale, jpeg.data.length], ["jpeg", 60, 2, 5]);
  const colours = readBinary(writeBinary({...coded({as: "jpeg", quality: 90}), samples: 3}, new Uint8Array(5)));
  assert.deepEqual([colours.lossy.low, colours.lossy.high], [null, null]);
  const plain = readBinary(writeBinary(header, new Uint16Array(6)));
  assert.deepEqual([plain.lossy, plain.counts, plain.coded], [null, null, undefined]);
});

test("a distribution comes back, joined bins spread over what they are", () => {
  // 5 in one bin, none in three, 300 in one, 7 in two together.
  const bins = Buffer.from([11, 0, 3, 0xd9, 4, 14, 2]).toString("base64");
  const counts = {low: 10, high: 16, count: 312, missing: 2, from: 10, width: 1, bins};
  const read = counts => readBinary(writeBinary({...coded({as: "jpeg", quality: 50, low: 0, high: 1}), counts}, new Uint8Array(5))).counts;
  assert.deepEqual(read(counts), {low: 10, high: 16, count: 312, missing: 2, from: 10, width: 1, base: 0, bins: Uint32Array.from([5, 0, 0, 0, 300, 3, 4])});
  assert.deepEqual([read({low: null, high: null, count: 0, missing: 6, from: 0, width: 1, bins: ""}).missing, read(null)], [6, null]);
  for (const [change, words] of [
    [{count: -1}, /number of values/], [{low: null}, /range/], [{width: 0}, /range/], [{bins: "/w=="}, /half a number/], [{bins: "Ag=="}, /half a number/],
    [{bins: Buffer.from([0, 0xff, 0xff, 0xff, 0x7f]).toString("base64")}, /too many bins/], [{bins: Buffer.from([0, 0]).toString("base64")}, /too many bins/],
  ]) assert.throws(() => read({...counts, ...change}), words);
});

test("what is coded in no known way is refused before it takes memory", () => {
  for (const [change, words] of [
    [coded({as: "webp"}), /no known way/], [coded({as: "packed", predict: "right"}), /expect/], [{...coded({as: "packed", predict: "mean"}), type: "f8"}, /expect/],
    [{...coded({as: "jpeg", low: 0, high: 1}), type: "u2"}, /losses of type "u2"/], [coded({as: "jpeg", low: 1, high: 1}), /no window/], [coded({as: "bytes"}), /no window/],
    [coded({as: "jpeg", low: 0, high: 1, scale: 0.5}), /no scale/], [{...coded({as: "bytes", low: 0, high: 1}), samples: 3}, /3 samples/],
    [{...coded({as: "packed", predict: "left"}), rows: 1e6, cols: 1e6}, /more than a picture may have/], [{...coded({as: "packed", predict: "left"}), samples: 5}, /5 samples/],
    [coded(5), /no known way/], [coded({as: "bytes", low: 0, high: 1}), /in 5 bytes/],
  ]) assert.throws(() => readBinary(writeBinary(change, new Uint8Array(5))), words);
});

// Writes a message, as the server does.
function writeBinary(header, data) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil((8 + text.length) / 8) * 8 - 8;
  const buffer = new ArrayBuffer(8 + padded + data.byteLength);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  bytes.set(new TextEncoder().encode("WMB1"));
  view.setUint32(4, padded, true);
  bytes.fill(0x20, 8, 8 + padded);
  bytes.set(text, 8);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + padded);
  return buffer;
}
