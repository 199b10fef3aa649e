import assert from "node:assert/strict";
import {test} from "node:test";
import {restoring} from "./restore.js";

class Part {
  value = undefined;
  log = [];
  toJSON() { return this.value; }
  reset() {
    this.log.push("reset");
    this.value = undefined;
  }
  restoreState(value) {
    this.log.push(value);
    this.value = value;
  }
}

const made = () => {
  const state = {
    children: new Map([["position", new Part()], ["projectionScale", new Part()], ["layers", new Part()]]),
    told: 0,
    changed: {dispatch() { state.told++; }},
    reset() { for (const part of state.children.values()) part.reset(); },
    restoreState(given) { for (const [key, part] of state.children) if (key in given) part.restoreState(given[key]); },
  };
  const gently = restoring(state);
  const take = given => {
    state.reset();
    state.restoreState(given);
  };
  const [position, scale, layers] = state.children.values();
  return {state, gently, take, position, scale, layers};
};

test("where somebody has moved, nothing else is touched", () => {
  const {take, position, layers} = made();
  take({position: [1], layers: [{name: "a"}]});
  assert.deepEqual([position.value, layers.value], [[1], [{name: "a"}]]);
  layers.log = [];
  take({position: [2], layers: [{name: "a"}]});
  assert.deepEqual([position.value, layers.log], [[2], []]);
  take({layers: [{name: "a"}]});
  assert.deepEqual([position.value, layers.log], [undefined, []]);
});

test("anything else goes the client's own way", () => {
  const {take, position, layers} = made();
  take({position: [1], layers: [{name: "a"}]});
  position.log = layers.log = [];
  take({position: [1], layers: [{name: "b"}]});
  assert.deepEqual([position.value, layers.value], [[1], [{name: "b"}]]);
  take({position: [1]});
  assert.equal(layers.value, undefined);
});

test("what the client writes in other words than the server is sent, and nothing is made again for it", async () => {
  const {state, gently, take, layers} = made();
  layers.restoreState = function (value) { this.log.push(value); this.value = value && [...value, "by default"]; };
  take({position: [1], layers: ["a"]});
  layers.log = [];
  take({position: [2], layers: ["a"]});
  await null;
  assert.deepEqual([layers.log, state.told], [[], 1]);
  gently.sent({position: [2], layers: ["a", "by default"]});
  take({position: [3], layers: ["a", "by default"]});
  await null;
  assert.deepEqual([layers.log, state.told], [[], 1]);
});

test("what was not sent yet is sent after all, and what somebody else sets wins", async () => {
  const {state, take, position, scale, layers} = made();
  take({position: [1], projectionScale: 1, layers: []});
  layers.value = [{name: "mine"}];
  scale.value = 5;
  position.value = [7];
  take({position: [2], projectionScale: 1, layers: []});
  assert.deepEqual([position.value, scale.value, layers.value], [[2], 5, [{name: "mine"}]]);
  await null;
  assert.equal(state.told, 1);
  take({position: [3], projectionScale: 5, layers: []}); // it was heard in part
  await null;
  assert.equal(state.told, 2);
});

test("what this browser has sent is known: taking it back is a change", () => {
  const {gently, take, position, layers} = made();
  take({position: [1], layers: []});
  position.value = [2];
  gently.sent({position: [2], layers: []});
  layers.log = [];
  take({position: [1], layers: []});
  assert.deepEqual([position.value, layers.log], [[1], []]);
});

test("a reset alone forgets everything, and restoring alone is as it was", async () => {
  const {state, take, position, layers} = made();
  take({position: [1], layers: [1]});
  position.log = [];
  state.restoreState({position: [1]});
  assert.deepEqual(position.log, [[1]]);
  state.reset();
  await null;
  assert.deepEqual([position.value, layers.value], [undefined, undefined]);
});

test("numbers beyond those of JSON", async () => {
  const {state, take, layers} = made();
  take({position: [1], layers: ["18446744073709551615"]});
  layers.value = [18446744073709551615n];
  layers.log = [];
  take({position: [2], layers: ["18446744073709551615"]});
  await null;
  assert.deepEqual([layers.log, state.told], [[], 0]);
});
