import {test} from "node:test";
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {connectionWord, delayBefore} from "./connection.js";
import {age, count, latency, NONE} from "./format.js";
import {meaning} from "./keys.js";
import {inView, isCurrent, isWholePage, problemIn} from "./nav.js";
import {Pause} from "./pause.js";
import {stamp} from "./pictures.js";
import {firstTarget} from "./socket.js";
import {applyTheme, givenTheme, nextTheme, setTheme, storedTheme} from "./theme.js";
import {collectTopics, sameTopics, watchMessage} from "./topics.js";

test("ages are written as the server writes them", () => {
  const rows = JSON.parse(readFileSync(new URL("testdata/age.json", import.meta.url)));
  assert.ok(rows.length > 0);
  for (const [ms, want] of rows) assert.equal(age(ms), want, `${ms} ms`);
});

test("counts and latencies", () => {
  assert.equal(count(0), "0");
  assert.equal(count(1000), "1000");
  assert.equal(count(1234567), "1\u202f234\u202f567");
  assert.equal(latency(0), NONE);
  assert.equal(latency(undefined), NONE);
  assert.equal(latency(3.42), "3.4");
  assert.equal(latency(48.2), "48");
});

test("the delay before an attempt doubles up to a limit", () => {
  assert.deepEqual([1, 2, 3, 4, 20].map(n => delayBefore(n, 500, 3000)), [500, 1000, 2000, 3000, 3000]);
});

test("another source is shown in the same view", () => {
  const here = new URL("http://webmon/lab/viewer?source=one&view=canvas");
  assert.equal(inView("/lab/viewer?source=two", here), "http://webmon/lab/viewer?source=two&view=canvas");
  assert.equal(inView("/lab/viewer?source=two&view=tiles", new URL("http://webmon/lab/viewer")), "http://webmon/lab/viewer?source=two");
  assert.equal(inView("/lab/loader?source=two", here), "/lab/loader?source=two");
});

test("the connection in a word", () => {
  const words = [
    [{name: "connecting"}, "connecting"],
    [{name: "live"}, "live"],
    [{name: "reconnecting", attempt: 1, retryIn: 2400}, "reconnecting in 3 s"],
    [{name: "reconnecting", attempt: 1, retryIn: 0}, "reconnecting now"],
    [{name: "reconnecting", attempt: 30, retryIn: 2900}, "not reachable, again in 3 s"],
    [{name: "signed-out"}, "signed out"],
  ];
  for (const [state, want] of words) assert.equal(connectionWord(state), want);
});

test("the topics of a page, each once, sorted, empty ones left out", () => {
  const elements = [
    {topic: "b/html/x"}, {topic: "a/tiles/1", viewer: "", liveMounted: ""}, {topic: ""}, {topic: "b/html/x"},
    {topic: "c/chart/rate/60", chart: "rate"}, // not drawing yet
  ].map(dataset => ({dataset}));
  const root = {querySelectorAll: selector => (selector === "[data-topic]" ? elements : [])};
  assert.deepEqual(collectTopics(root), ["a/tiles/1", "b/html/x"]);
  elements[4].dataset.liveMounted = "";
  assert.deepEqual(collectTopics(root), ["a/tiles/1", "b/html/x", "c/chart/rate/60"]);
  assert.equal(watchMessage(["a"], "me-myself"), '{"type":"watch","topics":["a"],"who":"me-myself"}');
  assert.equal(watchMessage(["a"], "me-myself", {keep: true}), '{"type":"watch","topics":["a"],"who":"me-myself","keep":true}');
  assert.equal(watchMessage(["a"], "me-myself", {takes: ["parts"], pictures: "exact", rate: 625000}),
    '{"type":"watch","topics":["a"],"who":"me-myself","takes":["parts"],"pictures":"exact","rate":625000}');
  assert.equal(sameTopics(["a", "b"], ["a", "b"]), true);
  assert.equal(sameTopics(["a"], ["a", "b"]), false);
  assert.equal(sameTopics(["a", "c"], ["a", "b"]), false);
});

test("what a key means", () => {
  const key = (key, more = {}) => meaning({key, modified: false, typing: false, onControl: false, dialogOpen: false, ...more});
  assert.deepEqual(key("3"), {action: "tab", n: 3});
  assert.deepEqual(key("0"), {action: "tab", n: 10});
  assert.deepEqual(key(" "), {action: "pause"});
  assert.deepEqual(key("t"), {action: "theme"});
  assert.deepEqual(key("?"), {action: "help"});
  assert.equal(key("f"), null); // the viewer's
  assert.equal(key(" ", {onControl: true}), null); // presses the control
  assert.deepEqual(key("t", {onControl: true}), {action: "theme"});
  assert.equal(key("1", {modified: true}), null); // the browser's own tabs
  assert.equal(key("t", {typing: true}), null);
  assert.equal(key("t", {dialogOpen: true}), null);
});

