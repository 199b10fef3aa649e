/**
 * The page of searches and proposed pairs of a map: its list is walked by keys, and a pair is joined or removed with one.
 *
 *     import {mount} from "./maps/find.js";
 *     const find = mount(document.querySelector("[data-map-find]"));
 *
 * The server writes the markup (components/maps.templ, MapFindView). The value of `data-map-find` is JSON (dashboard/maps/findpage.go,
 * findConfig): `edition`, that rows are of, and `pairs`, one a row of the table. Rows of the list stay as they are while one works
 * along them, each with what became of it; a pair that was removed is remembered until the browser is closed.
 */

import "../shared.js";
import {h, say} from "../dom.js";
import {announce} from "../nav.js";
import {Edits} from "./edits.js";

/** How many removed pairs of a map are remembered. */
const REMOVED = 2000;

/** Mounts the page. */
export function mount(root) {
  return new Find(root, JSON.parse(root.dataset.mapFind || "{}"));
}

/** The pairs of a map that somebody has removed, as the browser remembers them: those of an old reading of its files are forgotten. */
export class Removed {
  #storage;
  #key;
  #id;

  constructor(storage, map, edition) {
    this.#storage = storage;
    this.#key = `webmon-maps-removed ${map}`;
    this.#id = edition.split("-")[0];
  }

  #read() {
    try {
      const {id, pairs} = JSON.parse(this.#storage.getItem(this.#key));
      return id === this.#id && Array.isArray(pairs) ? pairs : [];
    } catch {
      return [];
    }
  }

  static #word = ({session, row, partner}) => `${session} ${row} ${partner}`;

  has(pair) {
    return this.#read().includes(Removed.#word(pair));
  }

  set(pair, removed) {
    const rest = this.#read().filter(word => word !== Removed.#word(pair));
    try {
      this.#storage.setItem(this.#key, JSON.stringify({id: this.#id, pairs: removed ? [...rest, Removed.#word(pair)].slice(-REMOVED) : rest}));
    } catch {
      // A browser that keeps nothing forgets.
    }
  }
}

class Find {
  #root;
  #config;
  #rows;
  #edits;
  #removed;
  #done = []; // what was done on this page, the newest last: {row, what}
  #at = 0;
  #aborter = new AbortController();
  edition; // of what the page knows of

  constructor(root, config) {
    this.#root = root;
    this.#config = config;
    this.edition = config.edition;
    this.#removed = new Removed(safeStorage(), config.map, config.edition ?? "");
    this.#edits = new Edits(root, this);
    this.#rows = [...root.querySelectorAll("#find-table tbody tr")].filter(row => row.querySelector("a"));
    const {signal} = this.#aborter;
    this.#at = Math.max(this.#rows.findIndex(row => row.querySelector("[data-pair-do]")), 0);
    this.#rows.forEach((row, i) => {
      row.tabIndex = i === this.#at ? 0 : -1;
      row.classList.add("map-row");
      row.addEventListener("focusin", () => this.#move(i, false), {signal});
      row.addEventListener("click", event => {
        const button = event.target.closest("[data-pair-do]");
        if (button && !button.disabled) this.#do(i, button.dataset.pairDo);
      }, {signal});
      const pair = config.pairs?.[i];
      if (pair && pair.partner >= 0 && this.#removed.has(pair)) this.#mark(i, "removed", "Removed.");
    });
    this.#root.addEventListener("keydown", event => this.#key(event), {signal});
  }

  destroy() {
    this.#aborter.abort();
    this.#edits.destroy();
  }

