/**
 * All of the screen for a picture, or all of the window: where the browser gives no element the screen, and where the address
 * says so (`full=1`).
 */

import {keepInAddress} from "../address.js";
import {h} from "../dom.js";

export class Full {
  #stage;
  #changed;
  #window;
  #action;

  /**
   * @param {HTMLElement} stage what gets the screen
   * @param {AbortSignal} signal ends it
   * @param {function(boolean)} changed called when that is so, or is not so any more
   * @param {string} [name] the class of a stage that has the window
   * @param {string} [action] the attribute by which the stage's owner knows the button that leaves it
   */
  constructor(stage, signal, changed, name = "models-full", action = "data-model-action") {
    this.#stage = stage;
    this.#changed = changed;
    this.#window = name;
    this.#action = action;
    document.addEventListener("fullscreenchange", () => this.#show(), {signal});
  }

  /** Whether the picture has all of the screen or of the window. */
  get on() {
    return document.fullscreenElement === this.#stage || this.inWindow;
  }

  /** Whether it is the window that the picture has. */
  get inWindow() {
    return this.#stage.classList.contains(this.#window);
  }

  async toggle() {
    if (document.fullscreenElement === this.#stage) {
      await document.exitFullscreen();
      return;
    }
    if (!this.inWindow && this.#stage.requestFullscreen) {
      try {
        await this.#stage.requestFullscreen();
        return;
      } catch {
        // The window, then.
      }
    }
    this.toggleWindow();
  }

  toggleWindow() {
    if (!this.#stage.classList.toggle(this.#window)) keepInAddress(query => query.delete("full"));
    this.#show();
  }

  #show() {
    this.#changed(this.on);
    const button = this.#stage.querySelector(".models-leave");
    // The browser has its own way out of the screen, but not out of the window.
    if (!this.inWindow) button?.remove();
    else if (!button) this.#stage.append(h("button", {type: "button", class: "btn models-leave", [this.#action]: "full"}, "Leave full screen"));
  }
}
