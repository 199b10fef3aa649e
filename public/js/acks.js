/**
 * Tells the server how much this page has handled, so that it never sends more than the page can paint. The server keeps
 * only a few messages under way; what is not acknowledged is not followed by more.
 *
 * An acknowledgement goes out once the browser has painted: at every third message, at every large one, or at the first one
 * after a while. What is left over goes out when nothing has come for IDLE ms, on a timer that also runs in a hidden page, where nothing is
 * painted.
 */

/** Messages that may wait for one acknowledgement. */
const EVERY = 3;

/** Milliseconds without an acknowledgement after which one is due. */
const IDLE = 100;

export class Acks {
  #send;
  #painted;
  #now;
  #timer;
  #open = 0; // tells connections apart: a paint promised in the last one must not count in this one
  #handled = 0;
  #acked = 0;
  #last = -Infinity; // when the last acknowledgement went out
  #ts = null; // of the newest frame handed to those who draw
  #waiting = false; // for a paint
  #idle = false; // the timer runs

  /**
   * @param {object} options
   * @param {function(string)} options.send takes the message for the server
   * @param {function(function())} options.painted calls back after the next paint, and soon in a hidden page
   * @param {function(): number} [options.now] milliseconds
   * @param {function(function(), number)} [options.timer] as setTimeout
   */
  constructor({send, painted, now = () => performance.now(), timer = setTimeout}) {
    this.#send = send;
    this.#painted = painted;
    this.#now = now;
    this.#timer = (callback, ms) => timer(callback, ms);
  }

  /** A new connection: the count begins again. */
  opened() {
    this.#open++;
    this.#handled = 0;
    this.#acked = 0;
    this.#last = -Infinity;
    this.#ts = null;
    this.#waiting = false;
    this.#idle = false;
  }

  /**
   * A message was handled.
   *
   * @param {?number} [ts] the stamp of a frame that is now being painted, which the server gets back to measure how long that
   * took
   * @param {boolean} [large] it was so much that the server sends two of its kind at most before it hears of them
   */
  handled(ts = null, large = false) {
    this.#handled++;
    if (ts !== null) this.#ts = ts;
    if (large || this.#handled - this.#acked >= EVERY || this.#now() - this.#last >= IDLE) this.#afterPaint();
    else this.#whenIdle();
  }

  #afterPaint() {
    if (this.#waiting) return;
    this.#waiting = true;
    const open = this.#open;
    this.#painted(() => {
      if (open !== this.#open) return;
      this.#waiting = false;
      this.#ack(true);
    });
  }

  #whenIdle() {
    if (this.#idle) return;
    this.#idle = true;
    const open = this.#open;
    this.#timer(() => {
      if (open !== this.#open) return;
      this.#idle = false;
      this.#ack(false);
    }, IDLE);
  }

  // The stamp goes along only right after a paint: later it would count the waiting as well.
  #ack(painted) {
    const ts = painted ? this.#ts : null;
    this.#ts = null;
    if (this.#acked === this.#handled) return;
    this.#acked = this.#handled;
    this.#last = this.#now();
    this.#send(ts === null ? `{"type":"ack","n":${this.#acked}}` : `{"type":"ack","n":${this.#acked},"ts":${ts}}`);
  }
}
