/**
 * The plane of an array that a view shows, and how it lies in the picture. Pure, no DOM.
 *
 * Three places are told apart: a *position* is [row, col] of an element; a *place* is [x, y] in pixels of the array, (0, 0) being
 * the outer corner of the first; a *point* is [x, y] in data pixels of the viewer's camera.
 */

import {rolesOf} from "./state.js";

/** Height of an array of one axis, as a part of its length: it is a strip, high enough to be seen. */
const STRIP = 1 / 12;

export class Plane {
  #config;
  #view;
  #shape;

  /**
   * @param {object} config what the server says of the array
   * @param {object} view as in state.js
   * @param {number[]} shape of the frames
   */
  constructor(config, view, shape) {
    this.#config = config;
    this.#view = view;
    this.#shape = shape;
    /** The axes of the view: {down, right, samples, blended}, -1 for none. */
    this.roles = rolesOf(view);
    const {down, right} = this.roles;
    /** Rows and columns. */
    this.sizes = [down < 0 ? 1 : shape[down], shape[right]];
    const [height, width] = view.scaled ? scaledOf(config, this.roles) ?? [1, 1] : [1, 1];
    /** Of the frames in the picture, as in viewer/region.js: width and height are those of a pixel of the array. */
    this.place = {x: 0, y: 0, width, height: down < 0 ? Math.max(this.sizes[1] * STRIP, 1) : height};
  }

  /** The names of the axes, down and right; "" where there is none. */
  get names() {
    const {down, right} = this.roles;
    return [down < 0 ? "" : nameOf(this.#config, down), nameOf(this.#config, right)];
  }

  /** All of it, in points. */
  get box() {
    const [rows, cols] = this.sizes;
    return {x0: 0, y0: 0, x1: cols * this.place.width, y1: rows * this.place.height};
  }

  toPoint([x, y]) {
    return [x * this.place.width, y * this.place.height];
  }

  toPlace([x, y]) {
    return [x / this.place.width, y / this.place.height];
  }

  /** The position under a point; null where there is none. */
  positionAt(point) {
    if (!point) return null;
    const [col, row] = this.toPlace(point).map(Math.floor);
    const [rows, cols] = this.sizes;
    return row >= 0 && col >= 0 && row < rows && col < cols ? [row, col] : null;
  }

  /** The index of the elements at a position: a number for each axis, null for those of samples and channels. */
  indexAt([row, col]) {
    const {down, right} = this.roles;
    return this.#view.index.map((item, axis) => axis === down ? row : axis === right ? col
      : typeof item === "number" ? Math.min(item, Math.max(this.#shape[axis] - 1, 0)) : null);
  }

  /** What of it is on the screen, as a line across its middle: {x0, x1, y}, places. */
  across({camera, viewport}) {
    const [rows, cols] = this.sizes;
    const half = viewport.width / 2 / camera.scale;
    return {x0: Math.max((camera.x - half) / this.place.width, 0), x1: Math.min((camera.x + half) / this.place.width, cols),
      y: Math.min(Math.max(camera.y / this.place.height, 0), rows)};
  }

  /**
   * How far a pixel goes down and right, and in which unit: that of the axes if both have the same, otherwise pixels.
   *
   * @returns {{scale: number[], unit: string}}
   */
  get steps() {
    const {units, scale, axes} = this.#config;
    const {down, right} = this.roles;
    const world = scale.length === axes.length && units.length === axes.length && Boolean(units[right]) && (down < 0 || units[down] === units[right]);
    return world ? {scale: [down < 0 ? 1 : Math.abs(scale[down]), Math.abs(scale[right])], unit: units[right]} : {scale: [1, 1], unit: "px"};
  }
}

/** The parts of an index by which the picture is another, not another position of the same. */
export function sidesOf(index) {
  return index.join().replace(/\d+/g, "");
}

/** The name of an axis. */
export function nameOf(config, axis) {
  return config.axes?.[axis] || `axis ${axis}`;
}

/** A position in the units of its axis, "" where there are none. */
export function worldOf(config, axis, position) {
  const scale = config.scale?.[axis];
  const unit = config.units?.[axis] ?? "";
  if (!(Number.isFinite(scale) && scale !== 0) || (scale === 1 && unit === "")) return "";
  return `${Number((position * scale).toPrecision(6))}${unit ? ` ${unit}` : ""}`;
}

/**
 * How many squares a pixel of the plane takes down and right, where the axes' scales mean the same and are not equal.
 *
 * @returns {?number[]} [down, right], the lesser of them 1; null where pixels are square
 */
export function scaledOf(config, {down, right}) {
  const [y, x] = [down, right].map(axis => config.scale?.[axis]);
  if (!(y > 0 && x > 0) || (config.units?.[down] ?? "") !== (config.units?.[right] ?? "")) return null;
  const ratio = y / x;
  return ratio !== 1 && ratio < 1000 && ratio > 0.001 ? [Math.max(ratio, 1), Math.max(1 / ratio, 1)] : null;
}
