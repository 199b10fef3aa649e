import assert from "node:assert/strict";
import {mock, test} from "node:test";
import {Pace} from "./pace.js";

test("the age of pictures on the screen is the median of late, where the clocks agree", () => {
  mock.timers.enable({apis: ["Date"], now: 10_000});
  try {
    const pace = new Pace();
    assert.equal(pace.latency({ts: 0, stamp: 0}), null);
    pace.came(9_990);
    for (const stamp of [9_900, 9_950, 9_980, NaN, null]) pace.shown(stamp);
    assert.deepEqual(pace.latency({ts: 9_990, stamp: 9_950}), {ms: 50, whole: true});
    // A frame that comes before it was sent: the clocks are not the same.
    pace.came(10_500);
    assert.deepEqual(pace.latency({ts: 10_500, stamp: 10_470}), {ms: 30, whole: false});
  } finally {
    mock.timers.reset();
  }
});

test("pictures are counted over two seconds", () => {
  const pace = new Pace();
  assert.equal(pace.rate, 0);
  for (let i = 0; i < 10; i++) pace.painted();
  assert.equal(pace.rate, 5);
});
