import assert from "node:assert/strict";
import {test} from "node:test";

import {boxFor, crossOf, crossText, keyAt, labelOf, number, placeAt, readSection, sizeFor, titleOf, valueOf} from "./place.js";

const raw = {
  plane: "below", axes: ["z", "x", "y"], units: ["µm", "µm", "µm"], through: ["z"], down: [-1, 9], right: [-0.5, 6.5], at: [4, 3, 2], places: [5, 7, 6], step: [2, 1, 1],
  layers: [{id: "1", name: "tissue", level: 0, voxel: [1, 2, 2, 3], value: 147}, {id: "2", name: "cells", level: 0, voxel: null, value: null}], left: null,
};
const section = readSection(raw);

test("a section that makes no sense is none", () => {
  assert.deepEqual(section.left, []);
  assert.deepEqual(readSection({plane: "right", problem: "There is nothing."}), {plane: "right", problem: "There is nothing."});
  for (const bad of [null, {}, {...raw, plane: "above"}, {...raw, axes: ["z"]}, {...raw, down: [9, -1]}, {...raw, at: [1, NaN, 2]}, {...raw, right: [0]}]) {
    assert.equal(readSection(bad), null);
  }
});

test("a section has the proportions of the world", () => {
  assert.deepEqual(boxFor(section, 350), {width: 294, height: 420, stretched: 1, scaled: true});
  assert.deepEqual(boxFor({...section, down: [0, 3.5]}, 350), {width: 350, height: 175, stretched: 1, scaled: true});
  const thin = boxFor({...section, down: [0, 0.07]}, 350);
  assert.deepEqual([thin.width, thin.height, Math.round(thin.stretched)], [350, 28, 8]);
  assert.equal(boxFor({...section, units: ["s", "µm", "µm"]}, 300).scaled, false);
});

test("what is asked for fits the screen", () => {
  assert.equal(sizeFor(300, 1), 320);
  assert.equal(sizeFor(300, 2), 640);
  assert.equal(sizeFor(3000, 2), 1024);
  assert.equal(sizeFor(0, 1), 256);
});

test("a pointer and the crosshair", () => {
  assert.deepEqual(placeAt(section, 0.5, 0.5), {x: 3, z: 4});
  assert.deepEqual(placeAt(section, -1, 2), {x: -0.5, z: 9});
  assert.deepEqual(crossOf(section), {x: 0.5, y: 0.5});
});

test("arrow keys go step by step, and not beyond the edge", () => {
  assert.deepEqual(keyAt(section, "ArrowDown", false), {z: 6});
  assert.deepEqual(keyAt(section, "ArrowLeft", true), {x: -0.5});
  assert.equal(keyAt(section, "Enter", false), null);
  assert.equal(keyAt(section, "constructor", false), null);
});

test("the same in words", () => {
  assert.equal(titleOf(section, boxFor(section, 350)), "x to the right, z down, at y 2 µm");
  assert.equal(titleOf(section, {stretched: 8, scaled: true}), "x to the right, z down, at y 2 µm; 8 times as thick as it is");
  assert.equal(titleOf(section, {stretched: 1, scaled: false}), "x to the right, z down, at y 2 µm; not to scale");
  assert.equal(crossText(section), "x 3 µm, y 2 µm, z 4 µm; tissue 147");
  assert.equal(labelOf(section), "Cross section, x to the right and z down, at y 2 µm; crosshair at x 3 µm, z 4 µm: tissue 147");
  assert.equal(number(1 / 3), "0.333333");
  assert.equal(valueOf({value: [1, 2, 3]}), "1, 2, 3");
  assert.equal(valueOf({value: 2 ** 60, text: "1152921504606846977"}), "1152921504606846977");
  assert.equal(valueOf({value: "nan"}), "nan");
});
