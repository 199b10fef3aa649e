/**
 * Paints pictures of napari's canvas: pixel by pixel where there are as many, else smoothly. It knows pixels and no hands.
 *
 * A 2-D canvas, not WebGL: without a graphics card 1024 x 768 pixels cost it less than half as much a frame.
 */

import {contain} from "./place.js";
import {STILL} from "./prediction.js";

export class Picture {
  #surface;
  #context;
  #last; // the last picture, as it came
  #lastContext;
  #has = false;

  /** @param {HTMLCanvasElement} surface */
  constructor(surface) {
    this.#surface = surface;
    this.#context = surface.getContext("2d", {alpha: false, desynchronized: true});
    this.#last = surface.ownerDocument.createElement("canvas");
    this.#lastContext = this.#last.getContext("2d", {alpha: false});
  }

  /** Whether there is a picture. */
  get has() {
    return this.#has;
  }

  /** How many pixels the last picture has; null before the first. */
  get size() {
    return this.#has ? {rows: this.#last.height, cols: this.#last.width} : null;
  }

  /** Where the picture lies on the surface (place.js); null where there is none. */
  get rect() {
    return this.#has ? contain(this.size, this.#surface) : null;
  }

  /**
   * Takes a picture.
   *
   * @param {object} frame as from binary.js, of unsigned bytes with three or four samples a pixel
   * @returns {boolean} whether it can be shown
   */
  take({type, rows, cols, samples, data}) {
    if (type !== "u1" || !(rows > 0 && cols > 0) || (samples !== 3 && samples !== 4)) return false;
    if (this.#last.width !== cols || this.#last.height !== rows) Object.assign(this.#last, {width: cols, height: rows});
    const pixels = samples === 4 ? new Uint8ClampedArray(data.buffer, data.byteOffset, rows * cols * 4) : withAlpha(data, rows * cols);
    this.#lastContext.putImageData(new ImageData(pixels, cols, rows), 0, 0);
    this.#has = true;
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
      if (!this.#has) reject(new Error("There is no picture yet."));
      else this.#last.toBlob(blob => blob ? resolve(blob) : reject(new Error("This browser could not write the picture.")));
    });
  }

  #draw(x, y, width, height) {
    const same = width === this.#last.width && height === this.#last.height;
    this.#context.imageSmoothingEnabled = !same;
    this.#context.imageSmoothingQuality = width < this.#last.width ? "high" : "low";
    this.#context.drawImage(this.#last, x, y, width, height);
  }
}

function withAlpha(data, count) {
  const out = new Uint8ClampedArray(count * 4).fill(255);
  for (let i = 0; i < count; i++) {
    out[4 * i] = data[3 * i];
    out[4 * i + 1] = data[3 * i + 1];
    out[4 * i + 2] = data[3 * i + 2];
  }
  return out;
}
