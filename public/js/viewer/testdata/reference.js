/**
 * What the picture must be, computed the slow and obvious way: for each pixel of an axis the overlap with every tile it
 * touches, one after the other. Shares no code with axes-table.js or the shaders, only the meaning of the numbers.
 */

import {entriesOf} from "../labels.js";

/**
 * One axis, pixel by pixel: a list of {tile, share}, share being how much of the pixel that tile covers.
 *
 * @param {object} axis as fillAxis takes it
 */
export function overlaps(pixels, {centre, scale, ratio, tile, extent}) {
  const pitch = tile * scale;
  const gap = Math.min(0.05, 4 * ratio / pitch);
  const haze = pitch >= 4 ? 0 : pitch <= 2 ? 1 : 1 - smooth((pitch - 2) / 2);
  const whole = Math.ceil(extent);
  const result = [];
  for (let i = 0; i < pixels; i++) {
    const from = (centre + (i - pixels / 2) / scale) / tile;
    const to = (centre + (i + 1 - pixels / 2) / scale) / tile;
    const shares = [];
    for (let t = Math.max(Math.floor(from), 0); t < Math.min(Math.ceil(to), whole); t++) {
      const length = Math.min(1, extent - t);
      const margin = length < 1 ? Math.min(gap / 2, length / 4) : gap / 2;
      const drawn = Math.max(Math.min(to, t + length - margin) - Math.max(from, t + margin), 0);
      const spread = Math.max(Math.min(to, t + length) - Math.max(from, t), 0) * (1 - gap);
      shares.push({tile: t, share: (drawn * (1 - haze) + spread * haze) * pitch});
    }
    result.push(shares);
  }
  return result;
}

function smooth(t) {
  return t * t * (3 - 2 * t);
}

/** How much of each pixel lies between low and high, in data pixels, each end moved outwards by `out` device pixels. */
export function inside(pixels, {centre, scale}, low, high, out) {
  const from = (low - centre) * scale + pixels / 2 - out;
  const to = (high - centre) * scale + pixels / 2 + out;
  return Array.from({length: pixels}, (_, i) => Math.max(Math.min(i + 1, to) - Math.max(i, from), 0));
}

/** Shares of tiles summed up by cell. */
function byCell(axis, cell) {
  return axis.map(shares => {
    const sums = new Map();
    for (const {tile, share} of shares) {
      const index = Math.floor(tile / cell);
      sums.set(index, (sums.get(index) ?? 0) + share);
    }
    return [...sums];
  });
}

/**
 * The whole picture as RGB, rows from the top, unrounded. Where tiles are smaller than a pixel, a pixel takes the state of its
 * cell of 2^k x 2^k tiles, which is seen if any of its tiles is.
 *
 * @param {object} scene `{width, height, columns, rows, rects, view, colors, edge, casing, fill, casingFill, dim}`; columns and
 * rows as fillAxis takes them, rects the seen tiles as in a frame
 */
export function picture({width, height, columns, rows, rects, view, colors, edge, casing, fill, casingFill, dim}) {
  const k = Math.max(0, Math.ceil(-Math.log2(Math.min(columns.tile * columns.scale, rows.tile * rows.scale))));
  const cell = 2 ** k;
  const across = byCell(overlaps(width, columns), cell);
  const down = byCell(overlaps(height, rows), cell);
  const known = new Map();
  const isSeen = (row, column) => {
    if (!known.has(row)) known.set(row, new Map());
    const columnsOfRow = known.get(row);
    if (!columnsOfRow.has(column)) {
      let seen = false;
      for (let i = 0; i < rects.length && !seen; i += 4) {
        seen = rects[i] < (row + 1) * cell && rects[i] + rects[i + 2] > row * cell &&
          rects[i + 1] < (column + 1) * cell && rects[i + 1] + rects[i + 3] > column * cell;
      }
      columnsOfRow.set(column, seen);
    }
    return columnsOfRow.get(column);
  };
  const grown = view && [edge / 2 + casing, edge / 2, -edge / 2].map(out => [
    inside(width, columns, view.x0, view.x1, out), inside(height, rows, view.y0, view.y1, out)]);
  const result = new Float64Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let off = 0;
      let on = 0;
      for (const [row, vertical] of down[y]) {
        for (const [column, horizontal] of across[x]) {
          if (isSeen(row, column)) on += vertical * horizontal;
          else off += vertical * horizontal;
        }
      }
      const [cased, outer, inner] = grown ? grown.map(([h, v]) => h[x] * v[y]) : [0, 0, 0];
      for (let channel = 0; channel < 3; channel++) {
        let value = colors.canvas[channel] * (1 - off - on) + colors.off[channel] * off + colors.seen[channel] * on;
        value += (colors.casing[channel] - value) * (cased - outer) * casingFill;
        value += (colors.view[channel] - value) * (outer - inner + inner * fill);
        value += (colors.canvas[channel] - value) * dim;
        result[(y * width + x) * 3 + channel] = value;
      }
    }
  }
  return result;
}

