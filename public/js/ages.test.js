import {test} from "node:test";
import assert from "node:assert/strict";
import {ageNow} from "./ages.js";

test("an age counts from when its element came", () => {
  assert.equal(ageNow({age: "400"}, 2000, 1_700_000_000_000), 2400);
});

test("an age that waited on the server counts from its moment", () => {
  const data = {age: "400", ageAt: "1700000000000"};
  assert.equal(ageNow(data, 50, 1_700_000_090_000), 90_000);
  assert.equal(ageNow(data, 50, null), 450, "before the server's clock is known, as it was written");
  assert.equal(ageNow(data, 50, 1_699_999_999_000), 0, "never less than nothing");
});
