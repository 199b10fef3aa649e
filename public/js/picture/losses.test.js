import assert from "node:assert/strict";
import {test} from "node:test";
import {tellLosses, toldLosses} from "./losses.js";

test("what the server says of losses is kept until it says otherwise, and changes are heard of", t => {
  let heard = 0;
  globalThis.document = {dispatchEvent: ({type}) => (heard += type === "losseschange")};
  t.after(() => delete globalThis.document);
  const nothing = {rate: 0, why: {}};

  assert.deepEqual(toldLosses(), nothing);
  tellLosses({topic: "stats", drops: 0});
  assert.deepEqual([toldLosses(), heard], [nothing, 0]);

  tellLosses({topic: "stats", rate: 650_000, pictures: {"scope/array/camera": "The line carries no more"}});
  assert.deepEqual([toldLosses(), heard], [{rate: 650_000, why: {"scope/array/camera": "The line carries no more"}}, 1]);

  tellLosses({topic: "stats", drops: 3});
  assert.deepEqual([toldLosses(), heard], [nothing, 2]);
});

test("what makes no sense is left out", t => {
  globalThis.document = {dispatchEvent() {}};
  t.after(() => delete globalThis.document);
  tellLosses({rate: "fast", pictures: {a: "", b: 7, c: null, d: "The rate was bounded by hand"}});
  assert.deepEqual(toldLosses(), {rate: 0, why: {d: "The rate was bounded by hand"}});
  tellLosses({rate: 5, pictures: null});
  assert.deepEqual(toldLosses(), {rate: 0, why: {}});
});