/**
 * Pictures of numbers as RGB, rows from the top, unrounded, over a canvas: each pixel from its own place in the data, in float64.
 *
 * @param {object} scene `{width, height, camera, ratio, images, canvas}`; images as the viewer's setImages takes them
 */
export function pictures({width, height, camera, ratio, images, canvas}) {
  const result = new Float64Array(width * height * 3);
  for (let i = 0; i < result.length; i++) result[i] = canvas[i % 3];
  const scale = camera.scale * ratio;
  for (const {frame, place, look} of images) {
    const most = frame.full ?? {u1: 255, u2: 65535, f4: 1}[frame.type];
    // What is large is taken off whole numbers as such.
    const from = typeof frame.data[0] === "bigint" ? frame.data[0] : 0;
    const number = n => typeof n === "bigint" ? Number(n - from) : n;
    const limit = n => typeof n === "bigint" ? Number(n - from) : n - Number(from);
    const [low, high] = [limit(look.low), limit(look.high)];
    const left = (place.x - camera.x) * scale + width / 2;
    const top = (place.y - camera.y) * scale + height / 2;
    const right = (place.right - camera.x) * scale + width / 2;
    const bottom = (place.bottom - camera.y) * scale + height / 2;
    const squares = Math.min(place.width, place.height) * scale >= 2 && frame.step === 1;
    const smoothly = look.kind !== "labels" && !squares;
    const sample = (row, col) => {
      const r = Math.min(Math.max(row, 0), frame.rows - 1);
      const c = Math.min(Math.max(col, 0), frame.cols - 1);
      return Array.from(frame.data.subarray((r * frame.cols + c) * frame.samples, (r * frame.cols + c + 1) * frame.samples));
    };
    for (let y = 0; y < height; y++) {
      const down = Math.max(Math.min(y + 1, bottom) - Math.max(y, top), 0);
      for (let x = 0; x < width; x++) {
        const cover = down * Math.max(Math.min(x + 1, right) - Math.max(x, left), 0);
        if (cover <= 0) continue;
        const u = (camera.x + (x + 0.5 - width / 2) / scale - place.x) / place.width;
        const v = (camera.y + (y + 0.5 - height / 2) / scale - place.y) / place.height;
        let value;
        let known = 1;
        if (smoothly) {
          const col = Math.floor(u - 0.5);
          const row = Math.floor(v - 0.5);
          value = Array(frame.samples).fill(0);
          known = 0;
          for (const [dr, dc] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
            const weight = (dr ? v - 0.5 - row : 1 - (v - 0.5 - row)) * (dc ? u - 0.5 - col : 1 - (u - 0.5 - col));
            const one = sample(row + dr, col + dc);
            if (one.some(Number.isNaN)) continue;
            known += weight;
            one.forEach((n, i) => { value[i] += number(n) * weight; });
          }
          value = value.map(n => n / Math.max(known, 1e-9));
        } else {
          value = sample(Math.floor(v), Math.floor(u));
          if (value.some(Number.isNaN)) known = 0;
        }
        if (known === 0) continue;
        const share = n => Math.min(Math.max((number(n) - low) / (high - low), 0), 1) ** look.gamma;
        let color;
        let alpha = known * cover * look.opacity;
        if (look.kind === "color") {
          color = value.slice(0, 3).map(n => share(n) * 255);
          if (frame.samples === 4) alpha *= Math.min(Math.max((number(value[3]) + Number(from)) / most, 0), 1);
        } else if (look.kind === "labels") {
          color = look.colorOf(value[0]);
          if (!color) continue;
        } else {
          const at = share(value[0]) * 255;
          const below = Math.min(Math.floor(at), 254);
          color = [0, 1, 2].map(i => look.table[below * 4 + i] + (look.table[below * 4 + 4 + i] - look.table[below * 4 + i]) * (at - below));
        }
        for (let i = 0; i < 3; i++) {
          const at = (y * width + x) * 3 + i;
          result[at] = look.additive ? Math.min(result[at] + color[i] * alpha, 255) : result[at] * (1 - alpha) + color[i] * alpha;
        }
      }
    }
  }
  return result;
}

