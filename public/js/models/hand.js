/**
 * Where this page points in the box of a model: a press on the picture, or the arrow keys while the picture has the focus. Places
 * are shares of the box from 0 to 1, x from the left and y from the bottom.
 */

/** How long a hand that was let go is shown while the model does not say the same, ms. */
export const SETTLE = 700;

/** Share of the box that an arrow key moves the finger, and with Shift. */
const KEY_STEP = 0.01;
const KEY_STEP_FAR = 0.05;

/** Ms after which the hand lets go when keys rest, and when one was released. */
const KEY_REST = 400;
const KEY_UP = 150;

const ARROWS = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, 1]], ["ArrowDown", [0, -1]]]);

export class Hand {
  #options;
  #timers;
  #at = null; // {x, y, down, due, until}: until is when it is forgotten after it was let go, due whether it is still to be sent

  /**
   * @param {EventTarget} canvas has the focus when keys point
   * @param {Timers} timers gets "keys"
   * @param {object} options
   * @param {AbortSignal} options.signal ends it
   * @param {function(): boolean} options.may whether the model has a finger
   * @param {function(): ?{x: number, y: number}} options.finger where the model says that its finger is
   * @param {function({x: number, y: number, down: boolean})} options.send takes a place for the server
   * @param {function({x: number, y: number, down: boolean})} options.moved called when the hand is elsewhere
   */
  constructor(canvas, timers, options) {
    this.#options = options;
    this.#timers = timers;
    const {signal} = options;
    canvas.addEventListener("keydown", event => this.#key(event), {signal});
    canvas.addEventListener("keyup", event => ARROWS.has(event.key) && this.#keysRest(KEY_UP), {signal});
    canvas.addEventListener("blur", () => this.#timers.has("keys") && this.letGo(), {signal});
  }

  /** Where it is: {x, y, down}, also for a while after it was let go; null where it is nowhere. */
  get at() {
    if (this.#at && !this.#at.down && performance.now() > this.#at.until) this.#at = null;
    return this.#at;
  }

  /** Whether a press on the picture points, instead of moving the picture. */
  points(event) {
    return this.#options.may() && event.button === 0 && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
  }

  /** Points to a place. The next `flush` sends it; what is let go goes at once. */
  pointAt(x, y, down) {
    this.#timers.cancel("keys");
    this.#at = {x, y, down, due: true, until: performance.now() + SETTLE};
    if (!down) this.flush();
    this.#options.moved(this.#at);
  }

  letGo() {
    if (this.#at?.down) this.pointAt(this.#at.x, this.#at.y, false);
  }

  /** Sends what is not sent yet: called once an animation frame. */
  flush() {
    if (!this.#at?.due) return;
    this.#at.due = false;
    const {x, y, down} = this.#at;
    this.#options.send({x: round(x), y: round(y), down});
  }

  /** Forgets a hand that was let go, because the model has its finger there now. */
  settle() {
    if (this.#at && !this.#at.down) this.#at = null;
  }

  #key(event) {
    const arrow = ARROWS.get(event.key);
    if (!arrow || !this.#options.may() || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const from = this.at ?? this.#options.finger() ?? {x: 0.5, y: 0.5};
    const far = event.shiftKey ? KEY_STEP_FAR : KEY_STEP;
    const within = n => Math.min(Math.max(n, 0), 1);
    this.pointAt(within(from.x + arrow[0] * far), within(from.y + arrow[1] * far), true);
    this.#keysRest(KEY_REST);
  }

  #keysRest(ms) {
    if (this.#at?.down) this.#timers.rest("keys", ms, () => this.letGo());
    else this.#timers.cancel("keys");
  }
}

// As many digits as a finger has.
function round(n) {
  return Math.round(n * 1e5) / 1e5;
}
