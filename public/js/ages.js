/**
 * Ages that go on ticking: elements with data-age, the age in milliseconds when the server rendered them. They tick on also
 * when nothing arrives any more, which is when they matter most.
 */

import {age} from "./format.js";

const EVERY = 250;

/** An age goes on ticking when nothing has come for this long, ms; before, what the server wrote is right and steady. */
const GRACE = 1000;

export class Ages {
  #rendered = new WeakMap(); // element -> when its age was right

  start() {
    this.renew(document);
    setInterval(() => this.#tick(), EVERY);
  }

  /** The ages inside root have just come from the server. */
  renew(root) {
    const now = performance.now();
    for (const element of root.querySelectorAll("[data-age]")) this.#rendered.set(element, now);
  }

  #tick() {
    const now = performance.now();
    for (const element of document.querySelectorAll("[data-age]")) {
      if (element.dataset.age === "") continue;
      if (!this.#rendered.has(element)) this.#rendered.set(element, now);
      const since = now - this.#rendered.get(element);
      if (since < GRACE) continue;
      const text = age(Number(element.dataset.age) + since);
      if (element.textContent !== text) element.textContent = text;
    }
  }
}
