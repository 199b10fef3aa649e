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
