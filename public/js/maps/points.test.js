import assert from "node:assert/strict";
import {test} from "node:test";
import {byRun, Grid, groupsOf, pointsOf, rarestLast, SHAPES} from "./points.js";

// Run 0 in sessions 0, 1, 2; run 1 in 1; run 2 in 0 and 2.
const objects = {n: 6, run: Int32Array.of(0, 0, 0, 1, 2, 2), session: Int32Array.of(0, 1, 2, 1, 0, 2), segment: Int32Array.of(0, 0, 0, 1, -1, -1), dynamics: Uint8Array.of(4, 4, 4, 3, 2, 1)};
const x = Float64Array.of(10, 11, 12, 13, 14, NaN);
const y = Float64Array.of(0, 1, 2, 3, 4, 5);

test("an object is a point if it has both values", () => {
  const all = pointsOf(objects, x, y, -1, -1);
  assert.deepEqual([...all.from], [0, 1, 2, 3, 4]);
  const one = pointsOf(objects, x, y, -1, 1);
  assert.deepEqual([...one.from], [1, 3]);
});

test("a session against another shows the runs that both have", () => {
  const pairs = pointsOf(objects, x, y, 0, 2);
  assert.deepEqual([...pairs.x], [10, 14]);
  assert.deepEqual([...pairs.y], [2, 5]);
  assert.deepEqual([[...pairs.xFrom], [...pairs.from]], [[0, 4], [2, 5]]);
  assert.equal(pointsOf(objects, x, y, 2, 0).n, 1, "the x of run 2 is missing in session 2");
});

test("groups have a colour and a shape, in an order that does not depend on the data", () => {
  const sessions = [{condition: "b"}, {condition: "a"}, {condition: "b"}];
  const dynamics = groupsOf("dynamics", objects, sessions);
  assert.deepEqual(dynamics.groups.map(g => g.name), ["added", "subtracted", "transient", "persistent"]);
  assert.deepEqual([...dynamics.index], [3, 3, 3, 2, 1, 0]);
  assert.equal(new Set(dynamics.groups.map(g => g.shape)).size, 4);
  assert.deepEqual(groupsOf("condition", objects, sessions).groups.map(g => g.name), ["b", "a"]);
  const segments = groupsOf("segment", objects, sessions);
  assert.deepEqual(segments.groups.map(g => g.name), ["no segment", "segment 0", "segment 1"]);
  assert.equal(segments.groups[0].color, "muted");
  // Segment 1 looks the same where it is alone.
  const alone = groupsOf("segment", {...objects, n: 1, segment: Int32Array.of(1)}, sessions);
  assert.deepEqual(alone.groups[0], segments.groups[2]);
  assert.deepEqual(groupsOf("type", {...objects, userType: Float64Array.of(0, 0, 3, NaN, 0, 0)}, sessions).groups.map(g => g.name), ["no user type", "user type 0", "user type 3"]);
  assert.equal(groupsOf("none", objects, sessions).groups.length, 1);
  const looks = groupsOf("segment", {n: 64, segment: Int32Array.from({length: 64}, (_, i) => i)}, []).groups.map(g => `${g.color} ${g.shape}`);
  assert.equal(new Set(looks).size, 64);
  assert.ok(SHAPES.length >= 8);
});

test("runs know their points", () => {
  assert.deepEqual([...byRun(Int32Array.of(1, 0, 1), Int32Array.of(2, 0, 1))], [[1, [2, 0]], [0, [1]]]);
});

test("the nearest point is found, the one on top of others", () => {
  const n = 2000;
  let seed = 7;
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  const px = Float64Array.from({length: n}, () => random() * 500);
  const py = Float64Array.from({length: n}, () => random() * 300);
  const grid = new Grid(px, py);
  for (let k = 0; k < 200; k++) {
    const [qx, qy] = [random() * 520 - 10, random() * 320 - 10];
    let best = -1;
    for (let i = 0; i < n; i++) if (Math.hypot(px[i] - qx, py[i] - qy) <= 12 && (best < 0 || Math.hypot(px[i] - qx, py[i] - qy) < Math.hypot(px[best] - qx, py[best] - qy))) best = i;
    assert.equal(grid.nearest(qx, qy, 12), best);
  }
  assert.equal(new Grid([5, 5], [5, 5]).nearest(5, 5, 3), 1);
  assert.equal(new Grid([-30], [-3]).nearest(-30, -3, 3), 0);
});

test("the rarest are drawn last, each group in its order", () => {
  assert.deepEqual([...rarestLast(Int32Array.of(4, 3, 2, 1, 0), Uint16Array.of(0, 1, 0, 2, 0), 3)], [0, 2, 4, 3, 1]);
});
