/**
 * A page for the tests in a browser; never shipped. It stands in for the server: `serve({name: (x, y) => value})` answers what the
 * page asks for of a field with the field's values.
 */

import {countValues} from "../../arrays/contrast.js";
import {mount} from "../index.js";

const root = document.querySelector("[data-model]");
const subscribers = new Map();
window.sent = []; // messages that went out
window.saved = []; // files
window.looked = []; // limits that were told
window.posted = []; // bodies of forms
window.refuse = ""; // why no form is taken
window.topics = () => [...document.querySelectorAll("[data-topic]")].map(element => element.dataset.topic);

window.begin = config => {
  window.config = config;
  const element = document.createElement("div");
  element.dataset.modelConfig = JSON.stringify(config);
  document.getElementById("config").replaceChildren(element);
};

window.picture = mount(root, {
  onFrame(topic, draw) {
    if (!subscribers.has(topic)) subscribers.set(topic, new Set());
    subscribers.get(topic).add(draw);
    return () => subscribers.get(topic).delete(draw);
  },
  looks: (frame, limits) => window.looked.push([frame.topic, ...limits]),
  send: text => window.sent.push(JSON.parse(text)),
  who: () => "me",
  afterPaint: callback => setTimeout(callback),
  save: (blob, name) => window.saved.push({name, type: blob.type, size: blob.size}),
  stamp: () => "now",
  post: async (url, body) => {
    window.posted.push(String(body));
    if (window.refuse) throw new Error(window.refuse);
  },
  load: async () => ({controls: {cooling: {value: 0.5, default: 0.01}, trap: {value: true, default: true}}}),
});

window.give = (topic, frame) => {
  for (const draw of subscribers.get(topic) ?? []) draw({topic, ts: Date.now(), ...frame});
};

let seq = 0;
/** Sends fields, {density: f, phase: f}, f(x, y) being the value at a point of the grid. Resolves when they are on the screen. */
window.serve = async fields => {
  seq++;
  const [nx, ny] = window.config.shape;
  for (const topic of window.topics()) {
    const [, , name, index, region, by] = topic.split("/");
    if (!fields[name] || index !== "x,y") continue;
    const [row, col, height, width] = region.split(",").map(Number);
    const step = Number(by);
    const rows = Math.ceil(Math.min(height, ny - row) / step);
    const cols = Math.ceil(Math.min(width, nx - col) / step);
    const data = new Float32Array(rows * cols);
    for (let y = 0; y < rows; y++) for (let x = 0; x < cols; x++) data[y * cols + x] = fields[name](col + x * step, row + y * step);
    window.give(topic, {seq, stamp: Date.now(), type: "f4", row, col, rows, cols, samples: 1, step, shape: [nx, ny], offset: null, pixel: null, level: 0, rate: 60, missed: 0, data});
  }
  await window.wait(3);
};

/** The same after a slow line: a density as bytes of a window, means of `scale` x `scale` points, whose sides that divides; the rest as it is. */
window.serveLossy = async (fields, {low, high, scale}) => {
  const give = window.give;
  window.give = (topic, frame) => {
    if (!topic.includes("/density/")) return give(topic, frame);
    const [rows, cols] = [frame.rows / scale, frame.cols / scale];
    const data = new Uint8Array(rows * cols);
    for (let i = 0; i < data.length; i++) {
      let sum = 0;
      for (let k = 0; k < scale * scale; k++) sum += frame.data[(Math.floor(i / cols) * scale + Math.floor(k / scale)) * frame.cols + i % cols * scale + k % scale];
      data[i] = Math.round((sum / scale ** 2 - low) / (high - low) * 255);
    }
    return give(topic, {...frame, type: "u1", rows, cols, step: frame.step * scale, data, lossy: {as: "bytes", low, high, scale}, counts: countValues(frame)});
  };
  await window.serve(fields);
  window.give = give;
};

/** Sends particles, [[x, y], ...] in pixels. */
window.particles = async list => {
  const data = new Float32Array([...list.map(([x]) => x), ...list.map(([, y]) => y)]);
  for (const topic of window.topics()) {
    if (topic.includes("/array/tracers/")) window.give(topic, {seq, type: "f4", row: 0, col: 0, rows: 2, cols: list.length, samples: 1, step: 1, shape: [2, list.length], data});
  }
  await window.wait(3);
};

/** Sends what the model says of itself. */
window.tell = async state => {
  window.give(`${window.config.source}/model`, {phase: "running", t: 1, time_unit: "", frame: 1, step_ms: 1, finger: null, ...state});
  await window.wait(3);
};

/** Sends who is there. */
window.people = async list => {
  window.give(`${window.config.source}/people`, {people: list});
  await window.wait(3);
};

/** Resolves after n animation frames. */
window.wait = async n => {
  for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
};

/** The pixels of the picture and of what is drawn over it about a point of the grid, as [r, g, b], fractions included. */
window.pixelAt = async (x, y) => {
  const [px, py] = root.viewer.toScreen(x + 0.5, window.config.shape[1] - y - 0.5);
  return [...await root.viewer.readPixels(Math.floor(px), Math.floor(py), 1, 1)].slice(0, 3);
};
window.overAt = (x, y) => {
  const [px, py] = root.viewer.toScreen(x + 0.5, window.config.shape[1] - y - 0.5);
  return [...root.querySelector("[data-viewer-overlay]").getContext("2d").getImageData(Math.round(px), Math.round(py), 1, 1).data];
};
