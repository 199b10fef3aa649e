/** Edits on the page of a map: what is pure, and in a real browser what somebody does and is told, with a stand-in for the server. */

/* global begin, edit, hear, map -- of the browser's window: testdata/edits.js defines them */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";
import {Removed} from "./find.js";
import {nearest} from "./hand.js";
import {Drafts, linking, valueWords} from "./object.js";

test("the earlier of two is linked to the later, whichever is selected", () => {
  const edit = {do: "link", session: 3, row: 7, to: 9};
  assert.deepEqual(linking({session: 3, row: 7}, {session: 4, row: 9}), edit);
  assert.deepEqual(linking({session: 4, row: 9}, {session: 3, row: 7}), edit);
  assert.equal(linking({session: 3, row: 7}, {session: 3, row: 9}), null);
  assert.equal(linking({session: 3, row: 7}, {session: 5, row: 9}), null);
});

test("what somebody else has made of an object is said", () => {
  const value = {session: 2, bad: true, note: "theirs", userType: null, x: 1.5, y: 2, z: 3, next: 12};
  assert.equal(valueWords("bad", value), "It is bad now.");
  assert.equal(valueWords("note", value), "Its note is now: theirs");
  assert.equal(valueWords("userType", value), "It has no user type now.");
  assert.equal(valueWords("move", value), "It is at x 1.5, y 2, slice 3 now.");
  assert.equal(valueWords("link", value), "It is joined with row 12 of session 3 now.");
  assert.equal(valueWords("delete", null), "It is not there any more.");
});

test("a note that was not kept follows its object", () => {
  const drafts = new Drafts();
  const one = {session: 1, row: 4, x: 1, y: 2, z: 3};
  drafts.set(one, "half");
  drafts.follow(was => ({...was, row: was.row - 1}));
  assert.equal(drafts.get({session: 1, row: 3}), "half");
  assert.equal(drafts.get(one), null);
  drafts.set({session: 1, row: 3}, null);
  assert.equal(drafts.get({session: 1, row: 3}), null);
  for (let row = 0; row < 80; row++) drafts.set({session: 0, row}, "text");
  assert.equal(drafts.get({session: 0, row: 0}), null, "the oldest are forgotten");
  assert.equal(drafts.get({session: 0, row: 79}), "text");
});

test("the nearest point of a tracing", () => {
  const tracing = {n: 3, x: [0, 10, 20], y: [0, 0, 5]};
  assert.equal(nearest(tracing, 12, 1), 1);
  assert.equal(nearest(null, 12, 1), -1);
});

test("removed pairs are remembered for one reading of the files", () => {
  const kept = new Map();
  const storage = {getItem: key => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text)};
  const pair = {session: 4, row: 1, partner: 2};
  new Removed(storage, "m", "abc-1").set(pair, true);
  assert.equal(new Removed(storage, "m", "abc-7").has(pair), true);
  assert.equal(new Removed(storage, "m", "other-0").has(pair), false);
  assert.equal(new Removed(storage, "n", "abc-1").has(pair), false);
  new Removed(storage, "m", "abc-7").set(pair, false);
  assert.equal(new Removed(storage, "m", "abc-7").has(pair), false);
  storage.getItem = () => "no JSON";
  assert.equal(new Removed(storage, "m", "abc-7").has(pair), false);
  assert.equal(new Removed(null, "m", "abc-7").has(pair), false);
});

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";

