import assert from "node:assert/strict";
import {test} from "node:test";
import {bytesOf, grainOf, valueOf, valuesOf, windowOf} from "./lossy.js";

const frame = {type: "u1", samples: 1, data: Uint8Array.of(0, 51, 255), lossy: {low: 1000, high: 1510}, full: 65535};

test("the window is that of the header; colours go from 0 to what is as bright as can be", () => {
  assert.deepEqual(windowOf(frame), [1000, 1510]);
  assert.equal(windowOf({...frame, lossy: null}), null);
  assert.deepEqual(windowOf({...frame, samples: 3, lossy: {low: null, high: null}}), [0, 65535]);
  assert.deepEqual(windowOf({...frame, samples: 4, full: 1, lossy: {low: null, high: null}}), [0, 1]);
});

test("limits in values become limits of the bytes, as far out as they are", () => {
  assert.deepEqual(bytesOf([1000, 1510], [1000, 1510]), [0, 255]);
  assert.deepEqual(bytesOf([490, 1255], [1000, 1510]), [-255, 127.5]);
  assert.deepEqual(bytesOf([0, 65535], [0, 65535]), [0, 255]);
  assert.deepEqual(bytesOf([2n ** 60n + 10n, 2n ** 60n + 30n], [2n ** 60n, 2n ** 60n + 51n]), [50, 150]);
  assert.deepEqual(bytesOf([1, 2], [5, 5]), [0, 0]);
});

test("a byte and its value find each other", () => {
  const window = [-3.5, 7.25];
  for (const byte of [0, 1, 127, 255]) assert.ok(Math.abs(bytesOf([valueOf(byte, window)], window)[0] - byte) < 1e-9);
  assert.equal(grainOf([1000, 1510]), 2);
});

test("a picture in values is one of floats, and says that they are about right", () => {
  const {type, data, lossy, about} = valuesOf(frame);
  assert.deepEqual([type, [...data], lossy, about], ["f4", [1000, 1102, 1510], undefined, frame.lossy]);
  const exact = {...frame, lossy: null};
  assert.equal(valuesOf(exact), exact);
});
