import {test} from "node:test";
import assert from "node:assert/strict";
import {fieldNumber, Numbers, positionOf, Posted, sameValue, setMessage, valueAt, withOpacity} from "./controls.js";

test("a logarithmic slider goes from limit to limit, and back to where it was", () => {
  assert.equal(valueAt(0, 0.1, 500), 0.1);
  assert.equal(valueAt(1000, 0.1, 500), 500);
  assert.equal(valueAt(500, 0.1, 1000), 10);
  assert.equal(positionOf(10, 0.1, 1000), 500);
  for (let position = 0; position <= 1000; position += 7) {
    assert.equal(positionOf(valueAt(position, 0.1, 500), 0.1, 500), position, `position ${position}`);
  }
  assert.equal(positionOf(-3, 0.1, 500), 0);
  assert.equal(positionOf(NaN, 0.1, 500), 0);
  assert.equal(positionOf(1e9, 0.1, 500), 1000);
});

test("a colour that is chosen keeps the opacity that was there", () => {
  assert.equal(withOpacity("#00ff00", "#FF000080"), "#00ff0080");
  assert.equal(withOpacity("#00ff00", "#ff0000"), "#00ff00");
  assert.equal(withOpacity("#00ff00", "red"), "#00ff00");
});

test("numbers are written as the server writes them", () => {
  const rows = [[0, "0"], [1, "1"], [-2.5, "-2.5"], [0.1 + 0.2, "0.3"], [Math.fround(0.6), "0.6"], [1e6, "1000000"], [12345678, "12345678"], [65535.125, "65535.125"],
    [0.123456789, "0.123456789"], [2 ** 53 - 1, "9007199254740990"], [Math.fround(0.1) * 3, "0.300000004470348"], [-0, "0"]];
  for (const [x, want] of rows) assert.equal(fieldNumber(x), want);
  assert.equal(fieldNumber(NaN), "");
  assert.equal(fieldNumber(Infinity), "");
});

test("a value that came back through single precision is the one that was sent", () => {
  assert.ok(sameValue(0.6, Math.fround(0.6)));
  assert.ok(sameValue(true, true));
  assert.ok(sameValue("a", "a"));
  assert.ok(!sameValue(0.6, 0.61));
  assert.ok(!sameValue(1, "1"));
  assert.ok(!sameValue(0, 1e-9));
});

test("the message about a value on the way", () => {
  assert.equal(setMessage("scope", "exposure", 12.5, "0a1b2c3d", 7), '{"type":"set","source":"scope","name":"exposure","value":12.5,"hand":"0a1b2c3d","n":7}');
});

test("what was posted is overtaken by others, not by late echoes of the same hand", () => {
  const posted = new Posted(5, [5, 6, 7, 6]);
  for (const echo of [1, 5, 6, 7, 6, 5, Math.fround(5)]) assert.equal(posted.overtaken(echo), false, `echo ${echo}`);
  assert.equal(posted.overtaken(6.5), true);
  const unanswered = new Posted("fast");
  assert.equal(unanswered.overtaken("slow"), false); // from before it was posted
  assert.equal(unanswered.answered, false);
  assert.equal(unanswered.overtaken("fast"), false);
  assert.equal(unanswered.answered, true);
  assert.equal(unanswered.overtaken("slow"), true);
});

test("a form has the number of the value that it repeats, and else one of its own", () => {
  const numbers = new Numbers("0a1b2c3d");
  assert.equal(numbers.post("exposure", 5), 1, "one that was typed");
  numbers.begin("exposure");
  assert.equal(numbers.send("exposure", 6), 2);
  assert.equal(numbers.send("exposure", 7), 3);
  assert.equal(numbers.isSaid("exposure", 7), false, "it may still be dragged");
  assert.equal(numbers.send("exposure", 7, true), 4, "where it is let go");
  assert.equal(numbers.isSaid("exposure", 7), true);
  assert.equal(numbers.isSaid("exposure", 8), false);
  assert.equal(numbers.send("gain", 7, true), 5);
  assert.equal(numbers.post("exposure", Math.fround(7)), 4, "the same once more");
  assert.equal(numbers.post("exposure", 7), 6, "the same value, set again");
  numbers.send("exposure", 8, true);
  numbers.begin("exposure");
  assert.equal(numbers.post("exposure", 8), 8, "the same value in another grip");
  numbers.send("exposure", 9, true);
  assert.equal(numbers.post("exposure", 10), 10, "another value than was sent");
});
