/** Pictures of numbers in the page of the pixel tests: `images(specs)` makes them, `compareImages(specs)` holds every pixel to the reference. */

import {colorTable, labelEntry, labelTable} from "../lut.js";
import {paintingOf} from "../labels.js";
import {placeOf} from "../region.js";
import {pictures, placedPictures} from "./reference.js";

const KINDS = {u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, u8: BigUint64Array, i8: BigInt64Array, f4: Float32Array, f8: Float64Array};

/** Repeatable numbers from 0 to 1: smooth, with noise on them. */
function value(i, cols, sample) {
  const row = Math.floor(i / cols);
  const col = i % cols;
  const noise = (Math.imul(i * 4 + sample + 1, 2654435761) >>> 8) / 2 ** 24;
  return 0.25 + 0.25 * Math.sin(row / 3 + sample) * Math.cos(col / 4) + 0.5 * noise;
}

const made = new Map();

/** Makes pictures of `{key, type, rows, cols, samples, low, high, ...}`; the same specification is the same frame. */
export function images(specs) {
  return specs.map((spec, i) => {
    const {type = "u1", rows = 12, cols = 20, samples = 1, row = 0, col = 0, step = 1, of = null, at = {x: 0, y: 0, width: 1, height: 1}, holes = 0, labels = 0, version = 0, from = "0", unit = 1, full} = spec;
    // A picture of other numbers: `from` and `unit` make v of 0 to 1 from + v * unit, and labels from + label.
    const name = JSON.stringify([type, rows, cols, samples, row, col, step, holes, labels, version, from, unit, full]);
    if (!made.has(name)) {
      const most = full ?? {u1: 255, u2: 65535, f4: 1}[type] ?? unit;
      const whole = type === "u8" || type === "i8";
      const put = v => whole ? BigInt(from) + BigInt(Math.floor(v)) : Number(from) + v;
      const data = new KINDS[type](rows * cols * samples);
      for (let k = 0; k < data.length; k++) {
        const pixel = Math.floor(k / samples);
        if (labels) data[k] = put(pixel % labels);
        else if (holes && pixel % holes === 0) data[k] = NaN;
        else data[k] = put(value(pixel + version * 31, cols, k % samples) * most);
      }
      made.set(name, {type, rows, cols, samples, row, col, step, data, full});
    }
    const frame = made.get(name);
    const most = full ?? {u1: 255, u2: 65535, f4: 1}[type];
    const {kind = labels ? "labels" : samples >= 3 ? "color" : "scalar", low = 0, high = most, gamma = 1, lut = "gray", invert = false, opacity = 1, additive = false} = spec;
    return {key: spec.key ?? String(i), frame, place: placeOf(frame, at, of ?? [row + rows * step, col + cols * step]),
      look: {kind, low, high, gamma, table: tableOf(lut, invert), opacity, additive, colorOf: labelColor}};
  });
}

const tables = new Map();
function tableOf(lut, invert) {
  const name = `${lut} ${invert}`;
  if (!tables.has(name)) tables.set(name, colorTable(lut, invert));
  return tables.get(name);
}

const labelColors = labelTable();
function labelColor(label) {
  const entry = labelEntry(label);
  return entry === 0 ? null : [...labelColors.slice(entry * 4, entry * 4 + 3)];
}

/** The largest difference of a channel between the screen and the reference, in 1/255, and where it is. */
export async function compareImages(viewer, specs, canvas) {
  const {camera, size, viewport} = viewer.stats();
  const pixels = await viewer.readPixels(0, 0, size.width, size.height);
  const want = pictures({...size, camera, ratio: size.width / viewport.width, images: images(specs), canvas});
  let worst = {error: 0};
  for (let i = 0; i < want.length; i++) {
    const pixel = Math.floor(i / 3);
    const got = pixels[pixel * 4 + i % 3];
    const error = Math.abs(got - want[i]);
    if (error > worst.error) worst = {error, x: pixel % size.width, y: Math.floor(pixel / size.width), got, want: want[i]};
  }
  return worst;
}

/** Labels and napari-like looks for pictures that lie in any way: specs as of images(), with `affine`, `cut` ([rows, cols] of texels) and more of the look. */
export function placed(specs) {
  return images(specs).map((image, i) => {
    const {affine, cut, blending = "translucent", first = i === 0, smooth = false, steps = false, over = null, under = null, none = [0, 0, 0, 0], colors = 5, contour = 0} = specs[i];
    const {frame, key, look} = image;
    const {cols, rows} = cut ?? frame;
    return {key, frame, place: {affine, cols, rows}, look: {...look, blending, first, smooth, steps, over, under, none, opaque: frame.full ?? 255, painting: look.kind === "labels" ? paintings(colors, contour) : undefined}};
  });
}

const made2 = new Map();
function paintings(colors, contour) {
  const name = `${colors} ${contour}`;
  const rgba = Uint8Array.from({length: colors * 4}, (_, i) => i % 4 === 3 ? 255 - 20 * (i >> 2) : (i * 73) % 256);
  if (!made2.has(name)) made2.set(name, paintingOf({kind: "cyclic", rgba, background: "0"}, {contour, dtype: "<i4"}));
  return made2.get(name);
}

/** As compareImages, for pictures that lie in any way; pixels whose middle is within a thousandth of a texel of an edge do not count. */
export async function comparePlaced(viewer, specs, canvas) {
  const {camera, size, viewport} = viewer.stats();
  const pixels = await viewer.readPixels(0, 0, size.width, size.height);
  const {values, near} = placedPictures({...size, camera, ratio: size.width / viewport.width, images: placed(specs), canvas});
  let worst = {error: 0, skipped: near.reduce((a, b) => a + b, 0)};
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / 3);
    if (near[pixel]) continue;
    const got = pixels[pixel * 4 + i % 3];
    const error = Math.abs(got - values[i]);
    if (error > worst.error) worst = {...worst, error, x: pixel % size.width, y: Math.floor(pixel / size.width), got, want: values[i]};
  }
  return worst;
}
