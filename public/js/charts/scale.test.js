import assert from "node:assert/strict";
import {test} from "node:test";
import {nice, range, Scale, ticks} from "./scale.js";

test("round numbers", () => {
  for (const [x, want] of [[1, 1], [1.1, 2], [2.2, 2.5], [3, 5], [7, 10], [0.03, 0.05], [1e6, 1e6], [1.3e-9, 2e-9], [0, 1], [NaN, 1]]) {
    assert.ok(Math.abs(nice(x, "ms") - want) < 1e-12 * want + 1e-18, `${x}: ${nice(x, "ms")}`);
  }
  assert.equal(nice(65_000, "B"), 65_536);
  assert.equal(nice(900, "B"), 1024);
  assert.equal(nice(3 * 1024 * 1024, "B"), 4 * 1024 * 1024);
});

test("a range holds its values and has few ticks", () => {
  for (let i = 0; i < 500; i++) {
    const a = (Math.random() - 0.5) * 10 ** (Math.random() * 12 - 4);
    const b = (Math.random() - 0.5) * 10 ** (Math.random() * 12 - 4);
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    for (const zero of [true, false]) {
      const {min, max, interval} = range(low, high, {zero, unit: i % 2 ? "B" : "ms"});
      const little = 1e-8 * (max - min);
      assert.ok(min <= low + little && max >= high - little, `${low} to ${high}: ${min} to ${max}`);
      assert.ok(!zero || (min <= 0 && 0 <= max));
      const count = (max - min) / interval;
      assert.ok(count >= 1 && count <= 8.001, `${count} intervals for ${low} to ${high}`);
    }
  }
});

test("ranges of nothing, and of one value", () => {
  assert.deepEqual(range(Infinity, -Infinity, {zero: true, atLeast: 20}), {min: 0, max: 20, interval: 5});
  const one = range(5, 5, {});
  assert.ok(one.min < 5 && one.max > 5);
  assert.deepEqual(range(2, 500, {log: true}), {min: 1, max: 1000, interval: 0});
  assert.deepEqual(range(10, 10, {log: true}), {min: 10, max: 100, interval: 0});
});

test("a range of what is beyond all axes", () => {
  const extremes = [-Number.MAX_VALUE, -1e308, -1, -5e-324, 0, 5e-324, 1e-310, 1, 1 + 2 ** -52, 2 ** 53 + 2, 1e308, 1e308 * (1 + 2 ** -51), Number.MAX_VALUE, Infinity, -Infinity];
  for (const low of extremes) {
    for (const high of extremes) {
      for (const options of [{}, {zero: true}, {unit: "B"}, {unit: "B", zero: true, atLeast: 20}, {log: true}]) {
        if (low > high || (options.log && low < 0)) continue;
        const {min, max, interval} = range(low, high, options);
        const what = `${low} to ${high} ${JSON.stringify(options)}: ${min} to ${max} by ${interval}`;
        assert.ok(Number.isFinite(min) && Number.isFinite(max) && Number.isFinite(max - min) && min < max, what);
        if (options.log) assert.ok(min > 0 && interval === 0, what);
        else assert.ok(interval > 0 && (max - min) / interval <= 9 && min + interval > min && max - interval < max, what);
      }
    }
  }
  assert.equal(nice(Infinity, "B"), 1);
  assert.equal(nice(Infinity, "ms"), 1);
});

test("an axis grows at once and shrinks with patience", () => {
  const scale = new Scale({zero: true, unit: "ms", atLeast: 20});
  const first = scale.follow(15, 18, 0);
  assert.equal(first.max, 20);
  const spike = scale.follow(15, 140, 100);
  assert.equal(spike.max, 150);
  assert.equal(scale.follow(15, 120, 200), spike, "the same object: nothing to set again");
  assert.equal(scale.follow(15, 18, 1000).max, 150);
  assert.equal(scale.follow(15, 18, 5000).max, 20);
});

test("ticks lie at round times, far enough apart, away from the edges", () => {
  const from = 1_780_000_012_345;
  for (const [ms, pixels] of [[10_000, 1300], [60_000, 250], [900_000, 1300], [900_000, 200], [250, 600]]) {
    const list = ticks(from, from + ms, pixels);
    assert.ok(list.length <= pixels / 80 + 1, `${list.length} ticks on ${pixels} pixels`);
    for (const t of list) assert.ok(t > from && t < from + ms && t % 50 === 0);
  }
  assert.deepEqual(ticks(from, from + 10_000, 1300).map(t => t % 1000), Array(10).fill(0));
});
