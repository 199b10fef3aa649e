/**
 * JSON frames of the socket, from the topic they carry to who draws them. However often frames come, each subscriber is
 * called at most once per animation frame:
 *
 *     const stop = frames.onFrame("napari/tiles/140234", frame => viewer.update(frame));  // the latest one
 *     const stop = frames.onFrames("napari/chart/frame_time/60", list => chart.merge(list));  // all, in order
 */

/** Frames a subscriber to all may have waiting; beyond, as in a page long hidden, the oldest go. The next snapshot mends it. */
const MOST = 1000;

export class Frames {
  #subscribers = new Map();
  #due = new Set();
  #schedule;
  #scheduled = false;

  /** @param {function(function())} schedule calls back once, before the next paint */
  constructor(schedule) {
    this.#schedule = schedule;
  }

  /** Hands the latest frame of a topic to draw. Returns what ends it. */
  onFrame(topic, draw) {
    return this.#add(topic, {draw: waiting => draw(waiting[waiting.length - 1]), keep: 1, waiting: []});
  }

  /** Hands all frames of a topic to draw, as a list, oldest first. Returns what ends it. */
  onFrames(topic, draw) {
    return this.#add(topic, {draw, keep: MOST, waiting: []});
  }

  /** Takes a frame; frames of topics that nobody draws are dropped. */
  dispatch(frame) {
    for (const subscriber of this.#subscribers.get(frame.topic) ?? []) {
      if (subscriber.waiting.length >= subscriber.keep) subscriber.waiting.shift();
      subscriber.waiting.push(frame);
      this.#due.add(subscriber);
    }
    if (this.#due.size > 0 && !this.#scheduled) {
      this.#scheduled = true;
      this.#schedule(() => this.#flush());
    }
  }

  #flush() {
    this.#scheduled = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const subscriber of due) {
      const waiting = subscriber.waiting;
      subscriber.waiting = [];
      try {
        subscriber.draw(waiting);
      } catch (error) {
        // One picture that fails must not take the others along.
        reportError(error);
      }
    }
  }

  #add(topic, subscriber) {
    if (!this.#subscribers.has(topic)) this.#subscribers.set(topic, new Set());
    this.#subscribers.get(topic).add(subscriber);
    return () => {
      const all = this.#subscribers.get(topic);
      all?.delete(subscriber);
      if (all?.size === 0) this.#subscribers.delete(topic);
      this.#due.delete(subscriber);
    };
  }
}
