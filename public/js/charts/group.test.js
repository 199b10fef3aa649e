import assert from "node:assert/strict";
import {afterEach, beforeEach, mock, test} from "node:test";
import {Group} from "./group.js";

const EPOCH = 1.78e12;

class FakeChart {
  columns = 1000;
  dirty = false;
  calls = [];
  freeze() { this.calls.push("freeze"); }
  thaw() { this.calls.push("thaw"); }
  draw(view) { this.calls.push("draw"); this.view = view; }
  showCursor() { this.calls.push("cursor"); }
}

// A page in which time goes on only as the test says.
let now = 0;
let group;
let chart;

beforeEach(() => {
  mock.timers.enable({apis: ["setTimeout"]});
  now = 0;
  mock.method(performance, "now", () => now);
  globalThis.document = {hidden: true}; // no animation frames in Node: a timer stands in
  group = new Group();
  chart = new FakeChart();
  group.setWindow(60_000);
  group.add(chart);
  group.heard(EPOCH);
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  delete globalThis.document;
});

function pass(ms) {
  now += ms;
  mock.timers.tick(ms);
}

test("the picture goes on by itself between frames, and stops when the server is gone", () => {
  const before = group.view();
  assert.equal(before.to - before.from, 60_000);
  pass(1000);
  assert.equal(Math.round(group.view().to - before.to), 1000);
  pass(60_000);
  assert.ok(group.view().to - before.to < 4000, "a clock that nobody confirms does not run on");
});

test("pause holds, and going on shows the present", () => {
  pass(100);
  group.setPaused(true);
  const held = group.view();
  pass(2000);
  group.heard(EPOCH + now);
  assert.deepEqual(group.view(), held);
  assert.deepEqual(chart.calls.filter(call => call !== "draw"), ["freeze"]);
  group.setPaused(false);
  assert.ok(group.view().to > held.to + 1500);
  assert.ok(chart.calls.includes("thaw"));
});

test("zooming holds, stays inside, and ends", () => {
  const {from, to} = group.view();
  group.setZoom({from: to - 10_000, to: to + 20_000});
  assert.equal(group.zoom.to, to, "there is nothing in the future");
  assert.equal(group.zoom.to - group.zoom.from, 30_000);
  group.setZoom({from: from + 1000, to: from + 1001});
  assert.ok(group.zoom.to - group.zoom.from >= 200, "no deeper than there is something to see");
  group.setZoom(null);
  assert.equal(group.held, null);
});

test("zooming around a time keeps it in its place", () => {
  const {from, to} = group.view();
  const around = from + 0.25 * (to - from);
  group.zoomBy(4, around);
  const zoom = group.zoom;
  assert.ok(Math.abs((around - zoom.from) / (zoom.to - zoom.from) - 0.25) < 1e-9);
  assert.ok(Math.abs(zoom.to - zoom.from - 15_000) < 1e-6);
  group.pan(1);
  assert.ok(Math.abs(group.zoom.from - zoom.to) < 1e-6);
  group.pan(100);
  assert.equal(group.zoom.to, to);
  group.zoomBy(1 / 100, around);
  assert.equal(group.zoom, null, "out of everything is back to the present");
});

test("zoom while paused ends in the pause", () => {
  group.setPaused(true);
  const held = group.view();
  group.zoomBy(2, held.to);
  group.setZoom(null);
  assert.deepEqual(group.view(), held);
});

test("another window begins at the present", () => {
  group.zoomBy(4, group.view().to);
  group.setWindow(10_000);
  assert.equal(group.zoom, null);
  assert.equal(group.view().to - group.view().from, 10_000);
});

test("charts are drawn at most twenty times a second, and not at all while they stand", () => {
  for (let i = 0; i < 1000; i++) {
    pass(1);
    group.wake();
  }
  const drawn = chart.calls.filter(call => call === "draw").length;
  assert.ok(drawn > 0 && drawn <= 20, `${drawn} in a second`);
  group.setPaused(true);
  pass(1000);
  chart.calls = [];
  for (let i = 0; i < 50; i++) pass(100);
  assert.deepEqual(chart.calls, []);
});

test("the last chart that leaves takes the zoom along", () => {
  group.zoomBy(4, group.view().to);
  group.remove(chart);
  assert.equal(group.zoom, null);
  assert.equal(group.held, null);
});
