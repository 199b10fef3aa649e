/** The words and numbers around a model's picture. */

import {h, say} from "../dom.js";
import {showPeople} from "../people.js";
import {figuresOf, readoutOf, sentenceOf} from "./words.js";

/** An id that nothing on the page has: a page may have several models. */
function unused(id) {
  let n = 1;
  while (document.getElementById(n === 1 ? id : `${id}-${n}`)) n++;
  return n === 1 ? id : `${id}-${n}`;
}

export class Report {
  #scope;
  #text;
  #announcer;
  #said = "";

  /**
   * @param {Element|Document} scope holds what is written
   * @param {HTMLElement} root of the picture
   * @param {HTMLElement} canvas is described by the text
   */
  constructor(scope, root, canvas) {
    this.#scope = scope;
    this.#text = scope.querySelector("[data-model-text]") ?? root.appendChild(h("p", {class: "sr-only", "data-model-text": true}));
    this.#text.id ||= unused("model-text");
    canvas.setAttribute("aria-describedby", this.#text.id);
    this.#announcer = root.appendChild(h("p", {class: "sr-only", role: "status", "data-model-announced": true}));
  }

  destroy() {
    this.#announcer.remove();
  }

  /** Tells a screen reader something new. */
  announce(text) {
    if (text === this.#said) return;
    this.#said = text;
    say(this.#announcer, text);
  }

  /** Writes what is under the pointer, as `readoutOf` takes it. */
  readout(under) {
    const output = this.#scope.querySelector("[data-model-readout]");
    if (output) say(output, readoutOf(under));
  }

  /**
   * Writes the numbers, and the text that describes the picture.
   *
   * @param {object} known as `sentenceOf` takes it
   * @param {Pace} pace of the densities
   */
  write(known, pace) {
    const latency = known.density ? pace.latency(known.density) : null;
    const figures = figuresOf(known.state, known.density ? pace.rate : null, latency);
    for (const element of this.#scope.querySelectorAll("[data-model-stat]")) {
      const text = figures[element.dataset.modelStat];
      if (text !== undefined) say(element, text);
      if (element.dataset.modelStat === "latency") element.title = latency && !latency.whole ? "To webmon; this computer's clock is another" : "";
    }
    say(this.#text, sentenceOf(known));
  }

  /** Shows who is there. */
  people(people, me, more) {
    showPeople(this.#scope.querySelector("[data-model-people]"), people, me, more);
  }
}
