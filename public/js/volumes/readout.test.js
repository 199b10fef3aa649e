import assert from "node:assert/strict";
import {test} from "node:test";
import {readout, words} from "./readout.js";

const viewer = (mouse, values) => ({
  mouseState: mouse,
  coordinateSpace: {value: {names: ["x", "y", "z"]}},
  layerManager: {managedLayers: [
    {name: "brain", visible: true, layer: 1}, {name: "hidden", visible: false, layer: 2}, {name: "cells", visible: true, layer: 3}, {name: "broken", visible: true, layer: null},
  ]},
  layerSelectedValues: {get: layer => values[layer]},
});

test("the place and the values of the layers that are shown", () => {
  const lines = readout(viewer({active: true, position: new Float32Array([3.5, 4.999, -0.5])}, {1: 1234.56789012, 2: 5, 3: {key: 7n}}));
  assert.deepEqual(lines, [{name: "x, y, z", value: "3, 4, -1"}, {name: "brain", value: "1234.568"}, {name: "cells", value: "7"}]);
});

test("while the pointer is elsewhere nothing is new", () => {
  assert.equal(readout(viewer({active: false, position: new Float32Array(3)}, {})), null);
  assert.equal(readout({}), null);
});

test("values of any kind", () => {
  for (const [value, want] of [
    [undefined, ""], [null, ""], [12, "12"], [0.1 + 0.2, "0.3"], [18446744073709551615n, "18446744073709551615"], [[1, 2.5], "1, 2.5"],
    [new Uint8Array([1, 2]), "1, 2"], [{value: 7n, label: "soma"}, "7 soma"], [{}, ""],
  ]) assert.equal(words(value), want);
});
