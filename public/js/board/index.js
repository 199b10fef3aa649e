/**
 * A board that can be changed: its cards are moved by the handle of each, by a pointer or by keys. The server renders the cards
 * (components/board.templ); each change is one form, and what becomes of it comes to all who have the board open as HTML. The page
 * shows it at once, so that nobody waits.
 *
 *     <div data-board-own data-board="night-run" data-board-path="/board/night-run">
 *       <ol data-board-grid>
 *         <li data-board-card data-kind data-source data-name data-w data-h>  <button data-board-grip>  <form data-board-moves>
 *       <div data-board-undo hidden>  <span data-board-undo-text>  <button data-board-undo-do>
 *
 * The focus stays on the handle that has it, wherever its card goes; what has become of the card is read aloud.
 */

import "../shared.js";
import {say} from "../dom.js";
import {announce} from "../nav.js";
import {keyed, placeAt, sized} from "./order.js";
import {remember} from "./pin.js";

/** A press becomes a drag when the pointer has moved so far, CSS pixels. */
const FAR = 6;

/** How long a removed card can be brought back, ms. */
const UNDO = 12_000;

/**
 * @param {HTMLElement} root with data-board-own
 * @param {object} page what the page offers: `post(url, body)` (pictures.js)
 */
export function mount(root, {post}) {
  const board = new Board(root, post);
  return {destroy: () => board.destroy()};
}

class Board {
  #root;
  #post;
  #aborter = new AbortController();
  #drag = null; // {card, x, y, on, placeholder}
  #focused = ""; // id of the handle that is to have the focus
  #undo = null;
  #timer = 0;
  #sending = Promise.resolve(); // one change after the other

  constructor(root, post) {
    this.#root = root;
    this.#post = post;
    remember(root.dataset.board);
    const {signal} = this.#aborter;
    const on = (name, handler) => root.addEventListener(name, handler, {signal});
    on("keydown", event => this.#key(event));
    on("pointerdown", event => this.#down(event));
    on("pointermove", event => this.#move(event));
    on("pointerup", event => this.#up(event));
    on("pointercancel", () => this.#end(false));
    on("click", event => this.#click(event));
    on("submit", event => this.#submit(event));
    document.addEventListener("htmx:after:swap", () => this.#swapped(), {signal});
  }

  destroy() {
    this.#aborter.abort();
    clearTimeout(this.#timer);
  }

  get #cards() {
    return [...this.#root.querySelectorAll("[data-board-card]")];
  }

  #key(event) {
    if (event.key === "Escape" && this.#drag) {
      event.preventDefault();
      this.#end(false);
      return;
    }
    const card = event.target.closest?.("[data-board-grip]")?.closest("[data-board-card]");
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    const cards = this.#cards;
    const what = keyed({key: event.key, shift: event.shiftKey}, cards.indexOf(card), cards.length);
    if (!what) return;
    event.preventDefault();
    this.#do(card, what);
  }

  #submit(event) {
    const form = event.target.closest("[data-board-moves]");
    const card = form?.closest("[data-board-card]");
    if (!card) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.closest("details")?.removeAttribute("open");
    const cards = this.#cards;
    const at = cards.indexOf(card);
    const what = event.submitter?.value;
    if (what === "earlier") this.#do(card, at > 0 ? {do: "move", to: at - 1} : {do: "none"});
    else if (what === "later") this.#do(card, at < cards.length - 1 ? {do: "move", to: at + 1} : {do: "none"});
    else this.#do(card, {do: what});
    if (what !== "remove") card.querySelector("[data-board-grip]")?.focus();
  }

  #do(card, what) {
    if (what.do === "none") this.#tell(card);
    else if (what.do === "move") this.#place(card, what.to);
    else if (what.do === "remove") this.#remove(card);
    else this.#size(card, what.do);
  }

  // Brings a card to a place, and keeps the focus where it is.
  #place(card, to) {
    const others = this.#cards.filter(one => one !== card);
    const grip = card.querySelector("[data-board-grip]");
    const held = grip === document.activeElement;
    card.parentElement.insertBefore(card, others[to] ?? null);
    if (held) this.#focus(grip);
    this.#tell(card);
    this.#send(card, {do: "move", at: to});
  }

  #size(card, what) {
    const {width, height} = sized(what, {width: Number(card.dataset.w), height: Number(card.dataset.h)});
    card.dataset.w = String(width);
    card.dataset.h = String(height);
    this.#tell(card);
    this.#send(card, {do: "size", width, height});
  }

  #remove(card) {
    const cards = this.#cards;
    const at = cards.indexOf(card);
    const next = cards[at + 1] ?? cards[at - 1];
    const title = titleOf(card);
    const fields = {...identity(card), do: "add", at, width: card.dataset.w, height: card.dataset.h, title: card.dataset.title ?? "",
      view: card.querySelector("[data-view]")?.dataset.view ?? ""};
    const grip = next?.querySelector("[data-board-grip]");
    card.remove();
    if (grip) this.#focus(grip);
    else this.#root.querySelector("summary, a, button")?.focus();
    this.#send(card, {do: "remove"});
    announce(`${title} is removed. Undo is at the end of the page.`);
    this.#offer(`${title} is removed.`, fields);
  }

  #offer(text, fields) {
    const bar = this.#root.querySelector("[data-board-undo]");
    if (!bar) return;
    this.#undo = fields;
    say(bar.querySelector("[data-board-undo-text]"), text);
    bar.hidden = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (bar.hidden = true), UNDO);
  }

  #click(event) {
    if (!(event.target instanceof Element) || !event.target.closest("[data-board-undo-do]") || !this.#undo) return;
    const fields = this.#undo;
    this.#undo = null;
    this.#root.querySelector("[data-board-undo]").hidden = true;
    this.#change(fields);
    announce("The card is back.");
  }

  // What has become of a card, for screen readers.
  #tell(card) {
    const cards = this.#cards;
    announce(`${titleOf(card)}: ${cards.indexOf(card) + 1} of ${cards.length}, ${card.dataset.w} wide, ${card.dataset.h} high.`);
  }

