import assert from "node:assert/strict";
import {test} from "node:test";
import {placedRegion, placeOf, QUANTUM, regionFor, regionTopic, stepFor} from "./region.js";

const place = {x: 0, y: 0, width: 1, height: 1};
const viewport = {width: 800, height: 600};
const needed = (more = {}) => regionFor({
  camera: {x: 10000, y: 9000, scale: 1}, viewport, ratio: 1, place, shape: [20000, 24000], most: 4096, ...more,
});

test("a sent pixel is about a pixel of the screen", () => {
  for (const [pixels, step] of [[0.01, 1], [1, 1], [1.3, 1], [1.5, 2], [2.8, 2], [2.9, 4], [16, 16], [1000, 1024], [NaN, 1]]) {
    assert.equal(stepFor(pixels), step, `${pixels}`);
  }
});

test("the screen with a margin, at multiples of the quantum", () => {
  const region = needed();
  assert.equal(region.step, 1);
  assert.ok(region.col <= 9600 - 100 && region.col + region.cols >= 10400 + 100, JSON.stringify(region));
  assert.ok(region.row <= 8700 - 75 && region.row + region.rows >= 9300 + 75);
  for (const n of Object.values(region)) assert.equal(n % (n === 1 ? 1 : QUANTUM), 0);
  assert.ok(region.cols <= 800 * 1.25 + 2 * QUANTUM);
});

test("device pixels count, not CSS pixels", () => {
  assert.equal(needed({camera: {x: 1e4, y: 9e3, scale: 0.5}}).step, 2);
  assert.equal(needed({camera: {x: 1e4, y: 9e3, scale: 0.5}, ratio: 2}).step, 1);
});

test("the region of the far corner ends where the frame does", () => {
  const region = needed({camera: {x: 24000, y: 20000, scale: 1}});
  assert.equal(region.col + region.cols, 24000);
  assert.equal(region.row + region.rows, 20000);
});

test("a small frame is asked for as a whole, and so is a large one from afar", () => {
  assert.deepEqual(needed({shape: [300, 500], camera: {x: 100, y: 100, scale: 8}}), {row: 0, col: 0, rows: 300, cols: 500, step: 1});
  assert.deepEqual(needed({camera: {x: 1e4, y: 9e3, scale: 1 / 64}}), {row: 0, col: 0, rows: 20000, cols: 24000, step: 64});
});

test("small pans change nothing, large ones and a zoom do", () => {
  const present = needed();
  for (const x of [10001, 9990, 10080]) assert.equal(needed({camera: {x, y: 9000, scale: 1}, present}), present);
  assert.notDeepEqual(needed({camera: {x: 10400, y: 9000, scale: 1}, present}), present);
  assert.equal(needed({camera: {x: 10000, y: 9000, scale: 0.5}, present}).step, 2);
  const closer = needed({camera: {x: 10000, y: 9000, scale: 4}, present});
  assert.ok(closer.rows * closer.cols < present.rows * present.cols / 2, "what is far too much is not kept");
});

test("never more than a texture holds", () => {
  const region = needed({most: 512});
  assert.ok(Math.max(region.rows, region.cols) / region.step <= 512);
  assert.ok(needed({shape: [4, 3e6], camera: {x: 1.5e6, y: 2, scale: 1e-9}, most: 2048}).cols / needed({shape: [4, 3e6], camera: {x: 1.5e6, y: 2, scale: 1e-9}, most: 2048}).step <= 2048);
});

test("nothing is asked for of what is not there or not in view", () => {
  assert.equal(needed({shape: [0, 10]}), null);
  assert.equal(needed({camera: {x: -5000, y: 0, scale: 1}}), null);
  assert.equal(needed({viewport: {width: 0, height: 0}}), null);
});

test("a frame that lies elsewhere, in larger pixels", () => {
  const region = needed({place: {x: 9000, y: 8000, width: 4, height: 4}, shape: [4000, 4000]});
  assert.equal(region.step, 1);
  assert.ok(region.col <= (9600 - 9000) / 4 && region.col + region.cols >= (10400 - 9000) / 4);
  assert.equal(needed({place: {x: 9000, y: 8000, width: 4, height: 4}, shape: [4000, 4000], camera: {x: 1e4, y: 9e3, scale: 1 / 8}}).step, 2);
});

test("topics and places", () => {
  assert.equal(regionTopic("scope/array/cam", [3, "y", "x"], {row: 64, col: 0, rows: 128, cols: 192, step: 2}, true), "scope/array/cam/3,y,x/64,0,128,192/2/n");
  const frame = {row: 64, col: 128, rows: 10, cols: 20, step: 4};
  assert.deepEqual(placeOf(frame, {x: 1000, y: 2000, width: 2, height: 2}, [100, 300]), {x: 1256, y: 2128, width: 8, height: 8, right: 1416, bottom: 2200});
});

test("of a frame that lies in any way the part is asked for that the screen shows", () => {
  const camera = {x: 10000, y: 9000, scale: 1};
  const upright = [1, 0, 0, 0, 1, 0];
  const options = {camera, viewport, ratio: 1, shape: [20000, 24000], most: 4096};
  assert.deepEqual(placedRegion({...options, affine: upright}), needed(), "upright it is the same part");
  // Turned by a quarter the screen's width goes along the rows.
  const turned = placedRegion({...options, affine: [0, -1, 20000, 1, 0, 0]});
  assert.ok(turned.row <= 10000 - 400 && turned.row + turned.rows >= 10000 + 400, JSON.stringify(turned));
  assert.ok(turned.col <= 9000 - 300 && turned.col + turned.cols >= 9000 + 300);
  assert.ok(turned.cols < turned.rows);
  // Mirrored it is that on the other side.
  const mirrored = placedRegion({...options, camera: {...camera, x: -10000}, affine: [-1, 0, 0, 0, 1, 0]});
  assert.ok(mirrored.col <= 9600 && mirrored.col + mirrored.cols >= 10400);
  // A pixel that is long on the screen in one direction decides.
  assert.equal(placedRegion({...options, camera: {...camera, x: 2500}, affine: [0.25, 0, 0, 0, 1, 0]}).step, 1);
  assert.equal(placedRegion({...options, camera: {x: 500, y: 500, scale: 1}, affine: [0.25, 0, 0, 0, 0.25, 0]}).step, 4);
  assert.equal(placedRegion({...options, affine: [1, 0, 30000, 0, 1, 0]}), null);
  assert.equal(placedRegion({...options, affine: [1, 1, 0, 1, 1, 0]}), null);
});
