/** The hub topics that a page shows: what the server is asked to send. */

/**
 * The topics of all elements with data-topic, each once, sorted. A picture counts from when it can draw: what came before would
 * find nobody, and a picture that does not change any more would stay empty.
 */
export function collectTopics(root) {
  const topics = new Set();
  for (const element of root.querySelectorAll("[data-topic]")) {
    const {topic, viewer, chart, arrayColumns, liveMounted} = element.dataset;
    const isPicture = viewer !== undefined || chart !== undefined || arrayColumns !== undefined;
    if (topic && (!isPicture || liveMounted !== undefined)) topics.add(topic);
  }
  return [...topics].sort();
}

/**
 * The message that asks for these topics and no others, and says who does. The server answers with what it knows of each.
 *
 * @param {string[]} topics
 * @param {string} who
 * @param {object} [how]
 * @param {boolean} [how.keep] what is shown already is there still, so that only topics that are new are answered
 * @param {string[]} [how.takes] how messages may be written besides as they are: "parts" (wholes.js), and the ways of a picture that this page can decode
 * @param {string} [how.pictures] "exact" for no picture that has lost something, whatever the line carries
 * @param {number} [how.rate] bytes a second at most
 */
export function watchMessage(topics, who, {keep = false, takes, pictures, rate} = {}) {
  return JSON.stringify({type: "watch", topics, who, keep: keep || undefined, takes, pictures, rate});
}

/** Whether two sorted lists are the same. */
export function sameTopics(a, b) {
  return a.length === b.length && a.every((topic, i) => topic === b[i]);
}
