import assert from "node:assert/strict";
import {test} from "node:test";
import {sizeOf} from "./pixels.js";

test("a picture in less resolution is as large as it would be in full", () => {
  const canvas = {topic: "napari/canvas/1088x768", rows: 769, cols: 1023, step: 1, shape: [769, 1023, 4]};
  assert.deepEqual(sizeOf(canvas), {rows: 769, cols: 1023, scale: 1});
  assert.deepEqual(sizeOf({...canvas, rows: 385, cols: 512, step: 2, lossy: {scale: 2}}), {rows: 769, cols: 1023, scale: 2});
  assert.deepEqual(sizeOf({...canvas, rows: 193, cols: 256, step: 4, lossy: {scale: 4}}), {rows: 769, cols: 1023, scale: 4});
  // One that was asked for with half of the pixels of napari's own.
  assert.deepEqual(sizeOf({...canvas, rows: 385, cols: 512, step: 2}), {rows: 385, cols: 512, scale: 1});
  assert.deepEqual(sizeOf({...canvas, rows: 193, cols: 256, step: 4, lossy: {scale: 2}}), {rows: 385, cols: 512, scale: 2});
  // Drawn by the server: it says nothing of another frame.
  assert.deepEqual(sizeOf({rows: 50, cols: 60, lossy: {scale: 2}}), {rows: 100, cols: 120, scale: 2});
});
