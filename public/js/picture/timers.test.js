import assert from "node:assert/strict";
import {test} from "node:test";
import {Timers} from "./timers.js";

test("once: the first call sets the time; rest: the last one does", t => {
  t.mock.timers.enable({apis: ["setTimeout"]});
  const timers = new Timers();
  const done = [];
  timers.once("ask", 100, () => done.push("ask 1"));
  timers.rest("address", 100, () => done.push("address 1"));
  t.mock.timers.tick(60);
  timers.once("ask", 100, () => done.push("ask 2"));
  timers.rest("address", 100, () => done.push("address 2"));
  t.mock.timers.tick(40);
  assert.deepEqual(done, ["ask 1"]);
  assert.equal(timers.has("ask"), false);
  assert.equal(timers.has("address"), true);
  t.mock.timers.tick(60);
  assert.deepEqual(done, ["ask 1", "address 2"]);
});

test("what is due may say itself again, and what is cancelled does not happen", t => {
  t.mock.timers.enable({apis: ["setTimeout"]});
  const timers = new Timers();
  let times = 0;
  const act = () => {
    times++;
    if (times < 3) timers.once("again", 10, act);
  };
  timers.once("again", 10, act);
  timers.once("never", 10, () => assert.fail("was cancelled"));
  timers.cancel("never");
  for (let i = 0; i < 5; i++) t.mock.timers.tick(10);
  assert.equal(times, 3);
  timers.once("never", 10, () => assert.fail("all was cancelled"));
  timers.clear();
  t.mock.timers.tick(10);
  assert.equal(timers.has("never"), false);
});
