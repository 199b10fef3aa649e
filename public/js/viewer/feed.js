/**
 * From a frame of the socket to what the viewer draws. Frames come from another program and are checked here, once; the rest
 * of the viewer works with what readFrame returns and need not doubt it.
 *
 * A frame:
 *
 *     {"topic": "napari/tiles/140234", "time": 1733.25, "level": 2,
 *      "base_shape": [100000, 80000], "image_shape": [25000, 20000], "grid": [98, 79], "tile_size": 256,
 *      "corners": [[120.5, 300], [5000, 7000]], "tiles": [0, 1, 4, 6], "count": 24,
 *      "tile_shape": [256, 128], "ideal_level": 3, "excess": 4, "loading": [0, 1, 1, 2], "reloaded": [2, 2, 1, 1]}
 *
 * Shapes are (height, width) in pixels, base_shape of level 0 and image_shape of this level; grid is (rows, columns) of tiles;
 * corners are (row, column) in level-0 pixels; tiles is a flat list of rectangles row, column, rows, columns, in tiles of this
 * level. All but topic and time may be null. What only newer processes say may be missing: the shape of a tile where it is not
 * square, the level that fits the screen (-1: unknown) and how many times
 * as many pixels this one has, and rectangles of tiles that are being loaded and that were loaded again
 * without need.
 */

/** Rows or columns of tiles a level may have. Level-0 pixels then still have float64 digits to spare. */
const MOST_TILES = 2 ** 31;

/**
 * Reads a frame.
 *
 * @returns {?object} null when the frame does not say enough to draw a grid, else
 * `{topic, time, level, ideal, excess, base, image, grid, tileSize, tile, extent, box, view, rects, loading, reloaded, count, refused}`:
 * base, image (level pixels) and grid are [rows, columns]; tile is the size of a tile in data pixels, [height, width]; extent
 * the length of the image in tiles, [rows, columns], not whole where the last tile is cut short; box the image in data pixels;
 * view the view rectangle in data pixels or null; rects a Float64Array of row, column, rows, columns, each within the grid;
 * loading and reloaded the same; ideal the level that fits the screen or null;
 * count the number of seen tiles as the frame says it; refused the number of rectangles that made no sense.
 */
export function readFrame(frame) {
  const level = Number.isInteger(frame.level) && frame.level >= 0 && frame.level < 64 ? frame.level : 0;
  const tileSize = frame.tile_size;
  if (!(Number.isFinite(tileSize) && tileSize >= 1)) return null;
  const tileShape = pair(frame.tile_shape) ?? [tileSize, tileSize];
  let image = pair(frame.image_shape);
  let grid = pair(frame.grid);
  if (!image && !grid) return null;
  image ??= grid.map((tiles, axis) => tiles * tileShape[axis]);
  grid ??= image.map((pixels, axis) => Math.ceil(pixels / tileShape[axis]));
  grid = grid.map(Math.floor);
  if (grid.some(tiles => tiles > MOST_TILES)) return null;
  const base = pair(frame.base_shape) ?? image.map(pixels => pixels * 2 ** level);
  const scale = [levelScale(base[0], image[0], level), levelScale(base[1], image[1], level)];
  const tile = scale.map((s, axis) => s * tileShape[axis]);
  const extent = grid.map((tiles, axis) => Math.min(tiles, image[axis] / tileShape[axis]));
  const {rects, refused} = readRects(frame.tiles, grid);
  const ideal = Number.isInteger(frame.ideal_level) && frame.ideal_level >= 0 ? frame.ideal_level : null;
  return {
    topic: String(frame.topic),
    time: Number.isFinite(frame.time) ? frame.time : null,
    level, ideal, excess: frame.excess > 0 && frame.excess < Infinity ? frame.excess : 4 ** ((ideal ?? level) - level),
    base, image, grid, tileSize, tile, extent,
    box: {x0: 0, y0: 0, x1: base[1], y1: base[0]},
    view: readView(frame.corners),
    rects, refused,
    loading: readRects(frame.loading, grid).rects, reloaded: readRects(frame.reloaded, grid).rects,
    count: Number.isFinite(frame.count) ? frame.count : areaOf(rects),
  };
}

