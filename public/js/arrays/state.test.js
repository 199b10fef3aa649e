import assert from "node:assert/strict";
import {test} from "node:test";
import {firstView, readView, rolesOf, topicIndex, writeView} from "./state.js";

const stack = {shape: [5, 3, 20, 100, 200], axes: ["t", "c", "z", "y", "x"]};

test("what is shown first", () => {
  const index = config => firstView(config).index.join();
  assert.equal(index(stack), "0,k,0,y,x");
  assert.equal(index({shape: [10, 20], axes: ["y", "x"]}), "y,x");
  assert.equal(index({shape: [7], axes: ["t"]}), "x");
  assert.equal(index({shape: [10, 20, 3], axes: ["y", "x", "c"], role: "rgb"}), "y,x,c");
  assert.equal(index({shape: [4, 10, 20, 4], role: "rgb"}), "0,y,x,c");
  assert.equal(index({shape: [50, 10, 20], axes: ["c", "y", "x"]}), "0,y,x", "fifty channels are not blended");
  assert.deepEqual(firstView(stack).channels.map(c => c.lut), ["magenta", "green", "cyan"]);
  assert.deepEqual(rolesOf(firstView(stack)), {down: 3, right: 4, samples: -1, blended: 1});
  assert.deepEqual(topicIndex(firstView(stack), {at: 2}), [0, 2, 0, "y", "x"]);
  assert.equal(firstView({shape: [2, 2], limits: [5, 6], colormap: "bop blue"}).lut, "bop_blue");
  assert.deepEqual(firstView({shape: [2, 2], limits: [5, 6]}).limits, [5, 6]);
});

test("a view comes back from its link", () => {
  const view = {
    ...firstView(stack), index: [3, "k", "y", 77, "x"], lut: "viridis", mode: "percentile", percentiles: [1, 99.9], gamma: 0.45,
    invert: true, log: true, scaled: false, camera: {x: 12.5, y: -3.25, scale: 0.125}, line: [[0, 1.5], [30, -2]],
    channels: [{at: 0, on: true, lut: "red", limits: [-5, 300.25]}, {at: 2, on: false, lut: "#12ab9f", limits: null}],
  };
  const query = writeView(new URLSearchParams("source=scope&array=cam"), view, stack);
  assert.equal(query.get("source"), "scope");
  assert.deepEqual(readView(new URLSearchParams(query.toString()), stack), {...view, limits: null});
  const manual = {...firstView(stack), mode: "manual", limits: [-1e-7, 65535]};
  assert.deepEqual(readView(writeView(new URLSearchParams(), manual, stack), stack), manual);
});

test("the first view needs nothing in the address", () => {
  assert.equal(writeView(new URLSearchParams("i=1,0,0,y,x&g=2&source=a"), firstView(stack), stack).toString(), "source=a");
});

test("links that make no sense give the first view", () => {
  for (const text of ["i=9,k,0,y,x", "i=y,x", "i=0,0,0,y,y", "i=0,0,0,x,x", "i=-1,k,0,y,x", "i=0,c,0,y,1e1", "i=0,0,0,0,x", "lut=<script>", "lim=m5", "lim=m5~4", "lim=p-1~50",
    "lim=~1", "g=0", "g=abc", "r=1,2", "r=1,2,-3", "r=1,2,NaN", "r=,,", "l=1,2,3", "c=9:red", "c=0:nothing", "c=;;;", "i=0,k,99,y,x"]) {
    assert.deepEqual(readView(new URLSearchParams(text), stack), firstView(stack), text);
  }
});

test("another axis across", () => {
  const view = readView(new URLSearchParams("i=x,0,y,0,5"), stack);
  assert.deepEqual(rolesOf(view), {down: 2, right: 0, samples: -1, blended: -1});
  assert.deepEqual(view.channels, []);
  assert.equal(readView(new URLSearchParams("i=k,0,0,y,x"), stack).channels.length, 5);
});
