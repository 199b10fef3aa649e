import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {COLOURS, describe, dotted, readPeople, titleOf} from "./people.js";

test("what came is checked", () => {
  assert.deepEqual(readPeople([{id: "a", colour: 13, hand: [0.1, 0.2]}, {id: 3}, null, {id: "b", colour: "red", hand: [1]}]),
    [{id: "a", name: "", colour: 1, hand: [0.1, 0.2]}, {id: "b", name: "", colour: 0, hand: null}]);
  assert.deepEqual(readPeople([{id: "a", name: "Ada"}, {id: "b", name: 7}, {id: "c", name: ["x"]}]).map(({name}) => name), ["Ada", "", ""]);
  assert.deepEqual(readPeople(null), []);
});

test("who has a name is called by it", () => {
  const people = readPeople([{id: "a", name: "Ada Lovelace", colour: 1, hand: [0, 0]}, {id: "me", name: "Bob", colour: 0}, {id: "c", colour: 2}, {id: "d", name: "Ada Lovelace", colour: 3}]);
  assert.equal(describe(people, "me"), "4 people here, you are the blue one, with Ada Lovelace");
  assert.deepEqual(people.map(one => titleOf(one, "me")), ["Ada Lovelace, orange, pointing", "Bob, blue, you", "pink", "Ada Lovelace, green"]);
});

test("who is there is said in words", () => {
  const people = readPeople([{id: "a", colour: 1}, {id: "me", colour: 0}, {id: "c", colour: 2}]);
  assert.equal(describe(people, "me"), "3 people here, you are the blue one");
  assert.equal(describe(people.slice(0, 1), "me"), "1 person here");
  assert.equal(describe(people, "me", 40), "43 people here, you are the blue one");
});

test("every colour has a name and a value in both themes", () => {
  const css = readFileSync(new URL("../css/src/people.css", import.meta.url), "utf8");
  for (let i = 0; i < COLOURS.length; i++) assert.equal(css.split(`--person-${i}: rgb`).length - 1, 2, COLOURS[i]);
  assert.equal(new Set(COLOURS).size, COLOURS.length);
  assert.ok(!css.includes(`--person-${COLOURS.length}:`));
});

test("the word on the own colour can be read in both themes, and no two colours are alike", () => {
  const css = readFileSync(new URL("../css/src/people.css", import.meta.url), "utf8");
  const luminance = rgb => rgb.map(n => n / 255).map(n => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4).reduce((sum, n, i) => sum + n * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
  const values = COLOURS.map((_, i) => [...css.matchAll(new RegExp(`--person-${i}: rgb\\((\\d+) (\\d+) (\\d+)\\)`, "g"))].map(match => match.slice(1).map(Number)));
  for (const [theme, text] of [[0, [20, 20, 24]], [1, [255, 255, 255]]]) {
    values.forEach((both, i) => {
      assert.ok(contrast(both[theme], text) >= 4.5, `${COLOURS[i]}: ${contrast(both[theme], text)}`);
      values.slice(0, i).forEach((other, j) => {
        const apart = Math.hypot(...both[theme].map((n, channel) => n - other[theme][channel]));
        assert.ok(apart > 50, `${COLOURS[i]} and ${COLOURS[j]}: ${apart}`);
      });
    });
  }
});

test("of a crowd those have a dot who matter most", () => {
  const crowd = readPeople(Array.from({length: 40}, (_, i) => ({id: `p${i}`, colour: i, hand: i === 30 ? [0.5, 0.5] : null})));
  assert.equal(dotted(crowd.slice(0, 16), "p3").length, 16);
  const ids = dotted(crowd, "p39").map(({id}) => id);
  assert.deepEqual(ids, [...Array.from({length: 14}, (_, i) => `p${i}`), "p30", "p39"]);
});
