import {test} from "node:test";
import assert from "node:assert/strict";
import {Part, ringOf} from "./part.js";

const LINE = [1000, 0, 1, 5, 0.25, 5, 0.25, 5, 3, 2, 6, 0, 4, 0.5, 8]; // buckets 1000 and 1003

/** A part whose server answers when the test says so. */
function stage(t) {
  t.mock.timers.enable({apis: ["setTimeout"]});
  const asked = [];
  let came = 0;
  const part = new Part((range, signal) => new Promise((resolve, reject) => asked.push({range, signal, resolve, reject})), () => came++);
  const settle = async () => {
    t.mock.timers.tick(1000);
    await null;
  };
  const answer = async (i, more = {}) => {
    asked[i].resolve({width: 1, lines: [LINE], since: 0, ...more});
    for (let turn = 0; turn < 5; turn++) await null;
  };
  return {part, asked, settle, answer, came: () => came};
}

test("a part is asked for once, when the zoom has come to rest", async t => {
  const {part, asked, settle, answer, came} = stage(t);
  for (const to of [1800, 1700, 1600]) assert.equal(part.of({from: 1000, to}, 100), null);
  assert.equal(asked.length, 0);
  await settle();
  assert.deepEqual(asked.map(one => one.range), [{from: 1000, to: 1600}]);
  await answer(0);
  assert.equal(came(), 1);
  const found = part.of({from: 1000, to: 1600}, 100);
  assert.equal(found.width, 1);
  assert.deepEqual(found.rings.map(ring => ring.newest), [1003]);
  assert.equal(part.of({from: 1000, to: 1600}, 1), null, "no finer than what is here");
  await settle();
  assert.equal(asked.length, 1);
});

test("while another part is on its way, what covers it is shown", async t => {
  const {part, asked, settle, answer} = stage(t);
  part.of({from: 1000, to: 2000}, 100);
  await settle();
  await answer(0);
  assert.notEqual(part.of({from: 1200, to: 1400}, 100), null);
  assert.equal(part.of({from: 200, to: 1400}, 100), null, "begins before what has come");
  await settle();
  assert.equal(asked.length, 2);
});

test("an answer that comes too late is not shown", async t => {
  const {part, asked, settle, answer, came} = stage(t);
  part.of({from: 1000, to: 2000}, 100);
  await settle();
  part.drop();
  assert.equal(asked[0].signal.aborted, true);
  await answer(0);
  assert.equal(came(), 0);
});

test("what the server has not kept is left to the page", async t => {
  const {part, settle, answer} = stage(t);
  part.of({from: 1000, to: 2000}, 100);
  await settle();
  await answer(0, {since: 1001});
  assert.equal(part.of({from: 1000, to: 2000}, 100), null);
});

test("a server that is not there changes nothing", async t => {
  const {part, asked, settle, came} = stage(t);
  part.of({from: 1000, to: 2000}, 100);
  await settle();
  asked[0].reject(new Error("gone"));
  for (let turn = 0; turn < 5; turn++) await null;
  assert.equal(part.of({from: 1000, to: 2000}, 100), null);
  assert.equal(came(), 0);
});

test("a ring of just a frame's buckets", () => {
  const seen = [];
  ringOf(LINE).each(0, 2000, (index, count, mean, minAt, min, maxAt, max) => seen.push([index, count, min, max]));
  assert.deepEqual(seen, [[1000, 1, 5, 5], [1003, 2, 4, 8]]);
  assert.equal(ringOf([]).newest, -1);
});