/**
 * Data pixels a level pixel takes along one axis. napari halves each level and drops the odd pixel, others round up, so the
 * quotient of the two shapes is only nearly the factor: where 2^level or the nearest whole number explains both shapes, that
 * is the factor.
 */
export function levelScale(base, image, level) {
  const explains = factor => Math.floor(base / factor) <= image && image <= Math.ceil(base / factor);
  const halved = 2 ** level;
  if (explains(halved)) return halved;
  const whole = Math.round(base / image);
  return whole >= 1 && explains(whole) ? whole : base / image;
}

/** Whether two pictures have the same tiles seen of the same grid. */
export function sameTiles(a, b) {
  if (a === b) return true;
  if (!a || !b || !sameNumbers(a.rects, b.rects)) return false;
  for (let axis = 0; axis < 2; axis++) {
    if (a.grid[axis] !== b.grid[axis] || a.tile[axis] !== b.tile[axis] || a.extent[axis] !== b.extent[axis]) return false;
  }
  return true;
}

/** Whether two pictures have the same marks on tiles, and the same to say of the level. */
export function sameMarks(a, b) {
  if (!a || !b) return a === b;
  return a.level === b.level && a.ideal === b.ideal && sameNumbers(a.loading, b.loading) && sameNumbers(a.reloaded, b.reloaded);
}

function sameNumbers(a, b) {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Whether a tile is among the seen ones. */
export function isSeen(picture, row, column) {
  return isAmong(picture.rects, row, column);
}

/** Whether rectangles hold a tile. */
export function isAmong(rects, row, column) {
  for (let i = 0; i < rects.length; i += 4) {
    if (row >= rects[i] && row < rects[i] + rects[i + 2] && column >= rects[i + 1] && column < rects[i + 1] + rects[i + 3]) return true;
  }
  return false;
}

function pair(value) {
  if (!Array.isArray(value) || value.length !== 2) return null;
  return value.every(n => Number.isFinite(n) && n > 0 && n <= Number.MAX_SAFE_INTEGER) ? value : null;
}

function readView(corners) {
  if (!Array.isArray(corners) || corners.length !== 2) return null;
  const [a, b] = corners;
  if (![a, b].every(c => Array.isArray(c) && c.length === 2 && c.every(Number.isFinite))) return null;
  return {
    x0: Math.min(a[1], b[1]), y0: Math.min(a[0], b[0]),
    x1: Math.max(a[1], b[1]), y1: Math.max(a[0], b[0]),
  };
}

function readRects(tiles, grid) {
  if (!Array.isArray(tiles)) return {rects: new Float64Array(0), refused: 0};
  const rects = new Float64Array(tiles.length - tiles.length % 4);
  let length = 0;
  for (let i = 0; i + 3 < tiles.length; i += 4) {
    const top = tiles[i];
    const left = tiles[i + 1];
    const bottom = top + tiles[i + 2];
    const right = left + tiles[i + 3];
    // A sum is a whole number only if what it is made of is (text would be joined to text), so these four tell of all.
    if (!(Number.isSafeInteger(top) && Number.isSafeInteger(left) && Number.isSafeInteger(bottom) && Number.isSafeInteger(right))) continue;
    const row = Math.max(top, 0);
    const column = Math.max(left, 0);
    const rows = Math.min(bottom, grid[0]) - row;
    const columns = Math.min(right, grid[1]) - column;
    if (rows < 1 || columns < 1) continue;
    rects[length++] = row;
    rects[length++] = column;
    rects[length++] = rows;
    rects[length++] = columns;
  }
  return {rects: rects.subarray(0, length), refused: Math.ceil(tiles.length / 4) - length / 4};
}

/** Tiles that rectangles hold. */
export function areaOf(rects) {
  let area = 0;
  for (let i = 0; i < rects.length; i += 4) area += rects[i + 2] * rects[i + 3];
  return area;
}
