/**
 * The hand that puts objects somewhere in the images: a place that is looked for, by the pointer or by keys, and then kept or given up.
 *
 * In a pane: shift+click looks for the place of a new object; ctrl+click looks closer at what is there, in all panes; alt+drag
 * moves the selected object. While a place is looked for a click or a drag in its pane chooses it, arrow keys move it by a pixel
 * (with shift by five), comma and point by a slice, Enter keeps it, Escape gives it up.
 */

/** How much closer ctrl+click looks, and CSS pixels a pixel that it looks from at least. */
const CLOSER = 2;
const CLOSE = 4;

/** Pixels of an arrow key with shift. */
const FAST = 5;

export class Hand {
  #panes;
  #page;
  #mode = null; // {kind, session, x, y, z, from, dragging}
  partner = null; // an object that is drawn as the one to join with

  /**
   * @param {object} panes as in panes.js
   * @param {object} page `selected()`: the selected object; `begin(kind, place)`: a hand has begun to look for a place itself;
   *   `sought(mode)`: it is elsewhere, null for given up; `keep(mode)`; `allowed()`
   */
  constructor(panes, page) {
    this.#panes = panes;
    this.#page = page;
  }

  /** What is looked for, null for nothing. */
  get mode() {
    return this.#mode;
  }

  /** Begins to look for a place, in micrometres and slices, in the pane of a session. */
  seek(kind, {session, x, y, z}, from = null) {
    this.#mode = {kind, session, x, y, z, from, dragging: false};
    this.#panes.draw();
    this.#page.sought(this.#mode);
  }

  giveUp() {
    if (!this.#mode) return;
    this.#mode = null;
    this.#panes.draw();
    this.#page.sought(null);
  }

  #to(place) {
    Object.assign(this.#mode, place);
    this.#panes.draw();
    this.#page.sought(this.#mode);
  }

  #keep() {
    const mode = this.#mode;
    this.#mode = null;
    this.#panes.draw();
    this.#page.keep(mode);
  }

  /** Takes a key while a place is looked for; says whether it was one of its own. */
  key(event) {
    const mode = this.#mode;
    if (!mode || event.ctrlKey || event.metaKey || event.altKey) return false;
    const pane = this.#panes.pane(mode.session);
    const by = event.shiftKey ? FAST : 1;
    const move = {ArrowLeft: [-by, 0, 0], ArrowRight: [by, 0, 0], ArrowUp: [0, -by, 0], ArrowDown: [0, by, 0], ",": [0, 0, -1], ".": [0, 0, 1]}[event.key];
    if (move) {
      const {dx, dy, pz} = this.#page.voxel(mode.session);
      const z = Math.min(Math.max(Math.round(mode.z) + move[2], 0), Math.max((pz || Infinity) - 1, 0));
      this.#to({x: mode.x + move[0] * dx, y: mode.y + move[1] * dy, z});
      if (move[2] !== 0) pane?.setSlice(z);
    } else if (event.key === "Enter") this.#keep();
    else if (event.key === "Escape") this.giveUp();
    else return false;
    return true;
  }

  /** Keeps the place, as Enter does. */
  keep() {
    if (this.#mode) this.#keep();
  }

  // The slice of a place: that of the pane, or in a projection of all, where no slice is told from another, that of the nearest point of
  // the tracing, or what is known already.
  #sliceAt(pane, {x, y, z}, known) {
    if (z !== null) return z;
    if (known !== null && known !== undefined) return known;
    const k = nearest(pane.tracing, x, y);
    return k < 0 ? this.#panes.middle(pane.session) : Math.round(pane.tracing.z[k]);
  }

  /** A pointer goes down in a pane; says whether it is the hand's. */
  down(event, pane) {
    const place = pane.placeOf(event);
    if (!place) return false;
    if (event.ctrlKey || event.metaKey) {
      const hit = pane.hit(event);
      if (hit) this.#panes.selection.select(hit, pane);
      this.#panes.closer(hit ? null : pane, place, CLOSER, CLOSE);
      pane.stage.focus();
      return true;
    }
    if (this.#mode) {
      if (pane.session !== this.#mode.session) return false;
      const z = this.#sliceAt(pane, place, this.#mode.z);
      this.#mode.dragging = true;
      hold(event, pane);
      this.#to({x: place.x, y: place.y, z});
      return true;
    }
    if (!event.shiftKey && !event.altKey || !this.#page.allowed()) return false;
    if (event.shiftKey) {
      event.preventDefault();
      this.#page.begin("add", {session: pane.session, x: place.x, y: place.y, z: this.#sliceAt(pane, place)});
      return true;
    }
    const hit = pane.hit(event);
    const now = this.#page.selected();
    if (!hit || !now || hit.run !== now.run || hit.session !== now.session) return false;
    this.#page.begin("move", {session: pane.session, x: now.x, y: now.y, z: place.z ?? now.z});
    if (this.#mode) {
      this.#mode.dragging = true;
      hold(event, pane);
    }
    return true;
  }

  move(event, pane) {
    if (!this.#mode?.dragging || pane.session !== this.#mode.session) return false;
    const place = pane.placeOf(event);
    if (place) this.#to({x: place.x, y: place.y});
    return true;
  }

  up(event, pane) {
    if (!this.#mode?.dragging || pane.session !== this.#mode.session) return false;
    this.#mode.dragging = false;
    if (event.type === "pointercancel") this.giveUp();
    else if (this.#mode.kind !== "add") this.#keep(); // of a new one the type is asked for
    return true;
  }

  /** Draws what is looked for, and what would be joined. */
  draw(context, pane) {
    const {partner} = this;
    if (partner?.session === pane.session) {
      const at = pane.screenOf(partner.x, partner.y);
      if (at) target(context, ...at, 13, [2, 4]);
    }
    const mode = this.#mode;
    if (mode?.session !== pane.session) return;
    const at = pane.screenOf(mode.x, mode.y);
    if (!at) return;
    const from = mode.from && pane.screenOf(mode.from.x, mode.from.y);
    if (from) stroke(context, [4, 3], () => {
      context.moveTo(...from);
      context.lineTo(...at);
    });
    target(context, ...at, 9, []);
    stroke(context, [], () => {
      for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(at[0] + 4 * x, at[1] + 4 * y);
        context.lineTo(at[0] + 14 * x, at[1] + 14 * y);
      }
    });
  }
}

function hold(event, pane) {
  pane.stage.focus();
  pane.stage.setPointerCapture(event.pointerId);
}

/** The point of a tracing that is nearest along x and y, -1 if there is none. */
export function nearest(tracing, x, y) {
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < (tracing?.n ?? 0); i++) {
    const far = (tracing.x[i] - x) ** 2 + (tracing.y[i] - y) ** 2;
    if (far < least) [least, best] = [far, i];
  }
  return best;
}

// Lines that are seen on any picture: light between dark ones.
function stroke(context, dash, path) {
  for (const [width, color] of [[4, "rgb(0 0 0 / 0.7)"], [2, "white"]]) {
    context.beginPath();
    path();
    context.lineWidth = width;
    context.strokeStyle = color;
    context.setLineDash(width === 4 ? [] : dash);
    context.stroke();
  }
  context.setLineDash([]);
}

function target(context, x, y, radius, dash) {
  stroke(context, dash, () => context.arc(x, y, radius, 0, 2 * Math.PI));
}
