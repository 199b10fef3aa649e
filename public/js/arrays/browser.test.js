/**
 * A shared array in a real browser: what is asked for, what is shown of it, and what somebody can do. Needs a Chromium ($CHROMIUM
 * or in its usual place) and playwright-core.
 */

/* global begin -- of the browser's window: testdata/page.js defines them */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";

const camera = {source: "scope", name: "camera", topic: "scope/array/camera", shape: [1000, 1200], axes: ["y", "x"], units: ["um", "um"], scale: [0.5, 0.5],
  dtype: "uint16", role: "", colormap: "", limits: null, unit: "counts", layer: "", pixels: "u2"};
const stack = {...camera, name: "stack", topic: "scope/array/stack", shape: [4, 3, 60, 80], axes: ["t", "c", "y", "x"], units: ["s", "", "um", "um"], scale: [0.25, 1, 1, 1]};

describe("in a browser", {skip, timeout: 3 * PATIENCE}, () => {
  let server;
  let browser;

  before(async () => {
    assert.ok(executable, "no Chromium found, and under CI that is a failure; set CHROMIUM to the path of one");
    // The chart of a profile has its own tests; what it is drawn with is not needed here.
    server = await serve(dirname(dirname(fileURLToPath(import.meta.url))), script => script.replace('await import("./plot.js")', "{plot: () => ({set() {}, destroy() {}})}"));
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function withArray(config, run, query = "") {
    const page = await browser.newPage({viewport: {width: 420, height: 900}, colorScheme: "dark", reducedMotion: "reduce"});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.goto(`${server.url}/arrays/testdata/page.html${query}`);
      await page.waitForFunction(() => window.begin);
      await page.evaluate(config => begin(config), config);
      await page.waitForFunction(() => topics().length > 0);
      await page.evaluate(() => window.serve());
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }
  const stats = page => page.evaluate(() => document.querySelector("[data-array]").array.stats());
  const topics = page => page.evaluate(() => window.topics());
  const asksFor = (page, test) => page.waitForFunction(test => new RegExp(test).test(window.topics().join(" ")), test);

  /** The pixel at a place of the array. */
  const pixelAt = (page, row, col) => page.evaluate(async ([row, col]) => {
    const {viewer} = document.querySelector("[data-array]");
    const [x, y] = viewer.toScreen(col, row);
    return [...await viewer.readPixels(Math.floor(x), Math.floor(y), 1, 1)].slice(0, 3);
  }, [row, col]);

  test("only what is on the screen is asked for, about as finely as it shows it", () => withArray(camera, async page => {
    assert.deepEqual(await topics(page), ["scope/array/camera/y,x/0,0,1000,1200/4"]);
    assert.equal((await stats(page)).channels[0].rows, 250);
    await page.mouse.move(200, 150);
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -240);
    await asksFor(page, "/1$");
    const [topic] = await topics(page);
    const [row, col, rows, cols] = topic.split("/")[4].split(",").map(Number);
    assert.ok(rows * cols < 200 * 200, topic);
    assert.ok(row % 64 === 0 && col % 64 === 0, topic);
    assert.equal((await page.evaluate(() => window.topics().length)), 1);
    // What was there is shown until the new comes.
    const {x, y} = (await stats(page)).viewer.camera;
    const before = await pixelAt(page, y, x);
    assert.ok(before[0] > 0, String(before));
    await page.evaluate(() => window.serve());
    assert.equal((await stats(page)).channels[0].step, 1);
  }));

  test("limits and colours follow the process, unless somebody has chosen others", () => withArray({...camera, limits: [0, 100]}, async page => {
    const say = config => page.evaluate(config => { document.querySelector("[data-array-config]").dataset.arrayConfig = JSON.stringify(config); }, config);
    assert.deepEqual((await stats(page)).limits, [[0, 100]]);
    const {seq} = (await stats(page)).channels[0];
    await say({...camera, limits: [20, 300], colormap: "magma", title: "renamed"});
    await page.waitForFunction(() => document.querySelector("[data-array]").array.stats().limits[0][1] === 300);
    assert.equal((await stats(page)).view.lut, "magma");
    // The picture that is there stays, and so does what is asked for.
    assert.equal((await stats(page)).channels[0].seq, seq);
    await page.locator("#array-lut").selectOption("viridis");
    await say({...camera, limits: [30, 400], colormap: "gray"});
    await page.waitForFunction(() => document.querySelector("[data-array]").array.stats().limits[0][1] === 400);
    assert.equal((await stats(page)).view.lut, "viridis");
    // Other frames begin again.
    await say({...camera, limits: [30, 400], shape: [500, 600]});
    await asksFor(page, "/0,0,500,600/");
  }));

  test("channels are blended, one can be taken away, a slider chooses the plane", () => withArray(stack, async page => {
    const [first] = await topics(page);
    assert.equal((await topics(page)).length, 3);
    assert.match(first, /stack\/0,0,y,x\/0,0,60,80\/1$/);
    await page.locator("#array-channel-1").uncheck();
    await page.waitForFunction(() => window.topics().length === 2);
    await page.locator("#array-axis-0").focus();
    await page.keyboard.press("ArrowRight");
    await asksFor(page, "/1,2,y,x/");
    await page.evaluate(() => window.serve());
    assert.equal(await page.locator(".arrays-world").first().textContent(), "0.25 s");
    await page.locator("#array-blend").selectOption("-1");
    await asksFor(page, "^scope/array/stack/1,0,y,x/[^ ]*$");
    await page.locator("#array-axis-0-play").click();
    await asksFor(page, "/2,0,y,x/");
  }));

  test("contrast by least and most, by percentiles, by hand", () => withArray(stack, async page => {
    // The values of a row rise to the right; all limits follow from them.
    const least = await page.evaluate(() => window.valueOf(0, 0, 0, 0));
    const most = await page.evaluate(() => window.valueOf(0, 0, 59, 79));
    assert.deepEqual((await stats(page)).limits, [[least, most]]);
    assert.deepEqual(await pixelAt(page, 59.5, 79.5), [255, 255, 255]);
    assert.deepEqual(await pixelAt(page, 0.5, 0.5), [0, 0, 0]);
    await page.locator("[data-mode=percentile]").click();
    await page.locator("#array-percent-0").fill("25");
    await page.locator("#array-percent-0").press("Tab");
    await page.waitForFunction(() => document.querySelector("[data-array]").array.stats().limits[0][0] > 1000);
    await page.locator("[data-mode=manual]").click();
    const [[low, high]] = (await stats(page)).limits;
    await page.locator("[data-side='1']").focus();
    await page.keyboard.press("PageDown");
    await page.waitForFunction(high => document.querySelector("[data-array]").array.stats().limits[0][1] < high, high);
    assert.equal((await stats(page)).limits[0][0], low);
    await page.locator("#array-lut").selectOption("green");
    await page.locator("#array-invert").check();
    await page.waitForFunction(() => document.querySelector("[data-array]").array.stats().view.invert);
    assert.deepEqual(await pixelAt(page, 0.5, 0.5), [0, 255, 0]);
  }, "?i=0,0,y,x"));

  test("a link reopens the same view", () => withArray(stack, async page => {
    const {view, viewer} = await stats(page);
    assert.deepEqual(view.index, [2, "x", "y", 40]);
    assert.equal(view.lut, "magma");
    assert.deepEqual([viewer.camera.x, viewer.camera.y, viewer.camera.scale], [1.5, 20, 6]);
    assert.equal(view.gamma, 0.5);
    await page.mouse.move(200, 150);
    await page.mouse.wheel(0, -100);
    await page.waitForFunction(before => !location.search.includes(before), "r=1.5,20,6");
    const now = await stats(page);
    const query = new URL(page.url()).searchParams;
    assert.equal(query.get("array"), "stack");
    assert.ok(Math.abs(Number(query.get("r").split(",")[2]) - now.viewer.camera.scale) < 1e-4);
    assert.equal(query.get("i"), "2,x,y,40");
  }, "?array=stack&i=2,x,y,40&lut=magma&g=0.5&r=1.5,20,6"));

  test("what is under the pointer, and along a line", () => withArray(stack, async page => {
    const [x, y] = await page.evaluate(() => document.querySelector("[data-array]").viewer.toScreen(30.5, 20.5));
    await page.mouse.move(x, y);
    const value = await page.evaluate(() => window.valueOf(1, 2, 20, 30));
    await page.waitForFunction(value => document.querySelector("[data-array-readout]").textContent.includes(`\n${value} counts`), value);
    const text = await page.locator("[data-array-readout]").textContent();
    assert.match(text, /^t 1 \(0\.25 s\)\s+c 2\s+y 20 \(20 um\)\s+x 30 \(30 um\)/);
    await page.keyboard.down("Shift");
    await page.mouse.down();
    await page.mouse.move(x + 40, y);
    await page.mouse.up();
    await page.keyboard.up("Shift");
    await page.waitForFunction(() => /values over/.test(document.querySelector("#array-profile [role=status]")?.textContent));
    await page.locator("#array-profile summary").click();
    await page.waitForFunction(() => document.querySelectorAll("#array-profile tbody tr").length > 3);
    assert.deepEqual((await stats(page)).viewer.mode, "fit", "the picture has not moved");
  }, "?i=1,2,y,x"));

  test("the exact value is asked for where a pixel stands for many", () => withArray(camera, async page => {
    const [x, y] = await page.evaluate(() => document.querySelector("[data-array]").viewer.toScreen(600.5, 500.5));
    await page.mouse.move(x, y);
    await page.waitForFunction(() => document.querySelector("[data-array-readout]").textContent.includes("\n12345 counts"));
    assert.deepEqual(await page.evaluate(() => window.loads), ["/api/v1/sources/scope/arrays/camera/value?index=500,600"]);
  }));

  test("all digits are asked for where the limits are close together for their size, and only there", () => withArray({...camera, dtype: "float64", pixels: "f8"}, async page => {
    assert.match((await topics(page))[0], /\/4\/e$/);
    await page.locator("#array-limit-0").fill("0");
    await page.locator("#array-limit-0").press("Tab");
    await asksFor(page, "/4$");
  }, "?lim=m1000000000~1000000001"));

  test("labels and whole bytes have all their digits as they come", () => withArray({...camera, dtype: "int32", pixels: "i4", role: "labels"}, async page => {
    assert.match((await topics(page))[0], /\/4\/n$/);
  }, "?lim=m1000000000~1000000001"));

  test("a pause holds the picture, the array may change its shape", () => withArray(stack, async page => {
    await page.evaluate(() => window.picture.setPaused(true));
    const before = (await stats(page)).channels[0].seq;
    await page.evaluate(() => window.serve());
    assert.equal((await stats(page)).channels[0].seq, before);
    await page.evaluate(() => window.picture.setPaused(false));
    await page.waitForFunction(before => document.querySelector("[data-array]").array.stats().channels[0].seq > before, before);
    await page.evaluate(config => begin(config), {...stack, shape: [2, 3, 50, 40]});
    await asksFor(page, "/0,0,50,40/1");
    await page.evaluate(() => window.serve());
    assert.deepEqual((await stats(page)).shape, [2, 3, 50, 40]);
  }));

  // ---- pictures that have lost something on the way

  const odd = {...camera, shape: [61, 83]};
  const wide = {window: [-50, 720]};
  const ways = [["256 steps", {...wide}, 3], ["JPEG", {...wide, jpeg: 0.9}, 10], ["half resolution", {...wide, jpeg: 0.8, scale: 2}, 14], ["a quarter", {...wide, scale: 4}, 20]];

  /** Everything that is drawn: RGBA rows, and the box of what is not the ground of the canvas. */
  const drawn = page => page.evaluate(async () => {
    const {viewer} = document.querySelector("[data-array]");
    const {size: {width, height}} = viewer.stats();
    const pixels = await viewer.readPixels(0, 0, width, height);
    const box = [width, height, 0, 0];
    for (let i = 0; i < width * height; i++) {
      if (pixels[4 * i] === pixels[0] && pixels[4 * i + 1] === pixels[1] && pixels[4 * i + 2] === pixels[2]) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      [box[0], box[1], box[2], box[3]] = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
    }
    return {box, pixels: [...pixels]};
  });
  const furthest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
  const serveAs = (page, way) => page.evaluate(way => window.serve({}, way), way);

  test("a picture looks the same on every rung, and lies in the same place", async t => {
    for (const query of ["?lut=viridis", "?lut=viridis&lim=m100~400&g=0.7"]) {
      await withArray(odd, async page => {
        const exact = await drawn(page);
        assert.ok(exact.box[2] - exact.box[0] > 200, String(exact.box));
        for (const [name, way, far] of ways) {
          await t.test(`${name}${query}`, async () => {
            await serveAs(page, {...way, counts: true});
            const lossy = await drawn(page);
            assert.deepEqual(lossy.box, exact.box);
            const most = furthest(lossy.pixels, exact.pixels);
            assert.ok(most > 0 && most <= far * (query.includes("lim") ? 3 : 1), `${most} of 255`);
            const mean = lossy.pixels.reduce((sum, value, i) => sum + value - exact.pixels[i], 0) / lossy.pixels.length;
            assert.ok(Math.abs(mean) < 0.6, `the mean is off by ${mean}`);
          });
        }
        await serveAs(page, null);
        assert.equal(furthest((await drawn(page)).pixels, exact.pixels), 0);
      }, query);
    }
  });

  test("contrast is changed at once while the picture is lossy, and the server is told", () => withArray(odd, async page => {
    await serveAs(page, {...wide, counts: true});
    await page.evaluate(() => window.looked.splice(0));
    const lossy = await page.evaluate(async () => {
      const root = document.querySelector("[data-array]");
      root.array.change(view => Object.assign(view, {mode: "manual", limits: [200, 300]}));
      await window.wait(2);
      const [x, y] = root.viewer.toScreen(30.5, 40.5); // 40 + 7 * 30
      return [...await root.viewer.readPixels(Math.floor(x), Math.floor(y), 1, 1)].slice(0, 3);
    });
    assert.ok(Math.abs(lossy[0] - 127.5) < 6, String(lossy));
    const [topic] = await topics(page);
    assert.deepEqual((await page.evaluate(() => window.looked)).at(-1), [topic, 200, 300]);
    await page.evaluate(() => window.serve());
    assert.ok(furthest(await pixelAt(page, 40.5, 30.5), lossy) < 5);
  }));

  test("limits and the histogram are those of the exact values, whatever the bytes are", () => withArray(odd, async page => {
    const of = async () => (await stats(page)).limits[0];
    assert.deepEqual(await of(), [0, 634]);
    await page.evaluate(() => document.querySelector("[data-array]").array.change(view => Object.assign(view, {mode: "percentile", percentiles: [2, 98]})));
    const before = await of();
    await serveAs(page, {window: [0, 10000], counts: true}); // 83 values a byte
    await page.waitForTimeout(300);
    await serveAs(page, {window: [0, 10000]});
    assert.deepEqual(await of(), before);
    assert.match(await page.locator("#array-contrast").textContent(), /0 to 634 on the screen/);
  }));

  test("the value under the pointer is exact, and until then about right", () => withArray(odd, async page => {
    await serveAs(page, {...wide});
    const [x, y] = await page.evaluate(() => document.querySelector("[data-array]").viewer.toScreen(30.5, 40.5));
    await page.mouse.move(x, y);
    await page.waitForFunction(() => /\n≈ 2[45]\d counts/.test(document.querySelector("[data-array-readout]").textContent));
    await page.waitForFunction(() => document.querySelector("[data-array-readout]").textContent.includes("\n12345 counts"));
    assert.deepEqual(await page.evaluate(() => window.loads), ["/api/v1/sources/scope/arrays/camera/value?index=40,30"]);
    // Of each picture that comes it is asked for again, while it stands there.
    await serveAs(page, {...wide});
    await page.waitForFunction(() => window.loads.length === 2);
    assert.match(await page.locator("[data-array-readout]").textContent(), /\n12345 counts/);
  }));

  test("a file waits for the exact picture, which is asked for meanwhile", () => withArray(odd, async page => {
    await serveAs(page, {...wide, jpeg: 0.5});
    await page.getByRole("button", {name: "PNG of the screen"}).click();
    await page.waitForFunction(() => window.choice().pictures === "exact");
    await serveAs(page, {...wide, jpeg: 0.5});
    assert.deepEqual(await page.evaluate(() => window.saved), []);
    await page.evaluate(() => window.serve());
    await page.waitForFunction(() => window.saved.length === 1);
    assert.equal(await page.evaluate(() => window.choice().pictures), undefined);
  }));

  test("nothing flickers where a picture becomes exact, and lossy again", () => withArray(odd, async page => {
    const seen = await page.evaluate(async wide => {
      const {viewer} = document.querySelector("[data-array]");
      const [x, y] = viewer.toScreen(60.5, 40.5).map(Math.floor);
      const list = [];
      const serving = (async () => {
        for (let i = 0; i < 4; i++) for (const way of [{...wide, scale: 2, counts: true}, wide, null]) await window.serve({}, way);
        return "served";
      })();
      while (await Promise.race([serving, viewer.readPixels(x, y, 1, 1).then(pixel => list.push(pixel[0]))]) !== "served");
      return list;
    }, wide);
    assert.ok(seen.length >= 12, String(seen.length));
    // 40 + 7 * 60 of 634
    for (const value of seen) assert.ok(Math.abs(value - 185) < 8, String(seen));
  }));

  test("the page says what it shows, and lets people choose", () => withArray(odd, async page => {
    const words = page.locator("[data-quality-words]");
    const says = text => page.waitForFunction(text => document.querySelector("[data-quality-words]").textContent === text, text);
    await says("exact");
    await serveAs(page, {...wide, jpeg: 0.75});
    await says("lossy, 1 : 10, exact when still");
    await serveAs(page, {...wide, jpeg: 0.75, scale: 2});
    await says("half resolution, lossy, 1 : 10, exact when still");
    assert.match(await page.locator("[data-quality-why]").textContent(), /A pixel is the mean of 2 × 2\. The pictures are JPEG of quality 75 between -50 and 720\./);
    await page.waitForFunction(() => document.querySelector("[data-quality-said]").textContent === "The picture is half resolution, lossy, 1 : 10, exact when still.");
    await words.click();
    await page.getByLabel("Always exact").click();
    await page.getByLabel("At most").fill("5");
    await page.getByLabel("At most").press("Tab");
    assert.deepEqual(await page.evaluate(() => window.choice()), {pictures: "exact", rate: 625000});
    assert.match(page.url(), /pictures=exact&rate=5/);
    await page.getByLabel("At most").fill("-3");
    await page.getByLabel("At most").press("Tab");
    assert.equal(await page.getByLabel("At most").getAttribute("aria-invalid"), "true");
    assert.equal((await page.evaluate(() => window.choice())).rate, 625000);
  }));
});
