import assert from "node:assert/strict";
import {test} from "node:test";
import * as Sight from "./sight.js";

const image = {rows: 1024, cols: 1024};
const box = {width: 512, height: 512};
const voxel = {dx: 0.12, dy: 0.12};

test("an object lies in the middle of its pixel", () => {
  const [x, y] = Sight.pixelOf(voxel, 12, 24);
  assert.ok(Math.abs(x - 100.5) < 1e-9 && Math.abs(y - 200.5) < 1e-9);
  const view = {x: 100.5, y: 200.5, scale: 3, z: 0};
  assert.deepEqual(Sight.toScreen(view, box, 100.5, 200.5), [256, 256]);
  assert.deepEqual(Sight.fromScreen(view, box, ...Sight.toScreen(view, box, 7, 9)), [7, 9]);
});

test("what is under the pointer stays there while one zooms", () => {
  const before = Sight.zoom(Sight.fit(image, box, 3), image, box, 4);
  const at = Sight.fromScreen(before, box, 100, 300);
  const after = Sight.zoom(before, image, box, 1.7, 100, 300);
  Sight.fromScreen(after, box, 100, 300).forEach((v, i) => assert.ok(Math.abs(v - at[i]) < 1e-9));
  assert.equal(Sight.zoom(before, image, box, 1e9).scale, 64);
  assert.equal(Sight.zoom(before, image, box, 1e-9).scale, 0.25);
});

test("linked panes go the same way and keep their offsets", () => {
  const mine = {x: 500, y: 500, scale: 1, z: 30};
  const other = {x: 520, y: 480, scale: 2, z: 33};
  const after = Sight.step(Sight.pan(mine, image, 10, -5), 70, 1);
  const moved = Sight.follow(other, image, box, Sight.wayOf(mine, after, voxel, 70), {dx: 0.24, dy: 0.12});
  assert.deepEqual([moved.x, moved.y, moved.scale, moved.z], [525, 475, 2, 34]);
  // At the end of its stack a pane waits, and its offset is still the same on the way back.
  let view = {...other, z: 68};
  let lead = {...mine, z: 10};
  for (const by of [5, 5, -5, -5]) {
    const next = Sight.step(lead, 70, by);
    view = Sight.follow(view, image, box, Sight.wayOf(lead, next, voxel, 70), voxel);
    lead = next;
    assert.ok(Sight.sliceOf(view, 70) <= 69);
  }
  assert.equal(view.z, 68);
  // Who moves it itself starts from what is shown.
  assert.equal(Sight.step({...other, z: 90}, 70, -1).z, 68);
  assert.equal(Sight.step({...other, z: -7}, 70, -1).z, 0);
});

test("what is fetched covers what is seen, in as many pixels as the screen has", () => {
  assert.deepEqual(Sight.partOf(Sight.fit(image, box, 0), image, box, 1), {step: 2, rect: null});
  assert.deepEqual(Sight.partOf(Sight.fit(image, box, 0), image, box, 2), {step: 1, rect: null});
  const large = {rows: 5000, cols: 9000};
  for (const view of [{x: 0, y: 0, scale: 1}, {x: 9000, y: 5000, scale: 3}, {x: 4321, y: 1234, scale: 0.5}, {x: 4321, y: 1234, scale: 20}]) {
    const {step, rect: [row, col, rows, cols]} = Sight.partOf(view, large, box, 1);
    assert.ok(row % 128 === 0 && col % 128 === 0 && row + rows <= 5000 && col + cols <= 9000 && rows > 0 && cols > 0);
    const [left, top] = Sight.fromScreen(view, box, 0, 0).map(v => Math.max(v, 0));
    const [right, bottom] = Sight.fromScreen(view, box, 512, 512);
    assert.ok(col <= left && row <= top && col + cols >= Math.min(right, 9000) && row + rows >= Math.min(bottom, 5000), JSON.stringify(view));
    assert.ok(rows * cols / step ** 2 < 4e6);
  }
});

test("projections name their slices, and draw what is near", () => {
  assert.equal(Sight.slicesText("single", 3, 70), "3");
  assert.equal(Sight.slicesText("sliding", 1, 70), "0-3");
  assert.equal(Sight.slicesText("sliding", 69, 70), "67-69");
  assert.equal(Sight.slicesText("all", 1, 70), "all");
  assert.deepEqual([Sight.isNear(10, 13, "single"), Sight.isNear(10, 14, "single"), Sight.isNear(10, 14, "all"), Sight.isNear(NaN, 1, "single")], [true, false, true, false]);
  assert.deepEqual(Sight.aheadOf(1, 70, -1, "single"), [0, 2]);
  assert.deepEqual(Sight.aheadOf(5, 70, 1, "sliding"), [6, 7, 4, 8, 9]);
  assert.deepEqual(Sight.aheadOf(5, 70, 1, "all"), []);
});

test("a view that stands in an address shows the same in a window of another size", () => {
  const image = {rows: 1000, cols: 2000};
  const view = {x: 700, y: 300, scale: 2, z: 9};
  const seen = Sight.seenOf(view, {width: 400, height: 500}, 9);
  assert.deepEqual(seen, {x: 700, y: 300, span: 200, z: 9});
  assert.deepEqual(Sight.seeing(seen, image, {width: 900, height: 800}), {...view, scale: 4});
  assert.deepEqual(Sight.seeing({x: -5, y: 5000, span: 1e9, z: 3}, image, {width: 400, height: 400}), {x: 0, y: 1000, scale: 0.1, z: 3});
});
