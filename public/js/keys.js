/**
 * Keys of the page. Those of the viewer are its own (viewer/input.js). No key is taken from somebody who types or works with
 * a control, nor from the browser's own shortcuts.
 */

/** What a key means, or null. A pure function of what it needs to know of the event. */
export function meaning({key, modified, typing, onControl, dialogOpen, letters = ""}) {
  if (modified || typing || dialogOpen) return null;
  if (/^[0-9]$/.test(key)) return {action: "tab", n: Number(key) || 10}; // as 0 follows 9 on the keyboard
  if (key.length === 1 && letters.includes(key)) return {action: "tab", n: key};
  if (key === " ") return onControl ? null : {action: "pause"};
  if (key === "t") return {action: "theme"};
  if (key === "?") return {action: "help"};
  if (key === "g") return {action: "press", n: key};
  return null;
}

/** The letters that open a tab: the digits do for ten of them. */
function tabLetters() {
  return [...document.querySelectorAll("#tabs a[aria-keyshortcuts]")].map(link => link.getAttribute("aria-keyshortcuts")).filter(key => /^[a-z]$/.test(key)).join("");
}

/** @param {object} actions `tab(n)` with a number from 1 or a letter, `pause()`, `theme()`, `help()`, `press(key)` for the button with data-key */
export function startKeys(actions) {
  document.addEventListener("keydown", event => {
    const target = event.target instanceof Element ? event.target : document.body;
    const what = meaning({
      key: event.key,
      modified: event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented,
      typing: target.matches("input, textarea, select, [contenteditable]"),
      onControl: target.matches("button, a, summary, [role=switch]"),
      dialogOpen: document.querySelector("dialog[open]") !== null,
      letters: tabLetters(),
    });
    if (!what) return;
    event.preventDefault();
    actions[what.action](what.n);
  });
}
