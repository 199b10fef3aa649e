/**
 * Which part of a frame the screen needs, and at which resolution: the server is asked for no more. Pure, no DOM.
 *
 * A frame lies in the picture at a *place*: `{x, y, width, height}` of one of its pixels, in data pixels of the camera:
 * the outer corner of the pixel (0, 0) and how far a pixel goes. A region is `{row, col, rows, cols, step}` in pixels of the
 * frame, where step pixels along a side become one.
 */

import {apply, inverse} from "./affine.js";

/** Regions begin and end at multiples of this many sent pixels, so that a small pan asks for nothing new. */
export const QUANTUM = 64;

/** Share of the screen that is asked for beyond each of its edges. */
const MARGIN = 0.125;

/** A frame of no more sent pixels than this is asked for as a whole. */
const WHOLE = 512 * 512;

/** A region is kept while it has what is needed and not this many times as much. */
const KEEP = 2.5;

/**
 * Pixels of the frame that become one on each side: the power of two with which a sent pixel comes nearest to a pixel of the
 * screen.
 *
 * @param {number} pixels pixels of the frame along a device pixel
 */
export function stepFor(pixels) {
  if (!(pixels > 1)) return 1;
  return 2 ** Math.min(Math.round(Math.log2(pixels)), 30);
}

/**
 * The region that the screen needs; null if the frame is out of view or has no pixels.
 *
 * @param {object} options
 * @param {object} options.camera as camera.js has it
 * @param {object} options.viewport CSS pixels
 * @param {number} options.ratio device pixels a CSS pixel
 * @param {object} options.place of the frame
 * @param {number[]} options.shape rows and columns of the frame
 * @param {number} options.most pixels along a side that a texture can have
 * @param {?object} [options.present] what is asked for now; it is kept where it does
 */
export function regionFor({camera, viewport, ratio, place, shape: [rows, cols], most, present = null}) {
  if (!(rows > 0 && cols > 0 && viewport.width > 0 && viewport.height > 0)) return null;
  const perPixel = 1 / (camera.scale * ratio);
  const step = stepFor(perPixel / Math.max(place.width, place.height));
  const along = (centre, side, from, size, count) => {
    const half = side / 2 / camera.scale;
    return within((centre - half - from) / size, (centre + half - from) / size, count);
  };
  const across = along(camera.x, viewport.width, place.x, place.width, cols);
  const down = along(camera.y, viewport.height, place.y, place.height, rows);
  return across && down ? chosen(step, across, down, [rows, cols], most, present) : null;
}

/**
 * The region that the screen needs of a frame that lies in any way.
 *
 * @param {object} options as of regionFor, with `affine` (affine.js) from [column, row] of the frame to the camera's coordinates instead
 * of a place
 */
export function placedRegion({camera, viewport, ratio, affine, shape: [rows, cols], most, present = null}) {
  const back = inverse(affine);
  if (!back || !(rows > 0 && cols > 0 && viewport.width > 0 && viewport.height > 0)) return null;
  const step = stepFor(1 / (Math.max(Math.hypot(affine[0], affine[3]), Math.hypot(affine[1], affine[4])) * camera.scale * ratio));
  const half = [viewport.width / 2 / camera.scale, viewport.height / 2 / camera.scale];
  const corners = [[-1, -1], [1, -1], [-1, 1], [1, 1]].map(([i, j]) => apply(back, camera.x + i * half[0], camera.y + j * half[1]));
  const side = (axis, count) => {
    const all = corners.map(corner => corner[axis]);
    return within(Math.min(...all), Math.max(...all), count);
  };
  const across = side(0, cols);
  const down = side(1, rows);
  return across && down ? chosen(step, across, down, [rows, cols], most, present) : null;
}

// What is in view along an axis, [low, high, margin], null for nothing.
function within(low, high, count) {
  return high <= 0 || low >= count ? null : [Math.max(low, 0), Math.min(high, count), (high - low) * MARGIN];
}

function chosen(from, across, down, [rows, cols], most, present) {
  for (let step = from; ; step *= 2) {
    const region = Math.ceil(rows / step) * Math.ceil(cols / step) <= WHOLE
      ? {row: 0, col: 0, rows, cols, step}
      : {...span("row", "rows", down, rows, step), ...span("col", "cols", across, cols, step), step};
    if (Math.max(region.rows, region.cols) / step > most) continue;
    return keeps(present, region, across, down) ? present : region;
  }
}

function span(start, length, [low, high, margin], count, step) {
  const unit = QUANTUM * step;
  const from = Math.max(Math.floor((low - margin) / unit) * unit, 0);
  const to = Math.min(Math.ceil((high + margin) / unit) * unit, count);
  return {[start]: from, [length]: to - from};
}

function keeps(present, region, across, down) {
  if (!present || present.step !== region.step) return false;
  if (present.rows * present.cols > region.rows * region.cols * KEEP) return false;
  return present.col <= across[0] && present.col + present.cols >= across[1] &&
    present.row <= down[0] && present.row + present.rows >= down[1];
}

/**
 * The hub topic of a region.
 *
 * @param {string} base "<source>/array/<name>"
 * @param {(number|string)[]} index an item an axis: a number, "y", "x" or "c"
 * @param {object} region as from regionFor
 * @param {boolean} nearest take the pixel in the middle instead of the mean
 * @param {boolean} [exact] floats with all their digits, where float32 would do for less
 */
export function regionTopic(base, index, {row, col, rows, cols, step}, nearest, exact = false) {
  return `${base}/${index.join(",")}/${row},${col},${rows},${cols}/${step}${nearest ? "/n" : ""}${exact ? "/e" : ""}`;
}

/**
 * Where a picture that came lies: the place of its texels, in data pixels, and where it ends.
 *
 * @param {object} frame as from binary.js
 * @param {object} place of the frame it is a part of
 * @param {number[]} shape rows and columns of that frame
 */
export function placeOf({row, col, rows, cols, step}, place, shape) {
  return {
    x: place.x + col * place.width, y: place.y + row * place.height,
    width: place.width * step, height: place.height * step,
    // The last texels of a frame that step does not divide stand for fewer pixels.
    right: place.x + Math.min(col + cols * step, shape[1]) * place.width,
    bottom: place.y + Math.min(row + rows * step, shape[0]) * place.height,
  };
}
