/** What people take with them from an array's page: links to files of what is shown, the address, and the picture. */

import {withChoice} from "../choice.js";
import {exactly} from "../picture/exactly.js";
import {topicIndex} from "./state.js";

/** Ms for which the page says that something was copied. */
const SAID_FOR = 2000;

/** Links to files. They stand in what the server renders again and again, and are kept to the plane that is shown as they are used. */
export const LINKS = "[data-array-plane], [data-array-png]";

/**
 * Points a link to the plane that is shown.
 *
 * @param {HTMLAnchorElement} link
 * @param {object} view as in state.js
 * @param {Channels} channels
 */
export function pointLink(link, view, channels) {
  const chosen = channels.chosenOne();
  const address = new URL(link.href);
  const query = address.searchParams;
  query.set(link.dataset.arrayPlane === undefined ? "index" : "plane", topicIndex(view, chosen).join(","));
  if (link.dataset.arrayPng !== undefined) {
    const [low, high] = chosen ? channels.limitsOf(chosen) : [0, 1];
    query.set("gamma", String(view.gamma));
    // Limits that are the same as the server reads them would be none.
    if (Number(high) > Number(low)) for (const [key, value] of Object.entries({low, high})) query.set(key, String(value));
    if (chosen && !view.index.includes("c")) query.set("colormap", chosen.lut);
  }
  link.href = address.href;
}

/** Copies the address, and has the page say so. */
export async function copyAddress(controls, timers) {
  try {
    await navigator.clipboard.writeText(withChoice(location.href));
    controls.sayCopied("Copied");
  } catch {
    controls.sayCopied("The address above is the link.");
  }
  timers.rest("copied", SAID_FOR, () => controls.sayCopied(""));
}

/**
 * Saves the picture as it is drawn, exact however it came.
 *
 * @param {function(): object[]} frames that are drawn
 * @param {boolean} paused whether the picture is held still
 */
export async function savePNG(viewer, page, controls, name, frames, paused) {
  try {
    await exactly(frames, {paused, say: text => controls.sayCopied(text)});
    page.save(await viewer.toPNG(), `${name}-${page.stamp(new Date())}.png`);
  } catch (error) {
    controls.sayCopied(error.message);
  }
}
