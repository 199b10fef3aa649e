/**
 * What a pane shows of its stack: a view `{x, y, scale, z}`, of which x and y are the place in its middle in pixels of the image (the
 * first one reaches from 0 to 1), scale is CSS pixels a pixel, and z is the slice. Pure, no DOM.
 *
 * Panes that are linked move by the same way, so that each keeps its own offset. A slice may therefore lie beyond the ends of
 * a stack, where the last one is shown, until somebody moves that pane itself.
 */

/** A picture of no more pixels is fetched as a whole, so that a pan needs nothing new. */
const WHOLE = 1 << 20;

/** Parts of larger ones begin at multiples of this, in pixels of what is sent. */
const BLOCK = 128;

const MOST_SCALE = 64;

/** How far from a slice objects and tracings are drawn, slices. */
export const REACH = 4;

/** How many slices on either side a sliding maximum takes. */
const SLIDING = 2;

/** The view in which all of an image is seen. */
export function fit({rows, cols}, {width, height}, z) {
  return {x: cols / 2, y: rows / 2, scale: fitScale({rows, cols}, {width, height}), z};
}

export function fitScale({rows, cols}, {width, height}) {
  return Math.min(width / cols, height / rows);
}

/**
 * A view as an address has it, so that a window of another size shows the same: the place in the middle, how many pixels of the image
 * the shorter side of the stage shows, and the slice.
 *
 * @returns {{x: number, y: number, span: number, z: number}}
 */
export function seenOf(view, {width, height}, z) {
  return {x: view.x, y: view.y, span: Math.min(width, height) / view.scale, z};
}

/** The view of an image that an address has; where it makes no sense, the nearest. */
export function seeing({x, y, span, z}, image, box) {
  const scale = Math.min(Math.max(Math.min(box.width, box.height) / Math.max(span, 1e-3), fitScale(image, box) / 2), MOST_SCALE);
  return pan({x, y, scale, z}, image, 0, 0);
}

/** The slice that is shown. */
export function sliceOf(view, slices) {
  return Math.min(Math.max(Math.round(view.z), 0), Math.max(slices - 1, 0));
}

/** Where a place of the image is on the screen. */
export function toScreen(view, {width, height}, x, y) {
  return [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2];
}

/** The place of the image at a place of the screen. */
export function fromScreen(view, {width, height}, px, py) {
  return [(px - width / 2) / view.scale + view.x, (py - height / 2) / view.scale + view.y];
}

/** Where an object lies in pixels of the image: its pixel is round(x/dx), and that pixel's middle is half a pixel further. */
export function pixelOf({dx, dy}, x, y) {
  return [x / dx + 0.5, y / dy + 0.5];
}

/** The place in micrometres of a place of the image; what pixelOf takes back. */
export function placeOf({dx, dy}, px, py) {
  return [(px - 0.5) * dx, (py - 0.5) * dy];
}

/** Moves a view by a way in pixels; its middle stays in the image. */
export function pan(view, {rows, cols}, dx, dy) {
  return {...view, x: Math.min(Math.max(view.x + dx, 0), cols), y: Math.min(Math.max(view.y + dy, 0), rows)};
}

/** Zooms by a factor; the place at (px, py) of the screen stays where it is. */
export function zoom(view, image, box, factor, px = box.width / 2, py = box.height / 2) {
  const least = fitScale(image, box) / 2;
  const scale = Math.min(Math.max(view.scale * factor, least), MOST_SCALE);
  const [x, y] = fromScreen(view, box, px, py);
  return pan({...view, scale, x: x - (px - box.width / 2) / scale, y: y - (py - box.height / 2) / scale}, image, 0, 0);
}

/** Steps of the pane that somebody moves: from what is shown, within the stack. */
export function step(view, slices, by) {
  const z = sliceOf(view, slices);
  return {...view, z: Math.min(Math.max(z + by, 0), Math.max(slices - 1, 0))};
}

/**
 * What a view differs by from the one before, as other panes can do it too.
 *
 * @param {{dx: number, dy: number}} voxel micrometres a pixel; 0 if it is not known
 */
export function wayOf(before, after, {dx, dy}, slices) {
  return {x: (after.x - before.x) * (dx || 1), y: (after.y - before.y) * (dy || 1), factor: after.scale / before.scale, z: after.z - sliceOf(before, slices)};
}

/** Goes the way of another pane. */
export function follow(view, image, box, way, {dx, dy}) {
  const moved = pan(view, image, way.x / (dx || 1), way.y / (dy || 1));
  const scaled = way.factor === 1 ? moved : {...moved, scale: Math.min(Math.max(moved.scale * way.factor, fitScale(image, box) / 2), MOST_SCALE)};
  return {...scaled, z: view.z + way.z};
}

/**
 * The part of a plane that a view needs.
 *
 * @returns {{step: number, rect: ?number[]}} one pixel stands for step by step; [row, col, rows, cols], null for all of it
 */
export function partOf(view, {rows, cols}, {width, height}, ratio) {
  let by = 1;
  while (by < 1024 && by * 2 * view.scale * ratio <= 1.001) by *= 2;
  if (Math.ceil(rows / by) * Math.ceil(cols / by) <= WHOLE) return {step: by, rect: null};
  const block = BLOCK * by;
  const span = (middle, room, most) => {
    const half = room / view.scale / 2 * 1.25;
    const from = Math.min(Math.max(Math.floor((middle - half) / block) * block, 0), Math.max(Math.ceil(most / block) - 1, 0) * block);
    const to = Math.min(Math.max(Math.ceil((middle + half) / block) * block, from + block), most);
    return [from, to - from];
  };
  const [col, nCols] = span(view.x, width, cols);
  const [row, nRows] = span(view.y, height, rows);
  return {step: by, rect: [row, col, nRows, nCols]};
}

/** The slices of a projection as the server's address has them. */
export function slicesText(project, z, slices) {
  if (project === "all") return "all";
  return project === "sliding" ? `${Math.max(z - SLIDING, 0)}-${Math.min(z + SLIDING, slices - 1)}` : String(z);
}

/** Whether an object is drawn at a slice. */
export function isNear(z, slice, project) {
  return project === "all" || Math.abs(z - slice) < REACH;
}

/** The slices to fetch before somebody asks, the likeliest first. */
export function aheadOf(z, slices, direction, project) {
  if (project === "all") return [];
  const d = direction < 0 ? -1 : 1;
  return [1, 2, -1, 3, 4].map(n => z + n * d).filter(at => at >= 0 && at < slices);
}
