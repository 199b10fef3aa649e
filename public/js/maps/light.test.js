import assert from "node:assert/strict";
import {test} from "node:test";
import {brightness, grays, limitsOf, paintAll, paintOne} from "./light.js";

const bytes = out => [...new Uint8Array(out.buffer)];

test("values are dark up to one limit and bright from the other", () => {
  const table = brightness("u2", 100, 355);
  assert.deepEqual([0, 100, 200, 355, 65535].map(v => table[v]), [0, 0, 100, 255, 255]);
  assert.equal(brightness("u1", -10, -5)[0], 255);
  assert.equal(brightness("u1", 5, 5).length, 256);
  assert.deepEqual(limitsOf({low: 100, high: 300, base: -50}, [10, 50]), [170, 250]);
});

test("one channel is grey, several add up", () => {
  const out = new Uint32Array(2);
  const table = brightness("u1", 0, 255);
  paintOne(Uint8Array.of(7, 200), grays(table), out);
  assert.deepEqual(bytes(out), [7, 7, 7, 255, 200, 200, 200, 255]);
  paintAll([{data: Uint8Array.of(0, 255), table, color: [0, 255, 0]}, {data: Uint8Array.of(100, 255), table, color: [255, 128, 255]}], out);
  assert.deepEqual(bytes(out), [100, 50, 100, 255, 255, 255, 255, 255]);
});
