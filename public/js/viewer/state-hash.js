/**
 * Which tiles are seen, in a form a fragment shader can ask for one cell at a time, at a cost that does not depend on how many
 * tiles a level has. Pure, no DOM; the shader's half of the agreement is generated from the constants here (shaders.js).
 *
 * Seen tiles come as rectangles, and are kept in two tables:
 *
 * - The largest rectangles, up to BANDS, as *bands*: for every column of cells in view a mask of the rectangles that reach it,
 *   and for every row as well. A cell is seen if the two masks share a bit. Exact for rectangles of any size. The masks of the
 *   first few stand in the axis tables (axes-table.js), which is all that most pictures need.
 * - The others in a hash table of cells (StateHash), with open addressing and linear probing. Exact up to MOST_CELLS different
 *   cells within reach of the view; beyond it makes its cells coarser, so that a seen tile is never hidden.
 *
 * A cell is 2^k x 2^k tiles, where k is the level of detail: a pixel or two, so that a single seen tile is visible even when
 * the whole of a huge level is in view.
 */

import {ENTRY_BANDS} from "./axes-table.js";

/** Bits of a cell's row and of its column in a key: the window the table covers is 2^14 cells a side. */
export const KEY_BITS = 14;
export const WINDOW = 1 << KEY_BITS;

/** Anchors are multiples of this, so that coarser cells (up to 2^12 times) keep their borders. */
const ANCHOR_STEP = 4096;

/** Cells that are kept beside those in view, on both sides together, at most. */
export const MARGIN = 16;

/** The largest picture, in device pixels a side: its cells and their margin always fit a window. */
export const MOST_PIXELS = WINDOW / 2 - MARGIN;

/** An entry is key << STATE_BITS | state; 0 is an empty slot, so states start at 1. When cells collide the higher state wins. */
export const STATE_BITS = 4;
export const SEEN = 1;

/** slot = (key * MULTIPLIER mod 2^32) >>> shift: Fibonacci hashing. */
export const MULTIPLIER = 2654435761;

/** The table's width as a texture; its height is size / width. */
export const TABLE_WIDTH_BITS = 9;

const SMALLEST_BITS = 12;
const LARGEST_BITS = 20;

/** Different cells the table holds at most: half of its slots, which keeps probing short. */
export const MOST_CELLS = 1 << (LARGEST_BITS - 1);

/** Rectangles that may be bands: bits of the mask, four words. */
export const BANDS = 128;
export const BAND_WORDS = BANDS / 32;

/** Tiles from which on a rectangle is worth a band; when there are few rectangles all are, and nothing needs a table. */
const BAND_TILES = 16;

/**
 * Tells bands from the rest.
 *
 * @param {Float64Array} rects row, column, rows, columns of each rectangle, in tiles
 * @returns {{bands: Float64Array, rest: Float64Array}} the same rectangles, the same layout
 */
export function splitRects(rects) {
  const large = [];
  const few = rects.length / 4 <= ENTRY_BANDS;
  for (let i = 0; i < rects.length; i += 4) {
    if (few || rects[i + 2] * rects[i + 3] >= BAND_TILES) large.push(i);
  }
  if (large.length > BANDS) {
    large.sort((a, b) => rects[b + 2] * rects[b + 3] - rects[a + 2] * rects[a + 3]);
    large.length = BANDS;
  }
  const chosen = new Set(large);
  const bands = new Float64Array(large.length * 4);
  const rest = new Float64Array(rects.length - bands.length);
  let b = 0;
  let r = 0;
  for (let i = 0; i < rects.length; i += 4) {
    if (chosen.size > 0 && chosen.has(i)) {
      for (let j = 0; j < 4; j++) bands[b++] = rects[i + j];
    } else {
      for (let j = 0; j < 4; j++) rest[r++] = rects[i + j];
    }
  }
  return {bands, rest};
}

/**
 * The masks of one axis, BAND_WORDS words a cell, for `cells` cells from `first` on.
 *
 * @param {Uint32Array} out masks; written from out[at] on
 * @param {number} at first word
 * @param {Float64Array} bands as from splitRects
 * @param {number} axis 0 for rows, 1 for columns
 * @param {number} first cell, counted from cell 0 of the level
 * @param {number} cells number of cells
 * @param {number} detail level of detail k
 */
export function fillMasks(out, at, bands, axis, first, cells, detail) {
  out.fill(0, at, at + cells * BAND_WORDS);
  const cell = 2 ** detail;
  for (let band = 0; band < bands.length / 4; band++) {
    const start = bands[band * 4 + axis];
    const end = start + bands[band * 4 + 2 + axis];
    const from = Math.max(Math.floor(start / cell) - first, 0);
    const to = Math.min(Math.ceil(end / cell) - first, cells);
    const bit = 1 << (band & 31);
    for (let i = from, word = at + from * BAND_WORDS + (band >> 5); i < to; i++, word += BAND_WORDS) out[word] |= bit;
  }
}

