/**
 * A page for the tests in a browser; never shipped. It stands in for the server: `picture(paint, more)` sends a picture of what the
 * page asks for, `tell(state)` what napari says of its canvas, `draws(person)` who draws.
 */

import {mount} from "../index.js";

const root = document.querySelector("[data-canvas]");
const subscribers = new Map();
window.sent = []; // messages that went out
window.saved = []; // files
window.topics = () => [...document.querySelectorAll("[data-topic]")].map(element => element.dataset.topic);

window.begin = locked => {
  if (locked) root.dataset.locked = locked;
  window.page = mount(root, {
    onFrame(topic, draw) {
      if (!subscribers.has(topic)) subscribers.set(topic, new Set());
      subscribers.get(topic).add(draw);
      return () => subscribers.get(topic).delete(draw);
    },
    send: text => window.sent.push(JSON.parse(text)),
    who: () => "me",
    afterPaint: callback => setTimeout(callback),
    save: (blob, name) => window.saved.push({name, type: blob.type, size: blob.size}),
    stamp: () => "now",
  });
};

const give = (topic, frame) => {
  for (const draw of subscribers.get(topic) ?? []) draw({topic, ts: Date.now(), ...frame});
};

let seq = 0;
/** Sends a picture of cols x rows, paint(x, y) being [r, g, b]. Resolves when it is on the screen. */
window.picture = async (cols, rows, paint, more = {}) => {
  const data = new Uint8Array(rows * cols * 4);
  for (let y = 0; y < rows; y++) for (let x = 0; x < cols; x++) data.set([...paint(x, y), 255], (y * cols + x) * 4);
  const topic = window.topics().find(name => name.startsWith("napari/canvas/"));
  give(topic, {seq: ++seq, stamp: Date.now(), type: "u1", row: 0, col: 0, rows, cols, samples: 4, full: 255, step: 1, shape: [rows, cols, 4], rate: 30, missed: 0, data, ...more});
  await window.wait(3);
};

window.tell = async state => {
  give("napari/canvas-state", {size: [300, 400], ndisplay: 2, grid: false, mode: null, layer: null, why: null, status: "", center: [], zoom: 1, layers: [], count: 0, draws: "", ...state});
  await window.wait(2);
};

window.draws = async draw => {
  give("napari/canvas-people", {draw});
  await window.wait(2);
};

/** Resolves after n animation frames. */
window.wait = async n => {
  for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
};

/** A pixel of the surface, [r, g, b]. */
window.pixelAt = (x, y) => [...document.querySelector("[data-canvas-surface]").getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
