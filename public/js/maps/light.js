/** From numbers of pixels to colours: tables of brightness, one channel or several over each other. Pure, no DOM. */

/** The colours of channels that are blended, each [red, green, blue]: told apart by the colour-blind, and white together. */
export const CHANNEL_COLORS = [[0, 255, 0], [255, 0, 255], [0, 128, 255], [255, 160, 0]];

/** Whether this machine writes the lowest byte first, as all that browsers run on. */
const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * How bright each value is, 0 to 255.
 *
 * @param {string} type "u1" or "u2"
 * @param {number} low, high values drawn dark and bright
 */
export function brightness(type, low, high) {
  const n = type === "u1" ? 256 : 65536;
  const out = new Uint8Array(n);
  const scale = 255 / Math.max(high - low, 1e-9);
  for (let v = 0; v < n; v++) out[v] = Math.min(Math.max((v - low) * scale + 0.5, 0), 255);
  return out;
}

/** The limits of a channel by the contrast that somebody has chosen, in percent of the way from dark to bright; less the base of its pixels. */
export function limitsOf({low, high, base}, [dark, bright]) {
  const span = high - low;
  return [low + span * dark / 100 - base, low + span * bright / 100 - base];
}

/** A table of colours for one channel alone, in grey. */
export function grays(table) {
  const out = new Uint32Array(table.length);
  for (let v = 0; v < table.length; v++) out[v] = LITTLE ? 0xff000000 | table[v] << 16 | table[v] << 8 | table[v] : table[v] << 24 | table[v] << 16 | table[v] << 8 | 0xff;
  return out;
}

/** Writes one channel as pixels. */
export function paintOne(data, colors, out) {
  for (let i = 0; i < data.length; i++) out[i] = colors[data[i]];
}

/** Writes several channels over each other as pixels: their light adds up. */
export function paintAll(channels, out) {
  const n = channels[0].data.length;
  for (let i = 0; i < n; i++) {
    let r = 0;
    let g = 0;
    let b = 0;
    for (const {data, table, color} of channels) {
      const v = table[data[i]];
      r += v * color[0];
      g += v * color[1];
      b += v * color[2];
    }
    r = Math.min(r / 255, 255) & 255;
    g = Math.min(g / 255, 255) & 255;
    b = Math.min(b / 255, 255) & 255;
    out[i] = LITTLE ? 0xff000000 | b << 16 | g << 8 | r : r << 24 | g << 16 | b << 8 | 0xff;
  }
}
