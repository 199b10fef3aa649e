import assert from "node:assert/strict";
import {test} from "node:test";
import {missing, whyEmpty} from "./nothing.js";

const usual = {x: "days", y: "pDist", segment: -1, mask: "", bad: true, types: "", xs: -1, ys: -1, transform: ""};

function columns(session, ...stats) {
  const list = [..."abcdef"].map(name => ({name, title: name, values: session}));
  list[1].name = "session";
  for (const [title, values] of stats) list.push({name: title, title, values: Float64Array.from(values)});
  return {n: session.length, columns: list, by: new Map(list.map(column => [column.name, column]))};
}

test("filters that leave nothing are named, each with what undoes it", () => {
  const none = columns([], ["X", []], ["Y", []]);
  assert.deepEqual(whyEmpty(none, usual, usual), {text: "The map has no objects.", undo: []});
  assert.deepEqual(whyEmpty(none, {...usual, segment: 2, mask: "always", bad: false, types: "3"}, usual), {
    text: "No object is left by the filters: map segment 2, always present, bad ones left out, user types 3.",
    undo: [{label: "All map segments", change: {segment: -1}}, {label: "All runs", change: {mask: ""}}, {label: "Also bad ones", change: {bad: true}}, {label: "All user types", change: {types: ""}}],
  });
});

test("a statistic without values is named", () => {
  const of = columns([0, 0, 1, 1], ["X", [1, 2, NaN, NaN]], ["Y", [NaN, NaN, NaN, NaN]]);
  assert.deepEqual(whyEmpty(of, {...usual, y: "other", transform: "change"}, usual), {
    text: "No object has a value of Y.", undo: [{label: "The usual Y", change: {y: "pDist"}}, {label: "Y as it is", change: {transform: ""}}],
  });
  assert.deepEqual(whyEmpty(of, {...usual, xs: 1}, usual), {text: "X has no value in session 1.", undo: [{label: "All sessions", change: {xs: -1, ys: -1}}]});
  assert.equal(whyEmpty(columns([0, 1], ["X", [1, NaN]], ["Y", [NaN, 1]]), {...usual, xs: 0, ys: 1, segment: 1}, usual).text, "No run has both values in sessions 0 and 1 among map segment 1.");
  assert.equal(whyEmpty(columns([0, 1], ["X", [1, NaN]], ["Y", [NaN, 1]]), usual, usual).text, "No object has both X and Y.");
  assert.equal(whyEmpty(columns([0], ["X", [NaN]]), {...usual, x: "z", y: "z"}, usual).text, "No object has a value of X.");
});

test("sessions without a statistic are told", () => {
  const of = columns([0, 1, 2, 2], ["X", [1, NaN, 3, NaN]], ["Y", [NaN, NaN, 1, 2]]);
  assert.equal(missing(of, usual), "X has no value in session 1. Y has no value in sessions 0, 1.");
  assert.equal(missing(of, {...usual, xs: 0}), "");
  assert.equal(missing(columns([0, 1], ["X", [1, 2]]), usual), "");
  assert.equal(missing(columns([0, 1], ["X", [NaN, NaN]]), usual), ""); // then the plot is empty, and says so
  assert.equal(missing(columns([...Array(12).keys()], ["X", [1, ...Array(11).fill(NaN)]]), usual), "X has no value in sessions 1, 2, 3, 4, 5, 6 and 5 more.");
});
