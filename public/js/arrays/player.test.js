import assert from "node:assert/strict";
import {test} from "node:test";
import {Timers} from "../picture/timers.js";
import {Player} from "./player.js";

function made(t, {end = Infinity} = {}) {
  t.mock.timers.enable({apis: ["setTimeout"]});
  const it = {waits: false, shown: []};
  it.player = new Player(new Timers(), {
    pace: () => 10,
    waits: () => it.waits,
    next(axis) {
      if (it.shown.length >= end) return false;
      it.shown.push(axis);
      return true;
    },
  });
  return it;
}

test("positions come at the pace, until the axis is stopped", t => {
  const it = made(t);
  it.player.toggle(2);
  assert.equal(it.player.axis, 2);
  for (let i = 0; i < 3; i++) t.mock.timers.tick(100);
  assert.deepEqual(it.shown, [2, 2, 2]);
  it.player.toggle(2);
  t.mock.timers.tick(1000);
  assert.deepEqual([it.shown.length, it.player.axis], [3, -1]);
});

test("one axis plays at a time", t => {
  const it = made(t);
  it.player.toggle(0);
  it.player.toggle(1);
  t.mock.timers.tick(100);
  assert.deepEqual([it.shown, it.player.axis], [[1], 1]);
});

test("a position that is not shown yet is waited for", t => {
  const it = made(t);
  it.waits = true;
  it.player.toggle(0);
  t.mock.timers.tick(100);
  for (let i = 0; i < 5; i++) t.mock.timers.tick(10);
  assert.deepEqual(it.shown, []);
  it.waits = false;
  t.mock.timers.tick(10);
  assert.deepEqual(it.shown, [0]);
});

test("an axis that is no slider any more ends it", t => {
  const it = made(t, {end: 1});
  it.player.toggle(0);
  for (let i = 0; i < 5; i++) t.mock.timers.tick(100);
  assert.deepEqual([it.shown, it.player.axis], [[0], -1]);
});
