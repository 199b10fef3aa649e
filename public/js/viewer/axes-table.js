/**
 * Per-column and per-row tables from which the fragment shader draws the tiles and the view rectangle.
 *
 * The picture has no rotation, so everything about a pixel that depends on the camera is a product of something of its column
 * and something of its row. That something is computed here, in float64, once per column and row; the shader sees small
 * integers and coverages only, so there is no float32 coordinate that could jitter, however large the image.
 *
 * An entry is four uint32 (a texel of RGBA32UI):
 *
 * | word | bits | meaning |
 * |---|---|---|
 * | 0 | 32 | cell under the pixel's first part, counted from the window's anchor (a cell is 2^k x 2^k tiles) |
 * | 1 | 16 + 16 | how much of the pixel tiles of that cell cover; how much tiles of the next cell cover (unorm16) |
 * | 2 | 10 + 10 + 10 + 1 | how much the view rectangle with edge and casing covers; with its edge; its inside alone (unorm10); whether the image reaches the pixel |
 * | 3 | 16 + 16 | which of the first bands reach that cell; which reach the next cell (a bit a band, see state-hash.js) |
 *
 * Coverage is exact: the integral of "there is a tile" over the pixel, so no moire appears when tiles are as small as pixels
 * or smaller. A pixel touches at most two cells of an axis, because a cell is at least a pixel wide (see levelOfDetail).
 */

/** The gap between tiles, as a share of a tile. */
export const GAP = 0.05;

/** The gap grows no wider than this, in CSS pixels: 5 % of a tile would fill the screen when one is zoomed far in. */
const GAP_MOST = 4;

/** Below FADE_TO device pixels a tile the gaps are an even haze; from FADE_FROM on they are drawn as they are. */
const FADE_FROM = 4;
const FADE_TO = 2;

/** A narrow tile at the image's edge keeps at least half of its width: its gaps take a quarter each at most. */
const SLIVER_GAP = 0.25;

/** Words an entry has. */
export const ENTRY = 4;

/** Bits of each of the view rectangle's three coverages: finer than a pixel's 256 shades. */
export const VIEW_BITS = 10;
const VIEW_MOST = (1 << VIEW_BITS) - 1;

/** The bit that says that the image reaches the pixel. */
export const IN_IMAGE = 1 << 3 * VIEW_BITS;

/** Bands whose bits an entry has. */
export const ENTRY_BANDS = 16;

/** The level of detail: the smallest k >= 0 for which 2^k tiles are at least a device pixel wide. `pitch`: device pixels a tile. */
export function levelOfDetail(pitch) {
  return Math.max(0, Math.ceil(-Math.log2(pitch)));
}

/** The gap as a share of a tile that is `pitch` device pixels wide. `ratio`: device pixels a CSS pixel. */
export function gapShare(pitch, ratio) {
  return Math.min(GAP, GAP_MOST * ratio / pitch);
}

/** How visible single gaps are, 0 to 1, when a tile is `pitch` device pixels wide. */
export function gapContrast(pitch) {
  const t = Math.min(Math.max((pitch - FADE_TO) / (FADE_FROM - FADE_TO), 0), 1);
  return t * t * (3 - 2 * t);
}

/**
 * The integral of "there is a tile" from 0 to t, in tiles. Tiles start at whole numbers; each has half a gap on both sides.
 * The image ends at `extent`; where that cuts the last tile short, the tile that is left has its gap at the cut.
 * `contrast` 0 spreads the gaps evenly, 1 draws them.
 */
export function tileIntegral(t, extent, gap, contrast) {
  const whole = Math.floor(t);
  const last = Math.ceil(extent) - 1;
  let length = 1;
  let margin = gap / 2;
  if (whole >= last && extent - last < 1) {
    length = extent - last;
    margin = Math.min(margin, length * SLIVER_GAP);
  }
  const exact = whole * (1 - gap) + Math.min(Math.max(t - whole - margin, 0), length - 2 * margin);
  return exact * contrast + t * (1 - gap) * (1 - contrast);
}

/**
 * Fills the table of one axis.
 *
 * @param {Uint32Array} out table; entries go to out[at], out[at + 1], ... , ENTRY words each
 * @param {number} at first word
 * @param {number} pixels device pixels along the axis
 * @param {object} axis
 * @param {number} axis.centre data coordinate at the middle of the picture
 * @param {number} axis.scale device pixels a data pixel
 * @param {number} axis.ratio device pixels a CSS pixel
 * @param {number} axis.tile data pixels a tile
 * @param {number} axis.extent length of the image in tiles, rarely a whole number
 * @param {number} axis.detail level of detail k
 * @param {number} axis.anchor cell that counts as 0
 * @param {?number[]} axis.view [low, high] of the view rectangle in data pixels, or null
 * @param {number} axis.edge width of the view's edge, device pixels
 * @param {number} axis.casing width of the casing around the edge, device pixels
 */
