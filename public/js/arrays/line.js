/** The line across a picture along which values are drawn: where people put it, and the values along it. */

import {alongLine, endsWithin, Profile} from "./profile.js";
import {topicIndex} from "./state.js";
import {valueAt} from "./words.js";

export class Line {
  #options;
  #profile;
  #drawing = false; // the tool is pressed

  /**
   * @param {object} options
   * @param {function(): object} options.now {config, view, plane, channels, screen}: what is shown
   * @param {function(string): Promise<object>} options.load asks the server about the array, with a path after its address
   * @param {function(): HTMLElement} options.element where the values are drawn
   * @param {function(?object)} options.shown takes what is drawn
   * @param {function()} options.moved called when the line is elsewhere
   */
  constructor(options) {
    this.#options = options;
    this.#profile = new Profile({
      values: line => this.#values(line),
      fetch: line => this.#fetch(line),
      element: options.element,
      shown: options.shown,
    });
  }

  /** Whether the pointer draws a line. */
  get drawing() {
    return this.#drawing;
  }

  destroy() {
    this.#profile.destroy();
  }

  /** The line of the view, for another plane. */
  begin() {
    this.#profile.set(this.#options.now().view.line);
  }

  /** Reads the values again. */
  again() {
    this.#profile.again();
  }

  draw() {
    this.#profile.draw();
  }

  /** Takes the tool, or puts it away. Where there is no pointer a line is there to be moved: across the middle of what is in view. */
  toggle() {
    this.#drawing = !this.#drawing;
    const {view, plane, screen} = this.#options.now();
    if (!this.#drawing || view.line) return;
    const {x0, x1, y} = plane.across(screen);
    this.set([[x0 + (x1 - x0) / 4, y], [x1 - (x1 - x0) / 4, y]]);
  }

  /** The pointer draws: to [x, y], a point of the viewer. */
  drawTo(phase, point) {
    const {view, plane} = this.#options.now();
    const at = plane.toPlace(point);
    if (phase === "start") this.set([at, at]);
    else if (view.line) this.set([view.line[0], at]);
  }

  /** @param {?number[][]} line two places; null for none */
  set(line) {
    this.#options.now().view.line = line;
    this.#profile.set(line);
    this.#options.moved();
  }

  // The values along a line out of the picture that is there; null where it does not hold them all, one by one.
  #values(line) {
    const {config, plane: {sizes, steps}, channels} = this.#options.now();
    const frame = channels.get(channels.chosen)?.frame;
    if (!frame || frame.step !== 1 || frame.samples !== 1 || frame.lossy) return null;
    const values = alongLine(line, sizes, (row, col) => valueAt(frame, row, col)?.values[0], steps.scale);
    return values && {...values, unit: steps.unit, value_unit: config.unit};
  }

  async #fetch(line) {
    const {view, plane, channels} = this.#options.now();
    const chosen = channels.chosenOne();
    if (!chosen || view.index.includes("c")) return null;
    const [from, to] = endsWithin(line, plane.sizes).map(([x, y]) => `${y},${x}`);
    return this.#options.load(`/profile?index=${topicIndex(view, chosen).join(",")}&from=${from}&to=${to}`);
  }
}
