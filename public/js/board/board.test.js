import assert from "node:assert/strict";
import {test} from "node:test";

import {keyed, placeAt, sized} from "./order.js";
import {fieldsOf, offered} from "./pin.js";

test("keys move a card, change its size and remove it", () => {
  const key = (key, shift = false, at = 1, count = 3) => keyed({key, shift}, at, count);
  assert.deepEqual(key("ArrowLeft"), {do: "move", to: 0});
  assert.deepEqual(key("ArrowUp"), {do: "move", to: 0});
  assert.deepEqual(key("ArrowRight"), {do: "move", to: 2});
  assert.deepEqual(key("Home"), {do: "move", to: 0});
  assert.deepEqual(key("End"), {do: "move", to: 2});
  assert.deepEqual(key("ArrowLeft", false, 0), {do: "none"}, "the first one goes nowhere");
  assert.deepEqual(key("ArrowDown", false, 2), {do: "none"}, "nor does the last one");
  assert.deepEqual(key("ArrowRight", true), {do: "wider"});
  assert.deepEqual(key("ArrowUp", true), {do: "shorter"});
  assert.deepEqual(key("Delete"), {do: "remove"});
  assert.equal(key("Delete", true), null);
  assert.equal(key("x"), null);
  assert.equal(key("Tab"), null);
});

test("sizes stay within the grid", () => {
  assert.deepEqual(sized("wider", {width: 6, height: 1}), {width: 6, height: 1});
  assert.deepEqual(sized("narrower", {width: 1, height: 1}), {width: 1, height: 1});
  assert.deepEqual(sized("taller", {width: 2, height: 2}), {width: 2, height: 3});
  assert.deepEqual(sized("shorter", {width: 2, height: 2}), {width: 2, height: 1});
});

test("a card is dropped before the one that begins after the point", () => {
  const boxes = [{left: 0, right: 100, top: 0, bottom: 50}, {left: 110, right: 210, top: 0, bottom: 50}, {left: 0, right: 210, top: 60, bottom: 110}];
  assert.equal(placeAt({x: 10, y: 20}, boxes), 0);
  assert.equal(placeAt({x: 80, y: 20}, boxes), 1);
  assert.equal(placeAt({x: 200, y: 20}, boxes), 2, "after the second, which is before the third");
  assert.equal(placeAt({x: 200, y: 55}, boxes), 2, "between two rows");
  assert.equal(placeAt({x: 200, y: 100}, boxes), 3);
  assert.equal(placeAt({x: 0, y: 900}, boxes), 3);
  assert.equal(placeAt({x: 0, y: 0}, []), 0);
});

test("a pin takes the view of its picture along, and nothing else of the address", () => {
  const at = "http://x/lab/board/-/pin?kind=array&source=scope&name=camera";
  assert.equal(String(fieldsOf(at, "?source=scope&array=camera&z=3&lut=viridis&token=secret&alone=1")), "kind=array&source=scope&name=camera&view=z%3D3%26lut%3Dviridis");
  assert.equal(fieldsOf(at, "").get("view"), "");
  assert.equal(fieldsOf(at.replace("array", "chart"), "?z=3").get("view"), null);
  assert.equal(fieldsOf(at.replace("array", "model"), "?p.gain=3&show=phase").get("view"), "show=phase", "parameters of a link are no view");
});

test("the board of last time is offered first, and no other's boards are", () => {
  const boards = [{name: "a", from: "own"}, {name: "b", from: "own", problem: "broken"}, {name: "s:c", from: "source"}, {name: "d", from: "own"}];
  assert.deepEqual(offered(boards, "d").map(board => board.name), ["d", "a"]);
  assert.deepEqual(offered(boards, "gone").map(board => board.name), ["a", "d"]);
});
