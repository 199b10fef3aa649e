/**
 * What hands have done to the canvas that the newest picture does not show yet. The page shows its last picture moved by that, until
 * napari's own picture comes: so a drag moves at once, however far away napari is. Pure, no DOM.
 *
 * Messages have rising numbers. A picture says which of them napari had applied when it drew it; all up to that one are in it.
 */

/** After this long nothing is waited for any more: napari may not have been able to do it, ms. */
export const FORGET = 2000;

/** Where nothing is to be moved: shares of the canvas go to themselves. */
export const STILL = Object.freeze({scale: 1, x: 0, y: 0});

/** What one event does to a picture, as {scale, x, y}: a share s goes to s * scale + x, or y. null: nothing that is known. */
export function moveOf(event) {
  switch (event.do) {
    case "pan": return {scale: 1, x: event.dx, y: event.dy};
    case "zoom": return {scale: event.by, x: event.x * (1 - event.by), y: event.y * (1 - event.by)};
    default: return null;
  }
}

/** One move after another. */
export function after(first, then) {
  return {scale: first.scale * then.scale, x: first.x * then.scale + then.x, y: first.y * then.scale + then.y};
}

export class Prediction {
  #moves = []; // {n, at, move}, oldest first

  /** An event that goes out with message n, at a time in ms. */
  did(n, event, at) {
    const move = moveOf(event);
    if (!move) return;
    const last = this.#moves.at(-1);
    if (last?.n === n) {
      last.move = after(last.move, move);
      last.at = at;
    } else {
      this.#moves.push({n, at, move});
    }
  }

  /** A picture came in which all messages up to n are. */
  shown(n) {
    this.#moves = this.#moves.filter(one => one.n > n);
  }

  /** Forgets everything, as when the picture is another one. */
  clear() {
    this.#moves = [];
  }

  /** How the last picture is to be moved at a time; STILL for not at all. */
  at(now) {
    this.#moves = this.#moves.filter(one => now - one.at < FORGET);
    return this.#moves.reduce((sum, {move}) => after(sum, move), STILL);
  }

  /** When the oldest of what is waited for is forgotten, ms; null where nothing is. */
  get until() {
    return this.#moves.length > 0 ? this.#moves[0].at + FORGET : null;
  }
}
