/** What the server says of the values under the pointer, where the pixels only say about what they are: exactly, and soon after the pointer rests. */

/** Ms after which it is asked of a place, and of the next picture of it. */
const ASK_AFTER = 80;
const AGAIN_AFTER = 250;

export class Value {
  #timers;
  #load;
  #told;
  #place = ""; // under the pointer, "" for none
  #known = {place: "", seq: -1, values: null};
  #asked = {names: [], seq: -1};

  /**
   * @param {Timers} timers gets "value"
   * @param {function(string): Promise<object>} load asks the server, with the path after the address of the source's arrays
   * @param {function()} told called when something new is known
   */
  constructor(timers, load, told) {
    this.#timers = timers;
    this.#load = load;
    this.#told = told;
  }

  /**
   * What is known of a place, and has it asked for where that is not of the newest picture.
   *
   * @param {?number[]} place [column, row], null for none
   * @param {string[]} names arrays whose values are wanted
   * @param {number} seq of the newest picture
   * @returns {?object} a value by each name
   */
  at(place, names, seq) {
    const text = place && names.length > 0 ? place.join() : "";
    const moved = text !== this.#place;
    this.#place = text;
    this.#asked = {names, seq};
    if (text === "") {
      this.#timers.cancel("value");
      return null;
    }
    const known = this.#known.place === text ? this.#known : null;
    if (moved) this.#timers.rest("value", ASK_AFTER, () => this.#ask());
    else if (known?.seq !== seq) this.#timers.once("value", AGAIN_AFTER, () => this.#ask());
    return known?.values ?? null;
  }

  async #ask() {
    const place = this.#place;
    const {names, seq} = this.#asked;
    if (place === "") return;
    try {
      const answers = await Promise.all(names.map(name => this.#load(`/${name}/value?index=${place}`)));
      this.#known = {place, seq, values: Object.fromEntries(names.map((name, i) => [name, answers[i].value]))};
      this.#told();
    } catch {
      // The pixels stay what is known.
    }
  }
}
