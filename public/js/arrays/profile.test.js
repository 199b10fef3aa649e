import assert from "node:assert/strict";
import {test} from "node:test";
import {alongLine, curveOf} from "./profile.js";

const at = (row, col) => row * 100 + col;

test("one value a pixel, along any direction", () => {
  assert.deepEqual(alongLine([[1.5, 2.5], [4.5, 2.5]], [10, 10], at), {distance: [0, 1, 2, 3], value: [201, 202, 203, 204]});
  assert.deepEqual(alongLine([[2.5, 4.5], [2.5, 1.5]], [10, 10], at).value, [402, 302, 202, 102]);
  assert.equal(alongLine([[0.5, 0.5], [3.5, 4.5]], [10, 10], at).distance.at(-1), 5);
  assert.deepEqual(alongLine([[3.5, 3.5], [3.5, 3.5]], [10, 10], at), {distance: [0], value: [303]});
});

test("ends beyond the picture are moved to its edge", () => {
  assert.deepEqual(alongLine([[-2.5, 0.5], [1.5, 0.5]], [10, 10], at), {distance: [0, 1], value: [0, 1]});
  assert.equal(alongLine([[0, 0], [1e9, 0]], [1, 1e9], at).value.length, 4096);
});

test("distances in the units of the axes, and nothing where a value is not known", () => {
  assert.deepEqual(alongLine([[0.5, 0.5], [0.5, 2.5]], [10, 10], at, [2.5, 1]).distance, [0, 2.5, 5]);
  assert.equal(alongLine([[0, 0], [5, 0]], [10, 10], () => undefined), null);
});

test("values that differ by little are drawn from the least of them", () => {
  const far = curveOf([1e9, NaN, 1e9 + 1 / 256, 1e9 + 0.5]);
  assert.deepEqual([far.from, far.y], [1e9, [0, NaN, 1 / 256, 0.5]]);
  assert.equal(far.wordOf(0.5), "1000000000.5");
  const huge = curveOf([2n ** 63n + 2n, 2n ** 63n + 1n, NaN]);
  assert.deepEqual([huge.from, huge.y], [2n ** 63n + 1n, [1, 0, NaN]]);
  assert.equal(huge.wordOf(1), "9223372036854775810");
  assert.deepEqual(curveOf([5n, 2n ** 60n]).y, [0, Number(2n ** 60n - 5n)]);
  assert.deepEqual([curveOf([0, 3]).from, curveOf([100, 103]).y, curveOf([7, 7]).from, curveOf([]).from, curveOf([NaN]).y], [0, [100, 103], 0, 0, [NaN]]);
  assert.deepEqual(curveOf([0, 1e-300]).y, [0, 1e-300]);
});
