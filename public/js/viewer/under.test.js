import assert from "node:assert/strict";
import {test} from "node:test";
import {readPicture} from "./under.js";
import {readFrame} from "./feed.js";
import {describeLevel, describePicture, describePoint} from "./page.js";

const picture = {topic: "napari/array/layer.3", index: "y,x", shape: [900, 1200], kind: "image", colormap: "viridis", limits: [0, 4095], gamma: 0.5, opacity: 0.7, visible: true};
const frame = {
  topic: "t", level: 1, tile_size: 256, tile_shape: [256, 128], base_shape: [8000, 6000], image_shape: [4000, 3000], grid: [16, 24], corners: null, tiles: [0, 1, 1, 2],
  count: 2, ideal_level: 3, excess: 16, loading: [1, 1, 2, 2], reloaded: [5, 5, 1, 1],
};

test("what a frame says of the picture is checked", () => {
  assert.deepEqual(readPicture(picture), picture);
  assert.deepEqual(readPicture({...picture, limits: [5, 5], gamma: -1, opacity: 7, visible: undefined, kind: "?"}),
    {...picture, limits: null, gamma: 1, opacity: 1, visible: true, kind: "image"});
  for (const wrong of [null, undefined, {}, {...picture, topic: 3}, {...picture, index: "x,y"}, {...picture, index: "y,x;"}, {...picture, shape: [900]},
    {...picture, shape: [900, -1]}, {...picture, shape: "y,x"}]) assert.equal(readPicture(wrong), null);
  assert.ok(readPicture({...picture, index: "0,y,x,c", shape: [2, 9, 9, 3]}));
});

test("tiles that are not square, marks, and the level that the screen would need", () => {
  const read = readFrame(frame);
  assert.deepEqual(read.tile, [512, 256]);
  assert.deepEqual([...read.loading], [1, 1, 2, 2]);
  assert.equal(describeLevel(read), "the screen would need 3: 16x more pixels than needed");
  assert.equal(describeLevel(readFrame({...frame, ideal_level: 0, excess: 0.25})), "the screen would need 0: 4x fewer pixels than needed");
  assert.equal(describeLevel(readFrame({...frame, excess: undefined})), "the screen would need 3: 16x more pixels than needed");
  for (const ideal of [1, -1, undefined, null, 0.5]) assert.equal(describeLevel(readFrame({...frame, ideal_level: ideal})), "");
  assert.match(describePicture(read), /level 1, the screen would need 3.*, 4 loading, 1 loaded again without need,/);
  assert.match(describePoint(read, 300, 600), /row\s+1\s+column\s+1\s+not drawn, loading$/);
});

test("a frame of a plain napari says none of it", () => {
  const read = readFrame({...frame, tile_shape: undefined, ideal_level: undefined, loading: undefined, reloaded: "x"});
  assert.deepEqual(read.tile, [512, 512]);
  assert.equal(read.loading.length + read.reloaded.length, 0);
});
