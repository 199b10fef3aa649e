/**
 * How long a drawing takes, for levels of ten tiles to 2.7 10^8, in this machine's Chromium with software WebGL2 (a GPU is much
 * faster; what counts is that the figures do not grow). Prints a table.
 *
 *     node public/js/viewer/testdata/bench.js [rounds]
 */

import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, serve} from "../../testdata/browser.js";

const rounds = Number(process.argv[2] ?? 40);
const WIDTH = 1000;
const HEIGHT = 840;

const executable = findBrowser();
if (!executable) {
  console.error("No Chromium found; set CHROMIUM to the path of one.");
  process.exit(1);
}

function level(rows, columns, tiles) {
  return {
    topic: `bench/tiles/${rows}`, time: 1, level: 0, base_shape: [rows * 512, columns * 512], image_shape: [rows * 512, columns * 512],
    grid: [rows, columns], tile_size: 512, corners: [[rows * 100, columns * 100], [rows * 300, columns * 300]], tiles, count: tiles.length / 4,
  };
}

function lone(n, rows, columns) {
  const tiles = [];
  for (let i = 0; i < n; i++) tiles.push(i * 7919 % rows, i * 104729 % columns, 1, 1);
  return tiles;
}

const cases = [
  {name: "10 tiles, 3 seen", frame: level(2, 5, [0, 1, 1, 3])},
  {name: "10^4 tiles, 2000 seen", frame: level(100, 100, [20, 20, 40, 50])},
  {name: "10^8 tiles, 10^7 seen", frame: level(10000, 10000, [2000, 2000, 3200, 3200])},
  {name: "2.7 10^8 tiles, 2 10^7 seen", frame: level(16384, 16384, [2000, 2000, 4500, 4500])},
  {name: "2.7 10^8 tiles, 10^5 lone ones seen", frame: level(16384, 16384, lone(100000, 16384, 16384))},
];

const server = await serve(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const browser = await launch(executable);
try {
  const page = await browser.newPage({viewport: {width: WIDTH, height: HEIGHT}});
  await page.goto(`${server.url}/viewer/testdata/page.html`);
  const {width, height} = await page.evaluate(async () => {
    await window.wait(3);
    return document.querySelector("[data-viewer]").viewer.stats().size;
  });
  console.log(`Tile viewer, ${width} x ${height} pixels, whole level in view, software WebGL2, median of ${rounds}`);
  // All levels take turns, so that whatever else the machine does meets them alike. Reading a pixel waits until the drawing is
  // done, which is what is to be measured.
  const times = await page.evaluate(async ([frames, rounds]) => {
    const {viewer} = document.querySelector("[data-viewer]");
    const drawTime = async () => {
      await viewer.readPixels(0, 0, 1, 1);
      await window.wait(1);
      return viewer.stats().drawTime;
    };
    const times = frames.map(() => ({draw: [], update: []}));
    for (let round = 0; round < rounds; round++) {
      for (const [i, frame] of frames.entries()) {
        viewer.update(frame);
        viewer.fit();
        await window.wait(2);
        times[i].draw.push(await drawTime());
        viewer.update({...frame, tiles: frame.tiles.map((n, at) => at === 0 ? n + 1 : n)});
        times[i].update.push(await drawTime());
      }
    }
    return times;
  }, [cases.map(({frame}) => frame), rounds]);
  const median = list => list.sort((a, b) => a - b)[list.length >> 1];
  console.log("level                                  draw     new tiles");
  const draws = times.map(({draw}) => median(draw));
  for (const [i, {name}] of cases.entries()) {
    console.log(`${name.padEnd(36)} ${draws[i].toFixed(1).padStart(6)} ms ${median(times[i].update).toFixed(1).padStart(8)} ms`);
  }
  // Pictures of numbers, that fill the screen: a new frame each time, so with what it takes to send it to the graphics card.
  await page.reload();
  const pictures = await page.evaluate(async rounds => {
    const {viewer} = document.querySelector("[data-viewer]");
    const result = [];
    for (const [type, side] of [["u1", 1024], ["u2", 1024], ["f4", 1024], ["u2", 2048]]) {
      const Kind = {u1: Uint8Array, u2: Uint16Array, f4: Float32Array}[type];
      const frames = [0, 1].map(n => ({type, rows: side, cols: side, samples: 1, row: 0, col: 0, step: 1, data: Kind.from({length: side * side}, (_, i) => (i + n) % 251)}));
      viewer.setScene({key: type, box: {x0: 0, y0: 0, x1: side, y1: side}});
      const table = Uint8Array.from({length: 1024}, (_, i) => i >> 2);
      const times = [];
      for (let round = 0; round < rounds; round++) {
        viewer.setImages([{key: "a", frame: frames[round % 2], place: {x: 0, y: 0, width: 1, height: 1, right: side, bottom: side},
          look: {kind: "scalar", low: 0, high: 250, gamma: 1, table, opacity: 1, additive: false}}]);
        await viewer.readPixels(0, 0, 1, 1);
        await window.wait(1);
        times.push(viewer.stats().drawTime);
      }
      result.push([`${side} x ${side} ${type}`, times]);
    }
    return result;
  }, rounds);
  console.log("picture of numbers, a new frame");
  for (const [name, times] of pictures) console.log(`${name.padEnd(36)} ${median(times).toFixed(1).padStart(6)} ms`);
  console.log(`10^8 tiles take ${(draws[2] / draws[0]).toFixed(2)} times as long as 10.`);
} finally {
  await browser.close();
  await server.close();
}
