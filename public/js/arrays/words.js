/** What the page of an array says in words and numbers. Pure, no DOM. */

import {wordOf} from "../viewer/numbers.js";
import {nameOf, worldOf} from "./plane.js";

/** Element types whose values the pixels hold as they are: not absolute values of complex numbers, and not seconds. */
const PLAIN = /^(bool|u?int\d+|float(16|32|64))\b/;

/** The samples of a picture at a position of its frame, and whether they are that position's own; null where it has none. */
export function valueAt(frame, row, col) {
  const y = Math.floor((row - frame.row) / frame.step);
  const x = Math.floor((col - frame.col) / frame.step);
  if (y < 0 || x < 0 || y >= frame.rows || x >= frame.cols) return null;
  const at = (y * frame.cols + x) * frame.samples;
  return {values: [...frame.data.subarray(at, at + frame.samples)], exact: frame.step === 1};
}

/**
 * What is under the pointer.
 *
 * @param {object} of
 * @param {object} of.config what the server says of the array
 * @param {number[]} of.shape of the frames
 * @param {Plane} of.plane
 * @param {number[]} of.under [row, col]
 * @param {Array<{at: ?number, frame: ?object}>} of.shown the channels that are shown: at is null where none are blended
 * @param {?{place: string, key: string, value: (number|bigint|string)}} of.exact what the server says of the element `place`
 * @returns {{text: string, asks: boolean}} asks: the server knows the value better
 */
export function readoutOf({config, shape, plane, under, shown, exact}) {
  const {blended, samples} = plane.roles;
  const positions = plane.indexAt(under);
  const at = (axis, position) => {
    const world = worldOf(config, axis, position);
    return `${nameOf(config, axis)} ${String(position).padStart(String(shape[axis] - 1).length, "\u2007")}${world ? ` (${world})` : ""}`;
  };
  const places = positions.map((position, axis) => position === null ? null : at(axis, position)).filter(Boolean).join("  ");
  let asks = false;
  const values = shown.map(one => {
    const local = one.frame && valueAt(one.frame, ...under);
    let text = local ? local.values.map(value => wordOf(value, one.frame.type)).join(", ") : "–";
    if (samples < 0 && local && !(local.exact && isExact(config, one.frame))) {
      const place = String(positions.map((position, axis) => axis === blended ? one.at : position));
      text = exact?.place === place ? wordOf(exact.value, "f8") : `≈ ${text}`;
      if (exact?.key !== exactKey(place, one.frame)) asks = true;
    }
    return `${one.at === null ? "" : `${one.at}: `}${text}${config.unit ? ` ${config.unit}` : ""}`;
  });
  return {text: `${places}\n${values.join("  ")}`, asks};
}

/** What tells an element of a frame from all others. */
export function exactKey(place, frame) {
  return `${place} ${frame?.seq}`;
}

// Whether the pixels of a frame hold the array's values: floats may have been made shorter.
function isExact({pixels, dtype}, frame) {
  return PLAIN.test(String(dtype)) && (frame.type === pixels || !frame.type.startsWith("f"));
}

/**
 * The figures of what is on the screen.
 *
 * @param {object} newest frame
 * @param {object[]} frames of all channels
 * @param {Pace} pace
 */
export function figuresOf(newest, frames, pace) {
  const last = frames.at(-1);
  const bytes = frames.reduce((sum, {data}) => sum + data.byteLength, 0);
  const latency = pace.latency(newest);
  return {
    rate: `${pace.rate.toFixed(1)} Hz`,
    offered: Number.isFinite(newest.rate) ? `${newest.rate.toFixed(1)} Hz` : "–",
    latency: latency ? `${latency.ms.toFixed(0)} ms${latency.whole ? "" : " to webmon; this clock is another"}` : "–",
    sent: `${last ? `${last.rows} × ${last.cols}${last.step > 1 ? `, 1 : ${last.step}` : ""}` : ""}, ${(bytes / 1024).toFixed(0)} KiB`,
    missed: Number.isFinite(newest.missed) ? String(newest.missed) : "–",
    frame: `${newest.seq}${newest.level > 0 ? `, level ${newest.level}` : ""}`,
  };
}