  #send(card, change) {
    this.#change({...identity(card), ...change});
  }

  #change(fields) {
    const body = new URLSearchParams(Object.entries({...fields, csrf: document.body.dataset.csrf ?? ""}));
    this.#sending = this.#sending.then(() => this.#post(`${this.#root.dataset.boardPath}/cards`, body)).catch(error => {
      announce(error.message);
      this.#offer(error.message, null);
      document.dispatchEvent(new CustomEvent("topicschange", {detail: {again: true}})); // what is shown did not happen
    });
  }

  // The element has just been moved in the page, which takes the focus from it.
  #focus(grip) {
    this.#focused = grip.id;
    grip.focus({preventScroll: true});
    grip.scrollIntoView({block: "nearest"});
  }

  // HTML of the server may put a card elsewhere, and take the focus from its handle.
  #swapped() {
    if (!this.#focused) return;
    const grip = document.getElementById(this.#focused);
    if (grip && (document.activeElement === document.body || document.activeElement === null)) grip.focus({preventScroll: true});
  }

  // A pointer.

  #down(event) {
    const grip = event.button === 0 ? event.target.closest?.("[data-board-grip]") : null;
    if (!grip) {
      if (event.target.closest?.("[data-board-grip]") === null) this.#focused = "";
      return;
    }
    this.#drag = {card: grip.closest("[data-board-card]"), grip, x: event.clientX, y: event.clientY, on: false, from: -1};
    grip.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    if (!drag.on) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
      drag.on = true;
      drag.from = this.#cards.indexOf(drag.card);
      drag.card.classList.add("board-dragged");
    }
    const others = this.#cards.filter(one => one !== drag.card);
    const to = placeAt({x: event.clientX, y: event.clientY}, others.map(one => one.getBoundingClientRect()));
    if (this.#cards.indexOf(drag.card) !== to) {
      drag.card.parentElement.insertBefore(drag.card, others[to] ?? null);
      drag.grip.setPointerCapture(event.pointerId);
    }
  }

  #up(event) {
    if (!this.#drag) return;
    event.preventDefault();
    this.#end(true);
  }

  #end(dropped) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag?.on) return;
    drag.card.classList.remove("board-dragged");
    const to = this.#cards.indexOf(drag.card);
    if (dropped && to !== drag.from) {
      this.#focus(drag.grip);
      this.#tell(drag.card);
      this.#send(drag.card, {do: "move", at: to});
    } else if (to !== drag.from) {
      const others = this.#cards.filter(one => one !== drag.card);
      drag.card.parentElement.insertBefore(drag.card, others[drag.from] ?? null);
    }
  }
}

function identity(card) {
  const {kind, source, name} = card.dataset;
  return {kind, source, name};
}

function titleOf(card) {
  return card.querySelector(".card-title")?.textContent.trim() ?? card.dataset.name;
}
