/**
 * The edits of a map on its page: undo, redo, save, and what to do when the map has changed.
 *
 *     const edits = new Edits(root, config);
 *     edits.destroy();
 *
 * The server keeps the region with `data-map-edits` (components/mapedits.templ) live: its value is the address of the API, and
 * `data-version` is the version of the map. A page that shows another version than that says so, with a button that shows
 * the new one; what is selected and every option stay, because they are in the address.
 */

import {h} from "../dom.js";

/** What the buttons ask for: the address below the API, and the body. */
const ASKS = {undo: ["undo"], redo: ["redo"], save: ["save"], "save-keep": ["save", {keep: true}], reload: ["reload"]};

export class Edits {
  #root;
  #version;
  #said; // the version that was told of last
  #watch;
  #aborter = new AbortController();
  #busy = false;
  #told = h("p", {class: "map-note", role: "status", hidden: true});

  constructor(root, config) {
    this.#root = root;
    this.#version = config.edition || config.version;
    const {signal} = this.#aborter;
    const region = this.#region;
    if (!region) return;
    region.parentElement.after(this.#told);
    root.addEventListener("click", event => {
      const button = event.target.closest("[data-map-do]");
      if (button && !button.disabled) this.#ask(button.dataset.mapDo);
    }, {signal});
    document.addEventListener("keydown", event => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z" || event.target.closest("input, select, textarea, [contenteditable]")) return;
      event.preventDefault();
      this.#ask(event.shiftKey ? "redo" : "undo");
    }, {signal});
    this.#watch = new MutationObserver(() => this.#look());
    this.#watch.observe(region.parentElement, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-version"]});
  }

  destroy() {
    this.#watch?.disconnect();
    this.#aborter.abort();
    this.#told.remove();
  }

  get #region() {
    return this.#root.querySelector("[data-map-edits]");
  }

  // Another version is offered once: who reads the page decides when it changes.
  #look() {
    const now = this.#region?.dataset.version;
    if (!now || now === this.#version || now === this.#said || this.#busy) return;
    this.#said = now;
    this.#tell("The map has changed.", h("button", {type: "button", class: "btn btn-small", onclick: () => location.reload()}, "Show it"));
  }

  #tell(text, ...more) {
    this.#told.replaceChildren(text, " ", ...more);
    this.#told.hidden = false;
  }

  async #ask(what) {
    const region = this.#region;
    if (this.#busy || !region || !ASKS[what] || region.querySelector(`[data-map-do="${what}"]`)?.disabled) return;
    const [path, body] = ASKS[what];
    this.#busy = true;
    try {
      const response = await fetch(`${region.dataset.mapEdits}/${path}`, {
        method: "POST", body: JSON.stringify(body ?? {}), signal: this.#aborter.signal,
        headers: {"Content-Type": "application/json", "X-CSRF-Token": document.body.dataset.csrf ?? ""},
      });
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) {
        this.#tell(answer.error ?? "The map was not changed.");
        return;
      }
      if (path === "save") {
        this.#tell(`Saved: ${answer.files.length === 1 ? "one file has" : `${answer.files.length} files have`} changed.`);
      } else {
        location.reload();
      }
    } catch (error) {
      if (error.name !== "AbortError") this.#tell("webmon did not answer.");
    } finally {
      this.#busy = false;
    }
  }
}