/**
 * The anchor of a window that holds the cells first..last (counted from cell 0 of the level): the present anchor if it still
 * does, so that a pan rebuilds nothing; otherwise one with the cells in its middle.
 */
export function anchorFor(first, last, present) {
  if (present !== null && first >= present && last < present + WINDOW) return present;
  const middle = Math.floor((first + last) / 2);
  return Math.max(0, Math.floor((middle - WINDOW / 2) / ANCHOR_STEP) * ANCHOR_STEP);
}

/** The table's slot of a key, for a table of 2^(32 - shift) slots. */
export function slotOf(key, shift) {
  return Math.imul(key, MULTIPLIER) >>> shift;
}

/** A table of cells within a window. One is made once and built again and again; it keeps its memory. */
export class StateHash {
  constructor() {
    this.#reset(SMALLEST_BITS);
    /** Cells are 2^coarse times as large as asked for; 0 unless there were too many. */
    this.coarse = 0;
  }

  /** Slots, length a power of two. */
  entries;
  /** 32 - log2 of the number of slots. */
  shift;
  /** Cells in the table. */
  count;
  /** Steps the longest search takes, at least 1: the shader needs to look no further. */
  probes;
  /** First row, first column, last row, last column of the cells in the table (coarse ones, from the anchor); empty: last < first. */
  bounds;

  /**
   * Builds the table of the cells that rectangles touch.
   *
   * @param {Float64Array} rects row, column, rows, columns of each, in tiles
   * @param {number} detail level of detail k
   * @param {number} anchorRow first row of the window, in cells
   * @param {number} anchorColumn first column of the window, in cells
   */
  build(rects, detail, anchorRow, anchorColumn) {
    for (this.coarse = 0; ; this.coarse++) {
      this.#reset(SMALLEST_BITS);
      if (this.#insertAll(rects, detail, anchorRow, anchorColumn)) return this;
    }
  }

  /** The state of a cell, counted from the anchor (not coarse); 0: none. What the shader does, for tests and for the readout. */
  lookup(row, column) {
    const key = row >> this.coarse << KEY_BITS | column >> this.coarse;
    const mask = this.entries.length - 1;
    for (let slot = slotOf(key, this.shift), step = 0; step < this.probes; slot = slot + 1 & mask, step++) {
      const entry = this.entries[slot];
      if (entry === 0) return 0;
      if (entry >>> STATE_BITS === key) return entry & (1 << STATE_BITS) - 1;
    }
    return 0;
  }

  #reset(bits) {
    const size = 1 << bits;
    if (this.entries && this.entries.length === size) this.entries.fill(0);
    else this.entries = new Uint32Array(size);
    this.shift = 32 - bits;
    this.count = 0;
    this.probes = 1;
    this.bounds = [WINDOW, WINDOW, -1, -1];
  }

  #insertAll(rects, detail, anchorRow, anchorColumn) {
    const cell = 2 ** detail;
    for (let i = 0; i < rects.length; i += 4) {
      // Clamped to the window before the bit operations, which know 32 bits only.
      const inside = value => Math.min(Math.max(value, 0), WINDOW);
      const row0 = inside(Math.floor(rects[i] / cell) - anchorRow) >> this.coarse;
      const column0 = inside(Math.floor(rects[i + 1] / cell) - anchorColumn) >> this.coarse;
      const row1 = inside(Math.ceil((rects[i] + rects[i + 2]) / cell) - anchorRow) - 1 >> this.coarse;
      const column1 = inside(Math.ceil((rects[i + 1] + rects[i + 3]) / cell) - anchorColumn) - 1 >> this.coarse;
      if (row1 < row0 || column1 < column0) continue;
      for (let row = row0; row <= row1; row++) {
        for (let column = column0; column <= column1; column++) {
          this.#insert(row << KEY_BITS | column, SEEN);
          if (this.count * 2 > this.entries.length && !this.#grow()) return false;
        }
      }
      const b = this.bounds;
      this.bounds = [Math.min(b[0], row0), Math.min(b[1], column0), Math.max(b[2], row1), Math.max(b[3], column1)];
    }
    return true;
  }

  #insert(key, state) {
    const entries = this.entries;
    const mask = entries.length - 1;
    let slot = slotOf(key, this.shift);
    for (let step = 1; ; slot = slot + 1 & mask, step++) {
      const entry = entries[slot];
      if (entry !== 0 && entry >>> STATE_BITS !== key) continue;
      if (entry === 0) {
        this.count++;
        if (step > this.probes) this.probes = step;
      }
      if (state > (entry & (1 << STATE_BITS) - 1)) entries[slot] = (key << STATE_BITS | state) >>> 0;
      return;
    }
  }

  #grow() {
    const bits = 33 - this.shift;
    if (bits > LARGEST_BITS) return false;
    const old = this.entries;
    const bounds = this.bounds;
    this.#reset(bits);
    this.bounds = bounds;
    for (const entry of old) {
      if (entry !== 0) this.#insert(entry >>> STATE_BITS, entry & (1 << STATE_BITS) - 1);
    }
    return true;
  }
}
