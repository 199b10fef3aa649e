/** The channels of a picture: the newest frame of each, how its values are distributed, and with which limits and colours it is drawn. */

import {colorTable} from "../viewer/lut.js";
import {mostOf, rangeOf} from "../viewer/image.js";
import {narrow} from "../viewer/numbers.js";
import {placeOf} from "../viewer/region.js";
import {countValues, limitsOf} from "./contrast.js";
import {rolesOf} from "./state.js";

/** Values are counted at most this often, ms. */
const COUNT_EVERY = 250;

/** Tables of colours that are kept. */
const MOST_TABLES = 32;

export class Channels {
  #now;
  #timers;
  #counted;
  #channels = new Map(); // key -> {topic, index, shownIndex, frame, held, told, counts, countedAt}; told: what the server has counted of a frame
  #tables = new Map();

  /** The key of the channel whose contrast is shown; null where there is none. */
  chosen = null;

  /**
   * @param {function(): {config: object, view: object, shape: number[]}} now what is shown
   * @param {Timers} timers gets "count" and a key
   * @param {function(string, boolean)} counted called when the values of a channel were counted: its key, and whether that was later than its frame
   */
  constructor(now, timers, counted) {
    this.#now = now;
    this.#timers = timers;
    this.#counted = counted;
  }

  get size() {
    return this.#channels.size;
  }

  /** The channels that are shown: [{key, at, lut, limits}]. */
  active() {
    const {view, shape} = this.#now();
    const {blended} = rolesOf(view);
    if (blended < 0) return [{key: "all", at: null, lut: view.lut, limits: null}];
    return view.channels.filter(channel => channel.on && channel.at < shape[blended]).map(channel => ({...channel, key: String(channel.at)}));
  }

  /** The one whose contrast is shown, of those that are. */
  chosenOne() {
    return this.active().find(({key}) => key === this.chosen);
  }

  /** Chooses the first that is shown, unless the chosen one still is. */
  keepChosen() {
    const active = this.active();
    if (!active.some(({key}) => key === this.chosen)) this.chosen = active[0]?.key ?? null;
  }

  get(key) {
    return this.#channels.get(key);
  }

  keys() {
    return [...this.#channels.keys()];
  }

  /** The newest frames, of the channels that have one. */
  frames() {
    return [...this.#channels.values()].map(({frame}) => frame).filter(Boolean);
  }

  /** The frames that are drawn now, and between which limits: null for labels and colours. */
  drawn() {
    const {config, view} = this.#now();
    const scalar = config.role !== "labels" && !view.index.includes("c");
    return this.active().map(one => ({frame: this.#channels.get(one.key)?.frame, limits: scalar ? this.limitsOf(one) : null})).filter(({frame}) => frame);
  }

  /** Notes what a channel is asked for: a topic, and the index that it stands for. */
  ask(key, topic, index) {
    if (!this.#channels.has(key)) this.#channels.set(key, {frame: null, held: null, told: null, counts: null, countedAt: -Infinity});
    Object.assign(this.#channels.get(key), {topic, index});
  }

  /** A channel is asked for no more; its last frame stays. */
  leave(key) {
    this.#channels.get(key).topic = "";
  }

  clear() {
    this.#channels.clear();
  }

  /** Whether all that are shown have a frame of what they are asked for. */
  get complete() {
    return this.active().every(({key}) => {
      const channel = this.#channels.get(key);
      return channel && channel.index === channel.shownIndex;
    });
  }

  /**
   * Takes a frame.
   *
   * @param {boolean} paused holds it back, unless it is of a plane that somebody has asked for since
   * @returns {boolean} whether it is the channel's newest now
   */
  take(key, frame, paused) {
    const channel = this.#channels.get(key);
    if (!channel || frame.topic !== channel.topic || !frame.data) return false;
    if (paused && channel.frame && channel.shownIndex === channel.index) {
      channel.held = frame;
      return false;
    }
    channel.held = null;
    channel.frame = frame;
    // Only some of the pictures carry it; of another plane it says nothing.
    if (frame.counts) channel.told = frame.counts;
    else if (channel.shownIndex !== channel.index) channel.told = null;
    channel.shownIndex = channel.index;
    return true;
  }

  /** The frames that were held back: [[key, frame]]. */
  held() {
    return [...this.#channels].filter(([, {held}]) => held).map(([key, {held}]) => [key, held]);
  }

  /** Counts the values of a channel, at once or when that is due. */
  count(key, late = false) {
    const channel = this.#channels.get(key);
    if (!channel?.frame) return;
    const due = channel.countedAt + COUNT_EVERY - performance.now();
    if (due > 0 && channel.counts) {
      this.#timers.once(`count ${key}`, due, () => this.count(key, true));
      return;
    }
    channel.countedAt = performance.now();
    channel.counts = channel.frame.lossy ? channel.told ?? channel.counts : countValues(channel.frame);
    this.#counted(key, late);
  }

  /** The limits of a channel that is shown; those set by hand for a channel come before the view's. */
  limitsOf({key, limits}) {
    const {config, view} = this.#now();
    const channel = this.#channels.get(key);
    if (limits) return limits;
    const frame = channel?.frame;
    const otherwise = frame ? rangeOf(frame) : [0, mostOf(config.pixels)];
    const own = {...view};
    // Limits set by hand count for a picture of one channel; channels have their own.
    if (key !== "all" && own.mode === "manual") own.mode = own.limits ? "manual" : "auto";
    return limitsOf(own, channel?.counts, otherwise);
  }

  /** Whether what lies between the limits of a channel needs more digits than float32 has. */
  needsDigits(one) {
    const {config: {pixels, role}, view} = this.#now();
    return !["u1", "u2", "f4"].includes(pixels) && role !== "labels" && !view.index.includes("c") && narrow(...this.limitsOf(one));
  }

  /** Whether a channel is asked for with other digits than it needs. */
  hasOtherDigits(key) {
    const one = this.active().find(active => active.key === key);
    const topic = this.#channels.get(key)?.topic ?? "";
    return Boolean(one) && topic !== "" && topic.endsWith("/e") !== this.needsDigits(one);
  }

  /** A table of colours, as the view has it. */
  table(lut) {
    const {invert} = this.#now().view;
    const name = `${lut} ${invert}`;
    if (!this.#tables.has(name)) {
      if (this.#tables.size >= MOST_TABLES) this.#tables.clear();
      this.#tables.set(name, colorTable(lut, invert));
    }
    return this.#tables.get(name);
  }

  /** What the viewer draws of a plane (plane.js). */
  images({place, sizes}) {
    const {config, view} = this.#now();
    const kind = config.role === "labels" ? "labels" : view.index.includes("c") ? "color" : "scalar";
    const images = [];
    for (const one of this.active()) {
      const frame = this.#channels.get(one.key)?.frame;
      if (!frame || frame.rows === 0 || frame.cols === 0) continue;
      const [low, high] = this.limitsOf(one);
      images.push({
        key: one.key, frame, place: placeOf(frame, place, sizes),
        look: {kind, low, high, gamma: view.gamma, table: this.table(one.lut), opacity: 1, additive: images.length > 0},
      });
    }
    return images;
  }

  /** What the controls show of a channel's contrast. */
  contrast(one) {
    const {config, view} = this.#now();
    const channel = this.#channels.get(one.key);
    return {counts: channel?.counts ?? null, limits: this.limitsOf(one), table: view.index.includes("c") ? null : this.table(one.lut), gamma: view.gamma, log: view.log,
      whole: !(channel?.frame && !channel.frame.lossy ? channel.frame.type : config.pixels).startsWith("f")};
  }
}
