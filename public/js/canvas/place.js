/** Where a picture of napari's canvas lies on the page, and how large a one to ask for. Pure. */

/** Sizes are asked for in steps, so that a window that is dragged larger does not ask for another at each pixel. */
const STEP = 64;

/** The largest side that is asked for, device pixels. */
const MOST = 4096;

/**
 * The rectangle in which a picture is seen whole, in the middle, as large as can be: device pixels, whole ones.
 *
 * @param {{rows: number, cols: number}} picture
 * @param {{width: number, height: number}} room device pixels
 * @returns {?{x: number, y: number, width: number, height: number}} null where there is no picture or no room
 */
export function contain({rows, cols}, {width, height}) {
  if (!(rows > 0 && cols > 0 && width > 0 && height > 0)) return null;
  let scale = Math.min(width / cols, height / rows);
  // What is as large as its place to within a pixel is shown pixel by pixel.
  if (Math.abs(scale - 1) * Math.max(rows, cols) < 1 && cols <= width && rows <= height) scale = 1;
  const size = {width: Math.max(Math.round(cols * scale), 1), height: Math.max(Math.round(rows * scale), 1)};
  return {x: Math.floor((width - size.width) / 2), y: Math.floor((height - size.height) / 2), ...size};
}

/** The part of a topic that says how many pixels there is room for: "1088x768", columns first. */
export function sizeFor({width, height}) {
  const side = n => Math.min(Math.max(Math.ceil(n / STEP), 1) * STEP, MOST);
  return `${side(width)}x${side(height)}`;
}

/**
 * A place of the page as shares of the canvas: 0 to 1 from its top left, less or more beside it.
 *
 * @param {{x: number, y: number, width: number, height: number}} rect device pixels
 * @param {number} ratio device pixels a CSS pixel
 * @param {number} x CSS pixels, as y
 */
export function shareOf(rect, ratio, x, y) {
  return {x: (x * ratio - rect.x) / rect.width, y: (y * ratio - rect.y) / rect.height};
}

/** Whether shares are those of a place on the canvas. */
export function within({x, y}) {
  return x >= 0 && y >= 0 && x <= 1 && y <= 1;
}

/** Shares that lie on the canvas: those of the nearest place on it. */
export function clamped({x, y}) {
  return {x: Math.min(Math.max(x, 0), 1), y: Math.min(Math.max(y, 0), 1)};
}
