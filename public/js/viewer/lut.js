/**
 * Colour tables: 256 colours for the values between two limits. Pure, no DOM.
 *
 * A table is made from a few control points, linear in between. Those of viridis, magma, inferno and plasma are from
 * matplotlib's (Nathaniel Smith, Stefan van der Walt and Eric Firing, CC0), twilight is Bastian Bechtold's (CC0), turbo Anton
 * Mikhailov's (Google, Apache-2.0), PiYG Cynthia Brewer's (ColorBrewer, Apache-2.0), gist_earth is Yorick's as matplotlib has it
 * (matplotlib licence, BSD-compatible); hsv, fire, ice, bop and I follow napari's and vispy's (BSD-3-Clause). Each is within 3/255 of its
 * original, gist_earth and hsv within 30/255 at their steepest places.
 */

/** Colours in a table. */
export const LUT_SIZE = 256;

const POINTS = {
  gray: "000000ffffff",
  green: "00000000ff00",
  magenta: "000000ff00ff",
  red: "000000ff0000",
  blue: "0000000000ff",
  cyan: "00000000ffff",
  yellow: "000000ffff00",
  gray_r: "ffffff000000",
  bop_blue: "00000020adf8",
  bop_orange: "000000f8ad20",
  bop_purple: "000000942094",
  i_blue: "ffffff0033cc",
  i_bordeaux: "ffffffcc0033",
  i_forest: "ffffff009900",
  i_orange: "ffffffff7500",
  i_purple: "ffffff7500ff",
  ice: "0000ffffffff",
  hilo: "000000ffffff",
  fire: "ffffffffffbfffff80ffff40ffff00ffbf00ff8000ff4000ff0000",
  viridis: "440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e" +
    "21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51a" +
    "fde725",
  magma: "0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327d" +
    "b63779c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0" +
    "fcfdbf",
  inferno: "0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e7d1e6d89226a962766a32b61af315c" +
    "bb3755c63e4dd14644db4f3be35932eb6528f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586" +
    "fcffa4",
  plasma: "0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a29f1a9ca92396b22c8ebb3587c33e80" +
    "cb4778d25071d9596ae06263e66c5ceb7555f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27" +
    "f0f921",
  turbo: "30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc31ee8b031f2994cf97e6bfd648aff4d" +
    "a3fd3cb8f735cced34dee037edd03af8c03afdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d01" +
    "7a0403",
  twilight: "e2d9e2d6d7ddc2ced4aac2cc94b4c781a6c37296c16886be6275ba5f63b55e50ac5d3da0592a8f511b7745135c381145" +
    "3014373a113a4b134260184a751e4f882850993550a74550b25752bc6958c37d63c89073cca489d2b6a3d9c7bfdfd4d6" +
    "e2d9e2",
  gist_earth: "0000000502740b15751027771538781b497a20587b25667d2a737e30808034847637896c3b8e633f925943974f4b9b46" +
    "5da04b6ea4507ea8538bab5698af58a5b25bb3b65db9b260bdab62c0a565c8a677d0ad8ad9b59ee2c2b3ebd1cbf4e4e3" +
    "fdfbfb",
  PiYG: "8e01529f095fb0116dc2197acb3289d34f99db6ba8e283b6e796c4edaad2f2bbddf6c8e3fad5eafde1f0fbe9f2f9f0f5" +
    "f7f7f7f2f6ebecf6dfe7f5d2dbf0becceaa6bee48fadda799ccf648ac34e79b73d69aa335a9d294b8f213f811e33721b" +
    "276419",
  hsv: "ff0000ff2f00ff5e00ff8d00ffbc00ffeb00e4ff00b5ff0085ff0056ff0027ff0003ff0a00ff3700ff6600ff9500ffc4" +
    "00fff300dcff00adff007eff004fff0020ff0f00ff3f00ff6e00ff9d00ffcc00fff800fdff00d4ff00a5ff0076ff0047" +
    "ff0018",
};

/** What people choose from: [name, as people read it], those that most want first. */
export const COLORMAPS = [
  ["gray", "gray"], ["green", "green"], ["magenta", "magenta"], ["red", "red"], ["blue", "blue"], ["cyan", "cyan"],
  ["yellow", "yellow"], ["viridis", "viridis"], ["magma", "magma"], ["inferno", "inferno"], ["plasma", "plasma"],
  ["turbo", "turbo"], ["twilight", "twilight"], ["PiYG", "PiYG"], ["gist_earth", "gist earth"], ["hsv", "hsv"], ["hilo", "high and low marked"],
  ["bop_blue", "bop blue"], ["bop_orange", "bop orange"], ["bop_purple", "bop purple"], ["i_blue", "I Blue"],
  ["i_bordeaux", "I Bordeaux"], ["i_forest", "I Forest"], ["i_orange", "I Orange"], ["i_purple", "I Purple"],
  ["ice", "ice"], ["fire", "fire"], ["gray_r", "gray, reversed"],
];

