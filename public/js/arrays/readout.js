/** What is under the pointer: what the pixels say of it, and once the pointer rests what the server says, exactly. */

import {say} from "../dom.js";
import {exactKey, readoutOf} from "./words.js";

/** Ms for which the pointer has to rest before its exact value is asked for. */
const VALUE_AFTER = 200;

export class Readout {
  #scope;
  #timers;
  #now;
  #load;
  #exact = null; // {key, place, value}: what the server says of the element under the pointer

  /**
   * @param {Element|Document} scope holds the element with data-array-readout
   * @param {Timers} timers gets "value"
   * @param {function(): object} now {config, shape, plane, channels, point, paused}: what is shown, and where the pointer is
   * @param {function(string): Promise<object>} load asks the server about the array, with a path after its address
   */
  constructor(scope, timers, now, load) {
    this.#scope = scope;
    this.#timers = timers;
    this.#now = now;
    this.#load = load;
  }

  /** Another plane. */
  clear() {
    this.#exact = null;
  }

  show() {
    const output = this.#scope.querySelector("[data-array-readout]");
    if (!output) return;
    const {config, shape, plane, channels, point} = this.#now();
    const under = plane.positionAt(point);
    if (!under) {
      say(output, "");
      return;
    }
    const shown = channels.active().map(({key, at}) => ({at, frame: channels.get(key)?.frame}));
    const {text, asks} = readoutOf({config, shape, plane, under, shown, exact: this.#exact});
    say(output, text);
    if (asks) this.#timers.rest("value", VALUE_AFTER, () => this.#ask());
  }

  async #ask() {
    const {plane, channels, point, paused} = this.#now();
    const under = plane.positionAt(point);
    const one = channels.chosenOne() ?? channels.active()[0];
    if (!under || !one || paused) return;
    const place = plane.indexAt(under).map((position, axis) => axis === plane.roles.blended ? one.at : position).join();
    try {
      const answer = await this.#load(`/value?index=${place}`);
      if (answer.value === undefined) return;
      // JSON in a browser has no digits for the largest whole numbers; their text has.
      this.#exact = {key: exactKey(place, channels.get(one.key)?.frame), place, value: answer.text ?? answer.value};
      this.show();
    } catch {
      // The pixels stay what is known.
    }
  }
}
