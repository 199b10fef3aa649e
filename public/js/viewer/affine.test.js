import assert from "node:assert/strict";
import {test} from "node:test";
import {apply, boxOf, compose, fromRows, inverse} from "./affine.js";

const close = (got, want) => got.forEach((n, i) => assert.ok(Math.abs(n - want[i]) < 1e-9, `got ${got}, want ${want}`));

test("the way back leads back, and one after the other is both", () => {
  const a = [0.9, 0.35, 12, -0.25, 1.2, 40];
  const b = [0, -2, 5, 3, 0.1, -7];
  for (const [u, v] of [[0, 0], [3, 4], [-1e6, 2e6]]) {
    close(apply(inverse(a), ...apply(a, u, v)), [u, v]);
    close(apply(compose(a, b), u, v), apply(a, ...apply(b, u, v)));
  }
  assert.equal(inverse([1, 2, 0, 2, 4, 0]), null);
  assert.equal(inverse([NaN, 0, 0, 0, 1, 0]), null);
});

test("a matrix of rows and columns becomes one of right and down", () => {
  // down = row + 0.5 column + 4, right = -2 column + 6
  const affine = fromRows([[1, 0.5, 4], [0, -2, 6]]);
  close(apply(affine, 10, 3), [-14, 12]);
  for (const matrix of [null, [], [[1, 0, 0]], [[1, 0, 0], [0, 1]], [[1, 0, 0], [0, 1, Infinity]], [[1, 0, 0], "abc"]]) assert.equal(fromRows(matrix), null);
});

test("the box around what is turned", () => {
  assert.deepEqual(boxOf([0, -1, 0, 1, 0, 0], 0, 0, 4, 2), {x0: -2, y0: 0, x1: 0, y1: 4});
});
