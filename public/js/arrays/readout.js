/** What is under the pointer: what the pixels say of it, and once the pointer rests what the server says, exactly. */

import {say} from "../dom.js";
import {exactKey, placeOf, readoutOf} from "./words.js";

/**
 * Ms for which the pointer has to rest before its exact value is asked for, less where the picture has lost something; and after which it is asked for again,
 * of a picture that moves under it.
 */
const VALUE_AFTER = 200;
const LOSSY_AFTER = 80;
const AGAIN_AFTER = 250;

export class Readout {
  #scope;
  #timers;
  #now;
  #load;
  #resting = ""; // the position under the pointer
  #exact = new Map(); // place -> {key, values}: what the server says of the element under the pointer, in each channel

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
    this.#exact = new Map();
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
    const place = under.join();
    if (asks === "again") this.#timers.once("value", AGAIN_AFTER, () => this.#ask());
    else if (asks === "place" && place !== this.#resting) this.#timers.rest("value", shown.some(({frame}) => frame?.lossy) ? LOSSY_AFTER : VALUE_AFTER, () => this.#ask());
    // Frames that come while the pointer rests must not put it off.
    else if (asks === "place") this.#timers.once("value", AGAIN_AFTER, () => this.#ask());
    this.#resting = place;
  }

  async #ask() {
    const {plane, channels, point, paused} = this.#now();
    const under = plane.positionAt(point);
    if (!under || paused) return;
    try {
      this.#exact = new Map(await Promise.all(channels.active().map(async ({key, at}) => {
        const place = placeOf(plane, under, at);
        const frame = channels.get(key)?.frame;
        const count = plane.roles.samples < 0 ? 1 : frame?.samples ?? 0;
        const answers = await Promise.all(Array.from({length: count}, (_, i) => this.#load(`/value?index=${place.replace("c", String(i))}`)));
        if (answers.some(({value}) => value === undefined)) throw new Error(`${place} has no value`);
        // JSON in a browser has no digits for the largest whole numbers; their text has.
        return [place, {key: exactKey(place, frame), values: answers.map(({text, value}) => text ?? value)}];
      })));
      this.show();
    } catch {
      // The pixels stay what is known.
    }
  }
}
