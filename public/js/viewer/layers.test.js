import assert from "node:assert/strict";
import {test} from "node:test";
import {readColors, readPictures, texelPlace} from "./layers.js";

const picture = {
  id: "3", topic: "napari/array/layer.3", index: "y,x", shape: [90, 120], kind: "image", dtype: "<u2", matrix: [[1, 0.5, 4], [0, -2, 6]], base: [100, 130],
  colors: "ab", limits: [0, 9], gamma: 0.5, opacity: 0.5, visible: true, blending: "additive", interpolation: "linear",
};

test("what a frame says of pictures is read, and what cannot be used left out", () => {
  const {canvas, layers} = readPictures({canvas: "#1a2b3c", layers: [picture, {...picture, id: "4", limits: null, gamma: -1, opacity: 7, interpolation: undefined, base: null}]});
  assert.deepEqual(canvas, [0x1a, 0x2b, 0x3c]);
  assert.deepEqual(layers[0].affine, [-2, 0, 6, 0.5, 1, 4]);
  assert.equal(layers[0].blending, "additive");
  const {limits, gamma, opacity, interpolation, base} = layers[1];
  assert.deepEqual({limits, gamma, opacity, interpolation, base}, {limits: null, gamma: 1, opacity: 1, interpolation: "nearest", base: [90, 120]});
  for (const wrong of [null, 7, {}, {...picture, id: 3}, {...picture, matrix: [[1, 2, 0], [2, 4, 0]]}, {...picture, index: "z,y,x"}, {...picture, shape: [90]}, {...picture, shape: [90, -1]}]) {
    assert.deepEqual(readPictures({layers: [wrong]}).layers, [], JSON.stringify(wrong));
  }
  assert.deepEqual(readPictures({canvas: "red"}), {canvas: null, layers: []});
});

test("tables of colours are read once", () => {
  const table = btoa(String.fromCharCode(...Array.from({length: 1024}, (_, i) => i % 256)));
  const first = readColors({tables: {
    a: {kind: "scale", table, steps: true, over: [1, 2, 3, 4], nan: [1, 2, 3]}, b: {kind: "cyclic", table: "AAAAAP8AAP8=", background: "7"},
    c: {kind: "direct", table: "AAAAAP8AAP8=", labels: ["18446744073709551615"]}, d: {kind: "direct", table: "AAAAAP8AAP8=", labels: []},
    e: {kind: "scale", table: "AAAA"}, f: {kind: "scale", table: "%"}, g: {kind: "rainbow", table}, h: {kind: "cyclic", table: "AAAA"},
  }});
  assert.deepEqual([...first.keys()], ["a", "b", "c"]);
  const {rgba, ...rest} = first.get("a");
  assert.equal(rgba.length, 1024);
  assert.deepEqual(rest, {kind: "scale", steps: true, over: [1, 2, 3, 4], under: null, nan: null});
  assert.equal(first.get("b").background, "7");
  const again = readColors({tables: {a: {kind: "scale", table, steps: false}}}, first);
  assert.equal(again.get("a"), first.get("a"), "what a name stands for never changes");
});

test("texels lie where the layer's matrix puts them, also of a part at a lower resolution", () => {
  const [layer] = readPictures({layers: [{...picture, matrix: [[1, 0, 10], [0, 2, 20]]}]}).layers;
  const frame = {row: 4, col: 8, rows: 30, cols: 30, step: 4, shape: [90, 110], offset: [100, 200], pixel: [2, 2]};
  const place = texelPlace(frame, layer);
  // Column 0 of the texels is column 8 of the array, which is column 200 + 16 of the layer.
  assert.deepEqual(place.affine, [16, 0, 20 + 2 * 216, 0, 8, 10 + 108]);
  assert.equal(place.cols, (110 - 8) / 4, "the last texel is cut where the array ends");
  assert.equal(place.rows, (90 - 4) / 4);
  assert.equal(texelPlace({...frame, offset: null}, layer), null);
  assert.equal(texelPlace({...frame, rows: 0}, layer), null);
});
