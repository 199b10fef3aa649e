import {test} from "node:test";
import assert from "node:assert/strict";
import {Wholes} from "./wholes.js";

/** A part as the server writes it. */
function part(id, offset, size, bytes) {
  const buffer = new ArrayBuffer(16 + bytes.length);
  const view = new DataView(buffer);
  new Uint8Array(buffer).set([..."WMP1"].map(letter => letter.charCodeAt(0)));
  [id, offset, size].forEach((n, i) => view.setUint32(4 + 4 * i, n, true));
  new Uint8Array(buffer, 16).set(bytes);
  return buffer;
}

const bytesOf = whole => whole && [...new Uint8Array(whole)];

test("parts in order make a whole, and the next one after it", () => {
  const wholes = new Wholes();
  assert.equal(wholes.take(part(7, 0, 5, [1, 2])), null);
  assert.equal(wholes.take(part(7, 2, 5, [3, 4])), null);
  assert.deepEqual(bytesOf(wholes.take(part(7, 4, 5, [5]))), [1, 2, 3, 4, 5]);
  assert.deepEqual(bytesOf(wholes.take(part(8, 0, 1, [9]))), [9]);
});

test("a whole that another takes the place of is given up, and what still comes of it is left out", () => {
  const wholes = new Wholes();
  wholes.take(part(1, 0, 4, [1, 1]));
  wholes.take(part(2, 0, 4, [2, 2]));
  assert.equal(wholes.take(part(1, 2, 4, [1, 1])), null);
  assert.deepEqual(bytesOf(wholes.take(part(2, 2, 4, [2, 2]))), [2, 2, 2, 2]);
});

test("ids begin again after the largest", () => {
  const wholes = new Wholes();
  wholes.take(part(0xffffffff, 0, 2, [1]));
  assert.deepEqual(bytesOf(wholes.take(part(0, 0, 1, [3]))), [3]);
  assert.equal(wholes.take(part(0xffffffff, 1, 2, [1])), null);
});

test("parts that contradict each other are said once, and lose their own whole alone", () => {
  const cases = [
    [part(3, 1, 4, [9]), /goes on at byte 1 instead of 2/],
    [part(3, 3, 4, [9]), /goes on at byte 3 instead of 2/],
    [part(3, 2, 5, [9]), /has 5 bytes, and 4 before/],
    [part(3, 2, 4, [9, 9, 9]), /has 3 bytes after byte 2 of 4/],
  ];
  for (const [wrong, why] of cases) {
    const wholes = new Wholes();
    wholes.take(part(3, 0, 4, [1, 2]));
    assert.throws(() => wholes.take(wrong), why);
    assert.equal(wholes.take(part(3, 2, 4, [3, 4])), null);
    assert.deepEqual(bytesOf(wholes.take(part(4, 0, 2, [5, 6]))), [5, 6]);
  }
});

test("a whole that begins in the middle is refused, and takes no memory before it is known to fit", () => {
  const wholes = new Wholes();
  assert.throws(() => wholes.take(part(1, 4, 8, [1])), /begins at byte 4/);
  assert.equal(wholes.take(part(1, 5, 8, [1])), null);
  assert.throws(() => wholes.take(part(2, 0, 0xffffffff, [1])), /4294967295 bytes, more than a page takes/);
  assert.throws(() => wholes.take(part(3, 0, 1, [1, 2])), /2 bytes of picture 3, which has 1/);
  assert.throws(() => wholes.take(part(4, 0, 1, [])), /no part of a picture/);
  assert.throws(() => wholes.take(new ArrayBuffer(40)), /no part of a picture/);
  assert.deepEqual(bytesOf(wholes.take(part(5, 0, 1, [8]))), [8]);
});

test("a new connection counts from the start", () => {
  const wholes = new Wholes();
  wholes.take(part(900, 0, 4, [1]));
  wholes.clear();
  assert.deepEqual(bytesOf(wholes.take(part(1, 0, 1, [2]))), [2]);
});

test("pictures that came whole are no parts", () => {
  assert.equal(Wholes.isPart(new TextEncoder().encode("WMB1....").buffer), false);
  assert.equal(Wholes.isPart(part(1, 0, 1, [1])), true);
  assert.equal(Wholes.isPart(new ArrayBuffer(2)), false);
});
