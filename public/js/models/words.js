/** What a model's page says in words and numbers. Pure, no DOM. */

import {counted} from "../people.js";

/** The value of a picture at a point of the grid, row counted from the bottom; null where it has none. */
export function valueAt(frame, row, col) {
  if (!frame) return null;
  const y = Math.floor((row - frame.row) / frame.step);
  const x = Math.floor((col - frame.col) / frame.step);
  return y >= 0 && x >= 0 && y < frame.rows && x < frame.cols ? frame.data[y * frame.cols + x] : null;
}

/**
 * What is under the pointer; "" where it is beside the grid.
 *
 * @param {object} of
 * @param {?number[]} of.point [x, y] in points of the picture, whose y goes down; null where there is no pointer
 * @param {number[]} of.shape [nx, ny] of the grid
 * @param {?object} of.density the newest pictures, as from binary.js
 * @param {?object} of.phase radians
 * @param {string} [of.unit] of the density
 * @param {?{density: ?number, phase: ?number}} [of.exact] what the server says of the place
 */
export function readoutOf({point, shape, density, phase, unit = "", exact = null}) {
  const place = placeUnder(point, shape);
  if (!place) return "";
  const [col, row] = place;
  const [nx, ny] = shape;
  const at = (name, i, count) => `${name} ${String(i).padStart(String(count - 1).length, "\u2007")}`;
  const words = [at("x", col, nx), at("y", row, ny)];
  const value = valueAt(density, row, col);
  const about = isAbout(density) && !Number.isFinite(exact?.density);
  if (value !== null) words.push(`density ${about ? "≈ " : ""}${shown(isAbout(density) && !about ? exact.density : value, 4)}${unit ? ` ${unit}` : ""}`);
  const angle = valueAt(phase, row, col);
  const turned = phase?.about && Number.isFinite(exact?.phase);
  if (angle !== null) words.push(`phase ${phase.about && !turned ? "≈ " : ""}${shown((turned ? exact.phase : angle) / Math.PI, 3)} π`);
  return words.join("  ");
}

/** [column, row] of the grid under a point of the picture, rows counted from the bottom; null beside it. */
export function placeUnder(point, [nx, ny]) {
  const col = point ? Math.floor(point[0]) : -1;
  const row = point ? Math.floor(ny - point[1]) : -1;
  return col < 0 || row < 0 || col >= nx || row >= ny ? null : [col, row];
}

/** Whether the pixels of a picture are not the values of their places: means, or bytes that stand for values (viewer/lossy.js). */
export function isAbout(frame) {
  return Boolean(frame) && (frame.step > 1 || Boolean(frame.about));
}

/**
 * The numbers beside a picture, by the names in data-model-stat; a dash for what is not known.
 *
 * @param {?object} state what the model says of itself (dashboard/models/feed.go)
 * @param {?number} rate pictures a second; null without a picture
 * @param {?{ms: number}} latency
 */
export function figuresOf(state, rate, latency) {
  return {
    rate: rate === null ? "–" : rate.toFixed(1),
    step: state?.step_ms > 0 ? state.step_ms < 0.01 ? "< 0.01" : shown(state.step_ms, 3) : "–",
    latency: latency ? latency.ms.toFixed(0) : "–",
    time: Number.isFinite(state?.t) ? shown(state.t, 6) : "–",
    frames: Number.isFinite(state?.frame) ? String(state.frame) : "–",
  };
}

/**
 * What a screen reader says of the picture; "" while nothing is known.
 *
 * @param {object} of
 * @param {?object} of.state what the model says of itself
 * @param {?object} of.density the newest picture
 * @param {{low: number, high: number, sum: number, count: number, missing: number}} of.measured its values (range.js)
 * @param {number[]} of.shape [nx, ny] of the grid
 * @param {boolean} of.finger whether the model has one
 * @param {object[]} of.people who is here (people.js)
 * @param {number} of.more people who are here and not among them
 */
export function sentenceOf({state, density, measured: {low, high, sum, count, missing}, shape, finger, people, more}) {
  const words = [];
  if (state?.phase) words.push(`The model is ${state.phase}`);
  if (Number.isFinite(state?.t)) words.push(`time ${shown(state.t, 6)}${state.time_unit ? ` ${state.time_unit}` : ""}`);
  if (count > 0) {
    words.push(`density from ${shown(Math.abs(low) < high * 1e-9 ? 0 : low, 4)} to ${shown(high, 4)}`);
    const {step, rows, cols} = density;
    if (rows * cols * step * step >= shape[0] * shape[1] && Number.isFinite(sum)) words.push(`its sum ${shown(sum * step * step, 6)}`);
    if (missing > 0) words.push(`${missing} values are no numbers`);
  }
  const at = finger ? state?.finger : null;
  if (at) {
    words.push(`finger at x ${at.x?.toFixed(2)}, y ${at.y?.toFixed(2)}`);
    if (Number.isFinite(at.px) && Number.isFinite(at.py)) words.push(`its potential at x ${at.px.toFixed(2)}, y ${at.py.toFixed(2)}`);
  }
  if (people.length > 0) words.push(counted(people, more));
  return words.length > 0 ? `${words.join(", ")}.` : "";
}

function shown(value, digits) {
  if (!Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}
