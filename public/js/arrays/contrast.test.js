import assert from "node:assert/strict";
import {test} from "node:test";
import {barsOf, countValues, limitsOf, percentile} from "./contrast.js";

const frame = (type, data, samples = 1) => ({type, samples, data});
const near = (a, b, within = 1e-3) => assert.ok(Math.abs(a - b) <= within, `${a}, not ${b}`);

test("whole numbers are counted one by one", () => {
  const counts = countValues(frame("u2", Uint16Array.from({length: 1000}, (_, i) => 100 + i)));
  assert.deepEqual([counts.low, counts.high, counts.count, counts.missing], [100, 1099, 1000, 0]);
  assert.equal(percentile(counts, 0), 100);
  assert.equal(percentile(counts, 50), 599);
  assert.equal(percentile(counts, 99.5), 1094);
  assert.equal(percentile(counts, 100), 1099);
});

test("floats, with what is no number left out", () => {
  const data = Float32Array.from({length: 10001}, (_, i) => i / 1000 - 5);
  const counts = countValues(frame("f4", Float32Array.from([...data, NaN, Infinity, -Infinity])));
  assert.deepEqual([counts.low, counts.high, counts.count, counts.missing], [-5, 5, 10001, 3]);
  for (const percent of [0.5, 10, 50, 99.5]) near(percentile(counts, percent), -5 + percent / 10, 0.005);
});

test("nothing, one value, and colours without their alpha", () => {
  const none = countValues(frame("f4", new Float32Array([NaN, NaN])));
  assert.ok(Number.isNaN(percentile(none, 50)));
  assert.deepEqual(limitsOf({mode: "auto"}, none, [0, 1]), [0, 1]);
  assert.deepEqual(limitsOf({mode: "auto"}, countValues(frame("u1", new Uint8Array(0))), [0, 255]), [0, 255]);
  assert.deepEqual(limitsOf({mode: "auto"}, countValues(frame("f4", new Float32Array([2.5, 2.5]))), null), [2.5, 3.5]);
  assert.equal(countValues(frame("u1", new Uint8Array([1, 2, 3, 255, 4, 5, 6, 255]), 4)).high, 6);
});

test("whole numbers of any size are counted one by one, from a base where they need one", () => {
  const u4 = countValues(frame("u4", Uint32Array.from({length: 256}, (_, i) => 3e9 + i)));
  assert.deepEqual([u4.low, u4.high, u4.width, u4.base], [3e9, 3e9 + 255, 1, 0]);
  assert.equal(percentile(u4, 50), 3e9 + 127);
  for (const [type, Kind, first] of [["u8", BigUint64Array, 2n ** 63n + 5n], ["i8", BigInt64Array, -(2n ** 63n)], ["i8", BigInt64Array, 864691135441234567n]]) {
    const counts = countValues(frame(type, Kind.from({length: 256}, (_, i) => first + BigInt(i))));
    assert.deepEqual([counts.high - counts.low, counts.count, counts.bins.length], [255, 256, 256]);
    assert.deepEqual(limitsOf({mode: "auto"}, counts, null), [first, first + 255n]);
  }
  assert.equal(countValues(frame("i4", new Int32Array([-(2 ** 31), 2 ** 31 - 1, 0]))).bins.reduce((a, b) => a + b), 3);
});

test("floats far from zero, and very small and very large ones", () => {
  for (const [low, high] of [[1e9, 1e9 + 1], [0, 2.55e-298], [-1e300, 1e300], [-1.7e308, 1.7e308]]) {
    const counts = countValues(frame("f8", Float64Array.from({length: 257}, (_, i) => low * (1 - i / 256) + high * (i / 256))));
    assert.deepEqual([counts.low, counts.high, counts.count], [low, high, 257]);
    assert.deepEqual(limitsOf({mode: "auto"}, counts, null), [low, high]);
    assert.equal(counts.bins.filter(n => n > 0).length, 257);
  }
});

test("a large picture is sampled, and its percentiles stay right", () => {
  const counts = countValues(frame("u2", Uint16Array.from({length: 3_000_000}, (_, i) => i % 1000)));
  assert.ok(counts.count <= 1 << 20);
  near(percentile(counts, 50), 500, 10);
});

test("bars hold all values between their ends", () => {
  const counts = countValues(frame("u1", Uint8Array.from({length: 2560}, (_, i) => i % 256)));
  const bars = barsOf(counts, 0, 256, 64);
  for (const bar of bars) near(bar, 40);
  near(barsOf(counts, 0, 128, 64).reduce((a, b) => a + b), 1280);
  near(barsOf(countValues(frame("u1", new Uint8Array([7, 7, 7]))), 7, 8, 10).reduce((a, b) => a + b), 3);
  assert.deepEqual([...barsOf(counts, 5, 5, 3)], [0, 0, 0]);
});

test("limits by the mode", () => {
  const counts = countValues(frame("u1", Uint8Array.from({length: 101}, (_, i) => i)));
  assert.deepEqual(limitsOf({mode: "auto"}, counts, [0, 255]), [0, 100]);
  assert.deepEqual(limitsOf({mode: "percentile", percentiles: [10, 90]}, counts, [0, 255]), [10, 90]);
  assert.deepEqual(limitsOf({mode: "manual", limits: [3, 4]}, counts, [0, 255]), [3, 4]);
  assert.deepEqual(limitsOf({mode: "manual", limits: null}, counts, [0, 255]), [0, 100]);
});
