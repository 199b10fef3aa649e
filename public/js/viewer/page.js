/**
 * What the viewer says in words, in elements of the page: the sentence on the picture, what is under the pointer, the label
 * for screen readers, which button is pressed. Elements are looked up each time, because the page may swap them.
 */

import {areaOf, isAmong, isSeen} from "./feed.js";

/** A screen reader is told of a new picture no more often than this, ms. */
const LABEL_EVERY = 2000;

/** What stands on the picture; `data-note-<state>` on the root element replaces a sentence. */
const NOTES = {
  empty: "No tiles yet.",
  paused: "Paused",
  stale: "Not up to date",
  lost: "The graphics were interrupted; the picture comes back by itself.",
  unsupported: "This browser has no WebGL2, so there is no picture here. The table shows the same in numbers.",
};

export class Page {
  #root;
  #canvas;
  #scope;
  #labelTimer = 0;
  #label = "";

  constructor(root, canvas) {
    this.#root = root;
    this.#canvas = canvas;
    this.#scope = root.closest("[data-viewer-scope]") ?? root.ownerDocument;
  }

  /** Where buttons and readout are looked for. */
  get scope() {
    return this.#scope;
  }

  /** Shows a state: "live" or a name of NOTES. */
  state(name) {
    if (this.#root.dataset.state === name) return;
    this.#root.dataset.state = name;
    const note = this.#root.querySelector("[data-viewer-note]");
    if (!note) return;
    const sentence = this.#root.getAttribute(`data-note-${name}`) ?? NOTES[name] ?? "";
    note.textContent = sentence;
    note.hidden = sentence === "";
  }

  /** Shows a sentence on the picture until its state changes. */
  say(sentence) {
    const note = this.#root.querySelector("[data-viewer-note]");
    if (!note) return;
    note.textContent = sentence;
    note.hidden = false;
  }

  /** Counts a frame of data that was painted. */
  painted(frames, ready) {
    this.#root.dataset.frames = String(frames);
    if (ready) this.#root.dataset.ready = "true";
  }

  /** Counts pictures of numbers that were painted. */
  pictured(pictures) {
    this.#root.dataset.pictures = String(pictures);
  }

  /** Marks the follow buttons. */
  follow(on) {
    for (const button of this.#scope.querySelectorAll("[data-viewer-action=follow]")) {
      button.setAttribute("aria-pressed", String(on));
    }
  }

  /** Says what lies at a data point; null: nothing is pointed at. */
  readout(picture, point) {
    const element = this.#scope.querySelector("[data-viewer-readout]");
    if (!element) return;
    const text = picture && point ? describePoint(picture, point[0], point[1]) : "";
    if (element.textContent !== text) element.textContent = text;
  }

  /** Labels the picture, now and then. */
  label(describe) {
    if (this.#labelTimer !== 0) return;
    const set = () => {
      const text = describe();
      if (text !== this.#label) this.#canvas.setAttribute("aria-label", text);
      this.#label = text;
    };
    if (this.#label === "") set();
    this.#labelTimer = setTimeout(() => {
      this.#labelTimer = 0;
      set();
    }, LABEL_EVERY);
  }

  destroy() {
    clearTimeout(this.#labelTimer);
  }
}

/** What lies at a data point, in napari's order: row before column, y before x. Numbers keep their width while one moves. */
export function describePoint(picture, x, y) {
  const digits = n => String(Math.floor(n));
  const wide = (n, most) => digits(n).padStart(digits(most).length, "\u2007");
  const data = `y ${wide(y, picture.base[0])}  x ${wide(x, picture.base[1])}`;
  const row = Math.floor(y / picture.tile[0]);
  const column = Math.floor(x / picture.tile[1]);
  const outside = y < 0 || x < 0 || y / picture.tile[0] >= picture.extent[0] || x / picture.tile[1] >= picture.extent[1];
  if (outside) return `${data}  outside the image`;
  const tile = `row ${wide(row, picture.grid[0])}  column ${wide(column, picture.grid[1])}`;
  const states = [isSeen(picture, row, column) ? "drawn" : "not drawn"];
  if (isAmong(picture.loading, row, column)) states.push("loading");
  if (isAmong(picture.reloaded, row, column)) states.push("loaded again without need");
  return `${data}  ${tile}  ${states.join(", ")}`;
}

/** The picture in a sentence. */
export function describePicture(picture) {
  if (!picture) return "Tile viewer, no tiles yet";
  const [rows, columns] = picture.grid;
  const tiles = rows * columns;
  const view = picture.view
    ? `; the view shows rows ${round(picture.view.y0)} to ${round(picture.view.y1)}, columns ${round(picture.view.x0)} to ${round(picture.view.x1)} of the data`
    : "";
  const level = describeLevel(picture);
  const marked = [[picture.loading, "loading"], [picture.reloaded, "loaded again without need"]]
    .filter(([rects]) => rects.length > 0).map(([rects, word]) => `, ${areaOf(rects)} ${word}`).join("");
  return `Tile viewer, level ${picture.level}${level && `, ${level}`}: ${picture.count} of ${tiles} tiles drawn${marked}, ` +
    `${rows} rows by ${columns} columns${view}`;
}

/** What is to be said of the level if it is not the one that fits the screen; otherwise "". The server says the same (components/viewer.go). */
export function describeLevel({level, ideal, excess}) {
  if (ideal === null || ideal === level) return "";
  const factor = Math.max(Math.round(excess >= 1 ? excess : 1 / excess), 2);
  return `the screen would need ${ideal}: ${factor}x ${excess >= 1 ? "more" : "fewer"} pixels than needed`;
}

function round(n) {
  return Math.round(n);
}
