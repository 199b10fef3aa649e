/**
 * Pictures that have lost something on the way to this page: their values are bytes, spread over a window of the array's own. Pure, no DOM.
 *
 * Such a frame has `lossy` (decode.js), with `low` and `high` in values of the array, and the type "u1": a byte v stands for low + v / 255 * (high - low). Colours have no window of
 * their own: theirs goes from 0 to what is as bright as can be. Everything that people set is in values, so that a picture looks the same however it
 * came.
 */

import {away} from "./numbers.js";

/** The greatest byte. */
const MOST = 255;

/**
 * The values that the bytes 0 and 255 of a frame stand for.
 *
 * @param {object} frame
 * @returns {?(number|bigint)[]} low and high; null where its pixels are the values themselves
 */
export function windowOf({lossy, samples, full}) {
  if (!lossy) return null;
  return samples >= 3 ? [0, full > 0 ? full : MOST] : [lossy.low, lossy.high];
}

/** Values in bytes of a window: where limits lie among what is drawn. */
export function bytesOf(values, [low, high]) {
  const from = value => typeof low === "bigint" ? away(value, low) : Number(value) - low;
  const width = from(high);
  return values.map(value => width > 0 ? from(value) / width * MOST : 0);
}

/** The value that a byte of a window stands for, as a Number. */
export function valueOf(byte, [low, high]) {
  return Number(low) + byte / MOST * (Number(high) - Number(low));
}

/** How many values of a window a byte stands for: what an approximate value may be off by half of, at least. */
export function grainOf([low, high]) {
  return (Number(high) - Number(low)) / MOST;
}

/** A frame with values in place of bytes, as floats of 32 bits, and `about` for what it was; one that is exact stays so. */
export function valuesOf(frame) {
  const window = windowOf(frame);
  if (!window) return frame;
  const values = Float32Array.from({length: MOST + 1}, (_, byte) => valueOf(byte, window));
  const data = new Float32Array(frame.data.length);
  for (let i = 0; i < data.length; i++) data[i] = values[frame.data[i]];
  return {...frame, type: "f4", data, lossy: undefined, about: frame.lossy};
}
