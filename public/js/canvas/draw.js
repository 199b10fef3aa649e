/**
 * Drawing: while this browser has the hand of napari's canvas, presses and keys on the picture go to napari as they are. One browser has it at a
 * time; the server says which.
 */

import {BUTTONS, modsOf} from "./hands.js";

/** Two presses are a double click within this time (ms) and distance (shares of the canvas). */
const DOUBLE_TIME = 400;
const DOUBLE_REACH = 0.01;

/** Keys that stay the page's: they lead away from the picture. */
const OURS = new Set(["Tab", "F1", "F5", "F6", "F11", "F12"]);

/** With Control or Meta these are the browser's, or would close napari. */
const SHUT = new Set(["q", "w", "t", "n", "r", "l"]);

export class Draw {
  #options;
  #wanted = false;
  #has = false;
  #last = null; // the last press, {at, x, y, button}
  #button = null; // that is down
  #down = new Set(); // keys that are

  /**
   * @param {HTMLElement} surface has the focus when keys draw
   * @param {object} options
   * @param {AbortSignal} options.signal
   * @param {string} options.source
   * @param {string} options.page what this page calls itself
   * @param {function(string)} options.send
   * @param {function(object)} options.did takes an event for napari
   * @param {function()} options.changed called when this browser draws, or no longer
   */
  constructor(surface, options) {
    this.#options = options;
    const on = (name, handler) => surface.addEventListener(name, handler, {signal: options.signal});
    on("keydown", event => this.#key(event, true));
    on("keyup", event => this.#key(event, false));
    on("blur", () => this.#letGo());
    on("wheel", event => this.#wheel(event));
  }

  /** Whether somebody here wants to draw. */
  get wanted() {
    return this.#wanted;
  }

  /** Whether presses and keys draw. */
  get on() {
    return this.#wanted && this.#has;
  }

  toggle() {
    if (this.#wanted) this.stop();
    else this.#ask();
  }

  stop() {
    if (!this.#wanted) return;
    this.#letGo();
    this.#wanted = false;
    this.#tell(false);
    this.#options.changed();
  }

  /** The server says who draws; null for nobody. */
  told(draw) {
    const had = this.#has;
    this.#has = draw?.page === this.#options.page;
    if (had && !this.#has && this.#wanted) {
      // Somebody else has got it, or the server no longer knows of this page.
      this.#button = null;
      this.#down.clear();
      this.#wanted = false;
    }
    if (had !== this.#has) this.#options.changed();
  }

  /** A pointer that draws: "start", "move" or "end" at a share of the canvas. */
  press(phase, {x, y}, event) {
    const mods = modsOf(event);
    if (phase === "start") {
      this.#button = BUTTONS[event.button] ?? "left";
      const last = this.#last;
      const double = last && event.timeStamp - last.at < DOUBLE_TIME && Math.hypot(x - last.x, y - last.y) < DOUBLE_REACH && last.button === this.#button;
      this.#last = double ? null : {at: event.timeStamp, x, y, button: this.#button};
      this.#options.did({do: double ? "double" : "press", x, y, button: this.#button, mods});
    } else if (this.#button) {
      this.#options.did({do: phase === "end" ? "release" : "move", x, y, button: this.#button, mods});
      if (phase === "end") this.#button = null;
    }
  }

  #ask() {
    this.#wanted = true;
    this.#tell(true); // the server keeps who waits in a row
    this.#options.changed();
  }

  #tell(on) {
    this.#options.send(JSON.stringify({type: "canvas-draw", source: this.#options.source, page: this.#options.page, on}));
  }

  #key(event, down) {
    if (!this.on || event.isComposing || OURS.has(event.key)) return;
    if ((event.ctrlKey || event.metaKey) && SHUT.has(event.key.toLowerCase())) return;
    event.preventDefault();
    if (down && event.repeat && this.#down.has(event.key)) return;
    if (down) this.#down.add(event.key);
    else this.#down.delete(event.key);
    this.#options.did({do: "key", key: event.key, down, mods: modsOf(event)});
  }

  // The wheel zooms as ever, but for what napari has for it with a key.
  #wheel(event) {
    if (!this.on || !(event.altKey || event.shiftKey) || event.ctrlKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const box = event.currentTarget.getBoundingClientRect();
    this.#options.wheel?.(event, event.clientX - box.left, event.clientY - box.top);
  }

  // Keys that are held are let go where the picture loses the focus.
  #letGo() {
    for (const key of this.#down) this.#options.did({do: "key", key, down: false, mods: []});
    this.#down.clear();
  }
}
