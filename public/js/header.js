/** The parts of the header that this browser alone knows: its connection, what it was not sent, how late things arrive. */

import {connectionWord} from "./connection.js";
import {count, latency, NONE} from "./format.js";

/** Shows the state of the connection, as connection.js describes it. */
export function showConnection(state) {
  document.documentElement.dataset.connection = state.name;
  const element = document.getElementById("socket-state");
  if (!element) return;
  const word = connectionWord(state);
  if (state.name !== "signed-out") {
    if (element.textContent !== word) element.textContent = word;
    return;
  }
  if (element.querySelector("a")) return;
  const link = document.createElement("a");
  link.href = location.href;
  link.className = "link";
  link.textContent = `${word}, sign in`;
  element.replaceChildren(link);
}

/** Shows a "stats" frame: `{drops, latency_ms}`. */
export function showStats(stats) {
  set("drops", Number.isFinite(stats.drops) ? count(stats.drops) : NONE);
  set("latency", latency(stats.latency_ms));
}

function set(id, text) {
  const element = document.getElementById(id);
  if (element && element.textContent !== text) element.textContent = text;
}
