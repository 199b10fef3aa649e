/**
 * The camera: which part of the image is on the screen. Pure arithmetic in float64, no DOM.
 *
 * A camera is an immutable value `{x, y, scale}`: the centre of the picture in data pixels (level 0, x to the right, y down)
 * and the number of CSS pixels a data pixel takes. Data pixels and not level pixels, so that a change of level leaves the
 * same place in view; CSS and not device pixels, so that pointer positions need no conversion and a change of the screen's
 * pixel ratio leaves the picture as it is.
 *
 *     let camera = fitBox(box, viewport, 24);
 *     camera = zoomAbout(camera, viewport, 100, 80, 2, zoomLimits(box, viewport));
 *     const [x, y] = toData(camera, viewport, 100, 80);
 *
 * A viewport is `{width, height}` in CSS pixels. A box is `{x0, y0, x1, y1}` in data pixels.
 */

/** Largest zoom, CSS pixels a data pixel: a data pixel is then a clearly visible square. */
export const MAX_SCALE = 256;

/** How far below "fit" one may zoom out. */
const ZOOM_OUT_BELOW_FIT = 8;

/** CSS pixels of the image that a pan leaves in view, so that nobody loses the picture. */
const KEEP_IN_VIEW = 48;

/** Screen position of a data point: `[px, py]` in CSS pixels from the top left. */
export function toScreen(camera, viewport, x, y) {
  return [(x - camera.x) * camera.scale + viewport.width / 2, (y - camera.y) * camera.scale + viewport.height / 2];
}

/** Data point under a screen position: `[x, y]` in data pixels. */
export function toData(camera, viewport, px, py) {
  return [camera.x + (px - viewport.width / 2) / camera.scale, camera.y + (py - viewport.height / 2) / camera.scale];
}

/** The camera after the picture was dragged by (dx, dy) CSS pixels. */
export function panBy(camera, dx, dy) {
  return {x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale, scale: camera.scale};
}

/** The camera after zooming by `factor` with the data point at (px, py) staying where it is. */
export function zoomAbout(camera, viewport, px, py, factor, limits) {
  const scale = clamp(camera.scale * factor, limits.min, limits.max);
  const [x, y] = toData(camera, viewport, px, py);
  return {x: x - (px - viewport.width / 2) / scale, y: y - (py - viewport.height / 2) / scale, scale};
}

/** Nothing of the picture is covered. */
const UNCOVERED = {top: 0, right: 0, bottom: 0, left: 0};

/**
 * The camera that shows the whole box, with `padding` CSS pixels left free around it, in the middle of what is left of the
 * picture when `covered` (CSS pixels at each side, by buttons for example) is taken away.
 */
export function fitBox(box, viewport, padding, covered = UNCOVERED) {
  const room = (side, lost) => Math.max(side - lost - 2 * padding, (side - lost) / 2, 1);
  const width = Math.max(box.x1 - box.x0, 1e-9);
  const height = Math.max(box.y1 - box.y0, 1e-9);
  const across = covered.left + covered.right;
  const down = covered.top + covered.bottom;
  const scale = Math.min(room(viewport.width, across) / width, room(viewport.height, down) / height, MAX_SCALE);
  return {
    x: (box.x0 + box.x1) / 2 + (covered.right - covered.left) / 2 / scale,
    y: (box.y0 + box.y1) / 2 + (covered.bottom - covered.top) / 2 / scale,
    scale,
  };
}

/** The camera that shows a view rectangle with some of its surroundings: the rectangle takes `share` of the picture. */
export function fitView(view, viewport, share, covered = UNCOVERED) {
  const padding = Math.min(viewport.width, viewport.height) * (1 - share) / 2;
  return fitBox(view, viewport, padding, covered);
}

/** How far one may zoom: `{min, max}` of the scale, for an image of this box. */
export function zoomLimits(box, viewport) {
  const min = fitBox(box, viewport, 0).scale / ZOOM_OUT_BELOW_FIT;
  return {min: Math.min(min, MAX_SCALE), max: MAX_SCALE};
}

