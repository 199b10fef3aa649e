/**
 * What time it is for the server. Frames say when they were made; the one that took the least time on its way is the best
 * witness. The clock of the page may be minutes off, and this one still moves smoothly.
 */

/** How fast the clock lets go of a witness, ms per ms: two clocks drift by less. */
const FORGET = 0.0005;

/** How far a frame may contradict the clock before the server's clock counts as set again, ms. */
const JUMP = 5000;

export class ServerTime {
  #now;
  #ahead = -Infinity; // the server's time minus this page's, ms
  #at = 0;

  /** @param {function(): number} now ms, never going back */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Whether any frame has come. */
  get known() {
    return this.#ahead !== -Infinity;
  }

  /** Takes a frame's time, as it arrives. */
  witness(ts) {
    if (!Number.isFinite(ts)) return;
    const here = this.#now();
    const ahead = ts - here;
    const kept = this.#ahead - (here - this.#at) * FORGET;
    this.#ahead = ahead > kept || kept - ahead > JUMP ? ahead : kept;
    this.#at = here;
  }

  /** The server's time, ms since the epoch. */
  now() {
    return this.#now() + this.#ahead;
  }
}
