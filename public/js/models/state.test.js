import assert from "node:assert/strict";
import {test} from "node:test";
import {firstView, readView, writeView} from "./state.js";

const config = {shape: [128, 64], colormap: "", limits: null, tracers: 100, phase: true, finger: true};
const read = (text, more) => readView(new URLSearchParams(text), {...config, ...more});

test("a view that nobody has changed is not in the address", () => {
  assert.equal(String(writeView(new URLSearchParams("p.cooling=1&x=2"), read(""), config)), "p.cooling=1&x=2");
  assert.equal(read("").lut, "viridis");
  assert.equal(read("", {colormap: "magma"}).lut, "magma");
  assert.deepEqual(firstView({...config, limits: [0, 2]}).limits, [0, 2]);
  assert.equal(firstView({...config, limits: [2, 2]}).mode, "auto");
});

test("what is written is read again", () => {
  const view = {lut: "turbo", mode: "manual", limits: [-0.5, 2], show: "phase", lines: 12, tracers: false, smooth: true, camera: {x: 10.5, y: 20, scale: 3}};
  const query = writeView(new URLSearchParams(), view, config);
  assert.equal(decodeURIComponent(String(query)), "lut=turbo&lim=m-0.5~2&show=phase&lines=12&tracers=0&smooth=1&r=10.5,20,3");
  assert.deepEqual(readView(query, config), view);
  assert.equal(String(writeView(query, read(""), config)), "");
  assert.equal(read("lim=z").mode, "zero");
  assert.equal(read("lim=a", {limits: [0, 1]}).mode, "auto");
});

test("what makes no sense is as if it were not there", () => {
  assert.deepEqual(read("lut=nice&lim=m2~1&show=all&lines=7&tracers=x&smooth=2&r=1,2,-3"), read(""));
  const without = read("show=phase&lines=8&tracers=1", {phase: false, tracers: 0});
  assert.deepEqual([without.show, without.lines, without.tracers], ["density", 0, false]);
});
