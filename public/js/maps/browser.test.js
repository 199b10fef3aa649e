/**
 * The page of a map in a real browser: what is drawn, what is asked for, and what somebody can do. Needs a Chromium ($CHROMIUM or in
 * its usual place) and playwright-core. That marks lie on their spines is tested in e2e, with real images.
 */

/* global begin, answer, map -- of the browser's window: testdata/page.js defines them */

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

  async function withMap(of, options, run) {
    const page = await browser.newPage({viewport: {width: 640, height: 900}});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.goto(`${server.url}/maps/testdata/page.html`);
      await page.waitForFunction(() => window.begin);
      await page.evaluate(([of, options]) => begin(of, options), [of, options]);
      await page.waitForFunction(n => document.querySelector(".map-plot-box")?.dataset.drawn === String(n), of.runs * of.sessions);
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }
  const panes = page => page.evaluate(() => map.panes().panes);
  const selected = page => page.evaluate(() => map.stats().selected);

  test("of 20,000 points a click marks a run, and draws no point again", () => withMap({runs: 1000, sessions: 20}, {show: []}, async page => {
    await page.waitForFunction(() => window.asked.filter(a => a.path === "columns").every(a => a.done));
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))));
    const before = await page.evaluate(() => window.drawn);
    assert.ok(before > 0);
    const [x, y] = await page.evaluate(() => map.placeOf(500, 7));
    const box = await page.locator(".map-plot-box").boundingBox();
    await page.mouse.click(box.x + x, box.y + y);
    const {run, session} = await selected(page);
    assert.ok(Math.abs(run - 500) <= 4 && session === 7, `${run}, ${session}`); // three of them lie on a pixel
    assert.match(await page.locator("#map-selected").textContent(), new RegExp(`^Run ${run}, session 7 c7`));
    assert.equal(await page.evaluate(() => window.drawn), before);
    await page.keyboard.press("ArrowRight");
    assert.deepEqual(await selected(page), {run, session: 8});
    await page.keyboard.press("ArrowUp");
    assert.deepEqual(await selected(page), {run: run + 5, session: 8}); // the next on the same segment
    await page.keyboard.press("Escape");
    assert.equal(await selected(page), null);
    assert.equal(await page.evaluate(() => window.drawn), before);
    // An option draws them again, without a load.
    await page.locator("[name=color]").selectOption("segment");
    await page.waitForFunction(before => window.drawn > before, before);
    await page.waitForFunction(() => map.stats().options.color === "segment" && /color=segment/.test(location.search));
    assert.equal(await page.locator(".map-legend li").count(), 5);
  }));

  test("what is far from the window holds no pixels and asks for none", () => withMap({runs: 10, sessions: 20}, {show: Array.from({length: 20}, (_, i) => i)}, async page => {
    await page.waitForFunction(() => map.panes().panes.some(p => p.drawn));
    const far = await page.evaluate(() => [...document.querySelectorAll("[data-map-pane]")].filter(e => e.getBoundingClientRect().top > innerHeight + 300).map(e => Number(e.dataset.session)));
    assert.ok(far.length > 10);
    assert.deepEqual(await page.evaluate(far => window.asked.filter(a => ["planes", "images", "tracings"].includes(a.path) && far.includes(a.session)), far), []);
    await page.locator("[data-session='19'] .map-pane-stage").scrollIntoViewIfNeeded();
    await page.waitForFunction(() => map.panes().panes[19].drawn);
    await page.waitForFunction(() => !map.panes().panes[0].visible && document.querySelector("[data-session='0'] canvas").width === 0);
  }));

  test("linked panes step together, each from its own slice; keys of a pane are its own", () => withMap({runs: 10, sessions: 3}, {}, async page => {
    await page.setViewportSize({width: 640, height: 1600});
    await page.waitForFunction(() => map.panes().panes.every(p => p.drawn));
    assert.deepEqual((await panes(page)).map(p => p.slice), [10, 11, 12]);
    await page.locator("[data-session='1'] .map-pane-stage").focus();
    await page.keyboard.press(".");
    assert.deepEqual((await panes(page)).map(p => p.slice), [11, 12, 13]);
    await page.keyboard.press("l");
    await page.keyboard.press("PageDown");
    assert.deepEqual((await panes(page)).map(p => p.slice), [11, 17, 13]);
    await page.keyboard.press("2");
    await page.waitForFunction(() => map.panes().panes.every(p => /channel=2/.test(p.drawn)));
    assert.equal(await page.locator("[name=channel]").inputValue(), "2");
    // The picture is that of the channel and slice.
    const light = await page.evaluate(() => {
      const canvas = document.querySelector("[data-session='1'] canvas");
      return canvas.getContext("2d").getImageData(canvas.width - 8, canvas.height - 8, 1, 1).data[0];
    });
    assert.equal(light, 57);
  }));

  test("while somebody scrolls, what nobody waits for is not asked for, and what is left behind is aborted", () => withMap({runs: 10, sessions: 3}, {show: [0]}, async page => {
    await page.waitForFunction(() => map.panes().panes[0].drawn && map.panes().planes.requests === 0);
    await page.evaluate(() => { window.held = true; });
    await page.locator(".map-pane-stage").focus();
    await page.keyboard.press("End");
    for (let i = 0; i < 12; i++) await page.keyboard.press(",");
    const asked = await page.evaluate(() => window.asked.filter(a => a.path === "planes" && !a.done && !a.aborted).map(a => a.slice));
    assert.deepEqual(asked, ["29", "28"], "only the first ones are under way");
    await page.evaluate(() => answer());
    await page.waitForFunction(() => window.asked.some(a => a.path === "planes" && a.slice === "17"));
    await page.evaluate(() => { window.held = false; answer(); });
    await page.waitForFunction(() => /slice=17&/.test(map.panes().panes[0].drawn));
    assert.equal(await page.evaluate(() => window.asked.filter(a => a.slice === "22").length), 0, "nobody stayed at slice 22");
    // Another channel is not worth the old one.
    await page.evaluate(() => { window.held = true; });
    await page.keyboard.press("Home");
    await page.keyboard.press("2");
    assert.equal(await page.evaluate(() => window.asked.find(a => a.slice === "0" && a.channel === "1").aborted), true);
  }));
});
