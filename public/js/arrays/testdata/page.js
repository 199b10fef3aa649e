/**
 * A page for the tests in a browser; never shipped. It stands in for the server: `serve()` answers what the page asks for with a
 * part of an array whose values are known.
 */

import {choice} from "../../choice.js";
import {countValues} from "../contrast.js";
import {mount} from "../index.js";

const root = document.querySelector("[data-array]");
const subscribers = new Map();
window.asked = []; // lists of topics, one for each time that they changed
window.loads = []; // addresses asked for
window.looked = []; // limits that were told
window.saved = []; // names of files

/** The value of an element: told apart in every axis. */
window.valueOf = (...index) => index.reduce((sum, n, axis) => sum + n * [1, 7, 31, 101, 211][axis], 0) % 60000;

window.choice = choice;
document.addEventListener("topicschange", () => window.asked.push(topics()));
const topics = () => [...document.querySelectorAll("[data-topic]")].map(element => element.dataset.topic);
window.topics = topics;

window.begin = config => {
  window.config = config;
  const element = document.createElement("div");
  element.dataset.arrayConfig = JSON.stringify(config);
  document.getElementById("config").replaceChildren(element);
};

window.picture = mount(root, {
  onFrame(topic, draw) {
    if (!subscribers.has(topic)) subscribers.set(topic, new Set());
    subscribers.get(topic).add(draw);
    return () => subscribers.get(topic).delete(draw);
  },
  afterPaint: callback => setTimeout(callback),
  looks: (frame, limits) => window.looked.push([frame.topic, ...limits.map(Number)]),
  save: (blob, name) => window.saved.push(name),
  stamp: () => "now",
  async load(url) {
    window.loads.push(url);
    return {value: 12345, distance: [0, 1], value_unit: "", unit: "px"};
  },
});

/**
 * A frame as it would be after a slow line: bytes of a window, or those that a JPEG of quality `jpeg` (0 to 1) makes of them, means of `scale` x `scale` pixels. With
 * `counts` it says how its exact values are distributed.
 */
async function lossy(frame, {window: [low, high], scale = 1, jpeg = 0, counts = false}) {
  const rows = Math.ceil(frame.rows / scale);
  const cols = Math.ceil(frame.cols / scale);
  const data = new Uint8Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      let sum = 0;
      let n = 0;
      for (let y = r * scale; y < Math.min((r + 1) * scale, frame.rows); y++) {
        for (let x = c * scale; x < Math.min((c + 1) * scale, frame.cols); x++, n++) sum += frame.data[y * frame.cols + x];
      }
      data[r * cols + c] = Math.min(Math.max(Math.round((sum / n - low) / (high - low) * 255), 0), 255);
    }
  }
  return {
    ...frame, type: "u1", rows, cols, step: frame.step * scale, data: jpeg > 0 ? await throughJPEG(data, rows, cols, jpeg) : data, bytes: 1000, of: frame.data.byteLength,
    lossy: {as: jpeg > 0 ? "jpeg" : "bytes", quality: Math.round(jpeg * 100), low, high, scale}, counts: counts ? countValues(frame) : null,
  };
}

async function throughJPEG(data, rows, cols, quality) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [cols, rows];
  const context = canvas.getContext("2d", {willReadFrequently: true});
  const image = context.createImageData(cols, rows);
  data.forEach((byte, i) => image.data.set([byte, byte, byte, 255], i * 4));
  context.putImageData(image, 0, 0);
  const blob = await new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", quality));
  context.drawImage(await createImageBitmap(blob), 0, 0);
  const out = context.getImageData(0, 0, cols, rows).data;
  return Uint8Array.from({length: rows * cols}, (_, i) => out[i * 4]);
}

let seq = 0;
/** Sends a frame of every topic that is asked for, as it is after a slow line if `way` says so. Resolves when they are on the screen. */
window.serve = async (more = {}, way = null) => {
  seq++;
  const {shape, pixels, name} = window.config;
  for (const topic of topics()) {
    const [, , , index, region, step, nearest] = topic.split("/");
    const items = index.split(",");
    const [row, col, rows, cols] = region.split(",").map(Number);
    const by = Number(step);
    const height = items.includes("y") ? shape[items.indexOf("y")] : 1;
    const down = Math.ceil(Math.min(rows, height - row) / by);
    const across = Math.ceil(Math.min(cols, shape[items.indexOf("x")] - col) / by);
    const data = new {u1: Uint8Array, u2: Uint16Array, f4: Float32Array, f8: Float64Array, i4: Int32Array}[pixels](down * across);
    for (let r = 0; r < down; r++) {
      for (let c = 0; c < across; c++) {
        data[r * across + c] = valueOf(...items.map(item => item === "y" ? row + r * by : item === "x" ? col + c * by : Number(item)));
      }
    }
    const exact = {topic, name, nearest, ts: Date.now(), seq, stamp: Date.now(), type: pixels, row, col, rows: down, cols: across, samples: 1, step: by, shape,
      offset: [0, 0], pixel: [1, 1], level: 0, rate: 60, missed: 0, data, ...more};
    const frame = way ? await lossy(exact, way) : exact;
    for (const draw of subscribers.get(topic) ?? []) draw(frame);
  }
  await window.wait(3);
};

/** Resolves after n animation frames. */
window.wait = async n => {
  for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
};