/**
 * Pictures that lie in any way, as napari draws and blends them: `{values, near}`, RGB from 0 to 255 as a screen of 8 bits keeps it after each, and
 * whether the middle of a pixel is so near to an edge of a texel that rounding decides.
 */
export function placedPictures({width, height, camera, ratio, images, canvas}) {
  const values = new Float64Array(width * height * 3);
  for (let i = 0; i < values.length; i++) values[i] = canvas[i % 3] / 255;
  const near = new Uint8Array(width * height);
  const scale = camera.scale * ratio;
  for (const {frame, place, look} of images) {
    const [a, b, c, d, e, f] = place.affine;
    const det = a * e - b * d;
    const entries = look.painting ? entriesOf(frame, look.painting) : null;
    const sample = (row, col) => {
      const r = Math.min(Math.max(row, 0), frame.rows - 1);
      const k = Math.min(Math.max(col, 0), frame.cols - 1);
      return Array.from(frame.data.subarray((r * frame.cols + k) * frame.samples, (r * frame.cols + k + 1) * frame.samples));
    };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const wx = camera.x + (x + 0.5 - width / 2) / scale - c;
        const wy = camera.y + (y + 0.5 - height / 2) / scale - f;
        const u = (e * wx - b * wy) / det;
        const v = (a * wy - d * wx) / det;
        const pixel = y * width + x;
        const edge = n => Math.abs(n - Math.round(n)) < 1e-3;
        const margin = 1e-3;
        if (u < -margin || v < -margin || u > place.cols + margin || v > place.rows + margin) continue;
        if ((!look.smooth || u < 1 || v < 1 || u > place.cols - 1 || v > place.rows - 1) && (edge(u) || edge(v)) || edge(u - place.cols) || edge(v - place.rows)) {
          near[pixel] = 1;
          continue;
        }
        if (u < 0 || v < 0 || u >= place.cols || v >= place.rows) continue;
        let rgba;
        if (entries) {
          const at = entries[Math.floor(v) * frame.cols + Math.floor(u)] * 4;
          rgba = [0, 1, 2, 3].map(i => look.painting.table[at + i] / 255);
        } else {
          let value;
          if (look.smooth) {
            const col = Math.floor(u - 0.5);
            const row = Math.floor(v - 0.5);
            const [fu, fv] = [u - 0.5 - col, v - 0.5 - row];
            value = sample(row, col).map((one, i) => (one * (1 - fu) + sample(row, col + 1)[i] * fu) * (1 - fv) +
              (sample(row + 1, col)[i] * (1 - fu) + sample(row + 1, col + 1)[i] * fu) * fv);
          } else {
            value = sample(Math.floor(v), Math.floor(u));
          }
          rgba = placedColor(value, frame, look);
        }
        const alpha = Math.min(Math.max(rgba[3] * look.opacity, 0), 1);
        for (let i = 0; i < 3; i++) {
          const from = rgba[i];
          const to = values[pixel * 3 + i];
          const blended = {
            additive: look.first ? from * alpha : from * alpha + to,
            minimum: look.first ? from : Math.min(from, to),
            multiplicative: look.first ? from * alpha + to * (1 - alpha) : from * to,
            opaque: look.first ? from * alpha + to * (1 - alpha) : from,
          }[look.blending] ?? from * alpha + to * (1 - alpha);
          values[pixel * 3 + i] = Math.min(blended, 1);
        }
      }
    }
  }
  return {values: values.map(n => n * 255), near};
}

function placedColor(value, frame, look) {
  const share = n => Number.isNaN(n) ? 0 : Math.min(Math.max((n - look.low) / (look.high - look.low), 0), 1) ** look.gamma;
  if (look.kind === "color") return [...value.slice(0, 3).map(share), frame.samples === 4 ? (value[3] || 0) / look.opaque : 1];
  if (Number.isNaN(value[0])) return look.none.map(n => n / 255);
  const t = share(value[0]);
  if (t >= 1 && look.over) return look.over.map(n => n / 255);
  if (t <= 0 && look.under) return look.under.map(n => n / 255);
  const color = at => [0, 1, 2, 3].map(i => look.table[at * 4 + i] / 255);
  if (look.steps) return color(Math.min(Math.floor(t * 256), 255));
  const below = Math.min(Math.floor(t * 255), 254);
  return color(below).map((n, i) => n + (color(below + 1)[i] - n) * (t * 255 - below));
}
