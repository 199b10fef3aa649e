import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import {test} from "node:test";
import {formatter, resolve} from "./option.js";

const folder = new URL("../../../dashboard/chart/testdata/", import.meta.url);

test("names of colours and formatters are replaced, and the option stays as it was", () => {
  const option = {a: ["var(--series-1)", {b: "@ms"}], c: "plain", d: 3, e: null};
  const before = structuredClone(option);
  const done = resolve(option, name => `<${name}>`);
  assert.equal(done.a[0], "<series-1>");
  assert.equal(done.a[1].b(20), "20 ms");
  assert.deepEqual([done.c, done.d, done.e], ["plain", 3, null]);
  assert.deepEqual(option, before);
});

test("every option of the server can be resolved", () => {
  const files = readdirSync(folder).filter(name => name.startsWith("option-"));
  assert.ok(files.length >= 6);
  for (const name of files) {
    const left = JSON.stringify(resolve(JSON.parse(readFileSync(new URL(name, folder))), () => "#123456"));
    assert.doesNotMatch(left, /var\(|"@/, name);
  }
});

test("formatters", () => {
  assert.equal(formatter("number")(2.5), "2.5");
  assert.equal(formatter("B")(2048), "2 KiB");
  assert.match(formatter("clock")(0), /^\d\d:\d\d:\d\d$/);
});