export function fillAxis(out, at, pixels, axis) {
  const {centre, scale, tile, extent, detail, anchor} = axis;
  const pitch = tile * scale;
  const gap = gapShare(pitch, axis.ratio);
  const contrast = gapContrast(pitch);
  const cell = 2 ** detail;
  // Positions are counted from a tile next to the centre: small numbers, so that nothing is lost far from the origin.
  const home = Math.floor(centre / tile);
  const step = 1 / pitch;
  const start = (centre - home * tile) / tile - pixels / 2 * step;
  const low = -home;
  const high = extent - home;
  for (let i = 0; i < pixels; i++, at += ENTRY) {
    const from = Math.max(start + i * step, low);
    const to = Math.min(start + (i + 1) * step, high);
    if (to > from) {
      const first = Math.floor((home + Math.floor(from)) / cell);
      const border = (first + 1) * cell - home;
      const begin = tileIntegral(from, high, gap, contrast);
      const middle = tileIntegral(Math.min(to, border), high, gap, contrast);
      const second = to > border ? tileIntegral(to, high, gap, contrast) - middle : 0;
      out[at] = first - anchor;
      out[at + 1] = pack((middle - begin) * pitch, second * pitch);
      out[at + 2] = IN_IMAGE;
    } else {
      out[at] = 0;
      out[at + 1] = 0;
      out[at + 2] = 0;
    }
    out[at + 3] = 0;
  }
  if (axis.view) fillView(out, at - pixels * ENTRY, pixels, axis);
}

function fillView(out, at, pixels, axis) {
  const {centre, scale, view, edge, casing} = axis;
  const low = (view[0] - centre) * scale + pixels / 2;
  const high = (view[1] - centre) * scale + pixels / 2;
  const half = edge / 2;
  const from = Math.max(Math.floor(low - half - casing), 0);
  const to = Math.min(Math.ceil(high + half + casing), pixels);
  for (let i = from; i < to; i++) {
    const entry = at + i * ENTRY;
    out[entry + 2] |= share(i, low - half - casing, high + half + casing) |
      share(i, low - half, high + half) << VIEW_BITS | share(i, low + half, high - half) << 2 * VIEW_BITS;
  }
}

/**
 * Adds the bits of the first ENTRY_BANDS bands to a table that fillAxis filled.
 *
 * @param {Float64Array} bands row, column, rows, columns of each, in tiles
 * @param {number} side 0 for a table of rows, 1 for one of columns
 */
export function fillBands(out, at, pixels, {detail, anchor}, bands, side) {
  const cell = 2 ** detail;
  const count = Math.min(bands.length / 4, ENTRY_BANDS);
  // A cell may take many pixels: its bits are worked out once.
  let known = NaN;
  let bits = 0;
  for (let i = 0; i < pixels; i++, at += ENTRY) {
    if (out[at + 1] === 0) continue;
    if (out[at] !== known) {
      known = out[at];
      bits = 0;
      const low = (known + anchor) * cell;
      for (let band = 0; band < count; band++) {
        const start = bands[band * 4 + side];
        const end = start + bands[band * 4 + 2 + side];
        if (start < low + cell && end > low) bits |= 1 << band;
        if (start < low + 2 * cell && end > low + cell) bits |= 1 << band + ENTRY_BANDS;
      }
      bits >>>= 0;
    }
    out[at + 3] = bits;
  }
}

/** How much of pixel i lies between low and high, as VIEW_BITS bits. */
function share(i, low, high) {
  return Math.round(Math.max(Math.min(i + 1, high) - Math.max(i, low), 0) * VIEW_MOST);
}

/** Two coverages as unorm16, the first in the low bits, as GLSL's unpackUnorm2x16 reads them. */
function pack(a, b) {
  return (unorm(a) | unorm(b) << 16) >>> 0;
}

function unorm(coverage) {
  return Math.round(Math.min(Math.max(coverage, 0), 1) * 65535);
}

/**
 * The cells an axis shows: `[first, last]`, both included, counted from cell 0 of the level; null when the image is out of view.
 */
export function cellsInView(pixels, {centre, scale, tile, extent, detail}) {
  const cell = 2 ** detail;
  const reach = pixels / 2 / scale;
  const from = Math.max((centre - reach) / tile, 0);
  const to = Math.min((centre + reach) / tile, extent);
  if (!(to > from)) return null;
  // One more on each side: rounding here must not decide whether the outermost pixel finds its cell.
  const last = Math.ceil(Math.ceil(extent) / cell) - 1;
  return [Math.max(Math.floor(from / cell) - 1, 0), Math.min(Math.floor(to / cell) + 1, last)];
}
