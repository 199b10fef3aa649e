/**
 * Paints pictures of napari's canvas: pixel by pixel where there are as many, else smoothly. It knows pixels and no hands.
 *
 * A 2-D canvas, not WebGL: without a graphics card 1024 x 768 pixels cost it less than half as much a frame.
 */

import {pixelsOf, sizeOf} from "../picture/pixels.js";
import {contain} from "./place.js";
import {STILL} from "./prediction.js";

export class Picture {
  #surface;
  #context;
  #last; // the last picture, as it came
  #lastContext;
  #size = null; // of it, had it come in full resolution

  /** @param {HTMLCanvasElement} surface */
  constructor(surface) {
    this.#surface = surface;
    this.#context = surface.getContext("2d", {alpha: false, desynchronized: true});
    this.#last = surface.ownerDocument.createElement("canvas");
    this.#lastContext = this.#last.getContext("2d", {alpha: false});
  }

  /** Whether there is a picture. */
  get has() {
    return this.#size !== null;
  }

  /** How many pixels the last picture has, or would have in full resolution; null before the first. */
  get size() {
    return this.#size && {rows: this.#size.rows, cols: this.#size.cols};
  }

  /** Where the picture lies on the surface (place.js); null where there is none. */
  get rect() {
    return this.#size && contain(this.#size, this.#surface);
  }

  /**
   * Takes a picture.
   *
   * @param {object} frame as from binary.js, of unsigned bytes with three or four samples a pixel
   * @returns {boolean} whether it can be shown
   */
  take(frame) {
    const {type, rows, cols, samples} = frame;
    if (type !== "u1" || !(rows > 0 && cols > 0) || (samples !== 3 && samples !== 4)) return false;
    if (this.#last.width !== cols || this.#last.height !== rows) Object.assign(this.#last, {width: cols, height: rows});
    this.#lastContext.putImageData(pixelsOf(frame), 0, 0);
    this.#size = sizeOf(frame);
    return true;
  }

  /** The surface has another size, in device pixels. */
  resize({width, height}) {
    Object.assign(this.#surface, {width: Math.max(Math.round(width), 1), height: Math.max(Math.round(height), 1)});
  }

  /**
   * Paints the last picture, moved as the prediction says.
   *
   * @param {{scale: number, x: number, y: number}} move shares of the picture
   * @param {{ground: string, canvas: string}} colours of the page beside the picture, and of the canvas where nothing is known
   */
  paint(move, {ground, canvas}) {
    const {width, height} = this.#surface;
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    const rect = this.rect;
    if (!rect) return;
    if (move === STILL) {
      this.#draw(rect.x, rect.y, rect.width, rect.height);
      return;
    }
    context.save();
    context.beginPath();
    context.rect(rect.x, rect.y, rect.width, rect.height);
    context.clip();
    context.fillStyle = canvas;
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
    const x = rect.x + move.x * rect.width;
    const y = rect.y + move.y * rect.height;
    // A picture that only moves stays as sharp as it is.
    if (move.scale === 1) this.#draw(Math.round(x), Math.round(y), rect.width, rect.height);
    else this.#draw(x, y, rect.width * move.scale, rect.height * move.scale);
    context.restore();
  }

  /** The last picture as it came, as a file. */
  toPNG() {
    return new Promise((resolve, reject) => {
      if (!this.has) reject(new Error("There is no picture yet."));
      else this.#last.toBlob(blob => blob ? resolve(blob) : reject(new Error("This browser could not write the picture.")));
    });
  }

  #draw(x, y, width, height) {
    const {rows, cols, scale} = this.#size;
    const same = width === this.#last.width && height === this.#last.height;
    this.#context.imageSmoothingEnabled = !same;
    this.#context.imageSmoothingQuality = width < this.#last.width ? "high" : "low";
    // Its last pixels may stand for fewer than the others.
    this.#context.drawImage(this.#last, 0, 0, cols / scale, rows / scale, x, y, width, height);
  }
}
