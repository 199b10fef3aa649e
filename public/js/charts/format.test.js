import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {clock, clockExact, clockTick, duration, format, text, tick} from "./format.js";

test("numbers are written as the server writes them", () => {
  const table = JSON.parse(readFileSync(new URL("../../../dashboard/chart/testdata/format.json", import.meta.url)));
  assert.ok(table.length > 100);
  for (const line of table) {
    assert.deepEqual(format(line.value, line.unit), [line.text, line.in], `${line.value} in "${line.unit}"`);
  }
});

test("ticks have no zeros that say nothing", () => {
  assert.equal(tick(20, "ms"), "20 ms");
  assert.equal(tick(2.5, "ms"), "2.5 ms");
  assert.equal(tick(65536, "B"), "64 KiB");
  assert.equal(tick(7.5e6, "B/s"), "7.5 MB/s");
  assert.equal(tick(0, "B/s"), "0 B/s");
  assert.equal(tick(100, ""), "100");
  assert.equal(tick(1e7, ""), "1.00e7");
});

test("texts", () => {
  assert.equal(text(16.7, "ms"), "16.7 ms");
  assert.equal(text(3, ""), "3.00");
  assert.equal(text(undefined, "ms"), "– ms");
});

test("times of day", () => {
  const ms = new Date(2026, 2, 1, 9, 5, 7, 456).getTime();
  assert.equal(clock(ms), "09:05:07");
  assert.equal(clockExact(ms, 1000), "09:05:07");
  assert.equal(clockExact(ms, 100), "09:05:07.4");
  assert.equal(clockExact(ms, 20), "09:05:07.45");
  assert.equal(clockExact(ms, 1), "09:05:07.456");
  assert.deepEqual([544, 1044, 64, 4, 0].map(more => clockTick(ms + more)), ["09:05:08", "09:05:08.5", "09:05:07.52", "09:05:07.46", "09:05:07.456"]);
});

test("lengths of time", () => {
  assert.equal(duration(200), "200 ms");
  assert.equal(duration(12_430), "12.4 s");
  assert.equal(duration(60_000), "60 s");
  assert.equal(duration(900_000), "15 min");
});
