import assert from "node:assert/strict";
import {test} from "node:test";
import {readColumns} from "./columns.js";

/** Writes columns as dashboard/maps/columns.go does. */
export function writeColumns(n, columns) {
  let head = JSON.stringify({n, columns: columns.map(({values: _, ...rest}) => rest)});
  while ((4 + head.length) % 8 !== 0) head += " ";
  const parts = [new Uint8Array(new Uint32Array([head.length]).buffer), new TextEncoder().encode(head)];
  for (const {values} of columns) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    parts.push(bytes, new Uint8Array((8 - bytes.length % 8) % 8));
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out.buffer;
}

test("columns of all types are read, each from its place", () => {
  const sent = writeColumns(3, [
    {name: "run", type: "i4", values: new Int32Array([4, -1, 6])}, {name: "bad", type: "u1", values: new Uint8Array([0, 1, 1])},
    {name: "x", title: "X", unit: "um", type: "f8", values: new Float64Array([1.5, NaN, -2])}, {name: "x", type: "f8", values: new Float64Array([7, 8, 9])},
  ]);
  const {n, columns, by} = readColumns(sent);
  assert.equal(n, 3);
  assert.deepEqual([...by.get("run").values], [4, -1, 6]);
  assert.deepEqual([...by.get("bad").values], [0, 1, 1]);
  assert.deepEqual([...by.get("x").values], [1.5, NaN, -2]);
  assert.deepEqual([...columns[3].values], [7, 8, 9]);
  assert.deepEqual([columns[0].title, columns[2].unit], ["run", "um"]);
});

test("what is cut off, or no columns, is refused in a sentence", () => {
  const sent = writeColumns(3, [{name: "x", type: "f8", values: new Float64Array([1, 2, 3])}]);
  assert.throws(() => readColumns(new ArrayBuffer(2)), /no head/);
  assert.throws(() => readColumns(sent.slice(0, 20)), /longer than they are/);
  assert.throws(() => readColumns(sent.slice(0, -8)), /x is cut off/);
  assert.throws(() => readColumns(writeColumns(1, [{name: "x", type: "f2", values: new Uint8Array(2)}])), /f2/);
  assert.throws(() => readColumns(writeColumns(-1, [])), /says nothing/);
});
