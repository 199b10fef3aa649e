/**
 * A page for the tests in a browser; never shipped. It stands in for the server: `serve()` answers what the page asks for with a
 * part of an array whose values are known.
 */

import {mount} from "../index.js";

const root = document.querySelector("[data-array]");
const subscribers = new Map();
window.asked = []; // lists of topics, one for each time that they changed
window.loads = []; // addresses asked for

/** The value of an element: told apart in every axis. */
window.valueOf = (...index) => index.reduce((sum, n, axis) => sum + n * [1, 7, 31, 101, 211][axis], 0) % 60000;

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
  save() {},
  stamp: () => "now",
  async load(url) {
    window.loads.push(url);
    return {value: 12345, distance: [0, 1], value_unit: "", unit: "px"};
  },
});

let seq = 0;
/** Sends a frame of every topic that is asked for. Resolves when they are on the screen. */
window.serve = async (more = {}) => {
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
    for (const draw of subscribers.get(topic) ?? []) {
      draw({topic, name, nearest, ts: Date.now(), seq, stamp: Date.now(), type: pixels, row, col, rows: down, cols: across, samples: 1, step: by, shape,
        offset: [0, 0], pixel: [1, 1], level: 0, rate: 60, missed: 0, data, ...more});
    }
  }
  await window.wait(3);
};

/** Resolves after n animation frames. */
window.wait = async n => {
  for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
};
