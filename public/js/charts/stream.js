/**
 * The frames of one topic, put together: buckets, numbers, marks. It takes frames in any order, repeated, or with some
 * missing, and says when it needs a snapshot.
 */

import {Ring} from "./ring.js";

/** Buckets kept beyond the window: the line comes in at the left from one of them. */
const MORE = 8;

export class Stream {
  /** ms of a bucket, 0 before the first snapshot. */
  width = 0;
  /** A ring for each line. */
  rings = [];
  /** Numbers of each line. */
  stats = [];
  /** [ms since the epoch, text], oldest first. */
  marks = [];
  /** When the process ended, ms since the epoch; null while it is there. */
  end = null;
  /** Counts what has been taken, so that others see that something is new. */
  version = 0;
  statsVersion = 0;
  marksVersion = 0;
  #seq = -1;
  #windowMs;

  /** @param {number} windowMs */
  constructor(windowMs) {
    this.#windowMs = windowMs;
  }

  /** Whether there is anything to draw. */
  get ready() {
    return this.#seq >= 0;
  }

  /**
   * Takes a frame.
   *
   * @returns {boolean} false if a snapshot is needed: frames are missing between what is here and this one
   */
  take(frame) {
    if (frame.kind === "snapshot") {
      this.#begin(frame);
    } else {
      if (this.#seq < 0 || frame.width !== this.width) return false;
      if (frame.seq <= this.#seq) return true; // known already, perhaps in a later state
      if (frame.seq > this.#seq + 1) return false;
      this.#seq = frame.seq;
    }
    frame.lines?.forEach((line, i) => this.rings[i]?.merge(line));
    this.end = Number.isFinite(frame.end) ? frame.end : null;
    this.version++;
    if (frame.stats) {
      this.stats = frame.stats;
      this.statsVersion++;
    }
    if (frame.marks) {
      this.marks = frame.marks;
      this.marksVersion++;
    }
    return true;
  }

  #begin(frame) {
    this.#seq = frame.seq;
    const size = Math.ceil(this.#windowMs / frame.width) + MORE;
    if (frame.width !== this.width || this.rings.length !== frame.lines.length) {
      this.width = frame.width;
      this.rings = frame.lines.map(() => new Ring(size));
    } else {
      for (const ring of this.rings) ring.clear();
    }
  }

  /** Whether no value has ever come, also none before the window. */
  get empty() {
    return this.rings.every(ring => ring.newest < 0) && !this.stats.some(line => Number.isFinite(line.age));
  }
}
