/** The hands on a model's picture: this page's own, those of others, and the dots that stand for them. */

import {dotsOf, near, paint, toBox} from "./finger.js";
import {Hand, SETTLE} from "./hand.js";

/** Ms for which the hand has to rest before a screen reader is told where it is. */
const ANNOUNCE_AFTER = 400;

export class Pointing {
  #canvas;
  #timers;
  #options;
  #hand;
  #colours = new Map();
  #last = null; // {colour, x, y}: who pointed last

  /**
   * @param {HTMLElement} canvas of the picture
   * @param {Timers} timers gets "keys", "settle" and "announce"
   * @param {object} options
   * @param {AbortSignal} options.signal ends it
   * @param {string} options.me the id of who looks
   * @param {function(): {config: object, shape: number[], state: ?object, people: object[]}} options.now what is known of the model
   * @param {function(): boolean} options.may whether a press on the picture may point
   * @param {function({x: number, y: number, down: boolean})} options.send takes a place for the server
   * @param {function()} options.moved called when the hand is elsewhere
   * @param {function()} options.redraw called when a dot looks different
   * @param {function(string)} options.announce tells a screen reader
   */
  constructor(canvas, timers, options) {
    this.#canvas = canvas;
    this.#timers = timers;
    this.#options = options;
    this.#hand = new Hand(canvas, timers, {
      signal: options.signal,
      may: options.may,
      finger: () => options.now().state?.finger,
      send: options.send,
      moved: place => this.#moved(place),
    });
  }

  /** Where this page points (hand.js); null where it does not. */
  get at() {
    return this.#hand.at;
  }

  /** Sends what is not sent yet: called once an animation frame. */
  flush() {
    this.#hand.flush();
  }

  letGo() {
    this.#hand.letGo();
  }

  /** Whether a press on the picture points, at a place of the grid. */
  begins(event, viewer) {
    if (!this.#hand.points(event)) return false;
    const box = this.#canvas.getBoundingClientRect();
    const [x, y] = viewer.toData(event.clientX - box.left, event.clientY - box.top);
    const {shape} = this.#options.now();
    return x >= 0 && y >= 0 && x <= shape[0] && y <= shape[1];
  }

  /** Points to [x, y], points of the viewer's data. */
  pointAt(place, down) {
    this.#hand.pointAt(...toBox(...place, this.#options.now().shape), down);
  }

  /** The model says where its finger is. */
  told(finger) {
    const {at} = this.#hand;
    if (at && finger && near(at.x, finger.x) && near(at.y, finger.y)) this.#hand.settle();
  }

  /** The server says who is there. */
  toldOf(people) {
    for (const {colour, hand} of people) if (hand) this.#last = {colour, x: hand[0], y: hand[1]};
  }

  /** The dots that are shown (finger.js). */
  dots() {
    const {config, state, people} = this.#options.now();
    return dotsOf({finger: config.finger ? state?.finger : null, people, me: this.#options.me, own: this.#hand.at, last: this.#last});
  }

  /** Paints the dots over the picture. */
  paint(context, view) {
    const {config, shape, state} = this.#options.now();
    if (config.finger) paint(context, view, shape, this.dots(), state?.finger, colour => this.#colour(colour));
  }

  /** Colours are read from the page again: the theme has changed. */
  forgetColours() {
    this.#colours.clear();
  }

  #colour(colour) {
    const name = colour === null ? "--person-nobody" : `--person-${colour}`;
    if (!this.#colours.has(name)) this.#colours.set(name, getComputedStyle(this.#canvas).getPropertyValue(name).trim() || "rgb(225 225 225)");
    return this.#colours.get(name);
  }

  #moved({x, y, down}) {
    const {me, now, redraw, moved, announce} = this.#options;
    this.#last = {colour: now().people.find(({id}) => id === me)?.colour ?? 0, x, y};
    if (!down) {
      this.#timers.rest("settle", SETTLE + 20, redraw);
      this.#timers.rest("announce", ANNOUNCE_AFTER, () => announce(`Finger at x ${x.toFixed(2)}, y ${y.toFixed(2)}`));
    }
    moved();
  }
}
