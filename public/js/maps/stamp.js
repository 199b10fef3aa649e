/**
 * Many small pictures over each other: twenty thousand marks are put down faster by hand than by as many calls of a canvas. Pure,
 * no DOM. Pictures are RGBA bytes; in between, colours are multiplied by their opacity, as stacking needs it.
 */

/**
 * A square picture ready to be put down: the pixels of it that are seen, their colours multiplied by their opacity and all by another.
 *
 * @returns {{side: number, col: Int16Array, row: Int16Array, rgba: Uint8Array}}
 */
export function ready(data, side, opacity) {
  const seen = [];
  for (let i = 0; i < side * side; i++) if (Math.round(data[4 * i + 3] * opacity) > 0) seen.push(i);
  const rgba = new Uint8Array(seen.length * 4);
  seen.forEach((i, k) => {
    const alpha = data[4 * i + 3] / 255 * opacity;
    for (let c = 0; c < 3; c++) rgba[4 * k + c] = Math.round(data[4 * i + c] * alpha);
    rgba[4 * k + 3] = Math.round(data[4 * i + 3] * opacity);
  });
  return {side, col: Int16Array.from(seen, i => i % side), row: Int16Array.from(seen, i => Math.floor(i / side)), rgba};
}

/**
 * Puts a picture that is ready over another, its corner at (left, top); what lies outside is cut off.
 *
 * @param {Uint8Array} out multiplied colours
 */
export function stamp(out, width, height, {side, col, row, rgba}, left, top) {
  const inside = left >= 0 && top >= 0 && left + side <= width && top + side <= height;
  for (let k = 0; k < col.length; k++) {
    const x = left + col[k];
    const y = top + row[k];
    if (!inside && (x < 0 || y < 0 || x >= width || y >= height)) continue;
    const to = (y * width + x) * 4;
    const rest = (255 - rgba[4 * k + 3]) * 257; // a 65,536th is a 255th, nearly
    out[to] = rgba[4 * k] + (out[to] * rest + 32768 >>> 16);
    out[to + 1] = rgba[4 * k + 1] + (out[to + 1] * rest + 32768 >>> 16);
    out[to + 2] = rgba[4 * k + 2] + (out[to + 2] * rest + 32768 >>> 16);
    out[to + 3] = rgba[4 * k + 3] + (out[to + 3] * rest + 32768 >>> 16);
  }
}

/** Makes colours as canvases have them of multiplied ones, in place. */
export function divided(out) {
  for (let i = 0; i < out.length; i += 4) {
    const alpha = out[i + 3];
    if (alpha === 0 || alpha === 255) continue;
    for (let c = i; c < i + 3; c++) out[c] = Math.min(Math.round(out[c] * 255 / alpha), 255);
  }
}
