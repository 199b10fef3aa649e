import {test} from "node:test";
import assert from "node:assert/strict";
import {setMaxListeners} from "node:events";

import {listen} from "./input.js";

/** A canvas at (20, 10) of the window, as far as listen needs one, and what its hands were called with. */
function surface() {
  const canvas = Object.assign(new EventTarget(), {
    ownerDocument: new EventTarget(),
    style: {},
    clientHeight: 400,
    getBoundingClientRect: () => ({left: 20, top: 10}),
    setPointerCapture() {},
  });
  const calls = [];
  const hands = new Proxy({}, {get: (_, name) => (...args) => calls.push([name, ...args])});
  const {signal} = new AbortController();
  setMaxListeners(0, signal); // in a browser there is no such limit
  listen(canvas, hands, signal);
  const send = (type, properties) => {
    const event = Object.assign(new Event(type, {cancelable: true}), {clientX: 120, clientY: 60, ...properties});
    canvas.dispatchEvent(event);
    return event;
  };
  const zooms = () => calls.filter(([name]) => name === "zoomAt");
  const touch = (type, pointerId, clientX) => send(type, {pointerType: "touch", pointerId, clientX});
  return {calls, send, zooms, touch};
}

test("a touchpad's pinch in Safari zooms about the pointer by what it changed", () => {
  const {send, zooms} = surface();
  for (const [type, scale] of [["gesturestart", 1], ["gesturechange", 2], ["gesturechange", 3], ["gestureend", 3]]) {
    assert.ok(send(type, {scale}).defaultPrevented, `${type} would zoom the page as well`);
  }
  assert.deepEqual(zooms(), [["zoomAt", 100, 50, 2], ["zoomAt", 100, 50, 1.5]]);

  // The next pinch begins again.
  send("gesturestart", {scale: 1});
  send("gesturechange", {scale: 0.5});
  assert.deepEqual(zooms()[2], ["zoomAt", 100, 50, 0.5]);
});

test("fingers on the screen, of which Safari on iOS tells both ways, zoom once", () => {
  const {calls, send, zooms, touch} = surface();
  touch("pointerdown", 1, 100);
  touch("pointerdown", 2, 200);
  assert.ok(send("gesturestart", {scale: 1}).defaultPrevented);
  touch("pointermove", 2, 300);
  assert.ok(send("gesturechange", {scale: 2}).defaultPrevented);
  // The fingers leave one after the other, and the gesture has a last word.
  touch("pointerup", 1, 100);
  touch("pointerup", 2, 300);
  send("gesturechange", {scale: 2.1});
  send("gestureend", {scale: 2.1});
  assert.deepEqual(zooms(), []);
  assert.equal(calls.filter(([name]) => name === "pinch").length, 1);

  // A touchpad's pinch is heard again afterwards.
  send("gesturestart", {scale: 1});
  send("gesturechange", {scale: 2});
  assert.equal(zooms().length, 1);
});
