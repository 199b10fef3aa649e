import assert from "node:assert/strict";
import {test} from "node:test";
import {Hands, join, modsOf, MOST_EVENTS, notchesOf} from "./hands.js";
import {Lag} from "./lag.js";
import {clamped, contain, shareOf, sizeFor, within} from "./place.js";
import {after, FORGET, moveOf, Prediction, STILL} from "./prediction.js";
import {drawerOf, figuresOf, readDraw, sentenceOf} from "./words.js";

test("a picture lies whole in the middle, and pixel by pixel where it fits to within one", () => {
  assert.deepEqual(contain({rows: 100, cols: 200}, {width: 400, height: 400}), {x: 0, y: 100, width: 400, height: 200});
  assert.deepEqual(contain({rows: 300, cols: 200}, {width: 400, height: 150}), {x: 150, y: 0, width: 100, height: 150});
  assert.deepEqual(contain({rows: 100, cols: 200}, {width: 200, height: 101}), {x: 0, y: 0, width: 200, height: 100});
  assert.deepEqual(contain({rows: 768, cols: 1023}, {width: 1024, height: 768}), {x: 0, y: 0, width: 1023, height: 768});
  assert.equal(contain({rows: 0, cols: 200}, {width: 200, height: 101}), null);
  assert.equal(contain({rows: 1, cols: 1}, {width: 0, height: 0}), null);
});

test("the size that is asked for comes in steps and has an end", () => {
  assert.equal(sizeFor({width: 1061, height: 700}), "1088x704");
  assert.equal(sizeFor({width: 64, height: 1}), "64x64");
  assert.equal(sizeFor({width: 9000, height: 4096}), "4096x4096");
});

test("places are shares of the canvas", () => {
  const rect = {x: 100, y: 50, width: 400, height: 200};
  assert.deepEqual(shareOf(rect, 2, 150, 75), {x: 0.5, y: 0.5});
  assert.equal(within(shareOf(rect, 1, 99, 60)), false);
  assert.equal(within(shareOf(rect, 1, 100, 50)), true);
  assert.deepEqual(clamped({x: -1, y: 3}), {x: 0, y: 1});
});

const place = (move, [x, y]) => [x * move.scale + move.x, y * move.scale + move.y];
const near = (got, want) => got.forEach((n, i) => assert.ok(Math.abs(n - want[i]) < 1e-12, `${got} is not ${want}`));

test("a pan moves by what it says, and a zoom keeps what is under the pointer", () => {
  near(place(moveOf({do: "pan", dx: 0.1, dy: -0.2}), [0.5, 0.5]), [0.6, 0.3]);
  near(place(moveOf({do: "zoom", x: 0.25, y: 0.75, by: 2}), [0.25, 0.75]), [0.25, 0.75]);
  near(place(moveOf({do: "zoom", x: 0.25, y: 0.75, by: 2}), [0.5, 0.5]), [0.75, 0.25]);
  assert.equal(moveOf({do: "rotate", dx: 1, dy: 1}), null);
});

test("moves are made in their order", () => {
  const zoom = moveOf({do: "zoom", x: 0.5, y: 0.5, by: 2});
  const pan = moveOf({do: "pan", dx: 0.1, dy: 0});
  near(place(after(zoom, pan), [0.75, 0.5]), [1.1, 0.5]);
  near(place(after(pan, zoom), [0.75, 0.5]), [1.2, 0.5]);
  near(place(after(STILL, pan), [0.75, 0.5]), place(pan, [0.75, 0.5]));
});

test("what a picture shows is no longer predicted, and nothing sticks", () => {
  const prediction = new Prediction();
  assert.equal(prediction.at(0), STILL);
  assert.equal(prediction.until, null);
  prediction.did(1, {do: "pan", dx: 0.1, dy: 0}, 0);
  prediction.did(1, {do: "pan", dx: 0.1, dy: 0}, 5);
  prediction.did(2, {do: "point", x: 0, y: 0}, 10);
  prediction.did(3, {do: "zoom", x: 0, y: 0, by: 2}, 20);
  near(place(prediction.at(20), [0, 0]), [0.4, 0]);
  prediction.shown(0);
  near(place(prediction.at(20), [0, 0]), [0.4, 0]);
  prediction.shown(2);
  near(place(prediction.at(20), [1, 1]), [2, 2]);
  assert.equal(prediction.until, 20 + FORGET);
  near(place(prediction.at(19 + FORGET), [1, 1]), [2, 2]);
  assert.equal(prediction.at(20 + FORGET), STILL);
  prediction.did(4, {do: "pan", dx: 0.1, dy: 0}, 3000);
  prediction.clear();
  assert.equal(prediction.at(3000), STILL);
});

