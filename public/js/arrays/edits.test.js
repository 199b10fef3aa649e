import assert from "node:assert/strict";
import {test} from "node:test";
import {blend, setLimits, setMode} from "./edits.js";

const flat = () => ({index: [0, "y", "x"], channels: [], mode: "auto", limits: null});
const blended = () => ({index: ["k", "y", "x"], channels: [{at: 0, limits: null}, {at: 1, limits: null}], mode: "auto", limits: null});

test("limits set by hand are the view's, or those of the chosen channel", () => {
  const one = flat();
  setLimits(one, "all", [1, 2]);
  assert.deepEqual([one.mode, one.limits], ["manual", [1, 2]]);
  const many = blended();
  setLimits(many, "1", [1, 2]);
  assert.deepEqual([many.mode, many.limits, many.channels.map(({limits}) => limits)], ["auto", null, [null, [1, 2]]]);
});

test("by hand limits begin as they are, and another mode takes them back", () => {
  const one = flat();
  setMode(one, "all", "manual", [3, 4]);
  assert.deepEqual([one.mode, one.limits], ["manual", [3, 4]]);
  const many = blended();
  setMode(many, "0", "manual", [3, 4]);
  assert.deepEqual([many.mode, many.channels[0].limits], ["auto", [3, 4]]);
  setMode(many, "0", "percentile", null);
  assert.deepEqual([many.mode, many.channels[0].limits], ["percentile", null]);
});

test("one axis at a time is blended", () => {
  const view = {index: [3, 0, "y", "x"], channels: []};
  blend(view, 0, [4, 2, 10, 10]);
  assert.deepEqual([view.index, view.channels.length], [["k", 0, "y", "x"], 4]);
  blend(view, 1, [4, 2, 10, 10]);
  assert.deepEqual([view.index, view.channels.length], [[0, "k", "y", "x"], 2]);
  blend(view, -1, [4, 2, 10, 10]);
  assert.deepEqual([view.index, view.channels], [[0, 0, "y", "x"], []]);
});
