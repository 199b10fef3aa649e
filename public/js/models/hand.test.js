import assert from "node:assert/strict";
import {test} from "node:test";
import {Timers} from "../picture/timers.js";
import {Hand} from "./hand.js";

/** A hand with what it has sent, and a function that presses a key. */
function made(t, {may = true, finger = null} = {}) {
  t.mock.timers.enable({apis: ["setTimeout"]});
  const sent = [];
  const canvas = new EventTarget();
  const hand = new Hand(canvas, new Timers(), {signal: new AbortController().signal, may: () => may, finger: () => finger, send: place => sent.push(place), moved() {}});
  const key = (name, type = "keydown", more = {}) => {
    const event = Object.assign(new Event(type, {cancelable: true}), {key: name, ...more});
    canvas.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return {hand, sent, key, canvas};
}

test("a place goes out once, in the digits of a finger; letting go goes out at once", t => {
  const {hand, sent} = made(t);
  hand.flush();
  hand.pointAt(0.1234567, 0.5, true);
  hand.pointAt(0.2000001, 0.5, true);
  assert.deepEqual(sent, []);
  hand.flush();
  hand.flush();
  assert.deepEqual(sent, [{x: 0.2, y: 0.5, down: true}]);
  hand.letGo();
  hand.letGo();
  assert.deepEqual(sent.slice(1), [{x: 0.2000001, y: 0.5, down: false}].map(place => ({...place, x: 0.2})));
});

test("a hand that was let go is shown until the model says the same", t => {
  const {hand} = made(t);
  hand.pointAt(0.5, 0.5, true);
  hand.settle();
  assert.equal(hand.at.down, true);
  hand.letGo();
  assert.equal(hand.at.down, false);
  hand.settle();
  assert.equal(hand.at, null);
});

test("arrow keys point from where the finger is, stay in the box, and let go when they rest", t => {
  const {hand, sent, key} = made(t, {finger: {x: 0.995, y: 0.5}});
  assert.equal(key("ArrowRight"), true);
  assert.deepEqual([hand.at.x, hand.at.y, hand.at.down], [1, 0.5, true]);
  key("ArrowDown", "keydown", {shiftKey: true});
  assert.equal(hand.at.y, 0.45);
  t.mock.timers.tick(399);
  assert.equal(hand.at.down, true);
  key("ArrowDown", "keyup");
  t.mock.timers.tick(150);
  assert.deepEqual(sent, [{x: 1, y: 0.45, down: false}]);
});

test("what is no arrow, or goes with another key, does nothing; nor does a model without a finger", t => {
  const {hand, key, canvas} = made(t);
  for (const [name, more] of [["a", {}], ["toString", {}], ["ArrowUp", {ctrlKey: true}], ["ArrowUp", {altKey: true}]]) assert.equal(key(name, "keydown", more), false, name);
  canvas.dispatchEvent(new Event("blur"));
  assert.equal(hand.at, null);
  const press = {button: 0, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false};
  assert.deepEqual([hand.points(press), hand.points({...press, button: 1}), hand.points({...press, shiftKey: true})], [true, false, false]);
});

test("a model without a finger is not pointed at", t => {
  const {hand, key} = made(t, {may: false});
  assert.equal(key("ArrowUp"), false);
  assert.equal(hand.points({button: 0}), false);
  assert.equal(hand.at, null);
});

test("a picture that loses the focus lets go of what keys hold, not of what a press holds", t => {
  const {hand, key, canvas} = made(t);
  hand.pointAt(0.5, 0.5, true);
  canvas.dispatchEvent(new Event("blur"));
  assert.equal(hand.at.down, true);
  key("ArrowUp");
  canvas.dispatchEvent(new Event("blur"));
  assert.equal(hand.at.down, false);
});