test("what is done between two animation frames goes out as one message, joined where that is the same", () => {
  const sent = [];
  const hands = new Hands({source: "napari", page: "00c0ffee", send: text => sent.push(JSON.parse(text))});
  assert.equal(hands.flush(), null);
  hands.did({do: "pan", dx: 0.1, dy: 0}, 100);
  hands.did({do: "pan", dx: 0.2, dy: 0.1}, 105);
  hands.did({do: "zoom", x: 0.5, y: 0.5, by: 2}, 106);
  hands.did({do: "zoom", x: 0.5, y: 0.5, by: 1.5}, 107);
  hands.did({do: "zoom", x: 0.25, y: 0.5, by: 2}, 108);
  hands.did({do: "point", x: 0, y: 0}, 109);
  hands.did({do: "point", x: 1, y: 1 / 3}, 110);
  assert.equal(hands.next, 1);
  assert.deepEqual(hands.flush(), {n: 1, at: 100, seen: true});
  assert.deepEqual(sent, [{type: "canvas-hand", source: "napari", page: "00c0ffee", n: 1, events: [
    {do: "pan", dx: 0.3, dy: 0.1}, {do: "zoom", x: 0.5, y: 0.5, by: 3}, {do: "zoom", x: 0.25, y: 0.5, by: 2}, {do: "point", x: 1, y: 0.333333},
  ]}]);
  hands.did({do: "point", x: 0, y: 0}, 120);
  assert.deepEqual(hands.flush(), {n: 2, at: 120, seen: false});
  assert.equal(hands.waiting, false);
});

test("presses, moves and keys are all kept, in as many messages as the server takes", () => {
  const sent = [];
  const hands = new Hands({source: "napari", page: "00c0ffee", send: text => sent.push(JSON.parse(text))});
  for (let i = 0; i < MOST_EVENTS + 10; i++) hands.did({do: "move", x: i / 100, y: 0, button: "left", mods: []}, i);
  assert.equal(hands.flush().n, 2);
  assert.deepEqual(sent.map(({n, events}) => [n, events.length]), [[1, MOST_EVENTS], [2, 10]]);
  assert.equal(join({do: "press", x: 0}, {do: "press", x: 0}), null);
  assert.deepEqual(modsOf({shiftKey: true, metaKey: true}), ["Shift", "Meta"]);
});

test("a wheel turns by notches, whatever the browser counts in", () => {
  assert.deepEqual(notchesOf({deltaMode: 0, deltaX: 0, deltaY: -200}), {dx: 0, dy: -2});
  assert.deepEqual(notchesOf({deltaMode: 1, deltaX: 3, deltaY: 6}), {dx: 1, dy: 2});
  assert.deepEqual(notchesOf({deltaMode: 2, deltaX: 0, deltaY: 1}), {dx: 0, dy: 1});
  assert.deepEqual(notchesOf({deltaMode: 0, deltaX: -1e9, deltaY: 1e9}), {dx: -16, dy: 16});
});

test("the lag is that of messages whose picture came", () => {
  const lag = new Lag();
  assert.equal(lag.figures, null);
  for (let n = 1; n <= 100; n++) lag.sent(n, 0);
  for (let n = 1; n <= 100; n++) lag.shown(n, n);
  assert.deepEqual(lag.figures, {median: 51, most: 96, count: 100});
  lag.sent(101, 200);
  lag.shown(100, 210);
  lag.shown(101, 2300); // napari had nothing to draw: no answer
  assert.equal(lag.figures.count, 100);
  assert.deepEqual(figuresOf(lag.figures, 29.97), {lag: "51, 96", rate: "30.0"});
  assert.deepEqual(figuresOf(null, null), {lag: "–", rate: "–"});
});

test("the picture in words", () => {
  assert.equal(sentenceOf(null), "Nothing is known of napari's canvas yet.");
  const state = {draws: "3 layers, 3-D", layers: ["cells", "nuclei"], count: 3, center: [1, 2.123456, 3], zoom: 1.5, layer: "cells", mode: "pan_zoom", status: "cells [1 2]: 7", why: null};
  assert.equal(sentenceOf(state, "Anna draws"), "napari's canvas shows 3 layers, 3-D: cells, nuclei and 1 more, the topmost first. " +
    "The camera's centre is at 1, 2.1235, 3, its zoom is 1.5. cells is active, in the mode pan zoom. Under the pointer: cells [1 2]: 7. Anna draws.");
  assert.equal(sentenceOf({draws: "no visible layer", layers: [], count: 0, center: [], status: "", why: "napari's window is minimised."}),
    "napari's canvas shows no visible layer. napari's window is minimised.");
});

test("who draws", () => {
  assert.equal(drawerOf(null, "me"), "");
  assert.equal(drawerOf(readDraw({person: "me", page: "00c0ffee", name: "", colour: 3}), "00c0ffee"), "You draw");
  assert.equal(drawerOf(readDraw({person: "x", page: "00000001", name: "Anna", colour: 3}), "00c0ffee"), "Anna draws");
  assert.equal(drawerOf(readDraw({person: "x"}), "00c0ffee"), "Somebody else draws");
  assert.equal(readDraw({name: "Anna"}), null);
});
