/** Pictures of colours as a 2-D canvas takes them. */

import {scaleOf} from "./quality.js";

/**
 * How large a picture is in full resolution, and how many of its pixels along a side one stands for that came.
 *
 * @param {object} frame as from binary.js
 * @returns {{rows: number, cols: number, scale: number}}
 */
export function sizeOf(frame) {
  const {rows, cols, step = 1, shape} = frame;
  const scale = scaleOf(frame);
  const full = (side, count) => {
    const whole = Math.ceil(shape?.[side] / step * scale);
    // The frame may be of more than this: then the last pixel counts as a whole one.
    return whole > (count - 1) * scale && whole <= count * scale ? whole : count * scale;
  };
  return {rows: full(0, rows), cols: full(1, cols), scale};
}

/**
 * The pixels of a picture.
 *
 * @param {object} frame as from binary.js, of unsigned bytes with three or four samples a pixel
 * @returns {ImageData}
 */
export function pixelsOf({rows, cols, samples, data}) {
  const count = rows * cols;
  if (samples === 4) return new ImageData(new Uint8ClampedArray(data.buffer, data.byteOffset, count * 4), cols, rows);
  const out = new Uint8ClampedArray(count * 4).fill(255);
  for (let i = 0; i < count; i++) {
    out[4 * i] = data[3 * i];
    out[4 * i + 1] = data[3 * i + 1];
    out[4 * i + 2] = data[3 * i + 2];
  }
  return new ImageData(out, cols, rows);
}
