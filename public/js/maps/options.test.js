import assert from "node:assert/strict";
import {test} from "node:test";
import * as Options from "./options.js";

const usual = Options.complete({x: "days", y: "pDist", segment: -1, mask: "", color: "none", lines: false, bad: true, xs: -1, ys: -1, transform: "", against: "", types: "",
  hx: false, hy: false, size: 5, show: [0, 1, 2], channel: 2, project: "single", slice: -1, link: true, marks: true, tracing: true, names: "condition", marksize: 2, run: -1});

test("the address has what is not as usual, and nothing else changes in it", () => {
  const params = new URLSearchParams("token=abc&color=segment");
  const options = {...usual, x: "z", segment: 3, bad: false, show: [4, 2], run: 0, contrast: [-5, 50]};
  Options.writeAddress(params, options, usual);
  assert.deepEqual(Object.fromEntries(params), {token: "abc", x: "z", segment: "3", bad: "0", show: "4,2", run: "0", contrast: "-5~50"});
  Options.writeAddress(params, usual, usual);
  assert.equal(String(params), "token=abc");
});

test("values are read as they are written", () => {
  for (const [name, value] of Object.entries({...usual, segment: 2, slice: 7, run: 9, show: [], contrast: [0, 250]})) {
    assert.deepEqual(Options.valueOf(name, Options.textOf(name, value)), value, name);
  }
  for (const [name, text] of [["segment", "x"], ["bad", "yes"], ["show", "1,b"], ["run", "-3"], ["contrast", "5~1"], ["contrast", "~1"], ["nothing", "1"]]) {
    assert.equal(Options.valueOf(name, text), undefined, `${name} ${text}`);
  }
});

test("a form says its last value of a box, and nothing that makes no sense", () => {
  assert.deepEqual(Options.fromForm([["lines", "0"], ["lines", "1"], ["bad", "0"], ["size", "much"], ["show", "3, 1,3"], ["csrf", "x"]]), {lines: true, bad: false, show: [3, 1]});
});

test("a plot asks for what it shows", () => {
  assert.equal(String(Options.plotQuery(usual)), "stat=days%2CpDist&transformed=pDist");
  const q = Options.plotQuery({...usual, segment: 0, mask: "added", bad: false, transform: "percent", against: "a*", types: "0,3", color: "segment"});
  assert.deepEqual(Object.fromEntries(q), {stat: "days,pDist", transformed: "pDist", segment: "0", mask: "added", bad: "0", transform: "percent", against: "a*", types: "0,3"});
  assert.equal(Options.plotQuery({...usual, against: "3"}).has("against"), false);
});

test("the browser remembers how somebody looks at maps, not what of one of them", () => {
  const stored = new Map();
  const memory = new Options.Memory({getItem: key => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text)});
  assert.equal(memory.read(), null);
  memory.write(Options.worthKeeping({...usual, color: "segment", x: "odd", run: 3, show: [5], lines: true, contrast: [10, 60]}, usual));
  const out = Options.remembered(memory.read(), usual, (name, text) => text !== "odd");
  assert.deepEqual(out, {...usual, color: "segment", lines: true, contrast: [10, 60]});
  stored.set("webmon-maps", JSON.stringify({version: 0, options: {color: "segment"}}));
  assert.equal(memory.read(), null);
  stored.set("webmon-maps", "{");
  assert.equal(memory.read(), null);
  assert.deepEqual(Options.remembered({color: 3, lines: "maybe", other: "1", run: "4"}, usual, () => true), usual);
  new Options.Memory(null).write({});
});

test("a link to a run does not say how to look at it", () => {
  assert.equal(Options.saysHow(new URLSearchParams("run=3&show=1&slice=4&token=x")), false);
  assert.equal(Options.saysHow(new URLSearchParams("run=3&color=segment")), true);
});

test("what panes show stands in the address, and is remembered of each map", () => {
  const view = {0: {x: 512.04, y: 3, span: 200.25, z: 31}, 7: {z: 4}};
  const text = Options.textOf("view", view);
  assert.equal(text, "0:512,3,200.3,31~7:4");
  assert.deepEqual(Options.valueOf("view", text), {0: {x: 512, y: 3, span: 200.3, z: 31}, 7: {z: 4}});
  for (const bad of ["0:1,2,3", "a:3", "0:1,2,0,4", "0:1..2,3,4,5", "0", "0:NaN,1,1,1"]) assert.equal(Options.valueOf("view", bad), undefined, bad);
  const usual = Options.complete({show: [0, 1, 2], run: -1, slice: -1});
  const stored = new Map();
  const memory = new Options.Memory({getItem: key => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value)});
  memory.writeMap("/maps/a", {...usual, show: [3], view}, usual);
  for (let i = 0; i < 49; i++) memory.writeMap(`/maps/${i}`, {...usual, show: [4]}, usual);
  const back = Options.lookedAt(memory.readMap("/maps/a"), new URLSearchParams("x=days"), usual);
  assert.deepEqual([back.show, back.view[7]], [[3], {z: 4}]);
  assert.deepEqual(Options.lookedAt(memory.readMap("/maps/a"), new URLSearchParams("run=3"), usual), usual, "a link shows what it says");
  memory.writeMap("/maps/50", {...usual, show: [4]}, usual);
  assert.equal(memory.readMap("/maps/a"), null, "of fifty maps");
  memory.writeMap("/maps/50", usual, usual);
  assert.equal(memory.readMap("/maps/50"), null, "what is as usual is not kept");
  stored.set("webmon-maps-looked", "{");
  assert.equal(memory.readMap("/maps/1"), null);
});
