/**
 * Pictures of numbers in a real browser: every pixel against a slow reference, under the tiles, and when the graphics go away.
 * Needs a Chromium ($CHROMIUM or in its usual place) and playwright-core.
 */

/* global compareImages, comparePlaced, showImages, showPlaced, wait -- of the browser's window: testdata/page.js defines them */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, PATIENCE, serve} from "../testdata/browser.js";
import {across, acrossAny} from "./image.js";

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";
const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];

test("a picture that is far from the origin keeps its place to within a thousandth of a pixel", () => {
  const {low, home, rest} = across(1e12, 0.001, 1e12 + 2, 1e12 + 1.0004, 256e3, 800);
  assert.equal(home, 1000);
  assert.ok(Math.abs(rest - 0.4) < 0.2, String(rest)); // of a texel: float64 itself ends there
  assert.ok(low >= -1e6 && Number.isFinite(low));
  assert.deepEqual(across(0, 1, 10, 5, 2, 100), {low: 40, high: 60, home: 5, rest: 0, texels: 0.5});
});

test("a picture that lies in any way keeps its place far from the origin, and out of view there is none", () => {
  const upright = acrossAny({affine: [1, 0, 0, 0, 1, 0], cols: 10, rows: 8}, {x: 5, y: 4}, 2, 2, 100, 80);
  const plain = numbers => numbers.map(n => n + 0);
  assert.deepEqual([upright.box, upright.home, plain(upright.rest), plain(upright.turn)], [[40, 32, 60, 48], [5, 4], [0, 0], [0.5, 0, 0, 0.5]]);
  const turned = acrossAny({affine: [0, -1, 8, 1, 0, 0], cols: 10, rows: 8}, {x: 4, y: 5}, 2, 2, 100, 80);
  assert.deepEqual([turned.box, plain(turned.home), plain(turned.turn)], [[42, 30, 58, 50], [5, 4], [0, -0.5, 0.5, 0]]);
  const far = acrossAny({affine: [0.001, 0, 1e9, 0, -0.001, 1e9], cols: 1e6, rows: 1e6}, {x: 1e9 + 100.0004, y: 1e9 - 200.0004}, 256e3, 256e3, 800, 600);
  assert.deepEqual(far.home, [100000, 200000]);
  assert.ok(Math.abs(far.rest[0] - 0.4) < 0.001 && Math.abs(far.rest[1] - 0.4) < 0.001, String(far.rest));
  assert.equal(acrossAny({affine: [1, 0, 1000, 0, 1, 0], cols: 10, rows: 8}, {x: 5, y: 4}, 2, 2, 100, 80), null);
  assert.equal(acrossAny({affine: [1, 1, 0, 1, 1, 0], cols: 10, rows: 8}, {x: 5, y: 4}, 2, 2, 100, 80), null);
});

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

  async function withPage(run, {colorScheme = "dark", deviceScaleFactor = 1} = {}) {
    const page = await browser.newPage({viewport: {width: 240, height: 200}, colorScheme, deviceScaleFactor});
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.goto(`${server.url}/viewer/testdata/page.html`);
      await page.waitForFunction(() => document.querySelector("[data-viewer]").viewer.stats().size.width > 0 && window.showImages);
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }

  async function agrees(page, specs, {camera = null, canvas = BLACK, within = 1.2, what = ""} = {}) {
    const worst = await page.evaluate(async ([specs, camera, canvas]) => {
      await showImages(specs, camera);
      return compareImages(specs, canvas);
    }, [specs, camera, canvas]);
    assert.ok(worst.error <= within, `${what} ${JSON.stringify(specs)}: largest difference ${JSON.stringify(worst)}`);
  }
  const stats = page => page.evaluate(() => document.querySelector("[data-viewer]").viewer.stats());

  const turn = (angle, sx = 1, sy = 1, x = 0, y = 0) => [sx * Math.cos(angle), -sy * Math.sin(angle), x, sx * Math.sin(angle), sy * Math.cos(angle), y];
  const middle = {x: 10, y: 6, scale: 7.3};
  const steps = {steps: true, over: [255, 0, 255, 255], under: [0, 0, 0, 128], low: 60, high: 160, lut: "viridis"};
  const lying = [
    {name: "turned", specs: [{lut: "viridis", affine: turn(0.43, 1, 1, 3, -4)}]},
    {name: "turned, scaled unequally and smooth", specs: [{type: "u2", lut: "magma", gamma: 0.6, affine: turn(-0.8, 1, 1.7, 0, 12), smooth: true}]},
    {name: "mirrored", specs: [{lut: "fire", affine: [-1, 0, 20, 0, 1, 0]}]},
    {name: "its axes in the other order", specs: [{lut: "fire", affine: [0, 1, 2, 1, 0, -3]}]},
    {name: "sheared", specs: [{type: "f4", affine: [1, 0.4, 0, 0.1, 1, 0], lut: "plasma"}]},
    {name: "cut within a texel", specs: [{affine: turn(0.2, 1, 1, 4, 0), cut: {rows: 8.4, cols: 15.7}}]},
    {name: "in steps, with colours beyond the limits", specs: [{...steps, affine: turn(0.43, 1, 1, 3, -4)}]},
    {name: "without numbers here and there", specs: [{type: "f4", holes: 5, none: [200, 10, 10, 255], affine: turn(0.43, 1, 1, 3, -4), low: 0.2, high: 0.9}]},
    {name: "colours of 8 bits with an alpha", specs: [{samples: 4, affine: turn(0.3, 1, 1, 3, -2), opacity: 0.7}]},
    {name: "colours in floats beyond the limits", specs: [{type: "f4", samples: 3, low: 0.2, high: 0.6, gamma: 1.4, affine: turn(0.3, 1, 1, 3, -2)}]},
    {name: "labels", specs: [{type: "i4", labels: 13, affine: turn(0.3, 1, 1, 3, -2), opacity: 0.8}]},
    {name: "labels as contours, of many colours", specs: [{type: "i4", labels: 700, colors: 600, contour: 1, affine: turn(0.3, 1, 1, 3, -2)}]},
    ...["translucent", "translucent_no_depth", "additive", "minimum", "multiplicative", "opaque"].map(blending => ({
      name: `blended, ${blending}`, specs: [
        {lut: "viridis", blending, opacity: 0.9, affine: turn(0.1)},
        {lut: "fire", blending, opacity: 0.6, affine: turn(-0.3, 0.8, 0.8, 4, 5), version: 1},
        {type: "i4", labels: 7, blending, opacity: 0.5, affine: [0.6, 0.1, 2, 0, 0.7, 2]},
      ],
    })),
  ];
  test("pictures that lie in any way are drawn as napari draws them", async t => withPage(async page => {
    for (const {name, specs} of lying) {
      await t.test(name, async () => {
        const worst = await page.evaluate(async ([specs, camera]) => {
          await showPlaced(specs, camera);
          return comparePlaced(specs);
        }, [specs, middle]);
        assert.ok(worst.error <= 1.6 && worst.skipped < 1000, `largest difference ${JSON.stringify(worst)}`);
      });
    }
  }));

  test("a picture that is turned is as exact at a thousandfold zoom", () => withPage(async page => {
    const far = 1e7;
    const specs = [{lut: "viridis", affine: turn(0.7, 1e-3, 1e-3, far, far)}];
    const camera = {x: far + 2e-3, y: far + 1.3e-2, scale: 2e4};
    const worst = await page.evaluate(async ([specs, camera]) => {
      await showPlaced(specs, camera);
      return comparePlaced(specs);
    }, [specs, camera]);
    assert.ok(worst.error <= 1.6 && worst.skipped < 1000, `largest difference ${JSON.stringify(worst)}`);
  }));

  test("numbers of every type, squares from two pixels on and blended below", () => withPage(async page => {
    for (const type of ["u1", "u2", "f4"]) {
      for (const scale of [0.8, 1.37, 1.9, 2.3, 9.1]) {
        await agrees(page, [{type}], {camera: {x: 9.3, y: 6.2, scale}, what: `${scale}`});
      }
    }
  }));

  test("limits, gamma, colours, inverted, opacity", () => withPage(async page => {
    const camera = {x: 10, y: 6, scale: 1.7};
    for (const look of [{lut: "viridis"}, {lut: "magma", gamma: 0.4}, {lut: "hilo", low: 90, high: 160}, {lut: "turbo", invert: true, gamma: 2.5},
      {lut: "#ff8800", opacity: 0.5}, {low: -100, high: 400}, {low: 120, high: 120.001}]) {
      // Where the limits are next to each other one count is all the difference there is.
      await agrees(page, [{type: "u1", ...look}], {camera, within: look.high === 120.001 ? 255 : 1.2});
    }
    await agrees(page, [{type: "u2", low: 30000, high: 30200}], {camera: {...camera, scale: 5}});
    await agrees(page, [{type: "f4", low: 0.3, high: 0.6, lut: "inferno"}], {camera});
  }));

  test("colours with and without alpha, labels, what is no number", () => withPage(async page => {
    for (const scale of [1.4, 6]) {
      const camera = {x: 10, y: 6, scale};
      for (const type of ["u1", "u2", "f4"]) {
        await agrees(page, [{type, samples: 3}], {camera});
        await agrees(page, [{type, samples: 4}], {camera});
      }
      await agrees(page, [{type: "u1", labels: 7}], {camera});
      await agrees(page, [{type: "f4", labels: 300}], {camera});
      await agrees(page, [{type: "f4", holes: 5, lut: "viridis"}], {camera});
    }
  }));

  test("whole numbers and floats of every size have all their greys, however far from zero", () => withPage(async page => {
    for (const scale of [1.4, 6]) {
      const camera = {x: 10, y: 6, scale};
      for (const spec of [
        {type: "u4", from: "3000000000", unit: 255, low: 3e9, high: 3e9 + 255}, {type: "u4", from: "4294967040", unit: 255, low: 4294967040, high: 2 ** 32 - 1},
        {type: "i4", from: "-2147483648", unit: 255, low: -(2 ** 31), high: -(2 ** 31) + 255}, {type: "i4", from: "-100", unit: 255, low: -100.5, high: 100.25},
        {type: "u4", from: "3000000000", unit: 255, low: 0, high: 4e9}, {type: "i4", from: "5", unit: 255, low: -1e12, high: 1e12},
        {type: "f8", from: "1e9", unit: 1, low: 1e9, high: 1e9 + 1}, {type: "f8", from: "-1e9", unit: 1, low: -1e9, high: -1e9 + 1, lut: "viridis", gamma: 0.6},
        {type: "f8", unit: 2.55e-298, low: 0, high: 2.55e-298}, {type: "f8", unit: 1e300, low: 0, high: 1e300}, {type: "f8", from: "-1e308", unit: 1.7e308, low: -1e308, high: 7e307},
        {type: "f8", from: "1e9", unit: 1, low: 1e9, high: 1e9 + 1, holes: 5}, {type: "f8", unit: 1, low: 0.1, high: 0.9},
        {type: "f4", from: "16777216", unit: 512, low: 2 ** 24, high: 2 ** 24 + 512},
      ]) await agrees(page, [spec], {camera});
    }
    // Of 64 bits, with limits that no float has.
    for (const [type, from] of [["u8", 2n ** 63n + 12345n], ["i8", -(2n ** 63n)], ["i8", 864691135441234567n], ["u8", 2n ** 64n - 256n], ["i8", -128n]]) {
      const worst = await page.evaluate(async ([type, from]) => {
        const specs = [{type, from, unit: 255, low: BigInt(from), high: BigInt(from) + 255n}];
        await showImages(specs, {x: 10, y: 6, scale: 6});
        return compareImages(specs, [0, 0, 0]);
      }, [type, String(from)]);
      assert.ok(worst.error <= 1.2, `${type} ${from}: ${JSON.stringify(worst)}`);
    }
  }));

  test("colours of whole numbers that are no bytes, and labels of every size", () => withPage(async page => {
    const camera = {x: 10, y: 6, scale: 6};
    for (const samples of [3, 4]) {
      for (const type of ["i8", "u8", "i4", "u4", "f4"]) await agrees(page, [{type, samples, full: 255}], {camera, what: type});
      await agrees(page, [{type: "f8", samples, full: 1}], {camera});
      await agrees(page, [{type: "f4", samples, full: 1, holes: 3}], {camera});
    }
    for (const spec of [{type: "u4", from: String(2 ** 24)}, {type: "u4", from: String(2 ** 31 - 3)}, {type: "i4", from: "-3"}, {type: "i4", from: String(2 ** 31 - 100)},
      {type: "i8", from: "864691135441234567"}, {type: "u8", from: "9223372036854775809"}, {type: "i8", from: "-3"}, {type: "i8", from: "4294967290"},
      {type: "f8", from: "-3"}, {type: "f4", from: "-3"}, {type: "u2", from: "65000"}]) await agrees(page, [{...spec, labels: 13}], {camera});
  }));

  test("channels are added, parts lie where they belong, on the light canvas too", () => withPage(async page => {
    const camera = {x: 10, y: 6, scale: 3};
    await agrees(page, [{lut: "magenta"}, {lut: "green", version: 1, additive: true}, {lut: "blue", type: "u2", version: 2, additive: true}], {camera, canvas: WHITE});
    // A quarter of the resolution, of a part, the last texels cut short.
    await agrees(page, [{rows: 3, cols: 4, row: 2, col: 5, step: 4, of: [12, 19]}], {camera, canvas: WHITE});
    await agrees(page, [{at: {x: 3, y: -2, width: 0.5, height: 1.25}}], {camera, canvas: WHITE});
  }, {colorScheme: "light"}));

  test("far from the origin and zoomed in nothing jitters", () => withPage(async page => {
    const x = 2 ** 31;
    await agrees(page, [{at: {x, y: x, width: 1, height: 1}, rows: 120, cols: 200}], {camera: {x: x + 101.3, y: x + 60.7, scale: 37.3}});
  }));

  test("device pixels are what is drawn", () => withPage(async page => {
    await agrees(page, [{type: "u2", rows: 40, cols: 60}], {camera: {x: 30, y: 20, scale: 2.2}});
  }, {deviceScaleFactor: 2}));

  test("the picture lies under the tiles, which can be taken away", () => withPage(async page => {
    const seen = await page.evaluate(async () => {
      const {viewer} = document.querySelector("[data-viewer]");
      viewer.update({topic: "t", time: 1, level: 0, base_shape: [80, 120], image_shape: [80, 120], grid: [2, 3], tile_size: 40, corners: null, tiles: [0, 0, 2, 3], count: 6});
      await wait(2);
      await showImages([{type: "u1", rows: 40, cols: 40, low: -1, high: 0, at: {x: 40, y: 0, width: 1, height: 1}}], null, null); // white all over
      const at = async (x, y) => {
        const [px, py] = viewer.toScreen(x, y);
        return [...await viewer.readPixels(Math.floor(px), Math.floor(py), 1, 1)].slice(0, 3);
      };
      const result = {over: await at(60, 20), beside: await at(20, 20), below: await at(60, 60)};
      viewer.setShade(true);
      result.shaded = await at(60, 20);
      viewer.setShade(false);
      viewer.setTiles(false);
      result.alone = await at(60, 20);
      result.none = await at(20, 20);
      return result;
    });
    assert.deepEqual(seen.beside, [225, 19, 19], "a tile beside the picture");
    assert.deepEqual(seen.below, [225, 19, 19], "a tile below it");
    assert.deepEqual(seen.over, WHITE, "the colours of the picture are its own");
    assert.ok(seen.shaded[0] > 240 && seen.shaded[1] > 200 && seen.shaded[1] < 240, `the picture shows through its tile: ${seen.shaded}`);
    assert.deepEqual(seen.alone, WHITE);
    assert.deepEqual(seen.none, BLACK);
  }));

  test("a picture on a ground of its own under the tiles has napari's colours, whatever the tiles have", () => withPage(async page => {
    const seen = await page.evaluate(async () => {
      const {viewer} = document.querySelector("[data-viewer]");
      viewer.update({topic: "t", time: 1, level: 0, base_shape: [80, 120], image_shape: [80, 120], grid: [2, 3], tile_size: 40, corners: null, tiles: [0, 0, 2, 3], count: 6});
      await wait(2);
      const at = async (x, y) => {
        const [px, py] = viewer.toScreen(x, y);
        return [...await viewer.readPixels(Math.floor(px), Math.floor(py), 1, 1)].slice(0, 3);
      };
      const table = Uint8Array.from({length: 1024}, (_, i) => i % 4 === 3 ? 255 : 200);
      const frame = value => ({rows: 4, cols: 4, step: 1, samples: 1, type: "u1", data: new Uint8Array(16).fill(value)});
      const look = {kind: "scalar", low: 10, high: 20, gamma: 1, opacity: 0.5, first: true, ground: [10, 20, 30], table, over: [0, 100, 0, 255], under: [0, 0, 250, 255]};
      const place = x => ({affine: [10, 0, x, 0, 10, 0], cols: 4, rows: 4});
      viewer.setImages([
        {key: "a", frame: frame(30), place: place(0), look: {...look, blending: "translucent"}},
        {key: "b", frame: frame(1), place: place(40), look: {...look, blending: "additive", opacity: 1}},
        {key: "c", frame: frame(15), place: place(80), look: {...look, blending: "translucent"}},
      ]);
      await wait(2);
      return [await at(20, 20), await at(60, 20), await at(100, 20), await at(20, 60)];
    });
    const near = (got, want) => assert.ok(want.every((n, i) => Math.abs(n - got[i]) <= 1), `${got} instead of ${want}`);
    near(seen[0], [5, 60, 15]);
    near(seen[1], [0, 0, 250]);
    near(seen[2], [105, 110, 115]);
    assert.deepEqual(seen[3], [225, 19, 19], "a tile below the pictures");
  }));

  test("after the graphics were lost all is as before", () => withPage(async page => {
    const specs = [{type: "u2", lut: "viridis"}, {type: "u1", lut: "red", additive: true, version: 3}];
    const camera = {x: 10, y: 6, scale: 4};
    await agrees(page, specs, {camera});
    await page.evaluate(async () => {
      const lose = document.querySelector("[data-viewer-canvas]").getContext("webgl2").getExtension("WEBGL_lose_context");
      const happened = name => new Promise(done => document.querySelector("[data-viewer-canvas]").addEventListener(name, () => setTimeout(done), {once: true}));
      const lost = happened("webglcontextlost");
      lose.loseContext();
      await lost;
      const restored = happened("webglcontextrestored");
      lose.restoreContext();
      await restored;
      await wait(2);
    });
    const worst = await page.evaluate(args => compareImages(...args), [specs, BLACK]);
    assert.ok(worst.error <= 1.2, JSON.stringify(worst));
  }));

  test("a thousand pictures in a task are one drawing, and at rest there is none", () => withPage(async page => {
    await page.evaluate(() => showImages([{version: 1}], {x: 10, y: 6, scale: 3}));
    const before = await stats(page);
    await page.evaluate(async () => {
      for (let i = 0; i < 1000; i++) showImages([{version: i % 3}], null, null);
      await wait(3);
    });
    const after = await stats(page);
    assert.equal(after.draws - before.draws, 1);
    await page.evaluate(() => wait(30));
    assert.equal((await stats(page)).draws, after.draws);
  }));
});

test("a texel less than zero long goes the other way, over the same part of the screen", () => {
  const down = across(0, 1, 20, 7.25, 10, 300);
  const up = across(20, -1, 0, 7.25, 10, 300);
  assert.deepEqual([up.low, up.high], [down.low, down.high]);
  // The middle of the screen is 7.25 from the top, and 12.75 from the bottom.
  assert.deepEqual([up.home, up.rest, up.texels], [12, 0.75, -0.1]);
});
