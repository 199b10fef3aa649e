/**
 * The pins of components/ui/pin.templ: links that put something on a board. Where scripts run, a small list of the boards opens
 * in place of the page that the link leads to, and the page stays as it is. A board that this browser pinned to last comes first.
 *
 * A pin that stands at a picture whose view is in the page's address (an array, a model) takes that view along.
 */

import {h} from "../dom.js";
import {announce} from "../nav.js";

/** What the address of a page says that is no view of its picture. */
const NOT_A_VIEW = new Set(["source", "array", "token", "link", "embed", "alone", "view", "full", "window"]);

/** Where the board is kept that was pinned to last. */
const LAST = "webmon-board";

/** How long the word of a pin stays, ms. */
const SAYS = 6000;

let said = 0;

/** Listens for all pins. Called once a page. */
export function startPins() {
  document.addEventListener("click", event => {
    const pin = event.target instanceof Element ? event.target.closest("a[data-pin]") : null;
    if (!pin || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    pin.closest("details[data-menu]")?.removeAttribute("open");
    choose(pin).catch(error => say(error.message));
  });
}

/** What a pin puts on a board: the fields of its address, with the view of its picture. Pure. */
export function fieldsOf(href, search) {
  const fields = new URLSearchParams(new URL(href).search);
  if (fields.get("kind") === "array" || fields.get("kind") === "model") {
    const view = new URLSearchParams([...new URLSearchParams(search)].filter(([name]) => !NOT_A_VIEW.has(name) && !name.startsWith("p.")));
    fields.set("view", String(view).slice(0, 1000));
  }
  return fields;
}

/** Boards in the order in which they are offered: the one of last time first. Pure. */
export function offered(boards, last) {
  const own = boards.filter(board => board.from === "own" && !board.problem);
  return [...own.filter(board => board.name === last), ...own.filter(board => board.name !== last)];
}

async function choose(pin) {
  const response = await fetch(`${prefix()}/api/v1/boards`, {headers: {Accept: "application/json"}});
  if (!response.ok) throw new Error("webmon did not say which boards there are.");
  const boards = offered(await response.json(), remembered());
  const fields = fieldsOf(pin.href, location.search);
  if (boards.length === 0) return put(pin, fields, "");
  const dialog = h("dialog", {class: "dialog board-choose", "aria-labelledby": "board-choose-title"},
    h("h2", {class: "card-title", id: "board-choose-title"}, `Pin ${pin.dataset.pin}`),
    h("div", {class: "board-choices"},
      ...boards.map(board => h("button", {type: "button", class: "btn", "data-board-choice": board.name, onclick: () => done(board.name)}, board.title)),
      h("button", {type: "button", class: "btn", "data-board-choice": "", onclick: () => done("")}, "A new board")),
    h("button", {type: "button", class: "btn btn-small", onclick: () => dialog.close()}, "Cancel"));
  const done = name => {
    dialog.close();
    put(pin, fields, name).catch(error => say(error.message));
  };
  dialog.addEventListener("close", () => {
    dialog.remove();
    pin.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

async function put(pin, fields, board) {
  fields.set("board", board);
  fields.set("csrf", document.body.dataset.csrf ?? "");
  const response = await fetch(new URL(pin.href).pathname, {method: "POST", body: fields, headers: {Accept: "application/json"}});
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(typeof answer?.error === "string" ? answer.error : "webmon could not do that.");
  remember(answer.name);
  say(answer.was ? `${pin.dataset.pin} is on ${answer.title} already.` : `${pin.dataset.pin} is on ${answer.title} now.`, answer.href);
}

/** Says something at the foot of the page, and to screen readers. */
function say(text, href = "") {
  announce(text);
  document.getElementById("board-said")?.remove();
  const note = h("div", {class: "board-undo", id: "board-said"}, h("span", {}, text), href ? h("a", {class: "btn btn-small", href}, "Show") : null);
  document.body.append(note);
  clearTimeout(said);
  said = setTimeout(() => note.remove(), SAYS);
}

function prefix() {
  return document.body.dataset.prefix ?? "";
}

function remembered() {
  try {
    return localStorage.getItem(LAST) ?? "";
  } catch {
    return "";
  }
}

/** Notes which board is to be offered first. */
export function remember(name) {
  try {
    localStorage.setItem(LAST, name);
  } catch {
    // It is not kept, and the boards come in their order.
  }
}
