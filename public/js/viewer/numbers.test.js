import assert from "node:assert/strict";
import {test} from "node:test";
import {span, spanText} from "../address.js";
import {away, floatsOf, fromBase, narrow, numbersOf, readNumber, wordOf, wordsBetween} from "./numbers.js";

test("whole numbers of 64 bits are counted from a base, with nothing lost", () => {
  for (const [type, Kind, first] of [["u8", BigUint64Array, 2n ** 63n + 1n], ["u8", BigUint64Array, 2n ** 64n - 3n], ["i8", BigInt64Array, -(2n ** 63n)],
    ["i8", BigInt64Array, -1n], ["i8", BigInt64Array, 864691135441234567n]]) {
    const frame = {type, data: Kind.from([first, first + 1n, first + 2n])};
    const {base, data} = numbersOf(frame);
    assert.deepEqual([...data].map(n => fromBase(base, n)), [first, first + 1n, first + 2n], `${first}`);
    assert.equal(away(first + 2n, base) - away(first, base), 2);
    assert.equal(numbersOf(frame).data, data, "once a frame");
  }
  const plain = {type: "f4", data: new Float32Array([1])};
  assert.deepEqual(numbersOf(plain), {base: 0, data: plain.data});
  assert.equal(away(2 ** 40, 2n ** 40n - 1n), 1);
  assert.equal(away(5n, 0), 5);
});

test("what float32 is too coarse for", () => {
  for (const [low, high] of [[1e9, 1e9 + 1], [-1e9 - 1, -1e9], [0, 1e-300], [0, 1e300], [1, 1], [2n ** 60n, 2n ** 60n + 9n]]) assert.ok(narrow(low, high), `${low} ${high}`);
  for (const [low, high] of [[0, 0], [0, 1], [-1, 1], [100, 101], [0, 1e20], [1e-20, 2e-20]]) assert.ok(!narrow(low, high), `${low} ${high}`);
});

test("values in words have the digits that they have", () => {
  assert.equal(wordOf(864691135441234567n, "i8"), "864691135441234567");
  assert.equal(wordOf(Math.fround(0.1), "f4"), "0.1");
  assert.equal(wordOf(1000.0625, "f4"), "1000.0625");
  assert.equal(wordOf(1e9 + 1 / 256, "f8"), "1000000000.0039062");
  assert.equal(wordOf(1e-300, "f8"), "1e-300");
  assert.equal(wordOf(null, "f8"), "NaN");
  assert.equal(wordOf(NaN, "f4"), "NaN");
  assert.deepEqual([1e9, 1e9 + 0.00390625].map(wordsBetween(1e9, 1e9 + 1)), ["1000000000", "1000000000.00391"]);
  assert.equal(wordsBetween(0, 1)(1 / 3), "0.333333");
  assert.equal(wordsBetween(2n ** 63n, 2n ** 63n + 255n)(2n ** 63n + 1n), "9223372036854775809");
  assert.equal(wordsBetween(7, 7)(7), "7");
});

test("numbers that were written are read with all their digits", () => {
  assert.equal(readNumber("9223372036854775809"), 9223372036854775809n);
  assert.equal(readNumber(" 12 "), 12);
  assert.equal(readNumber("1e300"), 1e300);
  assert.ok(Number.isNaN(readNumber("")));
  assert.ok(Number.isNaN(readNumber("x")));
  for (const pair of [[1e9, 1e9 + 1 / 256], [2n ** 63n, 2n ** 63n + 255n], [-5, 1.5], [0, 1e-300]]) assert.deepEqual(span(spanText(pair)), pair);
  assert.equal(span("1~1"), null);
  assert.equal(span("~1"), null);
});

test("whole numbers as floats", () => {
  assert.deepEqual(floatsOf({type: "i8", data: new BigInt64Array([-3n]), rows: 1}), {type: "f8", data: new Float64Array([-3]), rows: 1});
  const bytes = {type: "u1", data: new Uint8Array([1])};
  assert.equal(floatsOf(bytes), bytes);
});
