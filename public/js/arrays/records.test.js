import assert from "node:assert/strict";
import {test} from "node:test";
import {columnsOf} from "./records.js";

test("columns come in the order of the fields, with their units and rows", () => {
  assert.deepEqual(columnsOf({names: ["y", "a"], units: ["um", ""], step: 10, columns: {a: [1, null], y: [3.5, "text"]}}), [
    {field: "y", unit: "um", rows: [0, 10], numbers: [3.5, NaN]}, {field: "a", unit: "", rows: [0, 10], numbers: [1, NaN]},
  ]);
});

test("what is missing or makes no sense is left out", () => {
  assert.deepEqual(columnsOf({}), []);
  assert.deepEqual(columnsOf({names: ["constructor", "a", "b"], columns: {a: 3, b: [1]}}), [{field: "b", unit: "", rows: [0], numbers: [1]}]);
  assert.equal(columnsOf({columns: {z: [1, 2]}})[0].field, "z");
});
