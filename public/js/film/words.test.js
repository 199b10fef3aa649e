import assert from "node:assert/strict";
import {test} from "node:test";

import {FORMATS, saysOf} from "./words.js";

test("how far a recording is", () => {
  assert.equal(saysOf(12.9, 1_440_000), "Recording: 12 s of at most 600, 1.4 MB");
  assert.equal(saysOf(0, 0), "Recording: 0 s of at most 600, 0 kB");
  assert.equal(saysOf(3, 2500, true), "3 s, 3 kB");
  assert.equal(saysOf(61.9, 12_345_678, true, true), "61 s, 12.3 MB, of pictures that are lossy in part");
});

test("a file's name says what is in it", () => {
  for (const {type, ending} of FORMATS) assert.ok(type.startsWith(`video/${ending}`));
});
