/**
 * A simulation in a real browser: what is drawn where, what is asked for, and what hands do. Needs a Chromium ($CHROMIUM or in
 * its usual place) and playwright-core.
 */

/* global begin, offer, particles, people, tell, wait -- of the browser's window: testdata/page.js and the tests define them */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";

const model = {source: "vortices", key: "vortices", title: "Vortices", shape: [40, 20], dtype: "<f8", tracers: 3, phase: true, finger: true, colormap: "gray", limits: null};

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

  async function withModel(config, run, query = "", context = {}) {
    const page = await browser.newPage({viewport: {width: 420, height: 700}, colorScheme: "dark", reducedMotion: "reduce", ...context});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.goto(`${server.url}/models/testdata/page.html${query}`);
      await page.waitForFunction(() => window.begin);
      await page.evaluate(config => begin(config), config);
      await asksFor(page, "/array/density/");
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }
  const stats = page => page.evaluate(() => document.querySelector("[data-model]").model.stats());
  const topics = page => page.evaluate(() => window.topics());
  const sent = page => page.evaluate(() => window.sent);
  const asksFor = (page, text) => page.waitForFunction(text => window.topics().join(" ").includes(text), text);
  const pixelAt = (page, x, y) => page.evaluate(at => pixelAt(...at), [x, y]);
  const overAt = (page, x, y) => page.evaluate(at => overAt(...at), [x, y]);
  const near = (got, want, by = 2) => assert.ok(got.slice(0, 3).every((n, i) => Math.abs(n - want[i]) <= by), `${got} is not ${want}`);

  /** Where a place of the box is on the page. */
  const placeOf = (page, x, y) => page.evaluate(([x, y]) => {
    const root = document.querySelector("[data-model]");
    const [nx, ny] = window.config.shape;
    const box = root.getBoundingClientRect();
    const [px, py] = root.viewer.toScreen(x * nx + 0.5, ny - y * ny - 0.5);
    return [px + box.left, py + box.top];
  }, [x, y]);

  test("x goes right and y up, the range is the picture's own, and the pointer reads the same", () => withModel(model, async page => {
    assert.deepEqual((await topics(page)).sort(), ["vortices/array/density/x,y/0,0,20,40/1", "vortices/array/tracers/y,x/0,0,2,3/1/n", "vortices/model", "vortices/people"]);
    // 1 in the lower left corner, 3 in the upper right one, 2 elsewhere.
    await page.evaluate(() => serve({density: (x, y) => x < 2 && y < 2 ? 1 : x >= 38 && y >= 18 ? 3 : 2}));
    near(await pixelAt(page, 0, 0), [0, 0, 0]);
    near(await pixelAt(page, 39, 19), [255, 255, 255]);
    near(await pixelAt(page, 39, 0), [128, 128, 128]);
    near(await pixelAt(page, 0, 19), [128, 128, 128]);
    assert.deepEqual((await stats(page)).limits, [1, 3]);
    await page.mouse.move(...await placeOf(page, 39 / 40, 19 / 20));
    await page.waitForFunction(() => /^x 39 {2}y 19 {2}density 3$/.test(document.querySelector("[data-model-readout]").textContent));
    await page.waitForFunction(() => /density from 1 to 3, its sum 1600\./.test(document.querySelector("[data-model-text]").textContent));
    await page.locator("[data-mode=zero]").click();
    assert.deepEqual((await stats(page)).limits, [0, 3]);
    await page.locator("#model-limit-1").fill("6");
    await page.locator("#model-limit-1").press("Tab");
    assert.deepEqual((await stats(page)).limits, [0, 6]);
    await page.evaluate(() => wait(2));
    near(await pixelAt(page, 39, 19), [128, 128, 128]);
    await page.waitForFunction(() => location.search === "?lim=m0~6");
  }));

  test("a press points, once an animation frame, and lets go where it ends", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    await page.evaluate(() => people([{id: "other", colour: 1, hand: null}, {id: "me", colour: 2, hand: null}]));
    await page.mouse.move(...await placeOf(page, 0.25, 0.5));
    await page.mouse.down();
    await page.waitForFunction(() => window.sent.length === 1);
    // The own dot is there without a word from the server, in the own colour.
    await page.evaluate(() => wait(2));
    near(await overAt(page, 10, 10), [0, 255, 0]);
    const [toX, toY] = await placeOf(page, 0.75, 0.25);
    await page.evaluate(([x, y]) => {
      const canvas = document.querySelector("[data-viewer-canvas]");
      for (let i = 1; i <= 50; i++) canvas.dispatchEvent(new PointerEvent("pointermove", {pointerId: 1, clientX: x, clientY: y - 50 + i, bubbles: true, pointerType: "mouse"}));
    }, [toX, toY]);
    await page.waitForFunction(() => window.sent.length === 2);
    await page.mouse.move(toX, toY);
    await page.mouse.up();
    await page.waitForFunction(() => window.sent.at(-1).down === false);
    const messages = await sent(page);
    const at = (i, x, y, down) => {
      const {type, source, ...hand} = messages.at(i);
      assert.deepEqual([type, source, hand.down], ["hand", "vortices", down]);
      assert.ok(Math.abs(hand.x - x) < 0.01 && Math.abs(hand.y - y) < 0.01, JSON.stringify(hand));
    };
    at(0, 0.25, 0.5, true);
    at(1, 0.75, 0.25, true);
    at(-1, 0.75, 0.25, false);
    assert.ok(messages.length <= 4, JSON.stringify(messages));
    // Out of the box it stays at its edge.
    await page.mouse.move(...await placeOf(page, 0.5, 0.5));
    await page.mouse.down();
    await page.mouse.move(399, 1);
    await page.mouse.up();
    assert.deepEqual((({x, y, down}) => [x, y, down])((await sent(page)).at(-1)), [1, 1, false]);
    assert.equal((await stats(page)).viewer.mode, "fit", "the picture has not moved");
    // With Shift, or with the right button, it is the picture that moves.
    const count = (await sent(page)).length;
    await page.mouse.move(...await placeOf(page, 0.5, 0.5));
    await page.mouse.down({button: "right"});
    await page.mouse.move(200, 200, {steps: 3});
    await page.mouse.up({button: "right"});
    assert.equal((await stats(page)).viewer.mode, "free");
    assert.equal((await sent(page)).length, count);
  }));

  test("two fingers of a hand move the picture and let go of what the first one pointed at", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    const [x, y] = await placeOf(page, 0.5, 0.5);
    await page.evaluate(([x, y]) => {
      const canvas = document.querySelector("[data-viewer-canvas]");
      canvas.setPointerCapture = () => {};
      const touch = (type, id, dx) => canvas.dispatchEvent(new PointerEvent(type, {pointerId: id, clientX: x + dx, clientY: y, bubbles: true, pointerType: "touch", button: 0}));
      touch("pointerdown", 5, -20);
      touch("pointerdown", 6, 20);
      touch("pointermove", 6, 60);
      touch("pointerup", 6, 60);
      touch("pointerup", 5, -20);
    }, [x, y]);
    await page.waitForFunction(() => window.sent.length > 0 && document.querySelector("[data-model]").viewer.stats().mode === "free");
    const last = (await sent(page)).at(-1);
    assert.ok(!last.down && last.x < 0.5, `${JSON.stringify(last)}: let go where the second finger is`);
  }));

  test("arrow keys point while the picture has the focus, and say where to", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    await page.evaluate(() => tell({finger: {x: 0.5, y: 0.5, px: 0.5, py: 0.5}}));
    await page.locator("[data-viewer-canvas]").focus();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.waitForFunction(() => window.sent.at(-1)?.down === false);
    assert.deepEqual((({x, y}) => [x, y])((await sent(page)).at(-1)), [0.45, 0.51]);
    await page.waitForFunction(() => document.querySelector("[data-model-announced]").textContent === "Finger at x 0.45, y 0.51");
    assert.equal((await stats(page)).viewer.mode, "fit");
    // Elsewhere they pan, as in every viewer.
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("ArrowUp");
    assert.equal((await stats(page)).viewer.mode, "free");
  }));

  test("the line from a hand to the potential goes the short way round the box", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    await page.evaluate(() => tell({finger: {x: 0.9, y: 0.5, px: 0.1, py: 0.5}}));
    await page.evaluate(() => people([{id: "me", colour: 0, hand: null}, {id: "other", colour: 2, hand: [0.9, 0.5]}]));
    near(await overAt(page, 36, 10), [0, 255, 0]);
    // The line has soft edges.
    const isGreen = ([r, g, b]) => assert.ok(g > 100 && r < g / 2 && b < g / 2, `${[r, g, b]} is not green`);
    isGreen(await overAt(page, 38.5, 10));
    isGreen(await overAt(page, 1, 10));
    assert.equal((await overAt(page, 20, 10))[3], 0, "nothing in the middle");
    await page.evaluate(() => tell({finger: {x: 0.9, y: 0.5, px: 0.6, py: 0.5}}));
    isGreen(await overAt(page, 30, 10));
    assert.equal((await overAt(page, 1, 10))[3], 0);
    const people = page.locator("[data-model-people]");
    assert.equal(await people.getAttribute("aria-label"), "2 people here, you are the blue one");
    assert.equal(await people.locator("[data-person]").count(), 2);
  }));

  test("a density that came with losses has its own range, and the phase is weighed by it all the same", () => withModel(model, async page => {
    const fields = "{density: x => 3 + x / 10, phase: () => 1}"; // 3 to 6.9
    const places = [[4, 4], [15, 10], [22, 3], [35, 15]];
    const look = async () => {
      const seen = [];
      for (const place of places) seen.push(await pixelAt(page, ...place));
      return seen;
    };
    const both = async () => {
      await page.evaluate(`serve(${fields})`);
      const exact = await look();
      const {limits, measured} = await stats(page);
      await page.evaluate(`serveLossy(${fields}, {low: 2, high: 9, scale: 2})`);
      const lossy = await look();
      lossy.forEach((pixel, i) => near(pixel, exact[i], 6));
      const after = await stats(page);
      assert.deepEqual([after.limits, after.measured.low, after.measured.high], [limits, measured.low, measured.high]);
      return exact;
    };
    const densities = await both();
    await page.locator("[data-show=phase]").click();
    await asksFor(page, "/array/phase/");
    const phases = await both();
    assert.notDeepEqual(phases, densities);
    assert.ok(phases[0][0] + phases[0][1] + phases[0][2] < phases[3][0] + phases[3][1] + phases[3][2], "it is weighed");
    const [x, y] = await placeOf(page, 0.5, 0.5);
    await page.mouse.move(x, y);
    await page.waitForFunction(() => /density ≈ 5\.?0?\d* /.test(document.querySelector("[data-model-readout]").textContent));
  }));

  test("lines of equal phase are where they belong, without a seam, and asked for only then", () => withModel(model, async page => {
    assert.ok(!(await topics(page)).some(topic => topic.includes("/phase/")));
    await page.locator("#model-contours").check();
    await asksFor(page, "/array/phase/x,y/0,0,20,40/1");
    // A turn and a half over the 40 columns, coming round at column 20: lines every 40 / 1.5 / 8 columns.
    await page.evaluate(() => serve({density: () => 1, phase: x => {
      const angle = Math.PI + (x - 20) / 40 * 3 * Math.PI;
      return Math.atan2(Math.sin(angle), Math.cos(angle));
    }}));
    await page.locator("#model-limit-1").fill("100"); // so that the ground is dark
    await page.locator("#model-limit-1").press("Tab");
    await page.evaluate(() => wait(3));
    const row = await page.evaluate(async () => {
      const {viewer} = document.querySelector("[data-model]");
      const [x0, y] = viewer.toScreen(2, 9.5);
      const [x1] = viewer.toScreen(38, 9.5);
      const pixels = await viewer.readPixels(Math.round(x0), Math.round(y), Math.round(x1 - x0), 1);
      const lines = [];
      for (let i = 0; i < pixels.length / 4; i++) if (pixels[i * 4] > 150 && !(i > 0 && pixels[i * 4 - 4] > 150)) lines.push(2 + i / (x1 - x0) * 36);
      return lines;
    });
    const want = [];
    for (let k = -20; k <= 20; k++) {
      const x = 20.5 + k * 40 / 1.5 / 8;
      if (x > 2 && x < 38) want.push(x);
    }
    assert.equal(row.length, want.length, `${row} | ${want}`);
    row.forEach((x, i) => assert.ok(Math.abs(x - want[i]) < 0.25, `${row} | ${want}`));
    await page.locator("[data-show=phase]").click();
    await page.locator("#model-contours").uncheck();
    await page.evaluate(() => wait(3));
    // Hue goes once round: at the left and at the right of where it comes round it is the same.
    const [left, right] = [await pixelAt(page, 20 - 0.4, 10), await pixelAt(page, 20 + 0.4, 10)];
    near(left, right, 8);
    assert.ok(Math.max(...left) > 200, String(left));
    await page.locator("[data-show=density]").click();
    await page.waitForFunction(() => !window.topics().some(topic => topic.includes("/phase/")));
  }));

  test("tracers are where they are, and asked for only while they are shown", () => withModel({...model, limits: [0, 100]}, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    await page.evaluate(() => particles([[5, 3], [30, 15], [NaN, NaN]]));
    near(await pixelAt(page, 5, 3), [255, 255, 255], 8);
    near(await pixelAt(page, 30, 15), [255, 255, 255], 8);
    near(await pixelAt(page, 15, 10), [3, 3, 3]);
    await page.locator("#model-tracers").uncheck();
    await page.waitForFunction(() => !window.topics().some(topic => topic.includes("/tracers/")));
    await page.evaluate(() => wait(2));
    near(await pixelAt(page, 5, 3), [3, 3, 3]);
  }));

  test("of a large grid only what is on the screen is asked for, and lies where it belongs", () => withModel({...model, shape: [2000, 1000], limits: [0, 2000]}, async page => {
    assert.ok((await topics(page)).includes("vortices/array/density/x,y/0,0,1000,2000/4"), String(await topics(page)));
    await page.evaluate(() => serve({density: (x, y) => x + y}));
    const [x, y] = await placeOf(page, 0.25, 0.9);
    await page.mouse.move(x, y);
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -240);
    await page.waitForFunction(() => window.topics().some(topic => /density.*\/1$/.test(topic)));
    await page.evaluate(() => serve({density: (x, y) => x + y}));
    const {density} = await stats(page);
    assert.ok(density.rows < 700 && density.cols < 700 && density.step === 1, JSON.stringify(density));
    const {x: left, y: down, scale} = (await stats(page)).viewer.camera;
    const [col, row] = [Math.floor(left), Math.floor(1000 - down)];
    assert.ok(scale > 5 && Math.abs(col - 500) < 60 && Math.abs(row - 900) < 60, `${col} ${row} ${scale}`);
    near(await pixelAt(page, col, row), Array(3).fill((col + row) / 2000 * 255));
  }));

  test("the picture is a file, and the view with the parameters a link, with a clipboard or without", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    await page.getByText("PNG", {exact: true}).click();
    await page.waitForFunction(() => window.saved.length === 1);
    const [{name, type, size}] = await page.evaluate(() => window.saved);
    assert.deepEqual([name, type], ["vortices-now.png", "image/png"]);
    assert.ok(size > 100, String(size));
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", {value: undefined, configurable: true}));
    await page.getByText("Copy link").click();
    await page.waitForFunction(() => !document.querySelector(".models-link").hidden);
    assert.equal(await page.locator(".models-link").inputValue(), `${server.url}/models/testdata/page.html?lut=magma&p.cooling=0.5`);
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", {value: {write: async ([item]) => { window.copied = await (await item.getType("text/plain")).text(); }}}));
    await page.getByText("Copy link").click();
    await page.waitForFunction(() => window.copied?.endsWith("?lut=magma&p.cooling=0.5") && document.querySelector(".models-link").hidden);
  }, "?lut=magma"));

  test("a pause holds the picture, another grid is another picture, a failure dims what was last", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    await page.evaluate(() => window.picture.setPaused(true));
    await page.evaluate(() => serve({density: () => 2}));
    assert.equal((await stats(page)).measured.high, 1);
    await page.evaluate(() => window.picture.setPaused(false));
    assert.equal((await stats(page)).measured.high, 2);
    await page.evaluate(config => begin(config), {...model, shape: [16, 16]});
    await asksFor(page, "/array/density/x,y/0,0,16,16/1");
    await page.evaluate(() => serve({density: (x, y) => x === 15 && y === 15 ? 1 : 0}));
    near(await pixelAt(page, 15, 15), [255, 255, 255]);
    assert.deepEqual((await stats(page)).viewer.camera.x, 8);
    await page.evaluate(() => tell({phase: "failed"}));
    await page.waitForFunction(() => document.querySelector("[data-model]").dataset.state === "stale");
    const [dimmed] = await pixelAt(page, 15, 15);
    assert.ok(dimmed > 50 && dimmed < 200, String(dimmed));
  }));

  test("the picture fills the window, or the screen, and comes back", () => withModel(model, async page => {
    await page.evaluate(() => serve({density: () => 1}));
    // All of the window is 420 wide, and no room is left beside the box.
    await page.waitForFunction(() => document.querySelector("[data-model]").viewer.stats().camera.scale === 420 / 40);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelector("[data-model]").viewer.stats().viewport.width === 400 && location.search === "?lut=magma");
    await page.keyboard.press("k");
    await page.waitForFunction(() => document.fullscreenElement?.hasAttribute("data-model-stage"));
    await page.waitForFunction(() => document.querySelector("[data-model-action=full]").getAttribute("aria-pressed") === "true");
    await page.keyboard.press("k");
    await page.waitForFunction(() => !document.fullscreenElement);
    await page.waitForFunction(() => document.querySelector("[data-model-action=full]").getAttribute("aria-pressed") === "false");
  }, "?lut=magma&full=1"));

  test("the parameters of a link are applied where nobody else is there, and offered where somebody is", () => withModel(model, async page => {
    await page.evaluate(() => {
      window.offer = () => {
        const form = document.createElement("form");
        form.dataset.modelParameters = "";
        form.append(Object.assign(document.createElement("input"), {name: "cooling", value: "1"}), Object.assign(document.createElement("button"), {type: "submit"}));
        document.getElementById("bar").replaceChildren(form);
      };
      offer();
    });
    await page.evaluate(() => people([{id: "me", colour: 0, hand: null}, {id: "other", colour: 1, hand: null}]));
    assert.deepEqual(await page.evaluate(() => window.posted), []);
    assert.match(page.url(), /p\.cooling/);
    // What is not taken is said, and stays.
    await page.evaluate(() => { window.refuse = "It is too much."; });
    await page.locator("#bar button").click();
    await page.waitForFunction(() => document.querySelector("#bar [role=alert]")?.textContent === "It is too much.");
    await page.evaluate(() => { window.refuse = ""; });
    await page.locator("#bar button").click();
    await page.waitForFunction(() => location.search === "?lut=magma" && !document.querySelector("#bar form"));
    assert.deepEqual(await page.evaluate(() => window.posted), ["cooling=1", "cooling=1"]);
  }, "?lut=magma&p.cooling=1"));

  test("whoever is alone has the parameters of a link at once", () => withModel(model, async page => {
    await page.evaluate(() => {
      document.getElementById("bar").innerHTML = '<form data-model-parameters><input name="cooling" value="1"><button type="submit">Apply</button></form>';
    });
    await page.evaluate(() => people([{id: "me", colour: 0, hand: null}]));
    await page.waitForFunction(() => location.search === "" && window.posted.join() === "cooling=1");
  }, "?p.cooling=1"));
});
