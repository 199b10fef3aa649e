/** Plays an axis: its positions one after another, each shown before the next one is asked for. */

/** How long a position waits for its picture at most, ms; and how often the player looks whether it has come, ms. */
const PATIENCE = 2000;
const LOOK = 10;

export class Player {
  #options;
  #timers;
  #axis = -1;

  /**
   * @param {Timers} timers gets "play"
   * @param {object} options
   * @param {function(): number} options.pace positions a second
   * @param {function(): boolean} options.waits whether the position that was asked for is not shown yet
   * @param {function(number): boolean} options.next goes to the next position of an axis; false: it has none
   */
  constructor(timers, options) {
    this.#timers = timers;
    this.#options = options;
  }

  /** The axis that plays; -1 for none. */
  get axis() {
    return this.#axis;
  }

  /** Plays an axis, or stops it if it plays. */
  toggle(axis) {
    const on = this.#axis !== axis;
    this.stop();
    if (!on) return;
    this.#axis = axis;
    this.#later();
  }

  stop() {
    this.#timers.cancel("play");
    this.#axis = -1;
  }

  #later() {
    const started = performance.now();
    const next = () => {
      if (this.#options.waits() && performance.now() - started < PATIENCE) this.#timers.once("play", LOOK, next);
      else if (this.#options.next(this.#axis)) this.#later();
      else this.stop();
    };
    this.#timers.once("play", 1000 / this.#options.pace(), next);
  }
}
