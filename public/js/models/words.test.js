import assert from "node:assert/strict";
import {test} from "node:test";
import {figuresOf, readoutOf, sentenceOf, valueAt} from "./words.js";

const density = {row: 0, col: 0, rows: 2, cols: 3, step: 1, data: Float32Array.of(1, 2, 3, 4, 5, 6)};

test("a value is that of its point of the grid, or of the pixel that stands for it", () => {
  assert.deepEqual([valueAt(density, 0, 0), valueAt(density, 1, 2), valueAt(density, 2, 0), valueAt(density, 0, -1), valueAt(null, 0, 0)], [1, 6, null, null, null]);
  assert.deepEqual([valueAt({...density, row: 10, col: 20, step: 4}, 14, 31), valueAt({...density, row: 10, col: 20, step: 4}, 9, 20)], [6, null]);
});

test("what is under the pointer: y goes up, averages say so, and beside the grid is nothing", () => {
  const of = {point: [2.5, 0.5], shape: [3, 2], density, phase: null};
  assert.equal(readoutOf(of), "x 2  y 1  density 6");
  assert.equal(readoutOf({...of, unit: "1/µm", phase: {...density, data: Float32Array.of(0, 0, 0, 0, 0, -Math.PI / 2)}}), "x 2  y 1  density 6 1/µm  phase -0.5 π");
  assert.equal(readoutOf({...of, shape: [12, 8], density: {...density, step: 4}, point: [11, 0.5]}), "x 11  y 7  density ≈ 6");
  assert.equal(readoutOf({...of, shape: [12, 8], density: null, point: [1, 7.5]}), "x \u20071  y 0");
  const about = {...density, about: {low: 1, high: 6}};
  assert.equal(readoutOf({...of, density: about, phase: {...about, data: Float32Array.of(0, 0, 0, 0, 0, 3)}}), "x 2  y 1  density ≈ 6  phase ≈ 0.955 π");
  assert.equal(readoutOf({...of, density: about, phase: about, exact: {density: 5.75, phase: Math.PI}}), "x 2  y 1  density 5.75  phase 1 π");
  assert.equal(readoutOf({...of, exact: {density: 5.75, phase: Math.PI}}), "x 2  y 1  density 6");
  for (const point of [null, [-0.1, 1], [3, 1], [1, -0.1], [1, 2.1]]) assert.equal(readoutOf({...of, point}), "", String(point));
});

test("figures, and dashes for what is not known", () => {
  assert.deepEqual(figuresOf({t: 1.5, step_ms: 2.3456, frame: 7}, 59.96, {ms: 12.4}), {rate: "60.0", step: "2.35", latency: "12", time: "1.5", frames: "7"});
  assert.deepEqual(figuresOf({t: null, step_ms: 0.001, frame: 0}, 0, null), {rate: "0.0", step: "< 0.01", latency: "–", time: "–", frames: "0"});
  assert.deepEqual(figuresOf(null, null, null), {rate: "–", step: "–", latency: "–", time: "–", frames: "–"});
});

test("the sentence tells what is known and nothing else", () => {
  const nothing = {state: null, density: null, measured: {low: NaN, high: NaN, sum: 0, count: 0, missing: 0}, shape: [3, 2], finger: true, people: [], more: 0};
  assert.equal(sentenceOf(nothing), "");
  const state = {phase: "running", t: 2, time_unit: "ms", finger: {x: 0.25, y: 0.5, px: null, py: 0.5}};
  const all = {...nothing, state, density, measured: {low: 1e-12, high: 6, sum: 21, count: 5, missing: 1}};
  assert.equal(sentenceOf(all), "The model is running, time 2 ms, density from 0 to 6, its sum 21, 1 values are no numbers, finger at x 0.25, y 0.50.");
  // Of a part of the grid there is no sum.
  assert.equal(sentenceOf({...all, shape: [300, 200], finger: false, people: [{id: "a"}], more: 1}),
    "The model is running, time 2 ms, density from 0 to 6, 1 values are no numbers, 2 people here.");
  assert.equal(sentenceOf({...all, finger: false, measured: {...all.measured, sum: NaN, missing: 0}}), "The model is running, time 2 ms, density from 0 to 6.");
  assert.match(sentenceOf({...all, state: {...state, finger: {...state.finger, px: 0.125}}}), /its potential at x 0\.1[23], y 0\.50\.$/);
});
