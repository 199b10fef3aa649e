import assert from "node:assert/strict";
import {test} from "node:test";
import {Planes, readPlanes} from "./planes.js";

/** A server that answers when it is told to; open has what was asked for together under its keys, with commas. */
function server() {
  const open = new Map();
  const settled = () => new Promise(done => setImmediate(done));
  return {
    open,
    settled,
    load: (keys, signal) => new Promise((resolve, reject) => {
      open.set(keys.join(), {keys, resolve, reject});
      signal.addEventListener("abort", () => {
        open.delete(keys.join());
        reject(new DOMException("aborted", "AbortError"));
      });
    }),
    async answer(asked, bytes = 10) {
      const {keys, resolve} = open.get(asked);
      open.delete(asked);
      resolve(keys.map(key => key.startsWith("bad") ? new Error(`${key} is broken.`) : {data: new Uint8Array(bytes)}));
      await settled();
    },
    async refuse(asked, text) {
      const {reject} = open.get(asked);
      open.delete(asked);
      reject(new Error(text));
      await settled();
    },
  };
}

test("what is wanted now comes first, then what is ahead", async () => {
  const s = server();
  const planes = new Planes(s.load, {most: 3});
  const told = [];
  planes.want("a", ["1"], ["2", "3", "4"], key => told.push(key));
  await s.settled();
  assert.deepEqual([...s.open.keys()], ["1"]);
  await s.answer("1");
  assert.deepEqual(told, ["1"]);
  assert.deepEqual([...s.open.keys()], ["2", "3"], "one request is left for what is wanted now");
  planes.want("b", ["8", "9"], [], () => {});
  await s.settled();
  assert.deepEqual([...s.open.keys()].sort(), ["3", "8", "9"], "what is wanted now takes the place of what is only ahead");
});

test("what all panes want is asked for together", async () => {
  const s = server();
  const planes = new Planes(s.load);
  const told = [];
  for (const pane of ["a", "b", "c", "d"]) planes.want(pane, [`${pane}1`], [`${pane}2`, `${pane}3`], key => told.push(key));
  await s.settled();
  assert.deepEqual([...s.open.keys()], ["a1,b1", "c1,d1"], "side by side");
  await s.answer("a1,b1");
  assert.deepEqual(told, ["a1", "b1"]);
  await s.answer("c1,d1");
  assert.deepEqual([...s.open.keys()], ["a2,b2,c2,d2", "a3,b3,c3,d3"]);
  assert.deepEqual([planes.stats.requests, planes.stats.asked], [2, 4]);
});

test("of planes that were asked for together each has its own problem", async () => {
  const s = server();
  const planes = new Planes(s.load);
  const told = [];
  planes.want("a", ["1", "2", "bad3", "4"], [], key => told.push(key));
  await s.settled();
  await s.answer("bad3,4");
  await s.answer("1,2");
  assert.deepEqual(told, ["bad3", "4", "1", "2"]);
  assert.deepEqual([planes.problem("bad3"), planes.problem("4"), planes.get("4") !== null], ["bad3 is broken.", "", true]);
});

test("what nobody waits for is aborted", async () => {
  const s = server();
  const planes = new Planes(s.load);
  planes.want("a", ["1"], [], () => {});
  planes.want("b", ["1", "2"], [], () => {});
  await s.settled();
  planes.want("a", ["3"], [], () => {});
  await s.settled();
  assert.deepEqual([...s.open.keys()].sort(), ["1", "2", "3"]);
  planes.drop("b");
  await s.settled();
  assert.deepEqual([...s.open.keys()], ["3"]);
  planes.clear();
  assert.equal(s.open.size, 0);
});

test("a hand that is faster than the network sees planes all the same", async () => {
  const s = server();
  const planes = new Planes(s.load);
  const told = [];
  const scroll = async key => {
    planes.want("a", [key], [], k => told.push(k), k => k.startsWith("z"));
    await s.settled();
  };
  for (const key of ["z1", "z2", "z3", "z4"]) await scroll(key);
  assert.deepEqual([...s.open.keys()], ["z1", "z2"], "those under way come, what is wanted meanwhile waits");
  await s.answer("z1");
  assert.deepEqual([told, [...s.open.keys()]], [["z1"], ["z2", "z4"]]);
  planes.want("a", ["other"], [], () => {}, k => k.startsWith("o"));
  await s.settled();
  assert.deepEqual([...s.open.keys()], ["other"], "a plane of another kind is not worth waiting for");
});

test("memory is bounded, what was used last stays", async () => {
  const s = server();
  const planes = new Planes(s.load, {bytes: 30});
  const fetched = async (key, bytes) => {
    planes.want("a", [key], [], () => {});
    await s.settled();
    await s.answer(key, bytes);
  };
  for (const key of ["1", "2", "3"]) await fetched(key);
  assert.ok(planes.get("1"));
  await fetched("4");
  assert.deepEqual([planes.get("1") !== null, planes.get("2"), planes.get("4") !== null, planes.stats.bytes], [true, null, true, 30]);
  await fetched("huge", 100);
  assert.ok(planes.get("huge"), "what was asked for is there, however large");
  assert.equal(planes.stats.planes, 1);
});

test("what cannot be had is said, and asked for again after a while only", async () => {
  const s = server();
  let now = 0;
  const planes = new Planes(s.load, {clock: () => now});
  const told = [];
  const want = async () => {
    planes.want("a", ["1"], [], key => told.push(key));
    await s.settled();
  };
  await want();
  await s.refuse("1", "Page 3 is broken.");
  assert.deepEqual([told, planes.problem("1")], [["1"], "Page 3 is broken."]);
  await want();
  assert.equal(s.open.size, 0);
  now = 6000;
  await want();
  assert.equal(s.open.size, 1);
  await s.refuse("1", "Page 3 is broken.");
  planes.retry();
  await s.settled();
  assert.equal(s.open.size, 1, "or when somebody says so");
});

test("an answer with planes is taken apart", () => {
  const part = (size, rows, cols, bytes) => {
    const head = new DataView(new ArrayBuffer(16));
    [size, rows, cols, bytes.length].forEach((n, i) => head.setUint32(4 * i, n, true));
    return [...new Uint8Array(head.buffer), ...bytes];
  };
  const whole = [...part(1, 1, 3, [7, 8, 9]), ...part(0, 0, 0, [...new TextEncoder().encode("No.")]), ...part(2, 2, 1, [1, 2, 3, 4])];
  const [a, b, c] = readPlanes(new Uint8Array(whole).buffer, 3);
  assert.deepEqual([a.type, a.rows, a.cols, [...a.data]], ["u1", 1, 3, [7, 8, 9]]);
  assert.equal(b.message, "No.");
  assert.deepEqual([c.type, c.rows, c.cols, [...c.data]], ["u2", 2, 1, [0x201, 0x403]]);
  for (const broken of [whole.slice(0, -1), whole.slice(0, 10), part(1, 2, 2, [1, 2, 3]), part(3, 1, 1, [1, 2, 3])]) {
    assert.throws(() => readPlanes(new Uint8Array(broken).buffer, 1), /incomplete/);
  }
  assert.throws(() => readPlanes(new Uint8Array(whole).buffer, 2), /incomplete/);
});
