/** What the page of an array says in words and numbers. Pure, no DOM. */

import {grainOf, valueOf, windowOf} from "../viewer/lossy.js";
import {wordOf} from "../viewer/numbers.js";
import {nameOf, worldOf} from "./plane.js";

/** Element types whose values the pixels hold as they are: not absolute values of complex numbers, and not seconds. */
const PLAIN = /^(bool|u?int\d+|float(16|32|64))\b/;

/**
 * The samples of a picture at a position of its frame, and whether they are that position's own; null where it has none. Those of a picture that has lost
 * something (viewer/lossy.js) have as many digits as its bytes tell apart.
 */
export function valueAt(frame, row, col) {
  const y = Math.floor((row - frame.row) / frame.step);
  const x = Math.floor((col - frame.col) / frame.step);
  if (y < 0 || x < 0 || y >= frame.rows || x >= frame.cols) return null;
  const at = (y * frame.cols + x) * frame.samples;
  const values = [...frame.data.subarray(at, at + frame.samples)];
  const window = windowOf(frame);
  if (!window) return {values, exact: frame.step === 1};
  const digits = 10 ** Math.floor(Math.log10(grainOf(window) || 1));
  return {values: values.map(byte => Number((Math.round(valueOf(byte, window) / digits) * digits).toPrecision(12))), exact: false};
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
 * @param {Map<string, {key: string, values: Array<(number|bigint|string)>}>} of.exact what the server says of elements, or of their samples, by their place
 * @returns {{text: string, asks: string}} asks: "" where nothing is to be asked, "place" where the server knows the value better, "again" where it
 * has said it of an earlier frame
 */
export function readoutOf({config, shape, plane, under, shown, exact}) {
  const {samples} = plane.roles;
  const positions = plane.indexAt(under);
  const at = (axis, position) => {
    const world = worldOf(config, axis, position);
    return `${nameOf(config, axis)} ${String(position).padStart(String(shape[axis] - 1).length, "\u2007")}${world ? ` (${world})` : ""}`;
  };
  const places = positions.map((position, axis) => position === null ? null : at(axis, position)).filter(Boolean).join("  ");
  let asks = "";
  const values = shown.map(one => {
    const local = one.frame && valueAt(one.frame, ...under);
    let text = local ? local.values.map(value => wordOf(value, one.frame.type)).join(", ") : "–";
    // Means of colours are colours.
    if (local && (samples < 0 ? !(local.exact && isExact(config, one.frame)) : one.frame.lossy)) {
      const place = placeOf(plane, under, one.at);
      const known = exact.get(place);
      text = known ? known.values.map(value => wordOf(value, "f8")).join(", ") : `≈ ${text}`;
      if (!known) asks = "place";
      else if (known.key !== exactKey(place, one.frame)) asks ||= "again";
    }
    return `${one.at === null ? "" : `${one.at}: `}${text}${config.unit ? ` ${config.unit}` : ""}`;
  });
  return {text: `${places}\n${values.join("  ")}`, asks};
}

/** The index of an element as the server takes it, with "c" for the axis of the samples of a colour. */
export function placeOf(plane, under, channel) {
  const {blended, samples} = plane.roles;
  return plane.indexAt(under).map((position, axis) => axis === blended ? channel : axis === samples ? "c" : position).join();
}

/** What tells an element of a frame from all others. */
export function exactKey(place, frame) {
  return `${place} ${frame?.seq}`;
}

// Whether the pixels of a frame hold the array's values: floats may have been made shorter.
function isExact({pixels, dtype}, frame) {
  return !frame.lossy && PLAIN.test(String(dtype)) && (frame.type === pixels || !frame.type.startsWith("f"));
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
  const bytes = frames.reduce((sum, frame) => sum + (frame.bytes ?? frame.data.byteLength), 0);
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
