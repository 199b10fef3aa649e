/** The newest pictures of a model, and what the viewer makes of them: density, phase, contours and tracers. */

import {countValues} from "../arrays/contrast.js";
import {valuesOf} from "../viewer/lossy.js";
import {colorTable} from "../viewer/lut.js";
import {floatsOf} from "../viewer/numbers.js";
import {placeOf} from "../viewer/region.js";
import {AutoRange, limitsOf, measure} from "./range.js";

/** Tracers: their size, CSS pixels. */
const TRACER = 3;

/** Below this share of the greatest density the phase means less and less, and its contours fade. */
const FAINT = 0.08;

/** From this share of the greatest density the phase is seen in its full colours. */
const BRIGHT = 0.7;

/** What is measured of a density before there is one. */
const NOTHING = {low: NaN, high: NaN, sum: 0, count: 0, missing: 0};

export class Pictures {
  density = null;
  phase = null;
  /** Density and phase as they came, by these names. */
  came = {density: null, phase: null};
  tracers = null;
  /** Of the density, as range.js says; of one that has lost something what the server has counted, which has no sum (NaN). */
  measured = {...NOTHING};
  #told = null; // what the server has counted
  #counted = {of: null, counts: null};
  #range = new AutoRange();
  #table = {name: "", colors: null};
  #hues = colorTable("hsv");

  /** Forgets everything: it belongs to another grid. */
  forget() {
    this.density = this.phase = this.tracers = null;
    this.came = {density: null, phase: null};
    this.#range.clear();
    this.#told = null;
    this.measured = {...NOTHING};
  }

  /**
   * Takes a density.
   *
   * @param {object} frame as from binary.js
   * @param {boolean} last whether the range has no next picture to wait for
   */
  takeDensity(frame, last) {
    // Whole numbers are weighed and measured as floats are, and so are bytes that stand for values.
    this.density = floatsOf(valuesOf(frame));
    this.came.density = frame;
    if (frame.counts) this.#told = frame.counts;
    if (!frame.lossy) measure(this.density.data, this.measured);
    else if (frame.counts) {
      const {low, high, count, missing} = frame.counts;
      this.measured = {low, high, sum: NaN, count, missing};
    }
    this.#follow(last);
  }

  takePhase(frame) {
    this.phase = valuesOf(frame);
    this.came.phase = frame;
  }

  /** How the values of the density are distributed, as contrast.js says; null while that is not known. */
  get counts() {
    if (!this.density) return null;
    if (this.density.about) return this.#told;
    if (this.#counted.of !== this.density) this.#counted = {of: this.density, counts: countValues(this.density)};
    return this.#counted.counts;
  }

  /** The range becomes that of the last density at once: no other will come. */
  settle() {
    if (this.density) this.#follow(true);
  }

  takeTracers(frame) {
    this.tracers = frame.type === "f4" ? frame : {...frame, type: "f4", data: Float32Array.from(frame.data)};
  }

  #follow(atOnce) {
    this.#range.take(this.measured.low, this.measured.high, performance.now(), atOnce);
  }

  /** The limits of the colours in a view (state.js). */
  limits(view) {
    return limitsOf(view, this.#range);
  }

  /** The colours of a view. */
  colors({lut}) {
    if (this.#table.name !== lut) this.#table = {name: lut, colors: colorTable(lut)};
    return this.#table.colors;
  }

  /** The frames that are drawn, as they came. */
  get frames() {
    return [this.density && this.came.density, this.phase && this.came.phase].filter(Boolean);
  }

  /** Gives the viewer what is to be drawn, for a grid of [nx, ny]. */
  draw(viewer, [nx, ny], view) {
    const place = {x: 0, y: ny, width: 1, height: -1};
    viewer.setImages(this.#images(place, [ny, nx], view));
    viewer.setPoints(this.tracers ? {data: this.tracers.data, count: this.tracers.cols, place, wrap: [nx, ny], size: TRACER} : null);
  }

  #images(place, sizes, view) {
    const {density, phase} = this;
    if (!density || !(density.rows > 0 && density.cols > 0)) return [];
    const {show, lines, smooth} = view;
    const [low, high] = this.limits(view);
    const table = this.colors(view);
    const picture = (key, frame, look) => ({key, frame, place: placeOf(frame, place, sizes), look: {low, high, gamma: 1, table, opacity: 1, additive: false, smooth, ...look}});
    const images = [picture("density", density, {kind: "scalar"})];
    const most = Math.max(this.#range.high, 0);
    if (phase && phase.type.startsWith("f")) {
      if (show === "phase") images.push(picture("phase", phase, {kind: "phase", table: this.#hues, weight: {key: "density", high: most * BRIGHT}}));
      if (lines > 0) images.push(picture("contours", phase, {kind: "contours", lines, weight: {key: "density", high: most * FAINT}}));
    }
    return images;
  }
}
