import assert from "node:assert/strict";
import {test} from "node:test";
import {Plane} from "./plane.js";
import {exactKey, figuresOf, readoutOf, valueAt} from "./words.js";

const frame = {row: 0, col: 0, rows: 2, cols: 3, step: 1, samples: 1, type: "u2", seq: 9, rate: 10, missed: 0, level: 0, data: Uint16Array.of(1, 2, 3, 4, 5, 6)};
const config = {axes: ["y", "x"], units: ["um", "um"], scale: [0.5, 0.5], unit: "counts", dtype: "uint16", pixels: "u2"};
const shape = [2, 30];
const plane = new Plane(config, {index: ["y", "x"], scaled: true}, shape);
const of = {config, shape, plane, under: [1, 2], shown: [{at: null, frame}], exact: null};

test("samples of a pixel, and whether they are a position's own", () => {
  assert.deepEqual(valueAt(frame, 1, 2), {values: [6], exact: true});
  assert.deepEqual(valueAt({...frame, step: 4, row: 8}, 11, 9), {values: [3], exact: false});
  assert.deepEqual(valueAt({...frame, samples: 3, cols: 1}, 1, 0), {values: [4, 5, 6], exact: true});
  assert.equal(valueAt(frame, 2, 0), null);
});

test("places with their units, and the value", () => {
  assert.deepEqual(readoutOf(of), {text: "y 1 (0.5 um)  x \u20072 (1 um)\n6 counts", asks: false});
  assert.deepEqual(readoutOf({...of, shown: [{at: null, frame: null}]}), {text: "y 1 (0.5 um)  x \u20072 (1 um)\n– counts", asks: false});
});

test("where a pixel does not hold the value, the server is asked for it, once for each frame", () => {
  const averaged = {...of, shown: [{at: null, frame: {...frame, step: 2}}], under: [0, 1]};
  assert.deepEqual(readoutOf(averaged), {text: "y 0 (0 um)  x \u20071 (0.5 um)\n≈ 1 counts", asks: true});
  const exact = {place: "0,1", key: exactKey("0,1", frame), value: 4};
  assert.deepEqual(readoutOf({...averaged, exact}), {text: "y 0 (0 um)  x \u20071 (0.5 um)\n4 counts", asks: false});
  assert.equal(readoutOf({...averaged, exact: {...exact, key: "0,1 8"}}).asks, true);
  for (const [dtype, pixels, type, asks] of [["float64", "f8", "f4", true], ["float64", "f8", "f8", false], ["complex64", "f4", "f4", true], ["datetime64[s]", "f8", "f8", true], ["int64", "i8", "i4", false]]) {
    assert.equal(readoutOf({...of, config: {...config, dtype, pixels}, shown: [{at: null, frame: {...frame, type, data: Float64Array.from(frame.data)}}]}).asks, asks, `${dtype} as ${type}`);
  }
});

test("blended channels stand beside each other", () => {
  const channels = {...config, axes: ["c", "y", "x"], units: [], scale: [], unit: ""};
  const stack = {config: channels, shape: [2, 2, 3], plane: new Plane(channels, {index: ["k", "y", "x"], scaled: true}, [2, 2, 3]), under: [0, 0], exact: null};
  assert.deepEqual(readoutOf({...stack, shown: [{at: 0, frame}, {at: 1, frame: {...frame, step: 2}}]}), {text: "y 0  x 0\n0: 1  1: ≈ 1", asks: true});
  assert.equal(readoutOf({...stack, shown: [{at: 1, frame: {...frame, step: 2}}], exact: {place: "1,0,0", key: "", value: 7}}).text, "y 0  x 0\n1: 7");
});

test("figures of what is on the screen", () => {
  const pace = {rate: 9.96, latency: () => ({ms: 12.4, whole: true})};
  assert.deepEqual(figuresOf(frame, [frame, {...frame, step: 4}], pace), {rate: "10.0 Hz", offered: "10.0 Hz", latency: "12 ms", sent: "2 × 3, 1 : 4, 0 KiB", missed: "0", frame: "9"});
  assert.deepEqual(figuresOf({...frame, rate: null, missed: undefined, level: 2}, [frame], {rate: 0, latency: () => null}),
    {rate: "0.0 Hz", offered: "–", latency: "–", sent: "2 × 3, 0 KiB", missed: "–", frame: "9, level 2"});
});
