/**
 * What hands do to the canvas, as messages: what is done between two animation frames goes out as one, and what can be joined is.
 * Pure, no DOM.
 *
 *     {"type": "canvas-hand", "source", "page": 8 hex digits, "n": rising, "events": [event, ...]}
 *
 * An event is what shm/PROTOCOL.md says under "hands": x and y are shares of the canvas, 0 to 1 from its top left.
 */

/** What the server takes in one message. */
export const MOST_EVENTS = 64;

/** The last of several is enough. */
const LAST = new Set(["point"]);

/** Events that change where napari looks, or what it draws: a picture follows. */
const SEEN = new Set(["pan", "zoom", "rotate", "reset", "press", "move", "release", "double"]);

export class Hands {
  #source;
  #page;
  #send;
  #n = 0;
  #events = [];
  #began = 0;

  /**
   * @param {object} options
   * @param {string} options.source id
   * @param {string} options.page what the page calls itself
   * @param {function(string)} options.send takes a message for the server
   */
  constructor({source, page, send}) {
    this.#source = source;
    this.#page = page;
    this.#send = send;
  }

  /** The number of the message that goes out next, with what is done now. */
  get next() {
    return this.#n + 1;
  }

  /** Whether something waits to go out. */
  get waiting() {
    return this.#events.length > 0;
  }

  /** Takes an event at a time in ms. */
  did(event, now) {
    if (this.#events.length === 0) this.#began = now;
    const last = this.#events.at(-1);
    const joined = last && join(last, event);
    if (joined) this.#events[this.#events.length - 1] = joined;
    else if (this.#events.length < MOST_EVENTS || !LAST.has(event.do)) this.#events.push(event);
  }

  /**
   * Sends what is waiting: called once an animation frame.
   *
   * @returns {?{n: number, at: number, seen: boolean}} the number of the last message, when the first of its events was, and whether
   * a picture is to follow; null where there was nothing to send
   */
  flush() {
    if (this.#events.length === 0) return null;
    const events = this.#events.map(rounded);
    const seen = events.some(event => SEEN.has(event.do));
    this.#events = [];
    for (let i = 0; i < events.length; i += MOST_EVENTS) {
      this.#n++;
      this.#send(JSON.stringify({type: "canvas-hand", source: this.#source, page: this.#page, n: this.#n, events: events.slice(i, i + MOST_EVENTS)}));
    }
    return {n: this.#n, at: this.#began, seen};
  }
}

/** Two events in a row as one; null where that would not be the same. */
export function join(a, b) {
  if (a.do !== b.do) return null;
  switch (a.do) {
    case "pan": case "rotate": return {...a, dx: a.dx + b.dx, dy: a.dy + b.dy};
    case "zoom": return a.x === b.x && a.y === b.y ? {...a, by: a.by * b.by} : null;
    case "point": return b;
    default: return null;
  }
}

function rounded(event) {
  const out = {...event};
  for (const key of ["x", "y", "dx", "dy", "by"]) if (key in out) out[key] = Math.round(out[key] * 1e6) / 1e6;
  return out;
}

/** The names of the modifiers that are held, as napari is told them. */
export function modsOf(event) {
  return [["shiftKey", "Shift"], ["ctrlKey", "Control"], ["altKey", "Alt"], ["metaKey", "Meta"]].filter(([key]) => event[key]).map(([, name]) => name);
}

/** The names of a pointer's buttons. */
export const BUTTONS = ["left", "middle", "right"];

/** A wheel's notch in each mode: browsers report 100 to 120 pixels, 3 lines or a page. */
const NOTCH = [100, 3, 1];

/** No event turns a wheel further than this, in notches. */
const MOST_NOTCHES = 16;

/** How far a wheel was turned, right and down, in notches. */
export function notchesOf(event) {
  const each = NOTCH[event.deltaMode] ?? NOTCH[0];
  const turned = delta => Math.min(Math.max(delta / each, -MOST_NOTCHES), MOST_NOTCHES);
  return {dx: turned(event.deltaX), dy: turned(event.deltaY)};
}