describe("in a browser", {skip, timeout: 3 * PATIENCE}, () => {
  let server;
  let browser;

  before(async () => {
    assert.ok(executable, "no Chromium found, and under CI that is a failure; set CHROMIUM to the path of one");
    server = await serve(dirname(dirname(fileURLToPath(import.meta.url))));
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function withMap(locked, run) {
    const page = await browser.newPage({viewport: {width: 900, height: 900}});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    try {
      await page.goto(`${server.url}/maps/testdata/edits.html`);
      await page.waitForFunction(() => window.begin);
      await page.evaluate(locked => begin(locked), locked);
      await page.waitForFunction(() => document.querySelector(".map-plot-box")?.dataset.drawn === "8");
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }
  const says = (page, part, text) => page.waitForFunction(([part, text]) => document.querySelector(`[data-object=${part}]`).textContent.includes(text), [part, text]);
  const posts = page => page.evaluate(() => window.posts);
  async function select(page, run, session) {
    await page.evaluate(([run, session]) => map.select(run, session), [run, session]);
    await page.waitForFunction(() => document.querySelector("[data-object=facts]").childElementCount > 0);
    await page.locator(".map-plot-box").focus();
  }

  test("keys judge the selected object, one edit after the other, each of what was seen", () => withMap(false, async page => {
    await select(page, 2, 1);
    await page.keyboard.press("b");
    await page.keyboard.press("b");
    await page.keyboard.press("u");
    await page.keyboard.press("3");
    await page.waitForFunction(() => window.posts.length === 3);
    const [first, second, third] = await posts(page);
    assert.deepEqual([first.do, first.session, first.row, first.bad, first.edition], ["bad", 1, 2, true, "e-0"]);
    assert.equal(second.bad, false);
    assert.deepEqual([third.do, third.userType], ["userType", 3]);
    await page.waitForFunction(() => document.querySelector("[data-object=userType]").value === "3" && document.querySelector("[data-object-do=bad]").getAttribute("aria-pressed") === "false");
    // A digit without u is not a user type.
    await page.keyboard.press("3");
    assert.equal((await posts(page)).length, 3);
    assert.deepEqual(await page.evaluate(() => map.stats().selected), {run: 2, session: 1});
  }));

  test("a note whose request fails stays in its field", () => withMap(false, async page => {
    await select(page, 1, 0);
    await page.evaluate(() => window.answers.push("fail"));
    await page.keyboard.press("n");
    await page.keyboard.type("look again *");
    await page.keyboard.press("Enter");
    await says(page, "told", "it is still in its field");
    assert.equal(await page.locator("[data-object=note]").inputValue(), "look again *");
    // Nor is it lost on the way to another object and back.
    await select(page, 3, 0);
    assert.equal(await page.locator("[data-object=note]").inputValue(), "");
    await select(page, 1, 0);
    assert.equal(await page.locator("[data-object=note]").inputValue(), "look again *");
    await page.keyboard.press("n");
    await page.keyboard.press("Enter");
    await says(page, "words", "note: look again *");
    assert.equal((await posts(page)).length, 2);
    // Escape takes back what was typed.
    await page.keyboard.press("n");
    await page.keyboard.type("no");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("[data-object=note]").inputValue(), "look again *");
    assert.equal((await posts(page)).length, 2);
  }));

  for (const mine of [true, false]) {
    test(`somebody was faster: ${mine ? "mine" : "theirs"} counts`, () => withMap(false, async page => {
      await select(page, 1, 0);
      await page.evaluate(() => {
        window.edit(0, 1, one => { one.note = "theirs"; });
        window.answers.push({status: 409, body: {error: "bob has changed its note meanwhile.", by: "bob", did: "note", value: {session: 0, row: 1, note: "theirs", next: null}}});
      });
      await page.keyboard.press("n");
      await page.keyboard.type("mine");
      await page.keyboard.press("Enter");
      await says(page, "told", "bob has changed its note meanwhile. Its note is now: theirs");
      await says(page, "words", "note: theirs");
      assert.equal(await page.locator("[data-object=note]").inputValue(), "mine");
      await page.locator(mine ? "[data-object-mine]" : "[data-object-theirs]").click();
      if (mine) {
        await says(page, "words", "note: mine");
        const all = await posts(page);
        assert.deepEqual([all[1].note, all[1].edition], ["mine", "e-1"]);
      } else {
        await page.waitForFunction(() => document.querySelector("[data-object=note]").value === "theirs");
        assert.equal((await posts(page)).length, 1);
      }
      assert.equal(await page.locator("[data-object=told]").isVisible(), false);
    }));
  }

  test("a cut that was too late is made of the rows of now", () => withMap(false, async page => {
    await select(page, 2, 0);
    await page.evaluate(() => {
      window.edit(0, 0, null);
      window.answers.push({status: 409, body: {error: "bob has changed its note meanwhile.", by: "bob", did: "note", value: {session: 1, row: 3, note: "theirs", next: null}}});
    });
    await page.keyboard.press("s");
    await says(page, "told", "bob has changed its note");
    await page.locator("[data-object-mine]").click();
    await page.waitForFunction(() => window.posts.length === 2);
    const [late, again] = await posts(page);
    assert.deepEqual([late.do, late.session, late.row, late.edition], ["unlink", 0, 2, "e-0"]);
    assert.deepEqual([again.do, again.session, again.row, again.edition], ["unlink", 0, 1, "e-1"]);
  }));

  test("what others change is shown in place, and what is selected stays selected", () => withMap(false, async page => {
    await select(page, 2, 0);
    await page.evaluate(() => {
      window.never = true;
      edit(0, 0, null);
      hear();
    });
    await says(page, "words", "row 1");
    assert.deepEqual(await page.evaluate(() => [map.stats().selected, map.stats().points, window.never]), [{run: 1, session: 0}, 7, true]);
    // It has moved besides: then the server knows which it is.
    await page.evaluate(() => {
      edit(0, 1, one => { one.x = 99; });
      hear();
    });
    await page.waitForFunction(() => document.querySelector("[name=x]").value === "99");
    assert.deepEqual(await page.evaluate(() => map.stats().selected), {run: 1, session: 0});
    await page.evaluate(() => {
      edit(0, 1, null);
      hear();
    });
    await says(page, "words", "Nothing is selected");
    await says(page, "told", "bob has deleted it meanwhile.");
  }));

  test("what is deleted is gone, and what is off says why", () => withMap(false, async page => {
    await select(page, 3, 1);
    assert.equal(await page.locator("[data-object-do=subtracted]").isDisabled(), true);
    assert.match(await page.locator("[data-object-do=subtracted]").getAttribute("title"), /none of the next session/);
    await page.keyboard.press("Delete");
    await says(page, "words", "Nothing is selected");
    assert.equal(await page.locator("[data-object-do=delete]").isDisabled(), true);
    assert.equal(await page.locator("[data-object-do=delete]").getAttribute("title"), "Select an object first.");
    assert.equal(await page.locator("[data-object=told]").isVisible(), false);
  }));

  test("who may only look can send nothing", () => withMap(true, async page => {
    await select(page, 1, 0);
    for (const key of ["b", "Delete", "p", "a", "s", "m", "v", "e", "n", "u", "3", "Control+z"]) await page.keyboard.press(key);
    await page.keyboard.press("i");
    assert.equal(await page.locator("[data-object=info]").isVisible(), true);
    assert.equal(await page.locator("[data-object-do]:enabled").count(), 1);
    assert.deepEqual(await posts(page), []);
  }));
});
