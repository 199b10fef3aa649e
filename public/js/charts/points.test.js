import assert from "node:assert/strict";
import {test} from "node:test";
import {points, room} from "./points.js";
import {Ring} from "./ring.js";

// Draws values [time, value] that a naive server has put into buckets.
function draw(values, {width = 100, from = 0, to = 60_000, style = "line", positive = false, dot = 5} = {}) {
  const buckets = new Map();
  for (const [t, v] of values) {
    const index = Math.floor(t / width);
    const at = t - index * width;
    const b = buckets.get(index) ?? {count: 0, sum: 0, min: Infinity, max: -Infinity, minAt: 0, maxAt: 0};
    buckets.set(index, b);
    if (Number.isNaN(v)) continue;
    b.count++;
    b.sum += v;
    if (v < b.min) [b.min, b.minAt] = [v, at];
    if (v > b.max) [b.max, b.maxAt] = [v, at];
  }
  const ring = new Ring(Math.ceil((to - from) / width) + 8);
  const line = [];
  let previous = null;
  for (const [index, b] of [...buckets].sort((x, y) => x[0] - y[0])) {
    if (previous === null) line.push(index);
    line.push(previous === null ? 0 : index - previous);
    line.push(...(b.count ? [b.count, b.sum / b.count, b.minAt, b.min, b.maxAt, b.max] : [0, 0, 0, 0, 0, 0]));
    previous = index;
  }
  ring.merge(line);
  const extent = new Float64Array(room(from, to, width));
  const means = new Float64Array(room(from, to, width));
  const drawn = points(ring, {width, from, to, style, positive, dot}, extent, means);
  return {...drawn, extent: pairs(extent, drawn.extent), means: pairs(means, drawn.means)};
}

function pairs(array, length) {
  const out = [];
  for (let i = 0; i < length; i += 2) out.push([array[i], array[i + 1]]);
  return out;
}

test("single values are drawn as they are", () => {
  const values = [[1000, 1], [1500, 2], [1900, 3]];
  const {extent, means, count, min, max} = draw(values);
  assert.deepEqual(extent, values);
  assert.deepEqual(means, []);
  assert.deepEqual([count, min, max], [3, 1, 3]);
});

test("a spike keeps its height and its time, and order is kept within a bucket", () => {
  const values = Array.from({length: 60}, (_, i) => [10_000 + i * 16, i === 31 ? 250 : 16]);
  const {extent, max} = draw(values, {width: 1000, to: 900_000});
  assert.equal(max, 250);
  assert.ok(extent.some(([t, v]) => t === 10_000 + 31 * 16 && v === 250));
  for (let i = 1; i < extent.length; i++) assert.ok(!(extent[i][0] < extent[i - 1][0]), "times go back");
});

test("no value of random ones lies outside what is drawn", () => {
  for (let round = 0; round < 50; round++) {
    const values = [];
    for (let t = 0; t < 60_000; t += Math.random() * 60) values.push([t, Math.random() ** 8 * 1000]);
    const {min, max, count} = draw(values);
    assert.equal(min, Math.min(...values.map(([, v]) => v)));
    assert.equal(max, Math.max(...values.map(([, v]) => v)));
    assert.equal(count, values.length);
  }
});

test("a silence breaks a line, a usual distance does not", () => {
  const busy = [];
  for (let t = 0; t < 10_000; t += 16) busy.push([t, 1]);
  for (let t = 15_000; t < 20_000; t += 16) busy.push([t, 1]);
  const breaks = draw(busy).extent.filter(([, v]) => Number.isNaN(v));
  assert.equal(breaks.length, 1);
  const slow = Array.from({length: 6}, (_, i) => [i * 10_000, i]);
  assert.equal(draw(slow).extent.some(([, v]) => Number.isNaN(v)), false, "one value in ten seconds is a line too");
});

test("a gap that the process sent breaks a line", () => {
  const {extent} = draw([[1000, 1], [1100, 1], [1200, NaN], [1300, 2], [1400, 2]]);
  assert.deepEqual(extent.map(([, v]) => v), [1, 1, NaN, 2, 2]);
});

test("a lone value is wide enough to be seen", () => {
  assert.deepEqual(draw([[5000, 3]], {dot: 40}).extent, [[5000, 3], [5040, 3]]);
});

test("crowded buckets show their means", () => {
  const values = [];
  for (let t = 0; t < 10_000; t += 10) values.push([t, t % 100 === 0 ? 101 : 1]);
  const {means} = draw(values);
  assert.equal(means.length, 100);
  for (const [, v] of means) assert.ok(Math.abs(v - 11) < 1e-9);
});

test("dots are means, with a bar where there is more than one value", () => {
  const {extent, means, min, max, count} = draw([[1000, 5], [2000, 4], [2010, 8]], {style: "dots"});
  assert.deepEqual(means, [[1000, 5], [2005, 6]]);
  assert.deepEqual(extent, [[2005, 4], [2005, 8], [2005, NaN]]);
  assert.deepEqual([min, max, count], [4, 8, 3]);
});

test("steps are not broken", () => {
  const {extent} = draw([[500, 60], [30_500, 0]], {width: 1000, style: "step"});
  assert.deepEqual(extent, [[500, 60], [30_500, 0]]);
});

test("a logarithmic axis has no place for zero", () => {
  assert.deepEqual(draw([[1000, 0], [1500, 2], [2000, -1]], {positive: true}).extent.map(([, v]) => v), [2, 2]);
  const dots = draw([[1000, 0], [1010, 8]], {style: "dots", positive: true});
  assert.deepEqual(dots.extent.map(([, v]) => v), [4, 8, NaN]);
});

test("the range is that of what can be seen", () => {
  const {min, max, count} = draw([[900, 99], [1000, 1], [2000, 2], [2900, 99]], {from: 1000, to: 2500});
  assert.deepEqual([min, max, count], [1, 2, 2]);
});

test("there is room for the worst", () => {
  const values = [];
  for (let t = 0; t < 10_000; t += 20) values.push([t, 1], [t + 1, NaN], [t + 5, 3], [t + 7, 2]);
  assert.doesNotThrow(() => draw(values, {width: 20, to: 10_000}));
  for (const style of ["line", "dots", "step"]) {
    const {extent} = draw(values, {width: 20, to: 10_000, style});
    assert.equal(extent.length > 0, true);
    assert.ok(extent.every(([t]) => t !== undefined));
  }
});
