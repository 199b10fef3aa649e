import assert from "node:assert/strict";
import {test} from "node:test";
import {isSeen, levelScale, readFrame, sameTiles} from "./feed.js";
import {describePicture, describePoint} from "./page.js";

const frame = {
  topic: "napari/tiles/1", time: 12.5, level: 2, base_shape: [100001, 80000], image_shape: [25000, 20000], grid: [98, 79],
  tile_size: 256, corners: [[120.5, 300], [5000, 7000]], tiles: [0, 1, 4, 6, 90, 70, 1, 1], count: 25,
};

test("a whole frame", () => {
  const got = readFrame(frame);
  assert.deepEqual(got.tile, [1024, 1024]);
  assert.deepEqual(got.extent, [25000 / 256, 20000 / 256]);
  assert.deepEqual(got.box, {x0: 0, y0: 0, x1: 80000, y1: 100001});
  assert.deepEqual(got.view, {x0: 300, y0: 120.5, x1: 7000, y1: 5000});
  assert.deepEqual([...got.rects], frame.tiles);
  assert.deepEqual([got.topic, got.time, got.level, got.count, got.refused], ["napari/tiles/1", 12.5, 2, 25, 0]);
});

test("what a frame does not say is worked out where it can be, else there is no picture", () => {
  const without = (...names) => readFrame({...frame, ...Object.fromEntries(names.map(name => [name, null]))});
  for (const names of [["tile_size"], ["image_shape", "grid"]]) assert.equal(without(...names), null, names.join());
  assert.deepEqual(without("grid").grid, [98, 79]);
  assert.deepEqual(without("image_shape").image, [98 * 256, 79 * 256]);
  assert.deepEqual(without("base_shape").base, [100000, 80000]);
  assert.equal(without("corners").view, null);
  assert.equal(without("tiles").rects.length, 0);
  assert.equal(without("count").count, 25);
  assert.equal(without("time").time, null);
  assert.equal(readFrame({topic: "t", time: 1}), null);
});

test("a frame of nonsense makes no picture and raises nothing", () => {
  for (const [name, value] of [
    ["tile_size", 0], ["tile_size", "256"], ["tile_size", NaN], ["grid", [0, 4]], ["grid", [2 ** 40, 4]], ["grid", "98,79"],
  ]) {
    assert.equal(readFrame({...frame, image_shape: null, [name]: value}), null, `${name} ${value}`);
  }
  for (const corners of [[[1, 2]], [[1, 2], [3, null]], [[1, 2], [Infinity, 3]], 7, [[1], [2]]]) {
    assert.equal(readFrame({...frame, corners}).view, null, JSON.stringify(corners));
  }
  for (const level of [-1, 2.5, "2", 1e9]) assert.equal(readFrame({...frame, level}).level, 0);
});

test("rectangles are cut to the grid, senseless ones are refused and counted", () => {
  const read = tiles => {
    const {rects, refused} = readFrame({...frame, tiles});
    return {rects: [...rects], refused};
  };
  for (const {name, tiles, want, refused} of [
    {name: "beyond the end", tiles: [97, 78, 5, 5], want: [97, 78, 1, 1], refused: 0},
    {name: "before the start", tiles: [-2, -3, 4, 4], want: [0, 0, 2, 1], refused: 0},
    {name: "outside", tiles: [98, 0, 1, 1, 0, 79, 1, 1, 0, 0, 1, 1], want: [0, 0, 1, 1], refused: 2},
    {name: "empty and negative", tiles: [0, 0, 0, 1, 0, 0, 1, -1], want: [], refused: 2},
    {name: "not numbers", tiles: [0, 0, "1", 1, null, 0, 1, 1, 0.5, 0, 1, 1, 3, 3, 1, 1], want: [3, 3, 1, 1], refused: 3},
    {name: "cut short", tiles: [1, 1, 1, 1, 2, 2], want: [1, 1, 1, 1], refused: 1},
    {name: "no list", tiles: {0: 1}, want: [], refused: 0},
  ]) assert.deepEqual(read(tiles), {rects: want, refused}, name);
});

test("the factor of a level", () => {
  for (const [base, image, level, want] of [
    [100000, 25000, 2, 4], [100001, 25000, 2, 4], [100001, 25001, 2, 4], [100000, 3, 15, 32768], [1000, 1000, 0, 1],
    [900, 300, 1, 3], [901, 300, 1, 3], [1000, 700, 1, 1000 / 700], [1, 1, 5, 32],
  ]) assert.equal(levelScale(base, image, level), want, `${base} / ${image} at level ${level}`);
});

test("pictures with the same tiles", () => {
  const a = readFrame(frame);
  assert.ok(sameTiles(a, readFrame({...frame, corners: null, time: 99})));
  assert.ok(!sameTiles(a, readFrame({...frame, tiles: [0, 1, 4, 7]})));
  assert.ok(!sameTiles(a, readFrame({...frame, tiles: [0, 1, 4, 7, 90, 70, 1, 1]})));
  assert.ok(!sameTiles(a, readFrame({...frame, level: 3, image_shape: [12500, 10000], grid: [49, 40]})));
  assert.ok(!sameTiles(null, a));
});

test("seen tiles", () => {
  const picture = readFrame(frame);
  assert.ok(isSeen(picture, 0, 1) && isSeen(picture, 3, 6) && isSeen(picture, 90, 70));
  assert.ok(!isSeen(picture, 4, 1) && !isSeen(picture, 0, 7) && !isSeen(picture, 0, 0));
});

test("words for a point and for the picture", () => {
  const picture = readFrame(frame);
  const words = (x, y) => describePoint(picture, x, y).replaceAll("\u2007", "");
  assert.equal(words(1024.9, 3000), "y 3000  x 1024  row 2  column 1  drawn");
  assert.equal(words(79999, 99999), "y 99999  x 79999  row 97  column 78  not drawn");
  assert.equal(words(-0.5, 10), "y 10  x -1  outside the image");
  assert.equal(words(80000, 10), "y 10  x 80000  outside the image");
  assert.equal(describePoint(picture, 0, 70000).length, describePoint(picture, 79999, 7).length, "figures keep their places");
  assert.equal(describePicture(picture), "Tile viewer, level 2: 25 of 7742 tiles drawn, 98 rows by 79 columns; " +
    "the view shows rows 121 to 5000, columns 300 to 7000 of the data");
  assert.equal(describePicture(null), "Tile viewer, no tiles yet");
});
