import assert from "node:assert/strict";
import {test} from "node:test";
import {alongLine} from "./profile.js";

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