/** Colours for channels that are blended, in napari's order. */
export const CHANNEL_COLORS = ["magenta", "green", "cyan", "yellow", "red", "blue"];

const NAMES = new Map(COLORMAPS.map(([name]) => [name.toLowerCase(), name]));
const ALIASES = new Map([["grey", "gray"], ["grays", "gray"], ["greys", "gray"], ["gray_r", "gray_r"], ["twilight_shifted", "twilight"],
  ["piyg", "PiYG"], ["colormap_hilo", "hilo"]]);

/** The name of the table for a name as napari, vispy or matplotlib has it; null if there is none. */
export function colormapName(name) {
  if (typeof name !== "string") return null;
  const plain = name.trim().toLowerCase().replace(/[\s-]+/g, "_");
  return NAMES.get(plain) ?? ALIASES.get(plain) ?? null;
}

/**
 * A table: LUT_SIZE colours, RGBA. A name that is not known is gray.
 *
 * @param {string} name of COLORMAPS, or "#rrggbb" for black to that colour
 * @param {boolean} [invert]
 */
export function colorTable(name, invert = false) {
  const table = new Uint8Array(LUT_SIZE * 4);
  const color = /^#[0-9a-f]{6}$/i.test(name) ? `000000${name.slice(1)}` : POINTS[colormapName(name) ?? "gray"] ?? POINTS.gray;
  const points = [];
  for (let i = 0; i < color.length; i += 2) points.push(parseInt(color.slice(i, i + 2), 16));
  const segments = points.length / 3 - 1;
  for (let i = 0; i < LUT_SIZE; i++) {
    const at = (invert ? LUT_SIZE - 1 - i : i) / (LUT_SIZE - 1) * segments;
    const segment = Math.min(Math.floor(at), segments - 1);
    for (let j = 0; j < 3; j++) {
      const from = points[segment * 3 + j];
      table[i * 4 + j] = Math.round(from + (points[segment * 3 + 3 + j] - from) * (at - segment));
    }
    table[i * 4 + 3] = 255;
  }
  if (colormapName(name) === "hilo") {
    table.set([0, 0, 255], invert ? (LUT_SIZE - 1) * 4 : 0);
    table.set([255, 0, 0], invert ? 0 : (LUT_SIZE - 1) * 4);
  }
  return table;
}

/**
 * The factors with which a label is spread over the table: that of its number, and that of its upper 32 bits, which are added
 * before. The shader has the same (image-shaders.js), and the server (dashboard/pixels/colormap.go).
 */
export const LABEL_MULTIPLIER = 2654435761;
export const LABEL_CARRY = 2246822519;

/**
 * The entry of a label in the table of labels, 1 to 255; never the same for two labels that follow each other. 0, the
 * background, has entry 0 and is transparent, and so has what is no number.
 *
 * @param {number|bigint} value a float is cut to a whole number
 */
export function labelEntry(value) {
  let low;
  let high;
  if (typeof value === "bigint") {
    low = Number(value & 0xffffffffn);
    high = Number(value >> 32n & 0xffffffffn);
  } else {
    const whole = Math.trunc(value);
    if (!(whole >= -(2 ** 63) && whole < 2 ** 63)) return 0;
    low = whole >>> 0;
    high = Math.floor(whole / 2 ** 32) >>> 0;
  }
  if (low === 0 && high === 0) return 0;
  const n = low + Math.imul(high, LABEL_CARRY) >>> 0;
  return 1 + (Math.imul(n, LABEL_MULTIPLIER) >>> 16) % (LUT_SIZE - 1);
}

/** The table of labels: hues by the golden angle, in three lightnesses, so that neighbours in number differ. */
export function labelTable() {
  const table = new Uint8Array(LUT_SIZE * 4);
  for (let i = 1; i < LUT_SIZE; i++) {
    const hue = i * 137.50776405 % 360;
    const lightness = [0.55, 0.7, 0.42][i % 3];
    const saturation = 0.75;
    const f = n => {
      const k = (n + hue / 30) % 12;
      return Math.round(255 * (lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    table.set([f(0), f(8), f(4), 255], i * 4);
  }
  return table;
}
