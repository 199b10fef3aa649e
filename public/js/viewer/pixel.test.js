/**
 * The viewer in a real browser: every pixel against a slow reference, hands and keys, and what happens when things go away.
 * Needs a Chromium ($CHROMIUM or in its usual place) and playwright-core.
 */

/* global events, exported, loser, old, painted, wait -- of the browser's window: testdata/page.js and the tests define them */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";

const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];
const OFF = [163, 162, 160];
const SEEN = [225, 19, 19];
const VIEW = [245, 197, 66];

/** A frame of a level of rows x columns whole tiles. */
function level(rows, columns, tiles, more = {}) {
  const tileSize = 512;
  const count = tiles.reduce((sum, _, i) => i % 4 === 0 ? sum + tiles[i + 2] * tiles[i + 3] : sum, 0);
  return {
    topic: "test/tiles/1", time: 1, level: 0, base_shape: [rows * tileSize, columns * tileSize],
    image_shape: [rows * tileSize, columns * tileSize], grid: [rows, columns], tile_size: tileSize, corners: null, tiles, count, ...more,
  };
}

/** Repeatable lone tiles: a linear congruence, of which only the high bits are worth anything. */
function lone(n, rows, columns) {
  const tiles = [];
  let x = 12345;
  const draw = below => {
    x = Math.imul(x, 1664525) + 1013904223 >>> 0;
    return Math.floor(x / 2 ** 32 * below);
  };
  for (let i = 0; i < n; i++) tiles.push(draw(rows), draw(columns), 1, 1);
  return tiles;
}

