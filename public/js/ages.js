/**
 * Ages that go on ticking: elements with data-age, the age in milliseconds when the server rendered them. They tick on also
 * when nothing arrives any more, which is when they matter most. What was rendered may have waited on the server for this
 * page: data-age-at, where it is given, is the moment from which the age counts, in ms since the epoch by the server's clock.
 */

import {age} from "./format.js";

/** Ages are written this often, ms. */
const EVERY = 250;

/** An age ticks once it is older than what the server wrote by this much, ms; before, that is right and steady. */
const GRACE = 1000;

/**
 * How old something is, in ms.
 *
 * @param {{age: string, ageAt?: string}} data the element's data attributes
 * @param {number} since ms since the element came
 * @param {?number} now the server's clock, ms since the epoch; null if not known
 */
export function ageNow(data, since, now) {
  return data.ageAt && now !== null ? Math.max(0, now - Number(data.ageAt)) : Number(data.age) + since;
}

/** The ages of a page. Call `renew` for what has come, and `heard` with the server's clock. */
export class Ages {
  #rendered = new WeakMap(); // element -> when its age was right
  #ahead = null; // the server's clock minus performance.now(), ms

  start() {
    this.renew(document);
    setInterval(() => this.#tick(), EVERY);
  }

  /** The server's clock shows this now, ms since the epoch. */
  heard(ts) {
    this.#ahead = ts - performance.now();
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
      const ms = ageNow(element.dataset, now - this.#rendered.get(element), this.#ahead === null ? null : now + this.#ahead);
      if (ms - Number(element.dataset.age) < GRACE) continue;
      const text = age(ms);
      if (element.textContent !== text) element.textContent = text;
    }
  }
}
