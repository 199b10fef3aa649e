import assert from "node:assert/strict";
import {test} from "node:test";
import {alongLine} from "./profile.js";

test("one value a pixel, along any direction, and none from outside", () => {
  const at = (row, col) => row * 100 + col;
  assert.deepEqual(alongLine([[1.5, 2.5], [4.5, 2.5]], [10, 10], at), {distance: [0, 1, 2, 3], value: [201, 202, 203, 204]});
  assert.deepEqual(alongLine([[2.5, 4.5], [2.5, 1.5]], [10, 10], at).value, [402, 302, 202, 102]);
  assert.deepEqual(alongLine([[-2.5, 0.5], [1.5, 0.5]], [10, 10], at), {distance: [3, 4], value: [0, 1]});
  assert.equal(alongLine([[0.5, 0.5], [3.5, 4.5]], [10, 10], at).distance.at(-1), 5);
  assert.equal(alongLine([[0, 0], [1e9, 0]], [1, 1e9], at).value.length, 4095);
  assert.equal(alongLine([[0, 0], [5, 0]], [10, 10], () => undefined), null);
  assert.deepEqual(alongLine([[-5, -5], [-1, -1]], [10, 10], at), {distance: [], value: []});
});
