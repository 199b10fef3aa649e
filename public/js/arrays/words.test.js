import assert from "node:assert/strict";
import {test} from "node:test";
import {Plane} from "./plane.js";
import {exactKey, figuresOf, readoutOf, valueAt} from "./words.js";

const frame = {row: 0, col: 0, rows: 2, cols: 3, step: 1, samples: 1, type: "u2", seq: 9, rate: 10, missed: 0, level: 0, data: Uint16Array.of(1, 2, 3, 4, 5, 6)};
const config = {axes: ["y", "x"], units: ["um", "um"], scale: [0.5, 0.5], unit: "counts", dtype: "uint16", pixels: "u2"};
const shape = [2, 30];
const plane = new Plane(config, {index: ["y", "x"], scaled: true}, shape);
const of = {config, shape, plane, under: [1, 2], shown: [{at: null, frame}], exact: new Map()};

test("samples of a pixel, and whether they are a position's own", () => {
  assert.deepEqual(valueAt(frame, 1, 2), {values: [6], exact: true});
  assert.deepEqual(valueAt({...frame, step: 4, row: 8}, 11, 9), {values: [3], exact: false});
  assert.deepEqual(valueAt({...frame, samples: 3, cols: 1}, 1, 0), {values: [4, 5, 6], exact: true});
  assert.equal(valueAt(frame, 2, 0), null);
});

test("places with their units, and the value", () => {
  assert.deepEqual(readoutOf(of), {text: "y 1 (0.5 um)  x \u20072 (1 um)\n6 counts", asks: ""});
  assert.deepEqual(readoutOf({...of, shown: [{at: null, frame: null}]}), {text: "y 1 (0.5 um)  x \u20072 (1 um)\n– counts", asks: ""});
});

test("where a pixel does not hold the value, the server is asked for it, once for each frame", () => {
  const averaged = {...of, shown: [{at: null, frame: {...frame, step: 2}}], under: [0, 1]};
  assert.deepEqual(readoutOf(averaged), {text: "y 0 (0 um)  x \u20071 (0.5 um)\n≈ 1 counts", asks: "place"});
  const exact = key => new Map([["0,1", {key, values: [4]}]]);
  assert.deepEqual(readoutOf({...averaged, exact: exact(exactKey("0,1", frame))}), {text: "y 0 (0 um)  x \u20071 (0.5 um)\n4 counts", asks: ""});
  assert.equal(readoutOf({...averaged, exact: exact("0,1 8")}).asks, "again");
  for (const [dtype, pixels, type, asks] of [["float64", "f8", "f4", true], ["float64", "f8", "f8", false], ["complex64", "f4", "f4", true], ["datetime64[s]", "f8", "f8", true], ["int64", "i8", "i4", false]]) {
    assert.equal(readoutOf({...of, config: {...config, dtype, pixels}, shown: [{at: null, frame: {...frame, type, data: Float64Array.from(frame.data)}}]}).asks, asks ? "place" : "", `${dtype} as ${type}`);
  }
});

test("blended channels stand beside each other", () => {
  const channels = {...config, axes: ["c", "y", "x"], units: [], scale: [], unit: ""};
  const stack = {config: channels, shape: [2, 2, 3], plane: new Plane(channels, {index: ["k", "y", "x"], scaled: true}, [2, 2, 3]), under: [0, 0], exact: new Map()};
  assert.deepEqual(readoutOf({...stack, shown: [{at: 0, frame}, {at: 1, frame: {...frame, step: 2}}]}), {text: "y 0  x 0\n0: 1  1: ≈ 1", asks: "place"});
  assert.equal(readoutOf({...stack, shown: [{at: 1, frame: {...frame, step: 2}}], exact: new Map([["1,0,0", {key: "", values: [7]}]])}).text, "y 0  x 0\n1: 7");
});

test("of a picture that has lost something the value is about, until the server has said it; colours too", () => {
  const lossy = {...frame, type: "u1", data: Uint8Array.of(0, 51, 102, 153, 204, 255), lossy: {low: 1000, high: 1510}};
  assert.deepEqual([valueAt(lossy, 0, 0), valueAt(lossy, 1, 2)], [{values: [1000], exact: false}, {values: [1510], exact: false}]);
  assert.deepEqual(readoutOf({...of, shown: [{at: null, frame: {...lossy, lossy: {low: 0, high: 1}}}], under: [0, 1]}).text, "y 0 (0 um)  x \u20071 (0.5 um)\n≈ 0.2 counts");
  assert.deepEqual(readoutOf({...of, shown: [{at: null, frame: lossy}]}), {text: "y 1 (0.5 um)  x \u20072 (1 um)\n≈ 1510 counts", asks: "place"});
  const rgb = {...config, axes: ["y", "x", "c"], unit: ""};
  const colour = {config: rgb, shape: [2, 1, 3], plane: new Plane(rgb, {index: ["y", "x", "c"], scaled: true}, [2, 1, 3]), under: [1, 0], exact: new Map()};
  const seen = {...frame, samples: 3, cols: 1, full: 65535};
  assert.deepEqual(readoutOf({...colour, shown: [{at: null, frame: seen}]}), {text: "y 1 (0.5 um)  x 0 (0 um)\n4, 5, 6", asks: ""});
  const lost = {...seen, type: "u1", data: lossy.data, lossy: {}};
  assert.deepEqual(readoutOf({...colour, shown: [{at: null, frame: lost}]}), {text: "y 1 (0.5 um)  x 0 (0 um)\n≈ 39300, 52400, 65500", asks: "place"});
  assert.equal(readoutOf({...colour, shown: [{at: null, frame: lost}], exact: new Map([["1,0,c", {key: exactKey("1,0,c", lost), values: [39321, 52428, 65535]}]])}).text,
    "y 1 (0.5 um)  x 0 (0 um)\n39321, 52428, 65535");
});

test("figures of what is on the screen", () => {
  const pace = {rate: 9.96, latency: () => ({ms: 12.4, whole: true})};
  assert.deepEqual(figuresOf(frame, [frame, {...frame, step: 4}], pace), {rate: "10.0 Hz", offered: "10.0 Hz", latency: "12 ms", sent: "2 × 3, 1 : 4, 0 KiB", missed: "0", frame: "9"});
  assert.equal(figuresOf(frame, [{...frame, bytes: 5120}], pace).sent, "2 × 3, 5 KiB");
  assert.deepEqual(figuresOf({...frame, rate: null, missed: undefined, level: 2}, [frame], {rate: 0, latency: () => null}),
    {rate: "0.0 Hz", offered: "–", latency: "–", sent: "2 × 3, 0 KiB", missed: "–", frame: "9, level 2"});
});
