/** How long it takes from a hand to the picture of what it did. Pure, no DOM. */

/** Messages that are kept. */
const MOST = 200;

/** What takes longer is no answer: napari had nothing to draw, ms. */
const LONGEST = 2000;

export class Lag {
  #sent = []; // {n, at}
  #took = []; // ms

  /** A message that a picture is to follow went out; its first event was at a time in ms. */
  sent(n, at) {
    this.#sent.push({n, at});
    if (this.#sent.length > MOST) this.#sent.shift();
  }

  /** A picture is on the screen in which all messages up to n are. */
  shown(n, now) {
    while (this.#sent.length > 0 && this.#sent[0].n <= n) {
      const took = now - this.#sent.shift().at;
      if (took >= 0 && took < LONGEST) this.#took.push(took);
    }
    if (this.#took.length > MOST) this.#took.splice(0, this.#took.length - MOST);
  }

  /**
   * Of the last messages.
   *
   * @returns {?{median: number, most: number, count: number}} ms; `most` is what 95 of 100 stay below; null where nothing is known
   */
  get figures() {
    if (this.#took.length === 0) return null;
    const sorted = [...this.#took].sort((a, b) => a - b);
    const at = share => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
    return {median: at(0.5), most: at(0.95), count: sorted.length};
  }
}