describe("in a browser", {skip, timeout: 5 * PATIENCE}, () => {
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

  /** Runs with a page that shows the viewer alone; fails on any error the page reports. */
  async function withPage(run, {width = 420, height = 300, colorScheme = "dark", init, hash = "", expected = null, ...context} = {}) {
    const page = await browser.newPage({viewport: {width, height}, colorScheme, ...context});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error" && !expected?.test(message.text())) errors.push(message.text()); });
    if (init) await page.addInitScript(init);
    try {
      await page.goto(`${server.url}/viewer/testdata/page.html${hash}`);
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }

  /** Shows a frame and waits until it is painted. */
  async function show(page, frame) {
    await page.evaluate(async frame => {
      const root = document.querySelector("[data-viewer]");
      const before = Number(root.dataset.frames ?? 0);
      root.viewer.update(frame);
      while (Number(root.dataset.frames ?? 0) === before) await wait(1);
    }, frame);
  }

  const compare = (page, frame, canvas = BLACK, dim = 0) => page.evaluate(args => compare(...args), [frame, canvas, dim]);

  async function agrees(page, frame, canvas, dim) {
    const worst = await compare(page, frame, canvas, dim);
    assert.ok(worst.error <= 1.2, `largest difference ${JSON.stringify(worst)}`);
  }

  const stats = page => page.evaluate(() => document.querySelector("[data-viewer]").viewer.stats());
  const attribute = (page, name) => page.evaluate(name => document.querySelector("[data-viewer]").getAttribute(name), name);

  /** The pixel at a data point, [r, g, b], and its place on the page. */
  const pixelAt = (page, x, y) => page.evaluate(async ([x, y]) => {
    const {viewer} = document.querySelector("[data-viewer]");
    const [px, py] = viewer.toScreen(x, y);
    return [...await viewer.readPixels(Math.floor(px * devicePixelRatio), Math.floor(py * devicePixelRatio), 1, 1)].slice(0, 3);
  }, [x, y]);

  const place = (page, x, y) => page.evaluate(([x, y]) => {
    const root = document.querySelector("[data-viewer]");
    const box = root.getBoundingClientRect();
    const [px, py] = root.viewer.toScreen(x, y);
    return [px + box.left, py + box.top];
  }, [x, y]);

  /** Turns the wheel at a data point until a tile is `pitch` CSS pixels. */
  async function zoomTo(page, x, y, pitch, tileSize = 512) {
    const missing = await page.evaluate(async ([x, y, pitch, tileSize]) => {
      const {viewer} = document.querySelector("[data-viewer]");
      const canvas = document.querySelector("[data-viewer-canvas]");
      const missing = () => Math.log(pitch / (viewer.stats().camera.scale * tileSize)) / 0.002;
      for (let i = 0; i < 200 && Math.abs(missing()) > 1e-6; i++) {
        const [px, py] = viewer.toScreen(x, y);
        const box = canvas.getBoundingClientRect();
        const deltaY = -Math.max(Math.min(missing(), 240), -240);
        canvas.dispatchEvent(new WheelEvent("wheel", {deltaY, clientX: px + box.left, clientY: py + box.top, cancelable: true}));
        // A frame now and then, so that what a real zoom leaves behind on its way is there.
        if (i % 4 === 0) await wait(1);
      }
      await wait(2);
      return missing();
    }, [x, y, pitch, tileSize]);
    assert.ok(Math.abs(missing) < 0.01, `the wheel gets there: ${missing} missing`);
  }

  /** Does something and waits until the picture was drawn again and is at rest. */
  async function drawn(page, act) {
    const {draws} = await stats(page);
    const result = await act();
    await page.waitForFunction(draws => document.querySelector("[data-viewer]").viewer.stats().draws > draws, draws);
    await page.evaluate(async () => {
      const {viewer} = document.querySelector("[data-viewer]");
      for (let draws = -1; viewer.stats().draws !== draws;) {
        draws = viewer.stats().draws;
        await wait(4);
      }
    });
    return result;
  }

  const near = (got, want, within, what) => got.forEach((value, i) =>
    assert.ok(Math.abs(value - want[i]) <= within, `${what}: got ${got}, want ${want} (+-${within})`));

  const levels = [
    {name: "10 tiles", frame: level(2, 5, [0, 1, 1, 1, 1, 3, 1, 2])},
    {name: "one tile", frame: level(1, 1, [0, 0, 1, 1])},
    {name: "10^4 tiles, every third seen", frame: level(100, 100, lone(3333, 100, 100))},
    {name: "10^4 tiles, all seen", frame: level(100, 100, [0, 0, 100, 100])},
    {name: "10^8 tiles, a rectangle", frame: level(10000, 10000, [2000, 3000, 1500, 2500])},
    {name: "10^8 tiles, ten million seen in one rectangle and lone ones", frame: level(10000, 10000, [1000, 1000, 3200, 3200, ...lone(200, 10000, 10000)])},
    {name: "16384^2 tiles, a hundred lone ones", frame: level(16384, 16384, lone(100, 16384, 16384))},
    {name: "20 rectangles, large and small", frame: level(60, 60, Array.from({length: 20}, (_, i) => [i * 3, i * 7 % 50, 1 + i % 5, 1 + i % 6]).flat())},
    {name: "300 large rectangles", frame: level(4000, 4000, Array.from({length: 300}, (_, i) => [i * 13 % 3900, i * 29 % 3900, 20 + i % 40, 30 + i % 50]).flat())},
    {name: "edge tiles cut short", frame: {...level(4, 6, [3, 4, 1, 2, 0, 0, 1, 1]), base_shape: [1700, 2570], image_shape: [1700, 2570]}},
    {name: "a level of thirds of the data", frame: {...level(4, 6, [3, 4, 1, 2]), level: 3, base_shape: [1700 * 8 + 5, 2600 * 8], image_shape: [1700, 2600]}},
    {name: "nothing seen", frame: level(40, 30, [])},
    {name: "a view rectangle", frame: level(40, 30, [10, 10, 9, 8], {corners: [[5100, 5200], [9000, 9500]]})},
    {name: "a view rectangle that lies partly outside", frame: level(40, 30, [30, 0, 9, 8], {corners: [[16000, -3000], [31000, 4000]]})},
  ];
  test("every pixel is right at fit", async t => withPage(async page => {
    for (const {name, frame} of levels) {
      await t.test(name, async () => {
        await show(page, frame);
        await agrees(page, frame);
      });
    }
  }));

  for (const pitch of [1.3, 2.7, 6.5, 19, 60, 1200]) {
    test(`every pixel is right at ${pitch} pixels a tile, in the middle and in the far corner of 16384^2`, () => withPage(async page => {
      const frame = level(16384, 16384, [8000, 8000, 300, 400, 16380, 16300, 4, 84, ...lone(2000, 16384, 16384), 8190, 8601, 1, 1, 16379, 16379, 1, 1],
        {corners: [[8100 * 512, 8100 * 512], [8250.3 * 512, 8333.7 * 512]]});
      await show(page, frame);
      await zoomTo(page, 8192 * 512, 8192 * 512, pitch);
      await agrees(page, frame);
      await page.keyboard.press("f");
      await zoomTo(page, 16384 * 512 - 1, 16384 * 512 - 1, pitch);
      await agrees(page, frame);
    }, {width: 320, height: 260}));
  }

  test("every pixel is right in the far corner of 2^31 x 2^31 tiles", () => withPage(async page => {
    const side = 2 ** 31;
    const frame = level(side, side, [side - 3, side - 4, 2, 2, side - 1, side - 1, 1, 1, side - 9, side - 2 ** 30, 1, 2 ** 30]);
    await show(page, frame);
    await zoomTo(page, side * 512 - 1, side * 512 - 1, 40);
    await agrees(page, frame);
    near(await pixelAt(page, (side - 0.5) * 512, (side - 0.5) * 512), SEEN, 1, "last tile");
  }));

  test("a hundred thousand lone tiles are all there, and the light theme is light", () => withPage(async page => {
    const frame = level(16384, 16384, lone(100000, 16384, 16384));
    await show(page, frame);
    await zoomTo(page, 4000 * 512, 4000 * 512, 3);
    await agrees(page, frame, WHITE);
    const {cells, coarse} = await stats(page);
    assert.equal(coarse, 0);
    assert.ok(cells > 95000, `${cells} cells`);
  }, {width: 200, height: 180, colorScheme: "light"}));

  test("tiles, gaps and the world outside have their colours", () => withPage(async page => {
    const frame = level(2, 5, [0, 1, 1, 1]);
    await show(page, frame);
    near(await pixelAt(page, 1.5 * 512, 0.5 * 512), SEEN, 1, "seen tile");
    near(await pixelAt(page, 0.5 * 512, 0.5 * 512), OFF, 1, "tile");
    near(await pixelAt(page, 1 * 512, 0.5 * 512), BLACK, 1, "gap");
    near(await pixelAt(page, 0.5 * 512, 1 * 512), BLACK, 1, "gap");
    near(await pixelAt(page, -30, 0.5 * 512), BLACK, 1, "outside");
    near(await pixelAt(page, 4.98 * 512, 1.5 * 512), OFF, 1, "up to the end of the last tile");
  }, {width: 900, height: 500}));

  test("a lone tile of 16384^2 is visible at fit, wherever it is", () => withPage(async page => {
    for (const [row, column] of [[0, 0], [16383, 16383], [5000, 12345]]) {
      await show(page, level(16384, 16384, [row, column, 1, 1]));
      const red = await page.evaluate(async () => {
        const {viewer} = document.querySelector("[data-viewer]");
        const {size} = viewer.stats();
        const pixels = await viewer.readPixels(0, 0, size.width, size.height);
        let sum = 0;
        for (let i = 0; i < pixels.length; i += 4) if (pixels[i] > pixels[i + 1] + 8) sum += (pixels[i] - pixels[i + 1]) / (225 - 19);
        return sum;
      });
      // A cell is at least a pixel wide and less than two; its coverage is (1 - gap)^2.
      assert.ok(red > 0.8 && red < 4, `tile ${row}, ${column}: ${red} pixels of red`);
    }
  }));

  test("tiles smaller than pixels have the brightness of tiles and gaps together", () => withPage(async page => {
    await show(page, level(16384, 16384, []));
    const [mean, spread] = await page.evaluate(async () => {
      const {viewer} = document.querySelector("[data-viewer]");
      const pixels = await viewer.readPixels(170, 110, 80, 60);
      const reds = pixels.filter((_, i) => i % 4 === 0);
      return [reds.reduce((a, b) => a + b) / reds.length, Math.max(...reds) - Math.min(...reds)];
    });
    assert.ok(Math.abs(mean - 163 * 0.95 ** 2) < 1, `mean ${mean}`);
    assert.ok(spread <= 1, `no moire: spread ${spread}`);
  }));

  test("the view rectangle: edge solid, inside translucent, as wide as its edge when it is tiny", () => withPage(async page => {
    await show(page, level(8, 8, [], {corners: [[1000, 1000], [3000, 3000]]}));
    near(await pixelAt(page, 1000, 2000), VIEW, 1, "edge");
    near(await pixelAt(page, 2000, 3.5 * 512), OFF.map((c, i) => c + (VIEW[i] - c) * 0.16), 2, "inside, on a tile");
    near(await pixelAt(page, 3.5 * 512, 512 * 7.5), OFF, 1, "outside");
    await show(page, level(16384, 16384, [], {corners: [[4e6, 4e6], [4e6 + 1, 4e6 + 1]]}));
    near(await pixelAt(page, 4e6, 4e6), VIEW, 70, "a point");
  }, {width: 900, height: 900}));

  test("the theme is read again when it changes", () => withPage(async page => {
    const frame = level(3, 3, [1, 1, 1, 1]);
    await show(page, frame);
    await agrees(page, frame, BLACK);
    await page.emulateMedia({colorScheme: "light"});
    await page.evaluate(() => wait(2));
    await agrees(page, frame, WHITE);
    await page.evaluate(() => {
      document.documentElement.style.setProperty("--canvas", "#102030");
      document.dispatchEvent(new Event("themechange"));
    });
    await agrees(page, frame, [0x10, 0x20, 0x30]);
  }));

  test("nothing is drawn while nothing changes, and a thousand updates make one drawing", () => withPage(async page => {
    const frame = level(50, 50, [3, 3, 5, 5], {corners: [[2000, 2000], [4000, 4000]]});
    await show(page, frame);
    await page.evaluate(() => wait(3));
    const before = await stats(page);
    await page.evaluate(() => wait(40));
    assert.equal((await stats(page)).draws, before.draws, "idle");
    await page.evaluate(async frame => {
      const {viewer} = document.querySelector("[data-viewer]");
      for (let i = 0; i < 1000; i++) viewer.update({...frame, time: 100 + i, tiles: [i % 40, 3, 5, 5]});
      await wait(5);
    }, frame);
    const after = await stats(page);
    assert.equal(after.updates, before.updates + 1000);
    assert.equal(after.draws, before.draws + 1);
    assert.equal(after.frames, before.frames + 1);
    assert.deepEqual(await page.evaluate(() => painted), [1, 1099], "only what was painted is reported");
    await agrees(page, {...frame, tiles: [999 % 40, 3, 5, 5]});
    const shown = await stats(page);
    await page.evaluate(async frame => {
      document.querySelector("[data-viewer]").viewer.update(frame);
      await wait(5);
    }, {...frame, time: 2000, tiles: [999 % 40, 3, 5, 5]});
    const same = await stats(page);
    assert.equal(same.draws, shown.draws, "the same picture again is not drawn again");
    assert.equal((await page.evaluate(() => painted)).at(-1), 2000, "but it is on the screen");
  }));

  test("a lost context comes back with the newest picture", () => withPage(async page => {
    const frame = level(60, 60, [3, 3, 30, 5, ...lone(100, 60, 60)], {corners: [[2000, 2000], [4000, 9000]]});
    await show(page, frame);
    await page.evaluate(async () => {
      const canvas = document.querySelector("[data-viewer-canvas]");
      window.loser = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
      const lost = new Promise(resolve => canvas.addEventListener("webglcontextlost", resolve));
      loser.loseContext();
      await lost;
    });
    assert.equal(await attribute(page, "data-state"), "lost");
    assert.equal(await page.isVisible("[data-viewer-note]"), true);
    const newer = {...frame, time: 2, tiles: [40, 40, 12, 9, ...lone(50, 60, 60)]};
    await page.evaluate(async newer => {
      const canvas = document.querySelector("[data-viewer-canvas]");
      document.querySelector("[data-viewer]").viewer.update(newer);
      await wait(3);
      const restored = new Promise(resolve => canvas.addEventListener("webglcontextrestored", resolve));
      loser.restoreContext();
      await restored;
      await wait(3);
    }, newer);
    assert.equal(await attribute(page, "data-state"), "live");
    assert.equal(await page.isVisible("[data-viewer-note]"), false);
    await agrees(page, newer);
    assert.deepEqual(await page.evaluate(() => painted), [1, 2]);
  }));

  test("without WebGL2 the page says so and goes on", () => withPage(async page => {
    await page.evaluate(async frame => {
      document.querySelector("[data-viewer]").viewer.update(frame);
      await wait(3);
    }, level(3, 3, [1, 1, 1, 1]));
    assert.equal(await attribute(page, "data-state"), "unsupported");
    assert.match(await page.textContent("[data-viewer-note]"), /WebGL2/);
    assert.equal(await attribute(page, "data-ready"), null);
    await page.keyboard.press("f");
    await page.mouse.wheel(0, 100);
    await assert.rejects(page.evaluate(() => document.querySelector("[data-viewer]").viewer.readPixels(0, 0, 1, 1)), /WebGL2/);
    await assert.rejects(page.evaluate(() => document.querySelector("[data-viewer]").viewer.toPNG()), /cannot be exported/);
  }, {init: () => {
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return kind === "webgl2" ? null : getContext.call(this, kind, ...rest);
    };
  }}));

  test("a driver that refuses the shaders counts as no WebGL2", () => withPage(async page => {
    assert.equal(await attribute(page, "data-state"), "unsupported");
    assert.match(await page.textContent("[data-viewer-note]"), /WebGL2/);
  }, {expected: /compile shader/, init: () => {
    WebGL2RenderingContext.prototype.getShaderParameter = () => false;
  }}));

  test("a context that is lost from the start is waited for", () => withPage(async page => {
    assert.equal(await attribute(page, "data-state"), "lost");
    const frame = level(6, 6, [1, 1, 2, 2]);
    await page.evaluate(async frame => {
      document.querySelector("[data-viewer]").viewer.update(frame);
      loser.restoreContext();
      while (document.querySelector("[data-viewer]").dataset.ready !== "true") await wait(1);
    }, frame);
    await agrees(page, frame);
  }, {init: () => {
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      const context = getContext.call(this, kind, ...rest);
      if (kind === "webgl2" && !window.loser) {
        this.addEventListener("webglcontextlost", event => event.preventDefault());
        window.loser = context.getExtension("WEBGL_lose_context");
        loser.loseContext();
      }
      return context;
    };
  }}));

  test("states: empty, live, paused, stale", () => withPage(async page => {
    const call = (name, ...args) => page.evaluate(async ([name, args]) => {
      document.querySelector("[data-viewer]").viewer[name](...args);
      await wait(3);
    }, [name, args]);
    const frame = level(6, 6, [1, 1, 2, 2]);
    assert.equal(await attribute(page, "data-state"), "empty");
    await call("update", {topic: "test/tiles/1", time: 1});
    assert.equal(await attribute(page, "data-state"), "empty");
    assert.equal(await attribute(page, "data-ready"), null, "no tiles, not ready");
    assert.equal(await page.textContent("[data-viewer-note]"), "No tiles yet.");
    await call("update", frame);
    assert.equal(await attribute(page, "data-ready"), "true");
    assert.equal(await page.isVisible("[data-viewer-note]"), false);

    await call("setPaused", true);
    assert.equal(await page.textContent("[data-viewer-note]"), "Paused");
    await call("update", {...frame, time: 7, tiles: [4, 4, 1, 1]});
    await agrees(page, frame, BLACK);
    await call("setPaused", false);
    await agrees(page, {...frame, tiles: [4, 4, 1, 1]}, BLACK);
    assert.deepEqual(await page.evaluate(() => painted), [1, 1, 7]);

    await call("setStale", true);
    assert.equal(await attribute(page, "data-state"), "stale");
    await agrees(page, {...frame, tiles: [4, 4, 1, 1]}, BLACK, 0.55);
    await call("setStale", false);
    assert.equal(await attribute(page, "data-state"), "live");
    await call("update", {topic: "test/tiles/1", time: 8});
    assert.equal(await attribute(page, "data-state"), "empty");
    near(await pixelAt(page, 0, 0), BLACK, 0, "nothing is shown that is not so");
  }));

  test("dragging pans by what the hand moves", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2]));
    const before = await place(page, 0, 0);
    await page.mouse.move(200, 120);
    await drawn(page, async () => {
      await page.mouse.down();
      await page.mouse.move(230, 100);
      await page.mouse.move(237, 91);
      await page.mouse.up();
      await page.mouse.move(10, 10);
    });
    near(await place(page, 0, 0), [before[0] + 37, before[1] - 29], 1e-6, "origin");
    assert.equal((await stats(page)).mode, "free");
  }));

  test("a click moves nothing, and does not end following", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2], {corners: [[500, 500], [1500, 1500]]}));
    await page.click("[data-viewer-action=follow]");
    await page.mouse.click(200, 120);
    await page.mouse.move(201, 121);
    assert.equal((await stats(page)).mode, "follow");
  }));

  test("the wheel zooms about the pointer, and does not scroll the page", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2]));
    await page.mouse.move(250, 70);
    const under = () => page.evaluate(() => {
      const {viewer} = document.querySelector("[data-viewer]");
      const {camera} = viewer.stats();
      const [x, y] = viewer.toScreen(0, 0);
      return [(250 - x) / camera.scale, (70 - y) / camera.scale];
    });
    const point = await under();
    const {camera} = await stats(page);
    await drawn(page, () => page.mouse.wheel(0, -200));
    near(await under(), point, 1e-6, "point under the pointer");
    const zoomed = await stats(page);
    assert.ok(Math.abs(zoomed.camera.scale / camera.scale - Math.exp(0.4)) < 1e-9, `zoomed ${zoomed.camera.scale / camera.scale}`);
    assert.equal(await page.evaluate(() => scrollY), 0);
  }));

  test("two fingers pinch, one pans, a double tap zooms in", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2]));
    const client = await page.context().newCDPSession(page);
    // Events a hundredth of a second apart, as far as the page can tell: two taps are a double one by their times.
    let timestamp = Date.now() / 1000 - 1;
    const touch = (type, ...points) => client.send("Input.dispatchTouchEvent", {
      type, touchPoints: points.map(([id, x, y]) => ({x, y, id})), timestamp: timestamp += 0.01,
    });
    const a = await stats(page);
    await drawn(page, async () => {
      await touch("touchStart", [0, 150, 100]);
      await touch("touchStart", [0, 150, 100], [1, 250, 150]);
      await touch("touchMove", [0, 130, 90], [1, 270, 160]);
      await touch("touchMove", [0, 100, 75], [1, 300, 175]);
    });
    const b = await stats(page);
    assert.ok(Math.abs(b.camera.scale / a.camera.scale - 2) < 1e-6, `zoomed ${b.camera.scale / a.camera.scale}`);
    await drawn(page, async () => {
      await touch("touchEnd", [1, 300, 175]);
      await touch("touchMove", [0, 107, 95]);
      await touch("touchEnd");
    });
    const c = await stats(page);
    assert.equal(c.camera.scale, b.camera.scale);
    near([(b.camera.x - c.camera.x) * b.camera.scale, (b.camera.y - c.camera.y) * b.camera.scale], [7, 20], 1e-6, "panned by the finger that stayed");
    await drawn(page, async () => {
      for (let tap = 0; tap < 2; tap++) {
        await touch("touchStart", [0, 200, 100]);
        await touch("touchEnd");
      }
    });
    const d = await stats(page);
    assert.ok(Math.abs(d.camera.scale / c.camera.scale - 2) < 1e-6, `double tap ${d.camera.scale / c.camera.scale}`);
  }, {hasTouch: true}));

  test("a double click zooms in, with Shift out", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2]));
    const a = await stats(page);
    await drawn(page, () => page.mouse.dblclick(150, 100));
    const b = await stats(page);
    assert.ok(Math.abs(b.camera.scale / a.camera.scale - 2) < 1e-9);
    await page.keyboard.down("Shift");
    await drawn(page, () => page.mouse.dblclick(150, 100));
    await page.keyboard.up("Shift");
    near([(await stats(page)).camera.scale], [a.camera.scale], 1e-12, "scale");
  }));

  test("keys", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2], {corners: [[512, 512], [1024, 1024]]}));
    const fitted = (await stats(page)).camera;
    const press = async key => {
      await page.keyboard.press(key);
      await page.evaluate(() => wait(3));
      return (await stats(page)).camera;
    };
    const right = await press("ArrowRight");
    const {viewport} = await stats(page);
    near([(right.x - fitted.x) * fitted.scale, right.y], [0.12 * viewport.width, fitted.y], 1e-6, "right");
    const far = await press("Shift+ArrowLeft");
    assert.ok(far.x < fitted.x, "left, far");
    assert.ok((await press("ArrowDown")).y > far.y, "down");
    assert.ok((await press("ArrowUp")).y === far.y, "up");
    assert.ok((await press("+")).scale > fitted.scale, "in");
    near([(await press("-")).scale], [fitted.scale], 1e-12, "out");
    for (const key of ["f", "0", "Home"]) {
      await press("ArrowRight");
      assert.deepEqual(await press(key), fitted, key);
    }
    const followed = await press("v");
    near([followed.x, followed.y], [768, 768], 1e-6, "follow");
    await press("v");
    assert.equal((await stats(page)).mode, "free");
    await press("g");
    assert.deepEqual(await page.evaluate(() => events), [["follow", true], ["follow", false], ["grid", null]]);
    const still = await press("Control+ArrowRight");
    assert.deepEqual(still, await press("Alt+f"), "keys with modifiers are the browser's");
    await page.evaluate(() => {
      document.querySelector("footer").append(document.createElement("input"));
      document.querySelector("input").focus();
    });
    assert.deepEqual(await press("f"), still, "somebody is typing");
    assert.equal(await page.inputValue("input"), "f");
  }));

  test("buttons, also ones that the page put there later", () => withPage(async page => {
    await show(page, level(20, 20, [1, 1, 2, 2], {corners: [[512, 512], [1024, 1024]]}));
    const a = await stats(page);
    await page.click("[data-viewer-action=zoom-in]");
    await page.evaluate(() => {
      const button = document.querySelector("[data-viewer-action=zoom-out]");
      button.replaceWith(button.cloneNode(true));
    });
    await page.evaluate(() => wait(2));
    const b = await stats(page);
    assert.ok(b.camera.scale > a.camera.scale);
    await page.click("[data-viewer-action=zoom-out]");
    await page.evaluate(() => wait(2));
    near([(await stats(page)).camera.scale], [a.camera.scale], 1e-12, "scale");
    await page.click("[data-viewer-action=follow]");
    assert.equal(await page.getAttribute("[data-viewer-action=follow]", "aria-pressed"), "true");
    await page.click("[data-viewer-action=fit]");
    assert.equal(await page.getAttribute("[data-viewer-action=follow]", "aria-pressed"), "false");
    await page.evaluate(() => wait(2));
    assert.deepEqual((await stats(page)).camera, a.camera);
  }));

  test("following keeps the view in the middle until a hand moves the picture", () => withPage(async page => {
    const at = (time, x, y) => level(200, 200, [], {time, corners: [[y, x], [y + 4000, x + 6000]]});
    await show(page, at(1, 10000, 20000));
    await page.click("[data-viewer-action=follow]");
    for (const [time, x, y] of [[2, 30000, 40000], [3, 31000, 41000], [4, -9000, 99000]]) {
      await show(page, at(time, x, y));
      const {camera, viewport} = await stats(page);
      near([camera.x, camera.y], [x + 3000, y + 2000], 1e-6, "centre");
      assert.ok(6000 * camera.scale <= viewport.width && 4000 * camera.scale <= viewport.height);
    }
    await page.mouse.move(200, 100);
    await drawn(page, () => page.mouse.wheel(0, -20));
    const {camera, mode} = await stats(page);
    assert.equal(mode, "free");
    assert.equal(await page.getAttribute("[data-viewer-action=follow]", "aria-pressed"), "false");
    assert.deepEqual(await page.evaluate(() => events), [["follow", true], ["follow", false]]);
    await show(page, at(5, 50000, 50000));
    assert.deepEqual((await stats(page)).camera, camera, "the camera stays");
  }));

  test("with motion allowed, steps and following arrive exactly", () => withPage(async page => {
    const frame = level(200, 200, [], {corners: [[1000, 1000], [5000, 5000]]});
    await show(page, frame);
    const fitted = (await stats(page)).camera;
    const {draws} = await stats(page);
    await drawn(page, () => page.keyboard.press("v"));
    const followed = await stats(page);
    near([followed.camera.x, followed.camera.y], [3000, 3000], 1e-9, "centre");
    assert.ok(followed.draws > draws + 2, "the camera travelled");
    await drawn(page, () => page.keyboard.press("f"));
    assert.deepEqual((await stats(page)).camera, fitted);
    await agrees(page, frame);
  }, {hash: "#motion"}));

  test("a change of level keeps the place in view; another image is shown whole", () => withPage(async page => {
    const base = [40 * 512, 60 * 512];
    const frame = level(40, 60, [7, 9, 1, 1]);
    await show(page, frame);
    await zoomTo(page, 9.5 * 512, 7.5 * 512, 44);
    const before = await stats(page);
    const coarser = {...level(10, 15, [1, 2, 1, 1]), level: 2, base_shape: base, time: 2};
    await show(page, coarser);
    assert.deepEqual((await stats(page)).camera, before.camera);
    await agrees(page, coarser);
    await show(page, {...coarser, topic: "test/tiles/2"});
    const {camera, mode} = await stats(page);
    assert.equal(mode, "fit");
    near([camera.x, camera.y], [base[1] / 2, base[0] / 2], 1e-9, "centre");
  }));

  test("the picture has the size of its place: it stays fitted, or keeps its centre", () => withPage(async page => {
    const frame = level(20, 20, [1, 1, 2, 2]);
    await show(page, frame);
    await page.setViewportSize({width: 613, height: 447});
    await page.evaluate(() => wait(3));
    await agrees(page, frame);
    const {viewport, size, camera} = await stats(page);
    assert.deepEqual(size, {width: 613, height: Math.round(viewport.height)});
    assert.ok(Math.abs(10240 * camera.scale - (viewport.height - 40)) < 1e-6, "fitted");
    await page.keyboard.press("+");
    await page.evaluate(() => wait(3));
    const free = await stats(page);
    await page.setViewportSize({width: 400, height: 300});
    await page.evaluate(() => wait(3));
    assert.deepEqual((await stats(page)).camera, free.camera);
    await agrees(page, frame);
  }));

  test("a picture of no size waits for one", () => withPage(async page => {
    const frame = level(20, 20, [1, 1, 2, 2]);
    await page.evaluate(async frame => {
      document.querySelector("[data-viewer]").style.display = "none";
      await wait(3);
      document.querySelector("[data-viewer]").viewer.update(frame);
      await wait(3);
    }, frame);
    assert.deepEqual(await page.evaluate(() => painted), []);
    await page.evaluate(async () => {
      document.querySelector("[data-viewer]").style.display = "";
      await wait(4);
    });
    assert.deepEqual(await page.evaluate(() => painted), [1]);
    await agrees(page, frame);
  }));

  test("the readout says what is under the pointer", () => withPage(async page => {
    await show(page, level(20, 20, [7, 9, 1, 1]));
    await page.mouse.move(...await place(page, 9.5 * 512, 7.5 * 512));
    await page.evaluate(() => wait(3));
    const words = (await page.textContent("[data-viewer-readout]")).replaceAll("\u2007", "");
    assert.match(words, /^y 38\d\d {2}x 48\d\d {2}row 7 {2}column 9 {2}drawn$/);
    await page.mouse.move(5, 298);
    await page.evaluate(() => wait(3));
    assert.equal(await page.textContent("[data-viewer-readout]"), "");
  }));

  test("the label for screen readers tells the picture", () => withPage(async page => {
    await show(page, level(20, 20, [7, 9, 1, 1]));
    assert.equal(await page.getAttribute("[data-viewer-canvas]", "aria-label"),
      "Tile viewer, level 0: 1 of 400 tiles drawn, 20 rows by 20 columns");
    await page.focus("[data-viewer-canvas]");
  }));

  test("axes: x red to the right, y green downwards, at the image's top left", () => withPage(async page => {
    await show(page, level(4, 4, [0, 0, 4, 4]));
    const [x, y] = await place(page, 0, 0);
    // The most opaque of a few pixels: an axis two pixels wide covers at least one of three whole.
    const overlay = (px, py) => page.evaluate(([px, py]) => {
      const {data} = document.querySelector("[data-viewer-overlay]").getContext("2d").getImageData(px - 1, py - 1, 3, 3);
      const pixels = Array.from({length: 9}, (_, i) => [...data.slice(i * 4, i * 4 + 4)]);
      return pixels.sort((a, b) => b[3] - a[3] || Math.max(...b.slice(0, 3)) - Math.max(...a.slice(0, 3)))[0];
    }, [Math.floor(px), Math.floor(py)]);
    near(await overlay(x + 25, y - 7), [230, 50, 50, 255], 3, "x axis");
    near(await overlay(x - 7, y + 25), [60, 160, 75, 255], 3, "y axis");
    assert.equal((await overlay(x + 40, y + 40))[3], 0, "nothing over the tiles");
  }, {width: 600, height: 500}));

  test("an arrow points to a view that is out of the picture, brackets to one too small to see", () => withPage(async page => {
    const yellow = (x, y, w, h) => page.evaluate(([x, y, w, h]) => {
      const {data} = document.querySelector("[data-viewer-overlay]").getContext("2d").getImageData(x, y, w, h);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] > 230 && data[i + 1] > 180 && data[i + 2] < 90 && data[i + 3] > 200) count++;
      return count;
    }, [x, y, w, h].map(Math.round));
    await show(page, level(16384, 16384, [], {corners: [[5e6, 5e6], [5e6 + 900, 5e6 + 900]]}));
    const [x, y] = await place(page, 5e6, 5e6);
    assert.ok(await yellow(x - 20, y - 20, 40, 40) > 20, "brackets");
    const {viewport} = await stats(page);
    await show(page, level(4, 4, [], {time: 2, corners: [[900, 90000], [1100, 90200]]}));
    assert.ok(await yellow(viewport.width - 40, 0, 40, viewport.height) > 10, "arrow at the right");
    assert.equal(await yellow(0, 0, viewport.width - 40, viewport.height), 0, "and nowhere else");
    await show(page, level(4, 4, [], {time: 3, corners: [[900, 900], [1900, 1900]]}));
    assert.equal(await yellow(0, 0, viewport.width, viewport.height), 0, "not when it is in sight");
  }));

  test("the exported PNG is the picture with its axes", () => withPage(async page => {
    await show(page, level(4, 4, [1, 1, 1, 1]));
    const [got, size] = await page.evaluate(async () => {
      const {viewer} = document.querySelector("[data-viewer]");
      const bitmap = await createImageBitmap(await viewer.toPNG());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const at = (x, y) => [...context.getImageData(Math.round(x), Math.round(y), 1, 1).data].slice(0, 3);
      const [ox, oy] = viewer.toScreen(0, 0);
      return [[at(...viewer.toScreen(768, 768)), at(...viewer.toScreen(256, 768)), at(ox + 25, oy - 7)], [bitmap.width, bitmap.height]];
    });
    near(got[0], SEEN, 1, "seen tile");
    near(got[1], OFF, 1, "tile");
    near(got[2], [230, 50, 50], 3, "x axis");
    const {size: want} = await stats(page);
    assert.deepEqual(size, [want.width, want.height]);
    await page.evaluate(() => {
      const button = document.createElement("button");
      button.dataset.viewerAction = "png";
      document.querySelector("footer").append(button);
      window.exported = new Promise(resolve => document.addEventListener("viewer:png", event => resolve(event.detail.blob.type)));
      button.click();
    });
    assert.equal(await page.evaluate(() => exported), "image/png");
  }));

  test("a destroyed viewer does nothing any more, and another can take its place", () => withPage(async page => {
    const frame = level(4, 4, [1, 1, 1, 1]);
    await show(page, frame);
    await page.evaluate(async () => {
      const root = document.querySelector("[data-viewer]");
      window.old = root.viewer;
      old.destroy();
      window.before = old.stats().draws;
      document.querySelector("[data-viewer-action=zoom-in]").click();
      dispatchEvent(new Event("resize"));
      await wait(3);
    });
    await page.keyboard.press("f");
    assert.equal(await page.evaluate(() => old.stats().draws - before), 0);
    assert.equal(await page.evaluate(() => "viewer" in document.querySelector("[data-viewer]")), false);
    await page.evaluate(async frame => {
      const {createViewer} = await import("/viewer/index.js");
      const again = createViewer(document.querySelector("[data-viewer]"), {reducedMotion: true});
      again.update({...frame, tiles: [2, 2, 1, 1]});
      await wait(5);
    }, frame);
    near(await pixelAt(page, 2.5 * 512, 2.5 * 512), SEEN, 1, "seen tile of the new viewer");
  }));

  test("viewers come and go, and none takes another's graphics away", () => withPage(async page => {
    const frame = level(4, 4, [1, 1, 1, 1]);
    await show(page, frame);
    const lost = await page.evaluate(async frame => {
      const {createViewer} = await import("/viewer/index.js");
      const first = document.querySelector("[data-viewer]");
      let lost = 0;
      first.querySelector("canvas").addEventListener("webglcontextlost", () => lost++);
      for (let i = 0; i < 40; i++) {
        const root = first.cloneNode(true);
        first.after(root);
        const viewer = createViewer(root, {});
        viewer.update(frame);
        await wait(2);
        root.remove();
        viewer.destroy();
      }
      await wait(3);
      return lost;
    }, frame);
    assert.equal(lost, 0);
    await agrees(page, frame);
  }));

  test("fit keeps clear of what the root's padding says", () => withPage(async page => {
    await page.evaluate(() => { document.querySelector("[data-viewer]").style.padding = "0 0 60px 0"; });
    await page.setViewportSize({width: 500, height: 400});
    await show(page, level(4, 4, [1, 1, 1, 1]));
    const [, bottom] = await page.evaluate(() => document.querySelector("[data-viewer]").viewer.toScreen(0, 4 * 512));
    const {viewport} = await stats(page);
    near([bottom], [viewport.height - 60 - 20], 1e-6, "bottom of the image");
  }));

  test("a screen of twice the pixels is used to the full", async () => {
    const own = await launch(executable, ["--force-device-scale-factor=2", "--window-size=500,400"]);
    try {
      const context = await own.newContext({viewport: null, colorScheme: "dark"});
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE);
      await page.goto(`${server.url}/viewer/testdata/page.html`);
      const frame = level(16, 16, [3, 3, 4, 5], {corners: [[1000, 1000], [3000.5, 4000.25]]});
      await show(page, frame);
      const {viewport, size} = await stats(page);
      assert.equal(size.width, Math.round(viewport.width * 2));
      assert.equal(size.height, Math.round(viewport.height * 2));
      await agrees(page, frame);
    } finally {
      await own.close();
    }
  });
});
