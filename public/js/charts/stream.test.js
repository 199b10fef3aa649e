import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {Stream} from "./stream.js";

// Frames of a real feed (dashboard/chart/feed_test.go).
const {frames, buckets} = JSON.parse(readFileSync(new URL("../../../dashboard/chart/testdata/frames.json", import.meta.url)));

function content(stream) {
  const list = [];
  stream.rings[0].each(0, Infinity, (index, count, _mean, _minAt, min, _maxAt, max) => list.push({index, count, min, max}));
  return list;
}

function same(got, want) {
  const last = got.slice(-want.length);
  assert.equal(last.length, want.length);
  want.forEach((b, i) => {
    assert.equal(last[i].index, b.index);
    assert.equal(last[i].count, b.count);
    assert.ok(Math.abs(last[i].min - b.min) < 1e-4 && Math.abs(last[i].max - b.max) < 1e-4);
  });
}

test("the server's frames give the server's buckets", () => {
  const stream = new Stream(10_000);
  assert.equal(stream.ready, false);
  for (const frame of frames) assert.equal(stream.take(frame), true);
  same(content(stream), buckets);
  assert.equal(stream.width, 20);
  assert.equal(stream.marks[0][1], "napari ended");
  assert.ok(stream.end > 0);
  assert.equal(stream.stats[0].max, 120);
  assert.equal(stream.empty, false);
});

test("a value older than the window has come all the same", () => {
  const stream = new Stream(10_000);
  const none = {...frames[0], lines: [[]]};
  stream.take({...none, stats: [{last: null, age: null}]});
  assert.equal(stream.empty, true);
  stream.take({...none, seq: 1, stats: [{last: 3.97, age: 60}]});
  assert.equal(stream.empty, false);
  stream.take({...none, seq: 2, lines: [[], []], stats: [{last: null, age: null}, {last: 0, age: 0}]});
  assert.equal(stream.empty, false, "of the second line");
});

test("frames twice, and old ones, change nothing", () => {
  const stream = new Stream(10_000);
  for (const [i, frame] of frames.entries()) {
    stream.take(frame);
    for (const old of frames.slice(1, i + 1)) assert.equal(stream.take(old), true);
  }
  same(content(stream), buckets);
});

test("a missing frame asks for a snapshot, and what came before it stays as it was", () => {
  const stream = new Stream(10_000);
  stream.take(frames[0]);
  stream.take(frames[1]);
  const before = content(stream);
  assert.equal(stream.take(frames[3]), false);
  assert.deepEqual(content(stream), before);
  assert.equal(stream.take(frames[4]), false, "still");
  assert.equal(stream.take({...frames[0], seq: 4}), true);
  assert.equal(stream.take(frames[5]), true);
});

test("deltas before any snapshot are of no use", () => {
  const stream = new Stream(10_000);
  assert.equal(stream.take(frames[2]), false);
  assert.equal(stream.ready, false);
});

test("a snapshot replaces all, also from a feed that began again", () => {
  const stream = new Stream(10_000);
  for (const frame of frames) stream.take(frame);
  assert.equal(stream.take({...frames[0], seq: 0, end: null, lines: [[5, 0, 1, 2, 0, 2, 0, 2]]}), true);
  assert.deepEqual(content(stream), [{index: 5, count: 1, min: 2, max: 2}]);
  assert.equal(stream.end, null);
});

test("more lines than before", () => {
  const stream = new Stream(10_000);
  stream.take(frames[0]);
  stream.take({kind: "snapshot", seq: 9, width: 20, lines: [[], [3, 0, 1, 1, 0, 1, 0, 1]]});
  assert.equal(stream.rings.length, 2);
  assert.equal(stream.rings[1].newest, 3);
});
