import assert from "node:assert/strict";
import {test} from "node:test";
import {dotsOf, pieces, shortWay, toBox} from "./finger.js";

const shape = [64, 32];

test("a place of the box is in the middle of its pixel, y up", () => {
  assert.deepEqual(toBox(0.5, 31.5, shape), [0, 0]);
  assert.deepEqual(toBox(32.5, 23.5, shape), [0.5, 0.25]);
  assert.deepEqual(toBox(-10, 99, shape), [0, 0]);
  assert.deepEqual(toBox(99, -10, shape), [1, 1]);
});

test("the short way goes round where that is shorter", () => {
  assert.equal(shortWay(0.2, 0.5), 0.5 - 0.2);
  assert.ok(Math.abs(shortWay(0.9, 0.1) - 0.2) < 1e-12);
  assert.ok(Math.abs(shortWay(0.1, 0.9) + 0.2) < 1e-12);
});

test("a line within the box is one piece, one that leaves it comes in again", () => {
  const near = (list, want) => {
    assert.equal(list.length, want.length);
    list.forEach((piece, i) => piece.forEach((n, j) => assert.ok(Math.abs(n - want[i][j]) < 1e-12, `${list} ${want}`)));
  };
  near(pieces(0.2, 0.3, 0.5, 0.4), [[0.2, 0.3, 0.5, 0.4]]);
  near(pieces(0.9, 0.5, 0.1, 0.5), [[0.9, 0.5, 1.1, 0.5], [-0.1, 0.5, 0.1, 0.5]]);
  assert.equal(pieces(0.9, 0.9, 0.1, 0.1).length, 4, "over a corner it may come by either side");
});

test("who presses has a dot, own before the server knows, and nobody's is there when none does", () => {
  const people = [{id: "me", colour: 3, hand: [0.1, 0.1]}, {id: "you", colour: 4, hand: [0.6, 0.7]}, {id: "they", colour: 5, hand: null}];
  const finger = {x: 0.6, y: 0.7, px: 0.5, py: 0.5};
  assert.deepEqual(dotsOf({finger, people, me: "me", own: {x: 0.2, y: 0.3, down: true}, last: null}),
    [{x: 0.6, y: 0.7, colour: 4, held: true}, {x: 0.2, y: 0.3, colour: 3, held: true}]);
  assert.equal(dotsOf({finger, people, me: "me", own: null, last: null}).length, 2);
  const idle = people.map(one => ({...one, hand: null}));
  assert.deepEqual(dotsOf({finger, people: idle, me: "me", own: null, last: null}), [{x: 0.6, y: 0.7, colour: null, held: false}]);
  assert.equal(dotsOf({finger, people: idle, me: "me", own: null, last: {colour: 4, x: 0.6, y: 0.7}})[0].colour, 4);
  assert.equal(dotsOf({finger, people: idle, me: "me", own: null, last: {colour: 4, x: 0.2, y: 0.7}})[0].colour, null, "a slider has moved it since");
  assert.deepEqual(dotsOf({finger: null, people: idle, me: "me", own: null, last: null}), []);
});

test("a hand has the name of whose it is, but for the own", () => {
  const people = [{id: "me", name: "Ada", colour: 3, hand: [0.1, 0.1]}, {id: "you", name: "Bob", colour: 4, hand: [0.6, 0.7]}, {id: "they", name: "", colour: 5, hand: [0.2, 0.2]}];
  for (const own of [null, {x: 0.2, y: 0.3, down: true}]) {
    assert.deepEqual(dotsOf({finger: null, people, me: "me", own, last: null}).filter(dot => "name" in dot), [{x: 0.6, y: 0.7, colour: 4, held: true, name: "Bob"}]);
  }
});
