/**
 * napari's canvas in a real browser: what is drawn where, what is asked for, and what hands do. Needs a Chromium ($CHROMIUM or in
 * its usual place) and playwright-core.
 */

/* global begin, draws, picture, pixelAt, tell, topics, wait -- of the browser's window: testdata/page.js */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";

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

  async function withCanvas(run, locked = "", context = {}) {
    const page = await browser.newPage({viewport: {width: 420, height: 500}, colorScheme: "dark", reducedMotion: "reduce", ...context});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.goto(`${server.url}/canvas/testdata/page.html`);
      await page.waitForFunction(() => window.begin);
      await page.evaluate(locked => begin(locked), locked);
      await page.waitForFunction(() => window.topics().some(topic => topic.startsWith("napari/canvas/")));
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }
  const stats = page => page.evaluate(() => document.querySelector("[data-canvas]").canvas.stats());
  const sent = page => page.evaluate(() => window.sent);
  const events = async page => (await sent(page)).filter(({type}) => type === "canvas-hand").flatMap(message => message.events);
  const pixel = (page, x, y) => page.evaluate(at => pixelAt(...at), [x, y]);
  const close = (got, want, by = 1e-3) => assert.ok(Math.abs(got - want) <= by, `${got} is not ${want}`);

  /** Sends a picture of 400 x 300 with a red square of 20 at (x, y) on green. */
  const square = (page, x, y, more = {}) => page.evaluate(([x, y, more]) =>
    picture(400, 300, (px, py) => px >= x && px < x + 20 && py >= y && py < y + 20 ? [255, 0, 0] : [0, 255, 0], more), [x, y, more]);

  const drag = async (page, from, to, options = {}) => {
    await page.mouse.move(...from);
    await page.mouse.down(options);
    await page.mouse.move(...to, {steps: 4});
    await page.evaluate(() => wait(2));
  };

  test("as many pixels are asked for as there is room for, and drawn one by one", () => withCanvas(async page => {
    assert.deepEqual((await page.evaluate(() => topics())).sort(), ["napari/canvas-people", "napari/canvas-state", "napari/canvas/448x320"]);
    assert.equal(await page.getAttribute("[data-canvas]", "data-state"), "empty");
    await page.evaluate(() => picture(400, 300, (x, y) => [(x * 7 + y) % 256, x % 256, y % 256]));
    for (const [x, y] of [[0, 0], [399, 299], [123, 45], [17, 250]]) assert.deepEqual(await pixel(page, x, y), [(x * 7 + y) % 256, x % 256, y % 256]);
    assert.equal(await page.getAttribute("[data-canvas]", "data-state"), "live");
    // Another shape stands in the middle, on the page's ground.
    await page.evaluate(() => picture(100, 100, () => [9, 9, 9]));
    assert.deepEqual((await stats(page)).rect, {x: 50, y: 0, width: 300, height: 300});
    assert.deepEqual(await pixel(page, 20, 150), [40, 40, 40]);
    assert.deepEqual(await pixel(page, 200, 150), [9, 9, 9]);
    // Samples of three are colours as well.
    await page.evaluate(() => picture(2, 2, () => [0, 0, 0], {samples: 3, data: new Uint8Array([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])}));
    assert.deepEqual(await pixel(page, 200, 150), [1, 2, 3]);
  }));

  test("a drag moves the picture at once, until napari's own comes", () => withCanvas(async page => {
    await square(page, 100, 100);
    await drag(page, [200, 150], [240, 130]);
    const {page: me, move} = await stats(page);
    close(move.x, 0.1);
    close(move.y, -20 / 300);
    assert.deepEqual(await pixel(page, 150, 90), [255, 0, 0]);
    assert.deepEqual(await pixel(page, 105, 115), [0, 255, 0]);
    assert.deepEqual(await pixel(page, 5, 100), [0, 0, 0], "beside it nothing is known");
    const pans = (await events(page)).filter(event => event.do === "pan");
    close(pans.reduce((sum, {dx}) => sum + dx, 0), 0.1);
    const messages = await sent(page);
    assert.deepEqual(messages.map(({n}) => n), messages.map((_, i) => i + 1));
    assert.ok(messages.every(({page, source}) => page === me && source === "napari" && /^[0-9a-f]{8}$/.test(page)));
    // A picture in which nothing of it is stays under the hand; one with all of it lies where it is.
    await square(page, 100, 100, {hands: {[me]: 0}});
    assert.deepEqual(await pixel(page, 150, 90), [255, 0, 0]);
    await square(page, 140, 80, {hands: {[me]: messages.at(-1).n}});
    assert.deepEqual((await stats(page)).move, {scale: 1, x: 0, y: 0});
    assert.deepEqual(await pixel(page, 150, 90), [255, 0, 0]);
    await page.waitForFunction(() => /^[0-9]+, [0-9]+$/.test(document.querySelector("[data-canvas-stat=lag]").textContent));
    await page.mouse.up();
  }));

  test("the wheel zooms about the pointer, and what napari never answers goes back", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.mouse.move(100, 100);
    await page.mouse.wheel(0, -200);
    await page.waitForFunction(() => window.sent.some(({events}) => events?.some(event => event.do === "zoom")));
    const zoom = (await events(page)).find(event => event.do === "zoom");
    close(zoom.x, 0.25);
    close(zoom.y, 1 / 3);
    assert.ok(zoom.by > 1.2, String(zoom.by));
    assert.deepEqual(await pixel(page, 122, 122), [255, 0, 0]);
    assert.deepEqual(await pixel(page, 98, 98), [0, 255, 0]);
    await page.waitForFunction(() => document.querySelector("[data-canvas]").canvas.stats().move.scale === 1);
    await page.evaluate(() => wait(3));
    assert.deepEqual(await pixel(page, 122, 122), [0, 255, 0]);
  }));

  test("in 3-D a drag turns the picture, and with Shift or another button moves it", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.evaluate(() => tell({ndisplay: 3}));
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    const turned = (await events(page)).filter(event => event.do === "rotate");
    close(turned.reduce((sum, {dx}) => sum + dx, 0), 0.1);
    assert.deepEqual((await stats(page)).move, {scale: 1, x: 0, y: 0}, "how it looks then is not known");
    await drag(page, [200, 150], [240, 150], {button: "right"});
    await page.mouse.up({button: "right"});
    await page.keyboard.down("Shift");
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    await page.keyboard.up("Shift");
    const pans = (await events(page)).filter(event => event.do === "pan");
    close(pans.reduce((sum, {dx}) => sum + dx, 0), 0.2);
  }));

  test("two fingers pinch, a double click zooms in, keys do what they do everywhere", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.evaluate(() => {
      const canvas = document.querySelector("[data-canvas-surface]");
      canvas.setPointerCapture = () => {};
      const touch = (type, id, x) => canvas.dispatchEvent(new PointerEvent(type, {pointerId: id, clientX: x, clientY: 150, bubbles: true, pointerType: "touch", button: 0}));
      touch("pointerdown", 5, 180);
      touch("pointerdown", 6, 220);
      touch("pointermove", 6, 260);
      touch("pointerup", 6, 260);
      touch("pointerup", 5, 180);
    });
    await page.evaluate(() => wait(2));
    let all = await events(page);
    close(all.find(event => event.do === "zoom").by, 2);
    close(all.find(event => event.do === "pan").dx, 20 / 400);
    await page.mouse.dblclick(200, 150);
    await page.evaluate(() => wait(2));
    all = await events(page);
    close(all.filter(event => event.do === "zoom").at(-1).by, 2);
    await page.keyboard.press("f");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("+");
    await page.evaluate(() => wait(2));
    all = (await events(page)).slice(-3);
    assert.deepEqual(all.map(event => event.do), ["reset", "pan", "zoom"]);
    assert.ok(all[1].dx > 0, "the picture goes the other way");
  }));

  test("the pointer is told to napari, which says what is under it", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.mouse.move(100, 150);
    await page.mouse.move(200, 75);
    await page.evaluate(() => wait(2));
    const point = (await events(page)).at(-1);
    assert.deepEqual(point, {do: "point", x: 0.5, y: 0.25});
    await page.evaluate(() => tell({status: "cells [12 3]: 77", layers: ["cells"], count: 1, draws: "one layer, image"}));
    assert.equal(await page.textContent("[data-canvas-status]"), "cells [12 3]: 77");
    assert.match(await page.textContent("[data-canvas-text]"), /shows one layer, image: cells/);
    await page.mouse.move(200, 400);
    await page.evaluate(() => wait(2));
    assert.equal((await events(page)).at(-1).do, "leave");
  }));

  test("a tap of a finger tells what is there, and a finger that drags moves the picture", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.touchscreen.tap(100, 75);
    await page.evaluate(() => wait(2));
    assert.deepEqual((await events(page)).at(-1), {do: "point", x: 0.25, y: 0.25});
    await page.evaluate(() => {
      const canvas = document.querySelector("[data-canvas-surface]");
      canvas.setPointerCapture = () => {};
      const touch = (type, x) => canvas.dispatchEvent(new PointerEvent(type, {pointerId: 5, clientX: x, clientY: 150, bubbles: true, pointerType: "touch", button: 0}));
      touch("pointerdown", 100);
      touch("pointermove", 140);
      touch("pointerup", 140);
    });
    await page.evaluate(() => wait(2));
    const pan = (await events(page)).find(event => event.do === "pan");
    close(pan.dx, 0.1);
  }, "", {hasTouch: true}));

  test("who draws sends presses and keys as they are, and others see who it is", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.click("[data-canvas-action=draw]");
    const {page: me} = await stats(page);
    assert.deepEqual((await sent(page)).findLast(({type}) => type === "canvas-draw"), {type: "canvas-draw", source: "napari", page: me, on: true});
    assert.equal(await page.textContent("[data-canvas-action=draw]"), "Waiting");
    await page.evaluate(me => draws({person: "me", page: me, name: "", colour: 2}), me);
    assert.equal(await page.textContent("[data-canvas-drawer]"), "You draw");
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    await page.keyboard.press("Shift+A");
    await page.keyboard.press("Control+q");
    await page.evaluate(() => wait(2));
    const all = (await events(page)).filter(event => ["press", "move", "release", "key", "pan"].includes(event.do));
    assert.deepEqual(all[0], {do: "press", x: 0.5, y: 0.5, button: "left", mods: []});
    assert.ok(!all.some(event => event.do === "pan"));
    const release = all.find(event => event.do === "release");
    close(release.x, 0.6);
    const keys = all.filter(event => event.do === "key").map(({key, down}) => `${key} ${down}`);
    assert.deepEqual(keys, ["Shift true", "A true", "A false", "Shift false", "Control true", "Control false"], "what would close napari stays here");
    await page.click("[data-canvas-action=draw]");
    assert.deepEqual((await sent(page)).findLast(({type}) => type === "canvas-draw"), {type: "canvas-draw", source: "napari", page: me, on: false});
    await page.evaluate(() => draws({person: "other", name: "Anna", colour: 2}));
    assert.equal(await page.textContent("[data-canvas-drawer]"), "Anna draws");
    assert.equal(await page.getAttribute("[data-canvas-drawer]", "data-person"), "2");
  }));

  test("a second press in the same place is a double click", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.click("[data-canvas-action=draw]");
    await page.evaluate(me => draws({person: "me", page: me, name: "", colour: 2}), (await stats(page)).page);
    await page.mouse.dblclick(200, 150);
    await page.evaluate(() => wait(2));
    const all = (await events(page)).map(event => event.do).filter(what => what !== "point" && what !== "leave");
    assert.deepEqual(all, ["press", "release", "double", "release"]);
  }));

  test("who may only look changes nothing, and a page that is held still neither", () => withCanvas(async page => {
    await square(page, 100, 100);
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    await page.keyboard.press("f");
    await page.click("[data-canvas-action=draw]");
    assert.deepEqual(await sent(page), []);
    assert.deepEqual((await stats(page)).move, {scale: 1, x: 0, y: 0});
  }, "Only those who may steer can change this."));

  test("a pause holds the picture, and going on shows the newest", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.evaluate(() => window.page.setPaused(true));
    await square(page, 200, 100);
    assert.deepEqual(await pixel(page, 105, 105), [255, 0, 0]);
    assert.equal(await page.textContent("[data-canvas-note]"), "Paused");
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    assert.deepEqual(await sent(page), []);
    await page.evaluate(() => window.page.setPaused(false));
    await page.evaluate(() => wait(2));
    assert.deepEqual(await pixel(page, 205, 105), [255, 0, 0]);
    await page.click("[data-canvas-action=png]");
    await page.waitForFunction(() => window.saved.length === 1);
    assert.equal((await page.evaluate(() => window.saved))[0].name, "napari-canvas-now.png");
  }));

  test("nothing goes to a process that is gone, and the last picture stays where it was", () => withCanvas(async page => {
    await square(page, 100, 100);
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    const count = (await sent(page)).length;
    await page.evaluate(() => window.page.setStale(true));
    await page.evaluate(() => wait(2));
    assert.deepEqual(await pixel(page, 105, 105), [255, 0, 0]);
    assert.equal(await page.isDisabled("[data-canvas-action=draw]"), true);
    await page.keyboard.press("f");
    await page.evaluate(() => wait(2));
    assert.equal((await sent(page)).length, count);
    await page.evaluate(() => window.page.setStale(false));
    assert.equal(await page.isDisabled("[data-canvas-action=draw]"), false);
    await page.keyboard.press("f");
    await page.evaluate(() => wait(2));
    assert.equal((await events(page)).at(-1).do, "reset");
  }));

  test("in a grid nothing is predicted, because each layer moves in its own place", () => withCanvas(async page => {
    await square(page, 100, 100);
    await page.evaluate(() => tell({grid: true}));
    await drag(page, [200, 150], [240, 150]);
    await page.mouse.up();
    assert.ok((await events(page)).some(event => event.do === "pan"));
    assert.deepEqual((await stats(page)).move, {scale: 1, x: 0, y: 0});
  }));
});
