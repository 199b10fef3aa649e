/**
 * The topics that a picture asks for: one at a time under each name. The page collects them from elements with data-topic
 * (topics.js), which this module keeps.
 */

import {h} from "../dom.js";

export class Feeds {
  #root;
  #subscribe;
  #feeds = new Map(); // name -> {topic, element, stop}

  /**
   * @param {Element} root gets the hidden elements
   * @param {function(string, function(object)): function()} subscribe hands the latest frame of a topic on, and returns what ends it
   */
  constructor(root, subscribe) {
    this.#root = root.appendChild(h("div", {hidden: true, "data-picture-topics": true}));
    this.#subscribe = subscribe;
  }

  /**
   * Asks for a topic, instead of what the name stood for before.
   *
   * @param {string} name
   * @param {string} topic "" for nothing
   * @param {function(object)} [take] gets its frames
   * @returns {boolean} whether that is a change, which `announce` has to tell
   */
  want(name, topic, take) {
    let feed = this.#feeds.get(name);
    if ((feed?.topic ?? "") === topic) return false;
    feed?.stop();
    if (topic === "") {
      feed.element.remove();
      this.#feeds.delete(name);
      return true;
    }
    if (!feed) this.#feeds.set(name, feed = {element: this.#root.appendChild(h("i", {}))});
    feed.topic = topic;
    feed.element.dataset.topic = topic;
    feed.stop = this.#subscribe(topic, take);
    return true;
  }

  /** The topics that are asked for. */
  get topics() {
    return [...this.#feeds.values()].map(({topic}) => topic);
  }

  /** Asks for nothing any more. */
  clear() {
    for (const name of [...this.#feeds.keys()]) this.want(name, "");
  }

  destroy() {
    this.clear();
    this.#root.remove();
  }
}

/**
 * Tells the page that what is asked for has changed.
 *
 * @param {boolean} [again] the server is asked also where nothing has, because what it sent before is of no use
 */
export function announce(again = false) {
  document.dispatchEvent(new CustomEvent("topicschange", {detail: {again}}));
}
