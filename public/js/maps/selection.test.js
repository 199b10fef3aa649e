import assert from "node:assert/strict";
import {test} from "node:test";
import {Selection, Walk} from "./selection.js";

// Session 0: runs 0, 1, 2 along segments 0, 0, 1; session 2: run 0; session 3: runs 0 and 1.
const walk = new Walk({
  n: 6, run: Int32Array.of(0, 0, 0, 1, 1, 2), session: Int32Array.of(0, 2, 3, 0, 3, 0), segment: Int32Array.of(0, 0, 0, 0, 0, 1), row: Int32Array.of(5, 1, 1, 4, 2, 1),
}, Float64Array.of(9, 1, 1, -3, 2, 0));

test("one steps along the segment, then to the next one, and stops at the ends", () => {
  const order = [1, 0, 2];
  order.forEach((run, i) => {
    assert.equal(walk.stepAlong({run, session: 0}, 1).run, order[Math.min(i + 1, 2)]);
    assert.equal(walk.stepAlong({run, session: 0}, -1).run, order[Math.max(i - 1, 0)]);
  });
  assert.deepEqual(walk.stepAlong({run: -1, session: 0}, 1), {run: 1, session: 0});
  assert.equal(walk.stepAlong({run: 0, session: 7}, 1), null);
});

test("one steps through the sessions that have the run", () => {
  assert.deepEqual(walk.stepSession({run: 0, session: 0}, 1), {run: 0, session: 2});
  assert.deepEqual(walk.stepSession({run: 0, session: 3}, 1), {run: 0, session: 3});
  // From where it is absent.
  assert.deepEqual(walk.stepSession({run: 1, session: 2}, 1), {run: 1, session: 3});
  assert.deepEqual(walk.stepSession({run: 1, session: 2}, -1), {run: 1, session: 0});
  assert.deepEqual(walk.stepSession({run: 2, session: 2}, 1), {run: 2, session: 0});
  assert.equal(walk.stepSession({run: 9, session: 2}, 1), null);
  assert.equal(walk.nearest(1, 2), 3);
  assert.equal(walk.nearest(9, 2), -1);
  assert.equal(walk.at(0, 1), -1);
});

test("who listens hears of what is new, once", () => {
  const selection = new Selection();
  const heard = [];
  const stop = selection.listen((what, by) => heard.push([what, by, selection.now?.run, selection.hover?.run]));
  selection.select({run: 3, session: 1}, "plot");
  selection.select({run: 3, session: 1}, "plot");
  selection.point({run: 2, session: 0});
  selection.select(null);
  stop();
  selection.select({run: 1, session: 1});
  assert.deepEqual(heard, [["select", "plot", 3, undefined], ["hover", null, 3, 2], ["select", null, undefined, 2]]);
});
