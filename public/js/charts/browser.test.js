/**
 * A chart in a real browser: the server's own markup and frames (written by dashboard/chart's tests), what is painted, what
 * stands beside it in words, and what hands and keys do. Needs a Chromium ($CHROMIUM or in its usual place) and
 * playwright-core.
 */

/* global asked, chart, saved, send, show, topics -- of the browser's window: testdata/page.js defines them */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {readFileSync} from "node:fs";
import {fileURLToPath} from "node:url";
import {isDeepStrictEqual} from "node:util";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";

const root = new URL("../../../", import.meta.url);
const read = name => readFileSync(new URL(`dashboard/chart/testdata/${name}`, root), "utf8");
const html = read("frame_time.html");
const {frames, buckets, spike} = JSON.parse(read("frames.json"));
const live = frames.slice(0, -1); // the last one says that the process has ended

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";

/** The distance of the plot from the edges of the picture, CSS pixels. */
const PLOT = {left: 64, right: 12, top: 12, bottom: 24};

/** How far the right edge of a live picture lies behind the newest frame, ms. */
const BEHIND = 120;

/** Asks until the answer will do, and returns it; the last one if none does. */
async function eventually(ask, ok) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (ok(answer) || Date.now() > end) return answer;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

describe("a chart in a browser", {skip, timeout: 5 * PATIENCE}, () => {
  let server;
  let browser;

  before(async () => {
    assert.ok(executable, "no Chromium found, and under CI that is a failure; set CHROMIUM to the path of one");
    server = await serve(fileURLToPath(root), script => script.replace('from "echarts"', 'from "/public/vendor/echarts.js"'));
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function withPage(run, {colorScheme = "dark", width = 1000, send = live} = {}) {
    const page = await browser.newPage({viewport: {width, height: 700}, colorScheme});
    page.setDefaultTimeout(PATIENCE);
    // The page's clock stands, so that a live picture moves on with the frames alone, however slow the machine is.
    await page.addInitScript(() => { performance.now = () => 60_000; });
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.goto(`${server.url}/public/js/charts/testdata/page.html`);
      await page.waitForFunction(() => document.documentElement.dataset.ready);
      await page.evaluate(markup => show(markup), html);
      await page.evaluate(list => send(list), send);
      if (send.length > 0) await page.waitForFunction(() => Number(document.querySelector("[data-chart]").dataset.values) > 0);
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }

  const stateOf = page => page.evaluate(() => {
    const chart = document.querySelector("[data-chart]");
    return {
      state: chart.dataset.state, values: Number(chart.dataset.values), topic: chart.dataset.topic,
      readout: chart.querySelector("[data-chart-readout]").textContent,
      mark: chart.querySelector("[data-chart-state]").textContent,
    };
  });
  const until = (page, state) => page.waitForFunction(name => document.querySelector("[data-chart]").dataset.state === name, state);

  /** Holds the picture still, and says how its values and times map to CSS pixels. */
  async function still(page) {
    await page.evaluate(() => chart.setPaused(true));
    await until(page, "held");
    return page.evaluate(() => {
      const {clientWidth, clientHeight} = document.querySelector("[data-chart-canvas]");
      return {width: clientWidth, height: clientHeight};
    });
  }

  /** The colours of the pixels inside the plot that belong to the line, by column, as the rows they stand in. */
  const painted = (page, series) => page.evaluate(([plot, name]) => {
    const canvas = document.querySelector("[data-chart-canvas] canvas");
    const ratio = canvas.width / canvas.clientWidth;
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const wanted = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const columns = [];
    for (let x = Math.ceil(plot.left * ratio); x < width - plot.right * ratio; x++) {
      const rows = [];
      for (let y = 0; y < height - plot.bottom * ratio; y++) {
        const i = 4 * (y * width + x);
        const near = [0, 1, 2].every(c => Math.abs(data[i + c] - wanted[c]) < 24);
        if (near && data[i + 3] > 90) rows.push(y / ratio);
      }
      columns.push(rows);
    }
    return columns;
  }, [PLOT, series]);

  test("paints the spike of one frame, at its place and height", () => withPage(async page => {
    const {width, height} = await still(page);
    const columns = await painted(page, "series-1");
    const top = columns.map(rows => Math.min(Infinity, ...rows));
    const peak = top.indexOf(Math.min(...top));
    // The axis reaches to 150 ms.
    const expected = PLOT.top + (1 - spike / 150) * (height - PLOT.top - PLOT.bottom);
    assert.ok(Math.abs(top[peak] - expected) < 3, `the peak is at ${top[peak]}, want ${expected}`);
    const last = live[live.length - 1].ts;
    const at = buckets.filter(b => b.max === spike).map(b => b.index * live[0].width);
    const x = peak / (width - PLOT.left - PLOT.right);
    const time = last - BEHIND - 10_000 + x * 10_000;
    assert.ok(at.some(t => Math.abs(t - time) < 60), `the peak is drawn at ${time}, the spikes are at ${at}`);
    const base = columns.flat().filter(y => y > height - PLOT.bottom - 0.2 * (height - PLOT.top - PLOT.bottom)).length;
    assert.ok(base > 200, `only ${base} pixels of the usual 16 ms`);
  }));

  test("says in words what it shows", () => withPage(async page => {
    const stats = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll("[data-stat]")].map(place => [
      place.dataset.stat, place.textContent.replace(/\s+/g, " ").trim()])));
    assert.equal(stats.max, "120 ms");
    assert.equal(stats.median, "16.1 ms");
    await page.locator("[data-chart-table] summary").click();
    await page.waitForFunction(() => document.querySelectorAll("[data-chart-table] tbody tr").length > 5);
    const rows = await page.locator("[data-chart-table] tbody tr").allInnerTexts();
    const total = rows.reduce((sum, row) => sum + Number(row.split("\t")[1]), 0);
    assert.ok(total > 280 && total <= 320, `the table counts ${total} values`);
    assert.ok(rows.some(row => row.includes("120 ms")), "the spike is missing in the table");
    const label = await page.locator("[data-chart-canvas] [aria-label], [data-chart-canvas][aria-label]").first().getAttribute("aria-label");
    assert.match(label, /Frame time/);
  }));

  test("reads, zooms by dragging, and goes back", () => withPage(async page => {
    const {width} = await still(page);
    await page.evaluate(() => chart.setPaused(false));
    const box = await page.locator("[data-chart-picture]").boundingBox();
    const x = part => box.x + PLOT.left + part * (width - PLOT.left - PLOT.right);
    await page.mouse.move(x(0.8), box.y + 60);
    await page.waitForFunction(() => document.querySelector("[data-chart-readout]").textContent !== "");
    assert.match((await stateOf(page)).readout, /\d\d:\d\d:\d\d\.\d+ \s*1\d\.\d ms/);
    assert.equal(await page.locator("[data-chart-cursor]").isVisible(), true);
    await page.mouse.move(x(0.6), box.y + 60);
    await page.mouse.down();
    await page.mouse.move(x(0.8), box.y + 70, {steps: 4});
    assert.equal(await page.locator("[data-chart-brush]").isVisible(), true);
    await page.mouse.up();
    await until(page, "held");
    await page.waitForFunction(() => Number(document.querySelector("[data-chart]").dataset.values) < 200);
    const zoomed = await stateOf(page);
    assert.match(zoomed.mark, /^zoomed to 2\.0 s$/);
    assert.ok(zoomed.values > 90 && zoomed.values < 140, `${zoomed.values} values in two seconds`);
    assert.equal(await page.locator("[data-chart-live]").isVisible(), true);
    await page.mouse.dblclick(x(0.5), box.y + 60);
    await until(page, "live");
    assert.equal(await page.locator("[data-chart-live]").isVisible(), false);
    await page.keyboard.down("Shift");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Shift");
    await until(page, "held");
    await page.locator("[data-chart-live]").click();
    await until(page, "live");
  }));

  test("works by keys alone", () => withPage(async page => {
    await page.locator("[data-chart-picture]").focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("End");
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => document.querySelector("[data-chart-readout]").textContent.includes("ms"));
    await page.keyboard.press("+");
    await until(page, "held");
    await page.keyboard.press("PageUp");
    await page.keyboard.press("Escape");
    await until(page, "live");
  }));

  test("stands still while paused, and goes on with what came meanwhile", () => withPage(async page => {
    await still(page);
    const before = await painted(page, "series-1");
    await page.evaluate(list => send(list), live.slice(1, -1));
    const next = {...live[live.length - 1], seq: live[live.length - 1].seq + 1, ts: live[live.length - 1].ts + 1500};
    await page.evaluate(list => send(list), [next]);
    await page.waitForTimeout(400);
    assert.deepEqual(await painted(page, "series-1"), before);
    assert.match((await stateOf(page)).mark, /paused/);
    await page.evaluate(() => chart.setPaused(false));
    await until(page, "live");
    assert.notDeepEqual(await eventually(() => painted(page, "series-1"), now => !isDeepStrictEqual(now, before)), before);
  }));

  test("follows the theme without being loaded again", () => withPage(async page => {
    await still(page);
    const lit = columns => columns.flat().length;
    const dark = lit(await painted(page, "series-1"));
    await page.evaluate(() => {
      document.documentElement.dataset.theme = "light";
      document.dispatchEvent(new CustomEvent("themechange", {detail: {theme: "light"}}));
    });
    const light = await eventually(async () => lit(await painted(page, "series-1")), n => n > 200); // of the light theme now
    assert.ok(dark > 200 && light > 200, `${dark} and ${light} pixels in the colour of the line`);
  }));

  test("another window of time asks for another topic, and stays in the address", () => withPage(async page => {
    await page.locator('[data-window="60"]').first().click();
    const {topic} = await stateOf(page);
    assert.equal(topic, "napari/chart/frame_time/60");
    assert.deepEqual(await page.evaluate(() => topics()), [topic]);
    assert.deepEqual(await page.evaluate(() => asked), [{again: false}]);
    assert.match(page.url(), /\/loader\?window=60$/);
    assert.equal(await page.locator("[data-window][aria-current]").innerText(), "1 min");
    const links = await page.locator("a[data-chart-link]").evaluateAll(all => all.map(a => a.getAttribute("href")));
    assert.ok(links.every(href => /(window|seconds)=60/.test(href)), String(links));
    await page.evaluate(frame => send([frame]), {...live[0], topic, width: 100, lines: [[]]});
    await until(page, "live");
    assert.equal((await stateOf(page)).values, 0, "what belonged to the old window is gone");
  }));

  test("asks for a snapshot when it came too late for one", () => withPage(async page => {
    await page.evaluate(list => send(list), live.slice(2));
    assert.deepEqual(await page.evaluate(() => asked), [{again: true}], "once, however many frames come");
    assert.equal((await stateOf(page)).state ?? "loading", "loading");
    await page.evaluate(list => send(list), live);
    await page.waitForFunction(() => Number(document.querySelector("[data-chart]").dataset.values) > 0);
  }, {send: []}));

  test("keeps the last window of a process that has ended", () => withPage(async page => {
    await until(page, "ended");
    assert.match((await stateOf(page)).mark, /^ended \d\d:\d\d:\d\d$/);
    assert.ok((await stateOf(page)).values >= 320);
  }, {send: frames}));

  test("saves its picture", () => withPage(async page => {
    await page.locator("[data-menu] summary").click();
    await page.locator('[data-chart-do="png"]').click();
    await page.waitForFunction(() => saved !== null);
    const {name, type, size, width, height} = await page.evaluate(async () => {
      const image = await createImageBitmap(saved.blob);
      return {name: saved.name, type: saved.blob.type, size: saved.blob.size, width: image.width, height: image.height};
    });
    assert.match(name, /^webmon-frame_time-\d{8}-\d{6}\.png$/);
    assert.equal(type, "image/png");
    assert.ok(size > 5000 && width > 1500 && height > 300, `${size} bytes, ${width} x ${height}`);
    assert.equal(await page.locator("[data-menu]").getAttribute("open"), null, "the menu has closed");
  }));

  test("has a logarithmic axis", () => withPage(async page => {
    await page.locator("[data-menu] summary").click();
    await page.locator('[data-chart-do="log"]').click();
    const {height} = await still(page);
    // From 10 to 1000 ms, so that 16 ms lies a tenth above the bottom.
    const rows = (await painted(page, "series-1")).flat();
    const expected = PLOT.top + (1 - Math.log10(16.1 / 10) / 2) * (height - PLOT.top - PLOT.bottom);
    const near = rows.filter(y => Math.abs(y - expected) < 3).length;
    assert.ok(near > 200, `${near} pixels near ${expected}`);
  }));

  test("can be hidden by its legend, and fits a phone", () => withPage(async page => {
    await page.locator("[data-chart-legend] button").click();
    await page.waitForFunction(() => document.querySelector("[data-chart]").dataset.values === "0");
    assert.equal(await page.locator("[data-chart-legend] button").getAttribute("aria-pressed"), "false");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  }, {width: 390}));

  test("leaves nothing behind", () => withPage(async page => {
    await page.evaluate(() => chart.destroy());
    assert.deepEqual(await page.evaluate(() => topics()), []);
    assert.equal(await page.locator("canvas").count(), 0);
  }));
});
