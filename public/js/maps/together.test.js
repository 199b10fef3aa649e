import assert from "node:assert/strict";
import {mock, test} from "node:test";
import {axesNumber, Pace, readHand, readSaid, runAt} from "./together.js";

test("where somebody points is checked", () => {
  assert.deepEqual(readHand({session: 3, x: 1.5, y: -2, z: 7, more: 1}), {session: 3, x: 1.5, y: -2, z: 7});
  assert.deepEqual(readHand({session: 3, x: 1, y: 2}), {session: 3, x: 1, y: 2});
  assert.deepEqual(readHand({plot: 77, x: 1e-9, y: 5}), {plot: 77, x: 1e-9, y: 5});
  for (const hand of [null, undefined, 3, [1, 2], {x: 1, y: 2}, {session: 0.5, x: 1, y: 2, z: 3}, {session: 1, x: "1", y: 2, z: 3}, {plot: NaN, x: 1, y: 2}, {plot: 1, x: Infinity, y: 0}]) {
    assert.equal(readHand(hand), null, JSON.stringify(hand));
  }
});

test("what was said is checked", () => {
  assert.deepEqual(readSaid({n: 4, by: "ada", what: {key: 9, run: 3, session: 1, edition: "e", x: 1, y: 2, z: 3}}), {n: 4, by: "ada", key: 9, what: {run: 3, session: 1, edition: "e", x: 1, y: 2, z: 3}});
  assert.deepEqual(readSaid({n: 4, by: "ada", what: {key: 9}}), {n: 4, by: "ada", key: 9, what: null});
  for (const said of [undefined, null, {}, {n: 1, by: "a", what: null}, {n: 1, by: "a", what: {run: 3, session: 1}}, {n: 1, by: "a", what: {key: 1, run: 1.5, session: 0}}, {n: 1, by: "a", what: {key: 1, run: 2}}, {by: "a", what: {key: 1}}]) {
    assert.equal(readSaid(said), null, JSON.stringify(said));
  }
});

test("the number of the axes tells plots apart whose values mean something else", () => {
  const options = {x: "days", y: "pDist", xs: -1, ys: -1, transform: "", against: "", color: "none", segment: -1};
  const number = axesNumber(options);
  assert.ok(Number.isSafeInteger(number) && number >= 0 && number < 2 ** 32);
  assert.equal(axesNumber({...options, color: "type", segment: 3, against: "0"}), number);
  for (const other of [{x: "z"}, {y: "z"}, {xs: 0}, {ys: 0}, {transform: "change"}, {transform: "change", against: "1"}]) assert.notEqual(axesNumber({...options, ...other}), number, JSON.stringify(other));
});

test("in another edition an object is found by its place", () => {
  const objects = [{run: 1, x: 10, y: 10, z: 5}, {run: 2, x: 11, y: 10, z: 5}, {run: 3, x: 10, y: 10, z: 9}, {run: 4, x: NaN, y: 0, z: 0}];
  assert.equal(runAt(objects, {x: 10.9, y: 10, z: 5}), 2);
  assert.equal(runAt(objects, {x: 10, y: 10.1, z: 8}), 3);
  assert.equal(runAt(objects, {x: 20, y: 10, z: 5}), -1);
  assert.equal(runAt(objects, {x: undefined, y: undefined, z: undefined}), -1);
  assert.equal(runAt([], {x: 0, y: 0, z: 0}), -1);
});

test("what is newest is sent at once, then at most once an interval, and the last is never lost", () => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    const sent = [];
    const pace = new Pace(what => sent.push(what), 50);
    for (let i = 0; i < 100; i++) {
      pace.push(i);
      mock.timers.tick(10);
    }
    assert.ok(sent.length >= 19 && sent.length <= 21, String(sent.length));
    mock.timers.tick(100);
    assert.equal(sent[0], 0);
    assert.equal(sent.at(-1), 99);
    pace.push(null);
    assert.equal(sent.at(-1), null);
    pace.push(1);
    pace.stop();
    mock.timers.tick(100);
    assert.equal(sent.at(-1), null);
  } finally {
    mock.timers.reset();
  }
});
