import {afterEach, beforeEach, test} from "node:test";
import assert from "node:assert/strict";
import {Newest} from "./newest.js";

const errors = [];
beforeEach(() => {
  errors.length = 0;
  globalThis.reportError = error => errors.push(error.message); // browsers have it, node has not
});
afterEach(() => delete globalThis.reportError);

/** Pictures whose decoding the test ends. */
function setUp() {
  const page = {shown: [], ended: [], decoding: []};
  page.newest = new Newest({
    decode: frame => frame.bad ? (() => { throw new Error("bad"); })() : frame.at ? {...frame, decoded: true}
      : new Promise((resolve, reject) => page.decoding.push({n: frame.n, end: () => resolve({...frame, decoded: true}), fail: reject})),
    show: frame => page.shown.push(`${frame.topic}${frame.n}${frame.decoded ? " decoded" : ""}`),
  });
  page.take = (n, {coded = {}, topic = "a", ...more} = {}) =>
    page.newest.take({topic, n, coded, ...more}, frame => page.ended.push(`${n}${frame ? "" : " dropped"}`));
  page.end = async n => {
    page.decoding.find(one => one.n === n).end();
    await settled();
  };
  return page;
}

const settled = () => new Promise(resolve => setImmediate(resolve));

test("what needs no decoding is shown at once", () => {
  const page = setUp();
  page.take(1, {coded: null});
  page.take(2, {at: "once"});
  assert.deepEqual([page.shown, page.ended], [["a1", "a2 decoded"], ["1", "2"]]);
});

test("one is decoded and the newest waits; each ends once", async () => {
  const page = setUp();
  for (let n = 1; n <= 4; n++) page.take(n);
  assert.deepEqual([page.decoding.map(({n}) => n), page.ended], [[1], ["2 dropped", "3 dropped"]]);
  await page.end(1);
  assert.deepEqual([page.shown, page.decoding.map(({n}) => n)], [["a1 decoded"], [1, 4]]);
  await page.end(4);
  assert.deepEqual([page.shown, page.ended], [["a1 decoded", "a4 decoded"], ["2 dropped", "3 dropped", "1", "4"]]);
});

test("an exact picture goes before those of its topic that are still decoded, which are never shown", async () => {
  const page = setUp();
  page.take(1);
  page.take(2);
  page.take(3, {coded: null});
  assert.deepEqual([page.shown, page.ended], [["a3"], ["2 dropped", "3"]]);
  await page.end(1);
  assert.deepEqual([page.shown, page.ended], [["a3"], ["2 dropped", "3", "1 dropped"]]);
  page.take(4);
  await page.end(4);
  assert.deepEqual(page.shown, ["a3", "a4 decoded"]);
});

test("topics do not wait for each other", async () => {
  const page = setUp();
  page.take(1);
  page.take(2, {topic: "b"});
  await page.end(2);
  await page.end(1);
  assert.deepEqual(page.shown, ["b2 decoded", "a1 decoded"]);
});

test("a picture that cannot be decoded is said, and those after it are shown", async () => {
  const page = setUp();
  page.take(1, {bad: true});
  page.take(2);
  page.take(3);
  page.decoding[0].fail(new Error("broken"));
  await settled();
  await page.end(3);
  assert.deepEqual([page.shown, page.ended, errors], [["a3 decoded"], ["1 dropped", "2 dropped", "3"], ["bad", "broken"]]);
});

test("what is decoded still of a connection that is gone is not shown", async () => {
  const page = setUp();
  page.take(1);
  page.take(2);
  page.newest.clear();
  page.take(3, {coded: null});
  await page.end(1);
  assert.deepEqual([page.shown, page.ended, page.decoding.length], [["a3"], ["2 dropped", "3", "1 dropped"], 1]);
});
