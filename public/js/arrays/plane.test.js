import assert from "node:assert/strict";
import {test} from "node:test";
import {Plane, sidesOf, worldOf} from "./plane.js";

const config = {axes: ["t", "c", "y", "x"], units: ["s", "", "um", "um"], scale: [0.25, 1, 1, 0.5]};
const view = {index: [7, "k", "y", "x"], scaled: true};
const shape = [5, 3, 20, 30];

test("where the plane lies in the picture", () => {
  const plane = new Plane(config, view, shape);
  assert.deepEqual([plane.sizes, plane.place, plane.names], [[20, 30], {x: 0, y: 0, width: 1, height: 2}, ["y", "x"]]);
  assert.deepEqual(plane.box, {x0: 0, y0: 0, x1: 30, y1: 40});
  assert.deepEqual([plane.toPoint([3, 4]), plane.toPlace([3, 8])], [[3, 8], [3, 4]]);
  assert.deepEqual(new Plane(config, {...view, scaled: false}, shape).place, {x: 0, y: 0, width: 1, height: 1});
  assert.deepEqual(new Plane(config, {...view, index: ["x", 0, 0, "y"]}, shape).place, {x: 0, y: 0, width: 1, height: 1}, "metres and seconds");
});

test("an array of one axis is a strip", () => {
  const plane = new Plane({axes: ["t"], units: [], scale: []}, {index: ["x"], scaled: true}, [240]);
  assert.deepEqual([plane.sizes, plane.place.height, plane.names, plane.positionAt([12.5, 19])], [[1, 240], 20, ["", "t"], [0, 12]]);
  assert.equal(new Plane({}, {index: ["x"]}, [5]).place.height, 1);
});

test("what lies under a point, with the positions that the frames have", () => {
  const plane = new Plane(config, view, shape);
  assert.deepEqual([plane.positionAt([29.9, 39.9]), plane.indexAt([19, 29])], [[19, 29], [4, null, 19, 29]]);
  for (const point of [null, [-0.1, 0], [0, -0.1], [30, 0], [0, 40]]) assert.equal(plane.positionAt(point), null, String(point));
});

test("the line across the screen stays in the plane", () => {
  const plane = new Plane(config, view, shape);
  assert.deepEqual(plane.across({camera: {x: 10, y: 20, scale: 10}, viewport: {width: 100}}), {x0: 5, x1: 15, y: 10});
  assert.deepEqual(plane.across({camera: {x: 10, y: -5, scale: 0.1}, viewport: {width: 100}}), {x0: 0, x1: 30, y: 0});
});

test("steps have a unit where both axes have it", () => {
  assert.deepEqual(new Plane(config, view, shape).steps, {scale: [1, 0.5], unit: "um"});
  assert.deepEqual(new Plane(config, {...view, index: ["y", 0, 0, "x"]}, shape).steps, {scale: [1, 1], unit: "px"});
  assert.deepEqual(new Plane({...config, scale: []}, view, shape).steps, {scale: [1, 1], unit: "px"});
  assert.deepEqual([worldOf(config, 0, 3), worldOf(config, 1, 3), worldOf(config, 3, 3)], ["0.75 s", "", "1.5 um"]);
});

test("another position has the same sides, another axis has not", () => {
  assert.equal(sidesOf([0, "k", "y", "x"]), sidesOf([12, "k", "y", "x"]));
  assert.notEqual(sidesOf([0, "k", "y", "x"]), sidesOf(["y", "k", 0, "x"]));
});
