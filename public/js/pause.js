/**
 * Pause: holds the page still, so that one can look. What arrives meanwhile is not shown; on going on the page is brought up
 * to date. The header goes on telling the truth. Pictures hear of it by `pausechange` of the document, {paused}.
 */

import {NONE} from "./format.js";

/** What a pause does not hold: the header, notices, and the life of a command somebody has just sent. */
const NEVER_HELD = /^#(live-header|live-notices|command-)/;

export class Pause {
  #onResume;
  paused = false;

  /** @param {function()} onResume brings the page up to date */
  constructor(onResume) {
    this.#onResume = onResume;
  }

  start() {
    document.addEventListener("click", event => {
      if (event.target.closest?.("[data-action=pause]")) this.toggle();
    });
  }

  toggle() {
    this.paused = !this.paused;
    this.mark();
    document.dispatchEvent(new CustomEvent("pausechange", {detail: {paused: this.paused}}));
    if (!this.paused) this.#onResume();
  }

  /** Shows the state on what is there now. */
  mark() {
    document.getElementById("paused")?.toggleAttribute("hidden", !this.paused);
    for (const button of document.querySelectorAll("[data-action=pause]")) {
      button.setAttribute("aria-pressed", String(this.paused));
      const word = button.querySelector("[data-word]");
      if (word) word.textContent = this.paused ? "Go on" : "Pause";
    }
  }

  /** Whether the HTML for this target is held back now. */
  holds(target) {
    return this.paused && !NEVER_HELD.test(target || NONE);
  }
}
