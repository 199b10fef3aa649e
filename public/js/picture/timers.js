/** Things that are due later, each under a name. */

export class Timers {
  #timers = new Map(); // name -> what setTimeout gave

  /** Does something once after `ms` milliseconds. While it is due, further calls of that name change nothing. */
  once(name, ms, act) {
    if (this.#timers.has(name)) return;
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name);
      act();
    }, ms));
  }

  /** Does something once no call of that name has come for `ms` milliseconds. */
  rest(name, ms, act) {
    this.cancel(name);
    this.once(name, ms, act);
  }

  /** Whether something of that name is due. */
  has(name) {
    return this.#timers.has(name);
  }

  cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  /** Cancels everything. */
  clear() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
