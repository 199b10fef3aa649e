import {test} from "node:test";
import assert from "node:assert/strict";
import {Frames} from "./frames.js";

function setUp() {
  const scheduled = [];
  const frames = new Frames(callback => scheduled.push(callback));
  return {frames, scheduled, paint: () => scheduled.splice(0).forEach(callback => callback())};
}

test("onFrame gets the latest frame of its topic, once per paint", () => {
  const {frames, scheduled, paint} = setUp();
  const got = [];
  frames.onFrame("a", frame => got.push(frame.n));
  for (let n = 1; n <= 5; n++) frames.dispatch({topic: "a", n});
  assert.equal(scheduled.length, 1);
  paint();
  paint();
  assert.deepEqual(got, [5]);
});

test("onFrames gets all frames in order, once per paint", () => {
  const {frames, paint} = setUp();
  const got = [];
  frames.onFrames("a", list => got.push(list.map(frame => frame.n)));
  for (let n = 1; n <= 3; n++) frames.dispatch({topic: "a", n});
  paint();
  frames.dispatch({topic: "a", n: 4});
  paint();
  assert.deepEqual(got, [[1, 2, 3], [4]]);
});

test("frames of other topics, and of topics nobody draws any more, are dropped", () => {
  const {frames, scheduled, paint} = setUp();
  const got = [];
  const stop = frames.onFrame("a", frame => got.push(frame.n));
  frames.dispatch({topic: "b", n: 1});
  assert.equal(scheduled.length, 0);
  frames.dispatch({topic: "a", n: 2});
  stop();
  paint();
  frames.dispatch({topic: "a", n: 3});
  paint();
  assert.deepEqual(got, []);
});

test("two subscribers of a topic both get it", () => {
  const {frames, paint} = setUp();
  const got = [];
  frames.onFrame("a", frame => got.push(["first", frame.n]));
  const stop = frames.onFrame("a", frame => got.push(["second", frame.n]));
  frames.dispatch({topic: "a", n: 1});
  paint();
  stop();
  frames.dispatch({topic: "a", n: 2});
  paint();
  assert.deepEqual(got, [["first", 1], ["second", 1], ["first", 2]]);
});

test("one that fails does not take the others along", t => {
  const errors = [];
  globalThis.reportError = error => errors.push(error.message); // browsers have it, node has not
  t.after(() => delete globalThis.reportError);
  const {frames, paint} = setUp();
  const got = [];
  frames.onFrame("a", () => {
    throw new Error("broken");
  });
  frames.onFrame("a", frame => got.push(frame.n));
  frames.dispatch({topic: "a", n: 1});
  paint();
  assert.deepEqual(got, [1]);
  assert.deepEqual(errors, ["broken"]);
});

test("what waits in a page that is not painted does not grow without bound", () => {
  const {frames, paint} = setUp();
  let got = [];
  frames.onFrames("a", list => (got = list));
  for (let n = 0; n < 5000; n++) frames.dispatch({topic: "a", n});
  paint();
  assert.equal(got.length, 1000);
  assert.equal(got[got.length - 1].n, 4999);
});
