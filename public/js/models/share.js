/** What people take with them from a model's page: its picture as a file, and a link to what they see. */

import {withChoice} from "../choice.js";
import {exactly} from "../picture/exactly.js";
import {apiOf} from "../picture/screen.js";
import {changed, withParameters} from "./link.js";

/** Ms for which the page says that something was copied. */
const SAID_FOR = 2000;

export class Share {
  #page;
  #tools;
  #timers;
  #signal;

  /**
   * @param {object} page what the page offers: `save`, `stamp` and `load` (pictures.js)
   * @param {Tools} tools say what has become of it
   * @param {Timers} timers gets "copied"
   * @param {AbortSignal} signal ends it
   */
  constructor(page, tools, timers, signal) {
    this.#page = page;
    this.#tools = tools;
    this.#timers = timers;
    this.#signal = signal;
  }

  /**
   * Saves the picture as it is drawn, exact however it came.
   *
   * @param {function(): object[]} frames that are drawn, as they came
   * @param {boolean} paused whether the picture is held still
   */
  async png(viewer, key, frames, paused) {
    try {
      await exactly(frames, {paused, say: text => this.#tools.say(text)});
      this.#page.save(await viewer.toPNG(), `${key}-${this.#page.stamp(new Date())}.png`);
    } catch (error) {
      this.#tools.say(error.message);
    }
  }

  /** Copies the address, which has the view, with the parameters that are not as the model has them by itself. */
  async copy(source) {
    const made = this.#link(source);
    let link = "";
    try {
      // Some browsers let only what a click itself begins write there: it gets the text when that is known.
      const written = globalThis.ClipboardItem && navigator.clipboard?.write
        ? navigator.clipboard.write([new ClipboardItem({"text/plain": made.then(text => new Blob([text], {type: "text/plain"}))})]) : null;
      written?.catch(() => {}); // is awaited below, if the link can be made
      link = await made;
      await (written ?? navigator.clipboard.writeText(link));
      this.#tools.say("Copied");
      this.#timers.rest("copied", SAID_FOR, () => this.#tools.say(""));
    } catch {
      // Without a secure context there is no clipboard.
      this.#tools.say(link === "" ? "The parameters could not be read." : "Copy this:", link);
    }
  }

  async #link(source) {
    const state = await this.#page.load(`${apiOf(source)}/state`, this.#signal);
    return withParameters(withChoice(location.href), changed(state.controls));
  }
}
