/**
 * Pictures as the server writes them (testdata/rungs.json, written by dashboard/pixels) in a real browser, with a worker and without. Needs a Chromium
 * ($CHROMIUM or in its usual place) and playwright-core.
 */

import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {readFileSync} from "node:fs";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {readBinary} from "./binary.js";
import {readCoded} from "./coded.js";
import {countValues, percentile} from "./arrays/contrast.js";
import {findBrowser, launch, PATIENCE, serve} from "./testdata/browser.js";

const executable = findBrowser();
const skip = executable || process.env.CI ? false : "no Chromium found; set CHROMIUM to the path of one";

const messages = JSON.parse(readFileSync(new URL("testdata/rungs.json", import.meta.url)));
const named = name => messages.filter(message => message.name === name);
const bufferOf = ({data}) => new Uint8Array(Buffer.from(data, "base64")).buffer;

/** The exact samples of a picture, from its packed message. */
async function exactOf(name) {
  const frame = readBinary(bufferOf(named(name).find(({rung}) => rung === 1)));
  const {data} = await readCoded(frame.coded, frame, frame.data);
  return {...frame, data};
}

/** How far a picture of the window is from the exact one at the same scale, in dB of the window; `values` are numbers. */
function sharpness(frame, pixels, values, {rows, cols}) {
  const {low, high, scale} = frame.lossy;
  let sum = 0;
  for (let y = 0; y < frame.rows; y++) {
    for (let x = 0; x < frame.cols; x++) {
      let mean = 0;
      let n = 0;
      for (let row = y * scale; row < Math.min(rows, (y + 1) * scale); row++) {
        for (let col = x * scale; col < Math.min(cols, (x + 1) * scale); col++, n++) mean += values[row * cols + col];
      }
      const d = low + pixels[y * frame.cols + x] / 255 * (high - low) - Math.min(Math.max(mean / n, low), high);
      sum += d * d;
    }
  }
  return 10 * Math.log10((high - low) ** 2 * frame.rows * frame.cols / sum);
}

test("the distribution that comes with losses has the limits that the exact picture has", async () => {
  for (const [name, Kind] of [["u2", Uint16Array], ["f4", Float32Array]]) {
    const exact = await exactOf(name);
    const own = countValues({...exact, data: new Kind(exact.data.buffer)});
    const {counts} = readBinary(bufferOf(named(name).find(({rung}) => rung === 4)));
    assert.deepEqual([counts.low, counts.high, counts.count, counts.missing], [own.low, own.high, own.count, own.missing]);
    assert.equal(counts.bins.reduce((sum, n) => sum + n, 0), counts.count);
    const [low, high] = [0.1, 99.9].map(percent => percentile(own, percent));
    for (const percent of [0, 0.1, 1, 10, 50, 90, 99, 99.9, 100]) {
      const off = Math.abs(percentile(counts, percent) - percentile(own, percent));
      assert.ok(off <= (high - low) / 1000 + own.width, `${name}: ${percent} % is off by ${off} of ${high - low}`);
    }
  }
});

