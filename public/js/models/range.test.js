import assert from "node:assert/strict";
import {test} from "node:test";
import {AutoRange, limitsOf, measure} from "./range.js";

test("numbers are measured, and nothing else", () => {
  assert.deepEqual(measure(new Float32Array([2, NaN, -1, Infinity, 5])), {low: -1, high: 5, sum: 6, count: 3, missing: 2});
  const {low, high, count} = measure(new Float32Array([NaN]));
  assert.ok(Number.isNaN(low) && Number.isNaN(high) && count === 0);
});

test("a range is that of the first picture at once, and then follows without a jump", () => {
  const range = new AutoRange();
  range.take(1, 2, 1000);
  assert.deepEqual([range.low, range.high], [1, 2]);
  range.take(1, 4, 1016);
  assert.ok(range.high > 2.1 && range.high < 2.6, String(range.high));
  const risen = range.high;
  for (let t = 1032; t < 3000; t += 16) range.take(1, 4, t);
  assert.ok(Math.abs(range.high - 4) < 0.01 && risen < 4);
  range.take(1, 2, 3008);
  assert.ok(range.high > 3.9, "it falls more slowly than it rises");
  range.take(1, 2, 3024, true);
  assert.equal(range.high, 2, "at once where no next picture comes");
  range.take(0, 9, 9000);
  assert.equal(range.high, 9, "and after a rest");
  range.take(NaN, NaN, 9016);
  assert.deepEqual([range.low, range.high], [0, 9]);
});

test("limits are never the same, and by hand as they are", () => {
  const range = new AutoRange();
  assert.deepEqual(limitsOf({mode: "auto", limits: null}, range), [0, 1]);
  range.take(1, 1 + 1e-12, 0);
  const [low, high] = limitsOf({mode: "auto", limits: null}, range);
  assert.ok(high - low > 0.99e-6 && low <= 1 && high >= 1);
  range.take(0.5, 3, 1000);
  assert.deepEqual(limitsOf({mode: "auto", limits: null}, range), [0.5, 3]);
  assert.deepEqual(limitsOf({mode: "zero", limits: null}, range), [0, 3]);
  assert.deepEqual(limitsOf({mode: "manual", limits: [-1, 7]}, range), [-1, 7]);
});
