import {test} from "node:test";
import assert from "node:assert/strict";
import {choice, choose, chosenPictures, holdExact, readChoice, readRate, withChoice, writeChoice} from "./choice.js";

const kept = text => ({getItem: () => text});

test("the address comes before what the browser has kept, each part on its own", () => {
  const of = (query, text) => Object.values(readChoice(new URLSearchParams(query), kept(text)));
  assert.deepEqual(of("", null), [false, 0]);
  assert.deepEqual(of("pictures=exact&rate=5", null), [true, 5]);
  assert.deepEqual(of("", '{"exact":true,"rate":2.5}'), [true, 2.5]);
  assert.deepEqual(of("pictures=auto&rate=0", '{"exact":true,"rate":2.5}'), [false, 0]);
  assert.deepEqual(of("rate=20", '{"exact":true,"rate":2.5}'), [true, 20]);
  assert.deepEqual(of("pictures=pretty&rate=fast", "{"), [false, 0]);
  assert.deepEqual(of("rate=-1", '{"exact":1,"rate":"x"}'), [false, 0]);
  assert.deepEqual(Object.values(readChoice(new URLSearchParams(), undefined)), [false, 0]);
});

test("a bound is a number of Mbit/s that makes sense", () => {
  assert.deepEqual(["5", " 0.5 ", "0", 12, "", " ", "0.01", "1e9", "NaN", null, undefined].map(readRate), [5, 0.5, 0, 12, null, null, null, null, null, null, null]);
});

test("what is as usual is not written", () => {
  const query = new URLSearchParams("lut=magma&rate=3&pictures=exact");
  assert.equal(String(writeChoice(query, {exact: false, rate: 0})), "lut=magma");
  assert.equal(String(writeChoice(query, {exact: true, rate: 2.5})), "lut=magma&pictures=exact&rate=2.5");
});

test("what somebody chooses is kept, told, and in the address", t => {
  const events = [];
  const stored = new Map();
  const storage = {getItem: key => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value)};
  const page = {href: "http://webmon/arrays?rate=5", get search() { return new URL(this.href).search; }};
  const fake = {location: page, document: {dispatchEvent: ({type}) => events.push(type)}, history: {replaceState: (_, __, url) => { page.href = String(url); }}};
  Object.assign(globalThis, fake);
  t.after(() => Object.keys(fake).forEach(name => delete globalThis[name]));
  assert.deepEqual([chosenPictures(), choice()], [{exact: false, rate: 5}, {pictures: undefined, rate: 625000}]);
  choose({exact: true}, storage);
  assert.equal(page.href, "http://webmon/arrays?rate=5&pictures=exact");
  choose({exact: true}, storage); // is no change
  choose({rate: 0}, storage);
  assert.deepEqual([page.href, choice()], ["http://webmon/arrays?pictures=exact", {pictures: "exact", rate: undefined}]);
  assert.equal(withChoice("http://webmon/models/x?lut=magma&rate=7"), "http://webmon/models/x?lut=magma&pictures=exact");
  assert.deepEqual(events.splice(0), ["choicechange", "choicechange"]);
  assert.deepEqual(readChoice(new URLSearchParams(), storage), {exact: true, rate: 0});
});

test("who waits for an exact picture gets it until all have it", t => {
  const events = [];
  const fake = {location: {search: "", href: "http://webmon/"}, history: {replaceState() {}}, document: {dispatchEvent: ({type}) => events.push(type)}};
  Object.assign(globalThis, fake);
  t.after(() => Object.keys(fake).forEach(name => delete globalThis[name]));
  choose({exact: false, rate: 0}, undefined);
  events.length = 0;
  const [one, two] = [holdExact(), holdExact()];
  one();
  one();
  assert.deepEqual([choice().pictures, chosenPictures().exact], ["exact", false]);
  two();
  assert.deepEqual([choice().pictures, events], [undefined, ["choicechange", "choicechange"]]);
});
