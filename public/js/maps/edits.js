/**
 * The edits of a map on its pages: undo, redo, save, and word of what others have made of the map.
 *
 *     const edits = new Edits(root, page);
 *     const {status, answer} = await edits.post("edits", {edition, do: "bad", session: 0, row: 150, bad: true});
 *     edits.destroy();
 *
 * The server keeps the region with `data-map-edits` (components/mapedits.templ) live: its value is the address of the API, and
 * `data-version` names the edition of the map that there is now. The page has `edition`, that of what it shows, and
 * `renew(target)`, which brings it to the one that there is; target is an object {session, row, edition} to select.
 */

import {h} from "../dom.js";
import {announce, problemIn} from "../nav.js";

/** What the buttons ask for: the address below the API, and the body. */
const ASKS = {undo: ["undo"], redo: ["redo"], save: ["save"], "save-keep": ["save", {keep: true}], reload: ["reload"]};

/** What kinds of edit are called once they are made; that of a judgement is said by its value. */
const MADE = {
  add: "added", move: "moved", delete: "deleted", link: "joined", unlink: "cut", bad: "judged", note: "the note", userType: "the user type", pivot: "the landmark moved",
};

/** What was done, in words. */
export function madeWords(kind) {
  return MADE[kind] ?? "an edit";
}

export class Edits {
  #root;
  #page;
  #watch;
  #aborter = new AbortController();
  #queue = Promise.resolve(); // what is asked for is done in its order
  #own = false; // what changes now was asked for here
  #told = h("p", {class: "map-note", role: "status", hidden: true});

  /**
   * @param {HTMLElement} root
   * @param {{edition: string, renew: function(?object): Promise}} page also `undo()`, which may take back what only the page knows, and says whether it did
   */
  constructor(root, page) {
    this.#root = root;
    this.#page = page;
    const {signal} = this.#aborter;
    const region = this.#region;
    if (!region) return;
    region.parentElement.after(this.#told);
    root.addEventListener("click", event => {
      const button = event.target.closest("[data-map-do]");
      if (button && !button.disabled) this.ask(button.dataset.mapDo);
    }, {signal});
    document.addEventListener("keydown", event => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z" || event.target.closest?.("input, select, textarea, [contenteditable]")) return;
      event.preventDefault();
      this.ask(event.shiftKey ? "redo" : "undo");
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

  /** Whether whoever looks at the page may edit the map. */
  get allowed() {
    const button = this.#region?.querySelector('[data-map-do="undo"]');
    return Boolean(button && !button.disabled);
  }

  /** Whether what changes now was asked for on this page. */
  get own() {
    return this.#own;
  }

  // Somebody has changed the map: the page follows, in its turn.
  #look() {
    const now = this.#region?.dataset.version;
    if (!now || now === this.#page.edition) return;
    this.#then(async () => {
      const at = this.#region?.dataset.version;
      if (!at || at === this.#page.edition) return;
      await this.#page.renew();
      announce("The map has changed.");
    });
  }

  // Does something once all before it is done.
  #then(what) {
    const done = this.#queue.then(what);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Says something below the buttons; "" takes it away. */
  tell(text, ...more) {
    this.#told.replaceChildren(text, " ", ...more);
    this.#told.hidden = text === "";
  }

  /**
   * Sends something to the API in its turn, and brings the page to what came of it.
   *
   * @param {string} path below that of the map
   * @param {object} body
   * @param {?function(object): ?object} target of the answer: the object that is to be selected, null for the one that is
   * @returns {Promise<{status: number, answer: object}>} status 0: webmon did not answer, and answer.error says so
   */
  post(path, body = {}, target = () => null) {
    return this.#then(async () => {
      const out = await this.#send(path, body);
      this.#own = out.status === 200;
      try {
        if (out.status === 200) await this.#page.renew(target(out.answer));
        else if (out.status === 409) await this.#page.renew(); // what others have made is on the page before it is spoken of
      } finally {
        this.#own = false;
      }
      return out;
    });
  }

  async #send(path, body) {
    try {
      const response = await fetch(`${this.#region.dataset.mapEdits}/${path}`, {
        method: "POST", body: JSON.stringify(body), signal: this.#aborter.signal,
        headers: {"Content-Type": "application/json", "X-CSRF-Token": document.body.dataset.csrf ?? ""},
      });
      const text = await response.text();
      if (!response.ok && response.status !== 409) return {status: response.status, answer: {error: problemIn(text)}};
      return {status: response.status, answer: JSON.parse(text)};
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return {status: 0, answer: {error: "webmon did not answer. Try again when it does."}};
    }
  }

  /** What the buttons do. */
  async ask(what) {
    if (!ASKS[what] || !this.#region || this.#region.querySelector(`[data-map-do="${what}"]`)?.disabled) return;
    if (what === "undo" && this.#page.undo?.()) return;
    const [path, body] = ASKS[what];
    try {
      // What was taken back is what one looks at then.
      const {status, answer} = await this.post(path, body, ({row, session, edition}) => Number.isInteger(row) ? {session, row, edition} : null);
      if (status !== 200) this.#refused(answer);
      else if (path === "save") this.tell(`Saved: ${answer.files.length === 1 ? "one file has" : `${answer.files.length} files have`} changed.`);
      else if (path === "reload") this.tell("The edits that were not saved are dropped.");
      else this.tell(`${path === "undo" ? "Taken back" : "Made again"}: ${madeWords(answer.did)}.`);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  #refused({error}) {
    this.tell(error ?? "The map was not changed.");
  }
}