/** The nearest camera that keeps a piece of the box in view on both axes. */
export function keepInView(camera, viewport, box) {
  const along = (centre, side, low, high) => {
    const reach = Math.max(side / 2 - Math.min(KEEP_IN_VIEW, side / 4), 0) / camera.scale;
    return clamp(centre, low - reach, high + reach);
  };
  return {
    x: along(camera.x, viewport.width, box.x0, box.x1),
    y: along(camera.y, viewport.height, box.y0, box.y1),
    scale: camera.scale,
  };
}

/** The smallest box around two boxes; either may be null. */
export function union(a, b) {
  if (!a || !b) return a || b;
  return {x0: Math.min(a.x0, b.x0), y0: Math.min(a.y0, b.y0), x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1)};
}

/**
 * A camera on the way from a to b, t from 0 to 1. The scale goes evenly in its logarithm and the centre goes evenly in
 * 1/scale, which is what keeps the one point that both cameras show at the same place standing still on the way.
 */
export function between(a, b, t) {
  if (t >= 1) return b;
  const scale = a.scale * Math.pow(b.scale / a.scale, t);
  const span = 1 / b.scale - 1 / a.scale;
  // With nearly equal scales the quotient has no digits left; the path is then a plain pan.
  const u = Math.abs(span) * a.scale > 1e-6 ? (1 / scale - 1 / a.scale) / span : t;
  return {x: a.x + (b.x - a.x) * u, y: a.y + (b.y - a.y) * u, scale};
}

/**
 * The camera after moving towards a goal that may itself move, for `elapsed` ms with time constant `tau` ms: independent of
 * the frame rate, and without end; see settled.
 */
export function approach(camera, goal, elapsed, tau) {
  return between(camera, goal, tau > 0 ? 1 - Math.exp(-elapsed / tau) : 1);
}

/** Whether two cameras show the same picture to within a tenth of a CSS pixel. */
export function settled(a, b, viewport) {
  const reach = Math.max(viewport.width, viewport.height) / 2;
  return Math.abs(a.x - b.x) * b.scale < 0.1 && Math.abs(a.y - b.y) * b.scale < 0.1 &&
    Math.abs(a.scale / b.scale - 1) * reach < 0.1;
}

/** Wheel units in CSS pixels: DOM_DELTA_LINE is taken as a line of text, DOM_DELTA_PAGE as the height of the picture. */
const LINE_HEIGHT = 16;
const WHEEL_GAIN = 0.002;
const PINCH_GAIN = 0.01;
/** One event moves no further than this, in CSS pixels: a flung free-spinning wheel would otherwise lose the place. */
const WHEEL_MOST = 240;

/**
 * The zoom factor of a wheel event. Browsers report a notch as 100-120 pixels, 3 lines or a page, and a touchpad's pinch as
 * a wheel with ctrlKey and small steps.
 */
export function wheelFactor(event, pageHeight) {
  const unit = event.deltaMode === 1 ? LINE_HEIGHT : event.deltaMode === 2 ? pageHeight : 1;
  const delta = clamp(event.deltaY * unit, -WHEEL_MOST, WHEEL_MOST);
  return Math.exp(-delta * (event.ctrlKey ? PINCH_GAIN : WHEEL_GAIN));
}

/**
 * The camera after two fingers moved. `from` and `to` are `{ax, ay, bx, by}`, the fingers' positions in CSS pixels: the data
 * points under the fingers stay under them as well as a picture without rotation allows.
 */
export function pinch(camera, viewport, from, to, limits) {
  const apart = f => Math.max(Math.hypot(f.ax - f.bx, f.ay - f.by), 1);
  const zoomed = zoomAbout(camera, viewport, (from.ax + from.bx) / 2, (from.ay + from.by) / 2, apart(to) / apart(from), limits);
  return panBy(zoomed, (to.ax + to.bx - from.ax - from.bx) / 2, (to.ay + to.by - from.ay - from.by) / 2);
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
