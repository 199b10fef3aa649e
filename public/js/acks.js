/**
 * Tells the server what has arrived and what was painted, from which it knows the line to this page: how fast it is, what waits in it, and how late
 * things are on the screen. What is not acknowledged is followed by little more.
 *
 *     {"type":"ack","n":12,"d":10,"ts":1795255952249.809}
 *
 * n messages have arrived since the connection opened, the first d of them were handled and painted (absent: all n), and ts is the stamp of the newest frame that
 * was. Parts of pictures and large messages are told as they arrive, those that arrive in one task together, and once more when they are painted. Small ones
 * are told by time: the first after EVERY ms without a word once it is painted, and those after it when EVERY ms have passed, on a timer that also runs in a
 * hidden page, where nothing is painted.
 */

/** Bytes from which a message is told as it arrives. */
export const LARGE = 16 * 1024;

/** Milliseconds without an acknowledgement after which one is due. */
const EVERY = 100;

/** The most that the server may ask for instead, ms: to many browsers it is a load to read what they say. */
const MOST = 1000;

export class Acks {
  #send;
  #painted;
  #soon;
  #now;
  #timer;
  #every = EVERY;
  #open = 0; // tells connections apart: what was begun in the last one must not count in this one
  #received = 0;
  #pending = []; // numbers of the messages that were not handled yet, counted from 1, in order
  #done = 0; // the first so many were handled and painted
  #acked = 0; // n and d of the last acknowledgement
  #ackedDone = 0;
  #last = -Infinity; // when that went out
  #ts = null; // of the newest frame handed to those who draw
  #telling = false; // what has arrived, at the end of the task
  #waiting = false; // for a paint
  #idle = false; // the timer runs

  /**
   * @param {object} options
   * @param {function(string)} options.send takes the message for the server
   * @param {function(function())} options.painted calls back after the next paint, and soon in a hidden page
   * @param {function(function())} options.soon calls back in a task of its own, after those that wait already
   * @param {function(): number} [options.now] milliseconds
   * @param {function(function(), number)} [options.timer] as setTimeout
   */
  constructor({send, painted, soon, now = () => performance.now(), timer = setTimeout}) {
    this.#send = send;
    this.#painted = painted;
    this.#soon = soon;
    this.#now = now;
    this.#timer = (callback, ms) => timer(callback, ms);
  }

  /** A new connection: the count begins again. */
  opened() {
    this.#open++;
    this.#every = EVERY;
    this.#received = this.#done = this.#acked = this.#ackedDone = 0;
    this.#pending = [];
    this.#last = -Infinity;
    this.#ts = null;
    this.#telling = this.#waiting = this.#idle = false;
  }

  /**
   * A message has arrived that takes a while to handle, such as a picture that is to be decoded, or a part.
   *
   * @returns {function(?number)} to be called once it was handed to those who draw, or dropped: with the stamp of the frame that is now being painted, if it is
   * one, which the server gets back to measure how long that took
   */
  arrived() {
    const n = ++this.#received;
    const open = this.#open;
    this.#pending.push(n);
    this.#tell();
    return (ts = null) => this.#still(open, () => {
      const at = this.#pending.indexOf(n);
      if (at < 0) return;
      this.#pending.splice(at, 1);
      if (ts !== null) this.#ts = ts;
      this.#afterPaint();
    });
  }

  /** A part has arrived whose picture is not complete: there is nothing to paint yet. */
  put() {
    if (this.#done === this.#received++) this.#done = this.#received;
    this.#tell();
  }

  /**
   * A small message has arrived and was handled.
   *
   * @param {?number} [ts] as above
   */
  handled(ts = null) {
    this.#received++;
    if (ts !== null) this.#ts = ts;
    if (this.#now() - this.#last >= this.#every) this.#afterPaint();
    else this.#whenIdle();
  }

  /**
   * The server asks for an acknowledgement of small messages within so many ms.
   *
   * @param {*} ms anything else than a number from EVERY to MOST is the usual time
   */
  within(ms) {
    this.#every = ms >= EVERY && ms <= MOST ? Number(ms) : EVERY;
  }

  /** How many messages were handled, before the first that was not. */
  get #handled() {
    return this.#pending.length > 0 ? this.#pending[0] - 1 : this.#received;
  }

  /** Tells what has arrived, at the end of the task. */
  #tell() {
    if (this.#telling) return;
    this.#telling = true;
    const open = this.#open;
    this.#soon(() => this.#still(open, () => {
      this.#telling = false;
      this.#ack(this.#done);
    }));
  }

  #still(open, act) {
    if (open === this.#open) act();
  }

  #afterPaint() {
    if (this.#waiting) return;
    this.#waiting = true;
    const open = this.#open;
    this.#painted(() => this.#still(open, () => {
      this.#waiting = false;
      const ts = this.#ts;
      this.#ts = null;
      this.#ack(this.#handled, ts);
    }));
  }

  #whenIdle() {
    if (this.#idle) return;
    this.#idle = true;
    const open = this.#open;
    this.#timer(() => this.#still(open, () => {
      this.#idle = false;
      if (this.#waiting) {
        this.#ack(this.#done);
        return;
      }
      // The stamp goes along only right after a paint: now it would count the waiting as well.
      this.#ts = null;
      this.#ack(this.#handled);
    }), this.#every);
  }

  #ack(done, ts = null) {
    this.#done = done;
    if (this.#acked === this.#received && this.#ackedDone === done) return;
    this.#acked = this.#received;
    this.#ackedDone = done;
    this.#last = this.#now();
    // The server reads exactly this without a decoder.
    this.#send(`{"type":"ack","n":${this.#acked}${done < this.#acked ? `,"d":${done}` : ""}${ts === null ? "" : `,"ts":${ts}`}}`);
  }
}
