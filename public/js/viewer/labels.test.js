import assert from "node:assert/strict";
import {test} from "node:test";
import {edgesOf, entriesOf, paintingOf} from "./labels.js";

const rgba = n => Uint8Array.from({length: n * 4}, (_, i) => i % 4 === 3 ? 255 : i >> 2);
const frameOf = (type, data, cols = data.length) => ({rows: data.length / cols, cols, step: 1, type, data});

test("labels come round, and the background is transparent", () => {
  const painting = paintingOf({kind: "cyclic", rgba: rgba(50), background: "0"}, {dtype: "<i4"});
  const clear = 50;
  assert.deepEqual([...entriesOf(frameOf("i4", Int32Array.of(0, 1, 49, 50, 98, 99, -1, -48)), painting)], [clear, 1, 49, 1, 49, 1, 48, 1]);
  assert.equal(painting.table.length, 51 * 4);
  assert.deepEqual([...painting.table.slice(-4)], [0, 0, 0, 0]);
});

test("labels of 64 bits come round as exactly", () => {
  const painting = paintingOf({kind: "cyclic", rgba: rgba(50), background: "0"}, {dtype: "<u8"});
  const large = 2n ** 63n + 5n;
  assert.deepEqual([...entriesOf(frameOf("u8", BigUint64Array.of(0n, 7n, large)), painting)], [50, 7, Number((large - 1n) % 49n) + 1]);
});

test("0 is a label where the background is another", () => {
  const painting = paintingOf({kind: "cyclic", rgba: rgba(50), background: "3"}, {dtype: "|u1"});
  assert.deepEqual([...entriesOf(frameOf("u1", Uint8Array.of(3, 0, 4)), painting)], [50, 255 % 49 + 1, 4]);
});

test("one label alone: the one, or of wide labels all in its place of the circle, as in napari", () => {
  const table = {kind: "cyclic", rgba: rgba(50), background: "0"};
  assert.deepEqual([...entriesOf(frameOf("u2", Uint16Array.of(0, 1, 50, 2)), paintingOf(table, {selection: "1", dtype: "<u2"}))], [50, 1, 50, 50]);
  assert.deepEqual([...entriesOf(frameOf("i4", Int32Array.of(0, 1, 50, 2)), paintingOf(table, {selection: "1", dtype: "<i4"}))], [50, 1, 1, 50]);
});

test("direct colours, however large the label", () => {
  const table = {kind: "direct", rgba: rgba(4), labels: ["0", "7", "9007199254740995"], background: "0"};
  const labels = BigInt64Array.of(0n, 7n, 9007199254740995n, 9007199254740994n, 8n);
  assert.deepEqual([...entriesOf(frameOf("i8", labels), paintingOf(table, {dtype: "<i8"}))], [1, 2, 3, 0, 0]);
  assert.deepEqual([...entriesOf(frameOf("i8", labels), paintingOf(table, {selection: "7", dtype: "<i8"}))], [4, 2, 4, 4, 4]);
});

test("contours are those of napari", () => {
  // A square of 1 in 0: napari draws what touches another label, one pixel of it outside and `thickness` inside.
  const side = 9;
  const labels = Uint8Array.from({length: side * side}, (_, i) => i % side >= 2 && i % side <= 6 && i / side >= 2 && i / side < 7 ? 1 : 0);
  const drawn = edgesOf(labels, side, side, 1);
  const row = n => [...drawn.slice(n * side, (n + 1) * side)].join("");
  assert.deepEqual([row(0), row(1), row(2), row(3), row(4)], ["000000000", "001111100", "011111110", "011000110", "011000110"]);
  const painting = paintingOf({kind: "cyclic", rgba: rgba(50), background: "0"}, {contour: 1, dtype: "|u1"});
  const entries = entriesOf({rows: side, cols: side, step: 1, type: "u1", data: labels}, painting);
  assert.equal(entries[4 * side + 4], 50, "inside nothing is drawn");
  assert.equal(entries[4 * side + 2], 1);
});
