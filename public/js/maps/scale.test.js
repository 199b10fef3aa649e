import assert from "node:assert/strict";
import {test} from "node:test";
import {Axis, extent, histogram, roundStep, short, tickText} from "./scale.js";

test("steps are round, and about as many fit as are asked for", () => {
  for (const [span, n, want] of [[10, 5, 2], [1, 5, 0.2], [0.7, 5, 0.2], [100, 4, 50], [0, 5, 1], [Infinity, 5, 1]]) assert.ok(Math.abs(roundStep(span, n) - want) < 1e-12, `${span}/${n}`);
});

test("an axis leaves room at its ends, whatever the values are", () => {
  const axis = new Axis([0, 100], 50, 250);
  assert.ok(axis.at(0) > 50 && axis.at(100) < 250 && Math.abs(axis.at(50) - 150) < 1e-9);
  assert.deepEqual(axis.ticks(50).map(tick => tick.text), ["0", "50", "100"]);
  const down = new Axis([-1, 1], 200, 0);
  assert.ok(down.at(1) < down.at(-1));
  for (const span of [[3, 3], [0, 0], [1e17, 1e17 + 16], [-1e300, 1e300], null]) {
    const odd = new Axis(span, 0, 100);
    const ticks = odd.ticks(20);
    assert.ok(ticks.length <= 14 && ticks.every(({value}) => Number.isFinite(odd.at(value))), String(span));
  }
});

test("words have a place each", () => {
  const axis = new Axis(null, 0, 300, ["a", "b", "c"]);
  assert.deepEqual([axis.at(0), axis.at(1), axis.at(2)], [50, 150, 250]);
  assert.deepEqual(axis.ticks(64).map(tick => tick.text), ["a", "b", "c"]);
  assert.deepEqual(axis.ticks(200).map(tick => tick.text), ["a"]);
});

test("numbers are written as people read them", () => {
  assert.equal(tickText(0.30000000000000004, 0.1), "0.3");
  assert.equal(tickText(-5, 5), "−5");
  assert.equal(tickText(1e-17, 0.1), "0");
  assert.deepEqual([short(NaN), short(-3), short(1.23456), short(123456)], ["–", "−3", "1.235", "123456"]);
});

test("every value lies in one bar", () => {
  assert.deepEqual([...histogram([0, 1, 1.9, 2, 4, NaN, 9], 0, 4, 4)], [1, 2, 1, 1]);
  assert.deepEqual([...histogram([1], 1, 1, 2)], [0, 0]);
  assert.deepEqual(extent([NaN, 3, -1, Infinity]), [-1, 3]);
  assert.equal(extent([NaN]), null);
});