test("which tab a link leads to", () => {
  const location = new URL("http://127.0.0.1:5050/lab/viewer?layer=2");
  assert.equal(isCurrent("/lab/viewer", location), true);
  assert.equal(isCurrent("/lab/viewer?source=scope", location), true);
  assert.equal(isCurrent("/lab/loader", location), false);
  assert.equal(isCurrent("/viewer", location), false);
  const item = new URL("http://127.0.0.1:5050/lab/models/becvortices?window=60");
  assert.equal(isCurrent("/lab/models", item), true);
  assert.equal(isCurrent("/lab/model", item), false);
});

test("answers that are no part of a page", () => {
  assert.equal(isWholePage("<!DOCTYPE html><html>"), true);
  assert.equal(isWholePage("\n <!doctype html>"), true);
  assert.equal(isWholePage("<title>Viewer</title><div>"), false);
  assert.equal(problemIn('{"error":"napari is gone, so nothing was sent."}'), "napari is gone, so nothing was sent.");
  assert.equal(problemIn("<html>"), "webmon could not do that.");
  assert.equal(problemIn("{}"), "webmon could not do that.");
});

test("the first target of a piece of HTML", () => {
  assert.equal(firstTarget('<hx-partial hx-target="#live-header" hx-swap="innerMorph"><p>'), "#live-header");
  assert.equal(firstTarget("<p>"), "");
});

test("a pause holds the tab and lets the header and the life of a command through", () => {
  const pause = new Pause(() => {});
  assert.equal(pause.holds("#live-status"), false);
  pause.paused = true;
  assert.equal(pause.holds("#live-status"), true);
  assert.equal(pause.holds("#live-header"), false);
  assert.equal(pause.holds("#command-show_grid-life"), false);
  assert.equal(pause.holds(""), true);
});

test("the theme is chosen, kept and forgiving", t => {
  const kept = new Map();
  const storage = {getItem: key => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value)};
  const root = {dataset: {}};
  const events = [];
  globalThis.document = {documentElement: root, dispatchEvent: event => events.push(event.detail.theme)};
  t.after(() => delete globalThis.document);

  assert.equal(storedTheme(storage), "system");
  setTheme("dark", storage);
  assert.equal(storedTheme(storage), "dark");
  assert.equal(root.dataset.theme, "dark");
  setTheme("system", storage);
  assert.equal("theme" in root.dataset, false);
  assert.deepEqual(events, ["dark", "system"]);

  kept.set("webmon-theme", "purple");
  assert.equal(storedTheme(storage), "system");
  setTheme("light", {setItem() {
    throw new Error("full");
  }});
  assert.equal(root.dataset.theme, "light");
  applyTheme(root, "system");
  assert.deepEqual(["system", "dark", "light"].map(nextTheme), ["dark", "light", "system"]);
});

test("a page in a frame has the theme that it was given, or that of the JupyterLab around it", () => {
  const page = () => ({dataset: {}});
  const top = {name: "webmon-theme-dark"};
  top.parent = top;
  assert.equal(givenTheme(page(), top), null, "a page in a tab of its own");
  const within = (lab, name = "") => ({name, parent: {document: {body: {dataset: lab}}}});
  assert.equal(givenTheme(page(), within({})), null, "another page around it");
  assert.equal(givenTheme(page(), within({jpThemeLight: "false"})), "dark");
  assert.equal(givenTheme(page(), within({jpThemeLight: "true"})), "light");
  assert.equal(givenTheme({dataset: {themeGiven: "light"}}, within({jpThemeLight: "false"})), "light", "its address says so");
  assert.equal(givenTheme(page(), within({jpThemeLight: "false"}, "webmon-theme-light")), "light", "the first page in the frame was given it");
  assert.equal(givenTheme(page(), within({jpThemeLight: "false"}, "webmon-theme-purple")), "dark");
  assert.equal(givenTheme(page(), {name: "", parent: {get document() {
    throw new Error("another origin");
  }}}), null);

  const root = page();
  applyTheme(root, "dark", "light");
  assert.equal(root.dataset.theme, "light");
  applyTheme(root, "dark");
  assert.equal(root.dataset.theme, "dark");
});

test("a moment as part of a file's name", () => {
  assert.equal(stamp(new Date(2026, 0, 31, 4, 5, 6)), "20260131-040506");
});
