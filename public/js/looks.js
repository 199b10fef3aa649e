/**
 * Tells the server with which contrast limits this page draws pictures, so that those that lose something on the way have their 256 steps where they are seen:
 *
 *     {"type":"look","topic":"scope/array/camera/...","low":100,"high":4000}
 *
 * A limit is told when it has changed by more than a hundredth of the range, when a picture comes that is spread over another window than the last one, and
 * again on each new connection. Of all topics together ten are told a second at most, the newest limits of each.
 */

/** Share of the range by which a limit must have changed to be told. */
const CHANGE = 0.01;

/** Ms between two messages. */
const EVERY = 100;

/** Topics that are remembered: those that were used longest ago go first. */
const MOST = 64;

export class Looks {
  #send;
  #now;
  #timer;
  #topics = new Map(); // topic -> {low, high, told: [low, high] or null, window: of the last lossy picture}
  #due = new Set(); // topics whose limits are to be told
  #at = -Infinity; // when the last message went out
  #waiting = false;

  /**
   * @param {function(string)} send takes a message for the server, if there is a connection
   * @param {function(): number} [now] milliseconds
   * @param {function(function(), number)} [timer] as setTimeout
   */
  constructor(send, now = () => performance.now(), timer = (callback, ms) => setTimeout(callback, ms)) {
    this.#send = send;
    this.#now = now;
    this.#timer = timer;
  }

  /** A new connection: the server knows nothing of this page. */
  opened() {
    for (const one of this.#topics.values()) one.told = null;
  }

  /**
   * A picture is drawn.
   *
   * @param {object} frame of one value a pixel
   * @param {(number|bigint)[]} limits low and high, in values
   */
  drawn({topic, lossy}, limits) {
    const [low, high] = limits.map(Number);
    if (!Number.isFinite(low) || !Number.isFinite(high)) return;
    const one = this.#topics.get(topic) ?? {told: null, window: null};
    this.#topics.delete(topic); // the newest stands last
    this.#topics.set(topic, one);
    if (this.#topics.size > MOST) this.#forget(this.#topics.keys().next().value);
    one.low = low;
    one.high = high;
    const other = lossy && !isNear([lossy.low, lossy.high].map(Number), one.window);
    if (lossy) one.window = [lossy.low, lossy.high].map(Number);
    if (other || !isNear([low, high], one.told)) this.#due.add(topic);
    this.#tell();
  }

  #forget(topic) {
    this.#topics.delete(topic);
    this.#due.delete(topic);
  }

  #tell() {
    if (this.#waiting || this.#due.size === 0) return;
    const wait = this.#at + EVERY - this.#now();
    if (wait > 0) {
      this.#waiting = true;
      this.#timer(() => {
        this.#waiting = false;
        this.#tell();
      }, wait);
      return;
    }
    const [topic] = this.#due;
    this.#due.delete(topic);
    const one = this.#topics.get(topic);
    one.told = [one.low, one.high];
    this.#at = this.#now();
    this.#send(JSON.stringify({type: "look", topic, low: one.low, high: one.high}));
    this.#tell();
  }
}

function isNear([low, high], before) {
  if (!before) return false;
  const far = CHANGE * Math.max(before[1] - before[0], Number.MIN_VALUE);
  return Math.abs(low - before[0]) <= far && Math.abs(high - before[1]) <= far;
}
