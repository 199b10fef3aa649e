import assert from "node:assert/strict";
import {test} from "node:test";
import {ServerTime} from "./time.js";

test("the frame that took the least time tells the time", () => {
  let here = 1000;
  const time = new ServerTime(() => here);
  assert.equal(time.known, false);
  const server = () => here + 5_000_000; // the truth
  const delays = [40, 5, 120, 60, 300, 30];
  for (const delay of delays) {
    here += 60;
    time.witness(server() - delay);
  }
  assert.ok(Math.abs(time.now() - server()) < 6, `off by ${time.now() - server()}`);
});

test("it moves evenly, whatever the delays", () => {
  let here = 0;
  const time = new ServerTime(() => here);
  let last = -Infinity;
  for (let i = 0; i < 1000; i++) {
    here += 16;
    time.witness(here + 1e12 - Math.random() * 100);
    assert.ok(time.now() > last, "it went back");
    last = time.now();
  }
});

test("a server's clock that is set back is believed", () => {
  let here = 0;
  const time = new ServerTime(() => here);
  time.witness(1e12);
  here += 100;
  time.witness(1e12 - 3_600_000);
  assert.equal(time.now(), 1e12 - 3_600_000);
  time.witness(NaN);
  assert.equal(time.now(), 1e12 - 3_600_000);
});
