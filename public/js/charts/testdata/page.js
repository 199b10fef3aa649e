/** The page of the browser test: the server's markup, filled in by the test, and frames that it hands over. */

import {mount} from "../index.js";

const subscribers = new Map();
globalThis.asked = []; // details of topicschange
globalThis.saved = null;
document.addEventListener("topicschange", event => globalThis.asked.push(event.detail));

globalThis.show = html => {
  document.body.innerHTML = html;
  globalThis.chart = mount(document.querySelector("[data-chart]"), {
    onFrames(topic, draw) {
      subscribers.set(topic, draw);
      return () => subscribers.delete(topic);
    },
    save(blob, name) {
      globalThis.saved = {blob, name};
    },
  });
};

/** Hands frames over as if they had been made now: the last one at this moment. */
globalThis.send = frames => {
  for (const frame of frames) subscribers.get(frame.topic)?.([frame]);
};

globalThis.topics = () => [...subscribers.keys()];

document.documentElement.dataset.ready = "true";