describe("in a browser", {skip, timeout: 3 * PATIENCE}, () => {
  let server;
  let browser;

  before(async () => {
    assert.ok(executable, "no Chromium found, and under CI that is a failure; set CHROMIUM to the path of one");
    server = await serve(dirname(fileURLToPath(import.meta.url)));
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function withPage(run, before = () => {}) {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    const errors = [];
    page.on("pageerror", error => errors.push(String(error)));
    page.on("console", message => { if (message.type() === "error") errors.push(message.text()); });
    try {
      await page.addInitScript(before);
      await page.goto(`${server.url}/testdata/decode.html`);
      await page.waitForFunction(() => window.ready);
      await run(page);
      assert.deepEqual(errors, []);
    } finally {
      await page.close();
    }
  }
  const decoded = async (page, {data}) => {
    const frame = await page.evaluate(text => window.decodeMessage(text), data);
    return {...frame, bytes: new Uint8Array(Buffer.from(frame.data, "base64"))};
  };

  async function allAreRight(page) {
    const kinds = {u2: "Uint16Array", f4: "Float32Array", u1rgb: "Uint8Array", i8: "BigInt64Array", f8: "Float64Array", u4labels: "Uint32Array"};
    for (const name of Object.keys(kinds)) {
      const exact = await exactOf(name);
      const read = await decoded(page, named(name).find(({rung}) => rung === 1));
      assert.equal(read.kind, exact.type === "f4" && name === "f8" ? "Float32Array" : name === "i8" && exact.type === "i4" ? "Int32Array" : kinds[name]);
      assert.equal(Buffer.compare(read.bytes, exact.data), 0, `${name} is not what it was`);
      assert.equal(read.lossy, null);
    }
    const exact = await exactOf("u2");
    const values = new Uint16Array(exact.data.buffer);
    for (const message of named("u2").filter(({rung}) => rung > 1)) {
      const frame = readBinary(bufferOf(message));
      const read = await decoded(page, message);
      assert.deepEqual([read.kind, read.rows, read.cols, read.samples, read.step, read.lossy], ["Uint8Array", frame.rows, frame.cols, 1, frame.lossy.scale, frame.lossy]);
      const least = {2: 50, 3: 40, 4: 35, 5: 31, 6: 31, 7: 25}[message.rung];
      const dB = sharpness(frame, read.bytes, values, exact);
      assert.ok(dB > least, `rung ${message.rung}: ${dB} dB`);
      assert.equal(frame.lossy.of, exact.data.length);
    }
    const colours = await exactOf("u1rgb");
    for (const message of named("u1rgb").filter(({rung}) => rung > 1)) {
      const read = await decoded(page, message);
      assert.deepEqual([read.samples, read.bytes.length, read.lossy.low], [4, read.rows * read.cols * 4, null]);
      let sum = 0;
      for (let i = 0; i < read.rows * read.cols; i++) {
        assert.equal(read.bytes[4 * i + 3], 255);
        for (let s = 0; s < 3; s++) sum += (read.bytes[4 * i + s] - colours.data[3 * i + s]) ** 2;
      }
      const dB = 10 * Math.log10(255 ** 2 * 3 * read.rows * read.cols / sum);
      assert.ok(dB > (message.rung === 3 ? 38 : 28), `colours at rung ${message.rung}: ${dB} dB`);
    }
  }

  test("every picture is read in a worker, pixel by pixel", () => withPage(async page => {
    assert.deepEqual(await page.evaluate(() => window.takes), ["packed", "jpeg"]);
    await allAreRight(page);
    assert.equal(page.workers().length, 1);
  }));

  test("without a worker the page reads them, the same", () => withPage(async page => {
    await allAreRight(page);
    assert.equal(page.workers().length, 0);
  }, () => { delete window.Worker; }));

  test("without a canvas that needs no page it does so too", () => withPage(async page => {
    await allAreRight(page);
  }, () => {
    delete window.Worker;
    delete window.OffscreenCanvas;
  }));

  test("many at once come back each as itself, and a broken one fails alone", () => withPage(async page => {
    const results = await page.evaluate(async texts => {
      const all = await Promise.allSettled(texts.map(text => window.decodeMessage(text)));
      return all.map(({value, reason}) => value?.topic ?? String(reason));
    }, [...messages.map(({data}) => data), broken(named("u2")[0].data), broken(named("u2")[2].data), messages[0].data]);
    assert.deepEqual(results.slice(0, messages.length), messages.map(({name}) => `scope/array/${name.replace(/rgb|labels/, "")}`));
    assert.match(results.at(-3), /Error/);
    assert.match(results.at(-2), /Error/);
    assert.equal(results.at(-1), "scope/array/u2");
  }));
});

/** A message whose end is gone. */
function broken(text) {
  const bytes = Buffer.from(text, "base64");
  return bytes.subarray(0, Math.floor(bytes.length / 2 / 3) * 3).toString("base64");
}