  /** Somebody has changed the map: rows stay as they are, and it is said that there may be others. */
  async renew() {
    if (this.#edits.own) return;
    const now = this.#root.querySelector("[data-map-edits]")?.dataset.version;
    if (now) this.edition = now;
    this.#edits.tell("The map has changed since this list was made. ", h("button", {type: "button", class: "btn btn-small", onclick: () => location.reload()}, "Make the list anew"));
  }

  /** Takes back what was done here last; says whether there was anything. */
  undo() {
    const last = this.#done.at(-1);
    if (!last) return false;
    this.#back(last.row);
    return true;
  }

  #key(event) {
    const {target} = event;
    if (target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey || !target.closest("#find-table")) return;
    const onRow = target.matches("tr");
    const step = {ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity}[event.key];
    if (step !== undefined) this.#move(Math.min(Math.max(this.#at + step, 0), this.#rows.length - 1));
    else if (event.key === "Enter" && onRow) this.#rows[this.#at]?.querySelector("a[href*='show=']")?.click();
    else if (event.key === "p" && this.#config.pairs) this.#do(this.#at, "join");
    else if ((event.key === "Delete" || event.key === "Backspace") && this.#config.pairs) this.#do(this.#at, "remove");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move(i, focus = true) {
    const to = this.#rows[i];
    if (!to) return;
    this.#rows[this.#at].tabIndex = -1;
    this.#at = i;
    to.tabIndex = 0;
    if (!focus) return;
    to.focus({preventScroll: true});
    to.scrollIntoView({block: "nearest"});
  }

  // To the next row of which nothing has become yet.
  #next(from) {
    const after = this.#rows.findIndex((row, i) => i > from && row.querySelector("[data-pair-do=join]") && !row.dataset.pair);
    if (after >= 0) this.#move(after);
  }

  #mark(i, state, text, ...more) {
    const row = this.#rows[i];
    if (state) row.dataset.pair = state;
    else delete row.dataset.pair;
    for (const button of row.querySelectorAll("[data-pair-do]")) button.hidden = (button.dataset.pairDo === "back") !== (state === "joined" || state === "removed");
    const said = row.querySelector("[data-pair-said]");
    say(said, text);
    said.append(...more);
    announce(text);
  }

  #do(i, what) {
    const button = this.#rows[i]?.querySelector(`[data-pair-do=${what}]`);
    if (!button || !this.#edits.allowed) return announce(button?.title ?? "No partner is near enough.");
    const {pair: state} = this.#rows[i].dataset;
    if (state === "busy" || what !== "back" && (state === "joined" || state === "removed")) return;
    if (what === "join") return this.#join(i);
    if (what === "back") return this.#back(i);
    this.#removed.set(this.#config.pairs[i], true);
    this.#done.push({row: i});
    this.#mark(i, "removed", "Removed.");
    this.#next(i);
  }

  async #join(i) {
    const {session, row, partner} = this.#config.pairs[i];
    this.#mark(i, "busy", "Joining…");
    this.#next(i);
    if (await this.#post(i, {do: "link", session, row, to: partner}, "joined", `Joined with row ${partner} of session ${session + 1}.`)) this.#done.push({row: i});
  }

  async #back(i) {
    const pair = this.#config.pairs[i];
    const joined = this.#rows[i].dataset.pair === "joined";
    this.#done = this.#done.filter(done => done.row !== i);
    this.#move(i);
    if (joined) return this.#post(i, {do: "unlink", session: pair.session, row: pair.row}, "", "Taken back.", "joined");
    this.#removed.set(pair, false);
    this.#mark(i, "", "Back again.");
  }

  // Makes an edit; the row says what became of it.
  async #post(i, edit, state, text, before = "") {
    try {
      const {status, answer} = await this.#edits.post("edits", {edition: this.#config.edition, ...edit}, made => {
        this.edition = made.edition;
        return null;
      });
      if (status === 200) this.#mark(i, state, text);
      else this.#mark(i, before, `${answer.error}${status === 409 && answer.value?.next !== null && answer.value ? ` It is joined with row ${answer.value.next} of session ${answer.value.session + 1} now.` : ""}`);
      return status === 200;
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      return false;
    }
  }
}

function safeStorage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
