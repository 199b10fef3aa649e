/**
 * The part of a chart that is zoomed in on, as finely as the server has it: the buckets of a long window are wider than what a
 * zoomed picture could show.
 */

import {Ring} from "./ring.js";

/** A part is asked for once the zoom has stood still for this long, ms. */
const SETTLED = 150;

/** Numbers of a bucket in a frame. */
const STRIDE = 7;

export class Part {
  #load;
  #onPart;
  #wanted = null; // {from, to}
  #timer = 0;
  #aborter = null;
  #frame = null; // {from, to, width, rings}

  /**
   * @param {function({from: number, to: number}, AbortSignal): Promise<object>} load resolves to a frame of kind "part"
   * @param {function()} onPart called when a part has come
   */
  constructor(load, onPart) {
    this.#load = load;
    this.#onPart = onPart;
  }

  /**
   * What is known of a part, {width, rings}, null until it has come; then, too, where the server has no more than this page.
   *
   * @param {{from: number, to: number}} view ms since the epoch
   * @param {number} width of the buckets that are here already, ms
   */
  of(view, width) {
    if (view.from !== this.#wanted?.from || view.to !== this.#wanted.to) this.#want({from: view.from, to: view.to});
    const frame = this.#frame;
    return frame && frame.width < width && frame.from <= view.from && frame.to >= view.to ? frame : null;
  }

  /** Forgets the part: nothing is zoomed in on any more. */
  drop() {
    clearTimeout(this.#timer);
    this.#aborter?.abort();
    this.#wanted = this.#frame = this.#aborter = null;
  }

  #want(part) {
    this.#wanted = part;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(part), SETTLED);
  }

  async #ask(part) {
    this.#aborter?.abort();
    const aborter = (this.#aborter = new AbortController());
    try {
      const frame = await this.#load(part, aborter.signal);
      if (part !== this.#wanted) return;
      const beyond = (part.to - part.from) / 2; // as the server's frame reaches
      // What the server has not kept, this page may still have.
      this.#frame = frame.since <= part.from
        ? {from: Math.max(frame.since, part.from - beyond), to: part.to + beyond, width: frame.width, rings: frame.lines.map(ringOf)}
        : null;
      this.#onPart();
    } catch {
      // The server is not there: what is here already stays.
    }
  }
}

/** A ring that holds just the buckets of a frame's line. */
export function ringOf(line) {
  let size = 1;
  for (let at = 1; at + STRIDE <= line.length; at += STRIDE) size += line[at];
  const ring = new Ring(size);
  ring.merge(line);
  return ring;
}
