import assert from "node:assert/strict";
import {test} from "node:test";
import {Ring} from "./ring.js";

// A line of a frame from buckets [index, count, mean, minAt, min, maxAt, max].
function line(...buckets) {
  const out = [];
  let previous = buckets[0]?.[0];
  for (const [i, [index, ...rest]] of buckets.entries()) {
    if (i === 0) out.push(index);
    out.push(index - previous, ...rest);
    previous = index;
  }
  return out;
}

const bucket = (index, value = index) => [index, 2, value, 1, value - 1, 3, value + 1];

function all(ring) {
  const list = [];
  ring.each(0, Infinity, (...bucket) => list.push(bucket));
  return list;
}

test("a line is merged by index", () => {
  const ring = new Ring(10);
  ring.merge(line(bucket(1000), bucket(1003)));
  assert.deepEqual(all(ring), [bucket(1000), bucket(1003)]);
  assert.equal(ring.newest, 1003);
});

test("merging is the same however often and in whatever order", () => {
  const lines = [];
  for (let i = 0; i < 30; i++) lines.push(line(bucket(500 + i), bucket(501 + i)));
  const once = new Ring(64);
  for (const one of lines) once.merge(one);
  for (let round = 0; round < 20; round++) {
    const again = new Ring(64);
    const shuffled = [...lines, ...lines].map(one => [Math.random(), one]).sort((a, b) => a[0] - b[0]);
    for (const [, one] of shuffled) again.merge(one);
    assert.deepEqual(all(again), all(once));
  }
});

test("the present state of an open bucket replaces its last", () => {
  const ring = new Ring(10);
  ring.merge(line([7, 1, 5, 0, 5, 0, 5]));
  ring.merge(line([7, 2, 6, 0, 5, 9, 7]));
  assert.deepEqual(all(ring), [[7, 2, 6, 0, 5, 9, 7]]);
});

test("what is too old is gone, and never comes back", () => {
  const ring = new Ring(4);
  for (let i = 0; i < 100; i++) ring.merge(line(bucket(i)));
  assert.deepEqual(all(ring).map(one => one[0]), [96, 97, 98, 99]);
  ring.merge(line(bucket(92)));
  assert.deepEqual(all(ring).map(one => one[0]), [96, 97, 98, 99]);
  ring.merge(line(bucket(99 + 50)));
  assert.deepEqual(all(ring).map(one => one[0]), [149]);
});

test("lines of no use are ignored", () => {
  const ring = new Ring(4);
  for (const bad of [undefined, null, [], [5], [5, 0, 1]]) ring.merge(bad);
  assert.deepEqual(all(ring), []);
});

test("nearest", () => {
  const ring = new Ring(100);
  ring.merge(line(bucket(50), [52, 0, 0, 0, 0, 0, 0], bucket(57)));
  assert.equal(ring.nearest(51, 3).index, 50);
  assert.equal(ring.nearest(52, 3).index, 50, "a gap holds nothing");
  assert.equal(ring.nearest(55, 3).index, 57);
  assert.equal(ring.nearest(54, 1), null);
  assert.equal(ring.nearest(5000, 3), null);
  assert.equal(new Ring(5).nearest(0, 3), null);
});

test("a copy stands still", () => {
  const ring = new Ring(10);
  ring.merge(line(bucket(1)));
  const copy = ring.clone();
  ring.merge(line(bucket(2)));
  ring.clear();
  assert.deepEqual(all(copy), [bucket(1)]);
  assert.deepEqual(all(ring), []);
});

test("census", () => {
  const ring = new Ring(10);
  ring.merge(line(bucket(1), [2, 0, 0, 0, 0, 0, 0], bucket(3), bucket(4)));
  assert.deepEqual(ring.census(1, 3), {values: 4, buckets: 2});
});
