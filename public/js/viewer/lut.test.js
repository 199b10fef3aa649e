import assert from "node:assert/strict";
import {test} from "node:test";
import {COLORMAPS, colormapName, colorTable, labelEntry, labelTable, LUT_SIZE} from "./lut.js";

const at = (table, i) => [...table.slice(i * 4, i * 4 + 4)];

test("every name has a table of its own, opaque, and inverted it is the same backwards", () => {
  const seen = new Set();
  for (const [name] of COLORMAPS) {
    const table = colorTable(name);
    assert.equal(table.length, LUT_SIZE * 4);
    seen.add(String(table));
    const inverted = colorTable(name, true);
    for (const i of [0, 1, 100, 255]) assert.deepEqual(at(inverted, i), at(table, 255 - i), `${name} at ${i}`);
    for (let i = 0; i < LUT_SIZE; i++) assert.equal(table[i * 4 + 3], 255);
  }
  assert.equal(seen.size, COLORMAPS.length);
});

test("known colours", () => {
  assert.deepEqual(at(colorTable("gray"), 77), [77, 77, 77, 255]);
  assert.deepEqual(at(colorTable("viridis"), 0), [68, 1, 84, 255]);
  assert.deepEqual(at(colorTable("viridis"), 255), [253, 231, 37, 255]);
  assert.deepEqual(at(colorTable("#ff8000"), 255), [255, 128, 0, 255]);
  assert.deepEqual(at(colorTable("no such map"), 9), [9, 9, 9, 255]);
  assert.deepEqual(at(colorTable("HiLo"), 0), [0, 0, 255, 255]);
});

test("names as napari has them", () => {
  for (const [theirs, ours] of [["bop blue", "bop_blue"], ["I Forest", "i_forest"], ["PiYG", "PiYG"], ["HiLo", "hilo"], ["grays", "gray"],
    ["twilight_shifted", "twilight"], ["viridis", "viridis"], ["label_colormap", null], [null, null]]) {
    assert.equal(colormapName(theirs), ours);
  }
});

test("labels: the background is transparent, numbers that follow each other differ", () => {
  assert.equal(labelEntry(0), 0);
  const table = labelTable();
  assert.equal(table[3], 0);
  for (const from of [2n ** 24n, 2n ** 31n - 9n, 2n ** 32n - 9n, 2n ** 53n, 864691135441234567n, 2n ** 63n, 2n ** 64n - 40n, -40n, -(2n ** 63n)]) {
    for (let i = 0n; i < 20n; i++) assert.notEqual(labelEntry(from + i), labelEntry(from + i + 1n), `${from + i}`);
  }
  for (const n of [0, 1, 300, 2 ** 24 + 1, 2 ** 31 + 1, 2 ** 32, 2 ** 40 + 7, -1, -5, -(2 ** 40)]) {
    assert.equal(labelEntry(n), labelEntry(BigInt(n)), `${n} as a Number and as a BigInt`);
  }
  // The server has the same (dashboard/pixels/sample_test.go).
  for (const [n, entry] of [[0n, 0], [1n, 214], [2n ** 24n, 178], [2n ** 32n - 1n, 43], [2n ** 32n, 72], [864691135441234567n, 116], [2n ** 64n - 1n, 228]]) {
    assert.equal(labelEntry(n), entry, `${n}`);
  }
  assert.equal(labelEntry(NaN), 0);
  assert.equal(labelEntry(2.9), labelEntry(2));
  assert.ok(labelEntry(2 ** 32) > 0, "only 0 is the background");
  for (let n = 1; n < 500; n++) {
    const entry = labelEntry(n);
    assert.ok(entry >= 1 && entry < LUT_SIZE);
    assert.notDeepEqual(at(table, entry), at(table, labelEntry(n + 1)), `${n}`);
  }
});
