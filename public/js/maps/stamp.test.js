import assert from "node:assert/strict";
import {test} from "node:test";
import {divided, ready, stamp} from "./stamp.js";

test("a mark lies over what was there, as much as it is opaque", () => {
  const red = ready(Uint8ClampedArray.of(255, 0, 0, 255), 1, 1);
  const blue = ready(Uint8ClampedArray.of(0, 0, 255, 255), 1, 0.5);
  const out = new Uint8Array(2 * 2 * 4);
  stamp(out, 2, 2, red, 0, 0);
  stamp(out, 2, 2, blue, 0, 0);
  stamp(out, 2, 2, blue, 1, 1);
  divided(out);
  const near = (got, want) => got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) <= 2, `${got} is not ${want}`));
  near([...out.slice(0, 4)], [127, 0, 128, 255]);
  near([...out.slice(4, 12)], [0, 0, 0, 0, 0, 0, 0, 0]);
  near([...out.slice(12)], [0, 0, 255, 128]);
});

test("what lies outside is cut off", () => {
  const picture = ready(new Uint8Array(3 * 3 * 4).fill(255), 3, 1);
  const count = (left, top) => {
    const out = new Uint8Array(4 * 5 * 4);
    stamp(out, 4, 5, picture, left, top);
    return out.filter(v => v === 255).length / 4;
  };
  assert.deepEqual([count(0, 0), count(-1, -2), count(3, 4), count(-3, 0), count(4, 0), count(1, 2)], [9, 2, 1, 0, 0, 9]);
});
