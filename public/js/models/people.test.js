import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {COLOURS, describe, readPeople} from "./people.js";

test("what came is checked", () => {
  assert.deepEqual(readPeople([{id: "a", colour: 13, hand: [0.1, 0.2]}, {id: 3}, null, {id: "b", colour: "red", hand: [1]}]),
    [{id: "a", colour: 1, hand: [0.1, 0.2]}, {id: "b", colour: 0, hand: null}]);
  assert.deepEqual(readPeople(null), []);
});

test("who is there is said in words", () => {
  const people = readPeople([{id: "a", colour: 1}, {id: "me", colour: 0}, {id: "c", colour: 2}]);
  assert.equal(describe(people, "me"), "3 people here, you are the blue one");
  assert.equal(describe(people.slice(0, 1), "me"), "1 person here");
});

test("every colour has a name and a value in both themes", () => {
  const css = readFileSync(new URL("../../css/src/models.css", import.meta.url), "utf8");
  for (let i = 0; i < COLOURS.length; i++) assert.equal(css.split(`--person-${i}: rgb`).length - 1, 2, COLOURS[i]);
  assert.equal(new Set(COLOURS).size, COLOURS.length);
  assert.ok(!css.includes(`--person-${COLOURS.length}:`));
});
