/**
 * How fast pictures come and how old they are on the screen. Pure but for the clock of the page.
 */

/** Time over which pictures are counted, ms. */
const WINDOW = 2000;

/** Pictures of which the median latency is taken, and frames by which the clocks are compared. */
const LATENCIES = 60;
const CLOCKS = 100;

export class Pace {
  #painted = []; // when pictures were, performance.now()
  #clock = []; // how much later than the server's stamp frames came, ms
  #latency = [];

  /** A frame came that the server sent at `ts`, ms since the epoch. */
  came(ts) {
    if (!Number.isFinite(ts)) return;
    this.#clock.push(Date.now() - ts);
    if (this.#clock.length > CLOCKS) this.#clock.shift();
  }

  /** A new picture is being painted. */
  painted() {
    this.#painted.push(performance.now());
  }

  /** A picture that its process stamped with `stamp`, ms since the epoch, is on the screen. */
  shown(stamp) {
    if (!Number.isFinite(stamp)) return;
    this.#latency.push(Date.now() - stamp);
    if (this.#latency.length > LATENCIES) this.#latency.shift();
  }

  /** Pictures a second, of late. */
  get rate() {
    const now = performance.now();
    while (this.#painted.length > 0 && now - this.#painted[0] > WINDOW) this.#painted.shift();
    return this.#painted.length / (WINDOW / 1000);
  }

  /**
   * Ms from a process to the screen, the median of late; null if nothing is known.
   *
   * @returns {?{ms: number, whole: boolean}} not whole: the clocks of server and page differ, so it ends at the server
   */
  latency(frame) {
    if (this.#latency.length === 0) return null;
    // Clocks agree where what the server stamped arrives in a time that a network can take.
    const offset = Math.min(...this.#clock);
    if (offset > -2 && offset < 250) return {ms: Math.max([...this.#latency].sort((a, b) => a - b)[this.#latency.length >> 1], 0), whole: true};
    return {ms: Math.max(frame.ts - frame.stamp, 0), whole: false};
  }
}
