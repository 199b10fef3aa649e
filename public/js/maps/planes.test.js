import assert from "node:assert/strict";
import {test} from "node:test";
import {Planes} from "./planes.js";

/** A server that answers when it is told to. */
function server() {
  const open = new Map();
  return {
    open,
    load: (key, signal) => new Promise((resolve, reject) => {
      open.set(key, {resolve, reject});
      signal.addEventListener("abort", () => {
        open.delete(key);
        reject(new DOMException("aborted", "AbortError"));
      });
    }),
    async answer(key, bytes = 10) {
      const {resolve} = open.get(key);
      open.delete(key);
      resolve({data: new Uint8Array(bytes)});
      await new Promise(done => setImmediate(done));
    },
    async refuse(key, text) {
      const {reject} = open.get(key);
      open.delete(key);
      reject(new Error(text));
      await new Promise(done => setImmediate(done));
    },
  };
}

test("what is wanted now comes first, then what is ahead", async () => {
  const s = server();
  const planes = new Planes(s.load, {most: 2});
  const told = [];
  planes.want("a", ["1"], ["2", "3", "4"], key => told.push(key));
  assert.deepEqual([...s.open.keys()], ["1"]);
  await s.answer("1");
  assert.deepEqual(told, ["1"]);
  assert.deepEqual([...s.open.keys()], ["2", "3"]);
  // What is wanted now takes the place of what is only ahead.
  planes.want("b", ["9"], [], () => {});
  assert.equal(s.open.size, 2);
  assert.ok(s.open.has("9"));
});

test("what nobody waits for is aborted", () => {
  const s = server();
  const planes = new Planes(s.load);
  planes.want("a", ["1"], [], () => {});
  planes.want("b", ["1", "2"], [], () => {});
  planes.want("a", ["3"], [], () => {});
  assert.deepEqual([...s.open.keys()].sort(), ["1", "2", "3"]);
  planes.drop("b");
  assert.deepEqual([...s.open.keys()], ["3"]);
  planes.clear();
  assert.equal(s.open.size, 0);
});

test("a hand that is faster than the network sees planes all the same", async () => {
  const s = server();
  const planes = new Planes(s.load);
  const told = [];
  const scroll = key => planes.want("a", [key], [], k => told.push(k), k => k.startsWith("z"));
  scroll("z1");
  scroll("z2");
  scroll("z3");
  assert.deepEqual([...s.open.keys()], ["z1"], "the one under way comes, what is wanted meanwhile waits");
  await s.answer("z1");
  assert.deepEqual([told, [...s.open.keys()]], [["z1"], ["z3"]]);
  planes.want("a", ["other"], [], () => {}, k => k.startsWith("o"));
  assert.deepEqual([...s.open.keys()], ["other"], "a plane of another kind is not worth waiting for");
});

test("memory is bounded, what was used last stays", async () => {
  const s = server();
  const planes = new Planes(s.load, {bytes: 30});
  for (const key of ["1", "2", "3"]) {
    planes.want("a", [key], [], () => {});
    await s.answer(key);
  }
  assert.ok(planes.get("1"));
  planes.want("a", ["4"], [], () => {});
  await s.answer("4");
  assert.deepEqual([planes.get("1") !== null, planes.get("2"), planes.get("4") !== null, planes.stats.bytes], [true, null, true, 30]);
  planes.want("a", ["huge"], [], () => {});
  await s.answer("huge", 100);
  assert.ok(planes.get("huge"), "what was asked for is there, however large");
  assert.equal(planes.stats.planes, 1);
});

test("what cannot be had is said, and asked for again after a while only", async () => {
  const s = server();
  let now = 0;
  const planes = new Planes(s.load, {clock: () => now});
  const told = [];
  const want = () => planes.want("a", ["1"], [], key => told.push(key));
  want();
  await s.refuse("1", "Page 3 is broken.");
  assert.deepEqual([told, planes.problem("1")], [["1"], "Page 3 is broken."]);
  want();
  assert.equal(s.open.size, 0);
  now = 6000;
  want();
  assert.equal(s.open.size, 1);
});
