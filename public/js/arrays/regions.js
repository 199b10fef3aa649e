/** What an array's page asks for: the part of the plane that is on the screen, of each channel that is shown, at the resolution that it needs. */

import {announce, Feeds} from "../picture/feeds.js";
import {regionFor, regionTopic} from "../viewer/region.js";
import {topicIndex} from "./state.js";

export class Regions {
  /** The region that was asked for last (viewer/region.js); null for none. */
  region = null;
  /** How often what is asked for has changed. */
  changes = 0;
  #feeds;
  #timers;
  #channels;
  #options;
  #askedAt = 0;

  /**
   * @param {Element} root gets the elements that name the topics
   * @param {function(string, function(object)): function()} onFrame as the page offers it (pictures.js)
   * @param {Timers} timers gets "ask"
   * @param {Channels} channels
   * @param {object} options
   * @param {function(): {config: object, view: object, plane: object, screen: ?object}} options.now what is shown; screen as picture/screen.js has it
   * @param {function(string, object)} options.take gets the frames of a channel, by its key
   * @param {function()} options.changed called when something else is asked for
   */
  constructor(root, onFrame, timers, channels, options) {
    this.#feeds = new Feeds(root, onFrame);
    this.#timers = timers;
    this.#channels = channels;
    this.#options = options;
  }

  destroy() {
    this.#feeds.destroy();
  }

  /** Asks for nothing, and forgets what came: it is of another plane. */
  clear() {
    this.#feeds.clear();
    this.#channels.clear();
    this.region = null;
  }

  /** Asks `ms` after it was asked last, once, however often it is said. */
  askAfter(ms) {
    this.askIn(this.#askedAt + ms - performance.now());
  }

  /** Asks after a while, once, however often it is said. */
  askIn(ms) {
    if (this.#timers.has("ask")) return;
    if (ms <= 0) this.ask();
    else this.#timers.once("ask", ms, () => this.ask());
  }

  /** Asks for what the screen needs and for nothing else, once the viewer has told of it. */
  ask() {
    this.#timers.cancel("ask");
    const {config, view, plane: {place, sizes}, screen} = this.#options.now();
    if (!screen) return;
    this.#askedAt = performance.now();
    const {camera, viewport, size, most} = screen;
    const region = document.hidden ? null : regionFor({camera, viewport, ratio: size.width / viewport.width, place, shape: sizes, most, present: this.region});
    if (region) this.region = region;
    const active = region ? this.#channels.active() : [];
    let changed = false;
    for (const key of this.#channels.keys()) {
      if (active.some(one => one.key === key) || !this.#feeds.want(key, "")) continue;
      this.#channels.leave(key);
      changed = true;
    }
    for (const one of active) {
      const index = topicIndex(view, one);
      const topic = regionTopic(config.topic, index, region, config.role === "labels", this.#channels.needsDigits(one));
      if (!this.#feeds.want(one.key, topic, frame => this.#options.take(one.key, frame))) continue;
      changed = true;
      this.#channels.ask(one.key, topic, index.join());
    }
    if (!changed) return;
    this.changes++;
    this.#options.changed();
    announce();
  }
}
