/**
 * Pictures that have to be decoded, in the order in which they came: of each topic one is decoded at a time and one waits, the newest. So a page that decodes
 * more slowly than pictures come shows fewer of them, and each as soon as it can.
 */

export class Newest {
  #decode;
  #show;
  #topics = new Map(); // topic -> {n: of the newest that came, shown: of the newest that was shown, running, waiting}

  /**
   * @param {object} options
   * @param {function(object): (object|Promise<object>)} options.decode makes a frame that can be shown of one as binary.js reads it
   * @param {function(object)} options.show takes it
   */
  constructor({decode, show}) {
    this.#decode = decode;
    this.#show = show;
  }

  /** Forgets everything: what is still decoded comes from a connection that is gone. */
  clear() {
    for (const topic of this.#topics.values()) {
      topic.waiting?.done(null);
      topic.waiting = null;
    }
    this.#topics.clear();
  }

  /**
   * Takes a frame.
   *
   * @param {object} frame as binary.js reads it
   * @param {function(?object)} done called once, with the frame when it was shown, or with null when it never will be: a newer one took its place, or it
   * cannot be decoded
   */
  take(frame, done) {
    let topic = this.#topics.get(frame.topic);
    if (!topic) this.#topics.set(frame.topic, topic = {n: 0, shown: 0, running: false, waiting: null});
    const one = {frame, done, n: ++topic.n};
    if (topic.running && frame.coded) {
      topic.waiting?.done(null);
      topic.waiting = one;
      return;
    }
    this.#begin(topic, one);
  }

  #begin(topic, one) {
    let frame = one.frame;
    if (frame.coded) {
      try {
        frame = this.#decode(frame);
      } catch (error) {
        reportError(error);
        frame = null;
      }
    }
    if (!(frame instanceof Promise)) {
      this.#end(topic, one, frame);
      return;
    }
    topic.running = true;
    frame.catch(error => {
      reportError(error);
      return null;
    }).then(decoded => {
      topic.running = false;
      this.#end(topic, one, decoded);
      const {waiting} = topic;
      topic.waiting = null;
      if (waiting) this.#begin(topic, waiting);
    });
  }

  #end(topic, one, frame) {
    const isNewest = frame !== null && one.n > topic.shown && this.#topics.get(one.frame.topic) === topic;
    if (isNewest) {
      topic.shown = one.n;
      // What waits is older, or this would not have gone before it.
      if (topic.waiting && topic.waiting.n < one.n) {
        topic.waiting.done(null);
        topic.waiting = null;
      }
      this.#show(frame);
    }
    one.done(isNewest ? frame : null);
    if (!topic.running && !topic.waiting && this.#topics.get(one.frame.topic) === topic) this.#topics.delete(one.frame.topic);
  }
}
