/**
 * The viewer's colours. Each comes from a CSS variable of the root element, so that the page's theme decides; without the
 * variable it is napari's. A value is any CSS colour, or three numbers ("0 0 0") as utility-class frameworks keep them.
 *
 * | variable | default | meaning |
 * |---|---|---|
 * | --canvas | black, in light mode white | background |
 * | --tile-off | 163 162 160 | a tile that napari does not draw |
 * | --tile-seen | 225 19 19 | a tile that napari draws |
 * | --tile-view | 245 197 66 | the view rectangle |
 * | --tile-loading | 86 180 233 | a tile that is being loaded |
 * | --tile-reloaded | 255 120 220 | a tile that was loaded again without need |
 * | --axis-x, --axis-y | 230 50 50, 60 160 75 | the axes |
 */

/** Opacity of the view rectangle's inside; its edge is solid. */
export const VIEW_FILL = 0.16;

/** Opacity of the thin line around the view rectangle's edge. */
export const CASING_FILL = 0.5;

/** How much of a stale picture gives way to the canvas. */
export const STALE_DIM = 0.55;

/** Widths of the view rectangle's edge and of the line around it, CSS pixels. */
export const VIEW_EDGE = 2;
export const VIEW_CASING = 1;

/** Reads the theme of an element. Colours are [red, green, blue], 0 to 255. */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const dark = isDark(style);
  const read = (name, fallback) => parse(style.getPropertyValue(name)) ?? fallback;
  const canvas = read("--canvas", dark ? [0, 0, 0] : [255, 255, 255]);
  return {
    canvas,
    tileOff: read("--tile-off", [163, 162, 160]),
    tileSeen: read("--tile-seen", [225, 19, 19]),
    view: read("--tile-view", [245, 197, 66]),
    loading: read("--tile-loading", [86, 180, 233]),
    reloaded: read("--tile-reloaded", [255, 120, 220]),
    axisX: read("--axis-x", [230, 50, 50]),
    axisY: read("--axis-y", [60, 160, 75]),
    casing: [0, 0, 0],
    viewFill: VIEW_FILL,
    casingFill: CASING_FILL,
  };
}

/** A colour as CSS writes it. */
export function css(rgb) {
  return `rgb(${rgb.join(" ")})`;
}

function isDark(style) {
  if (style.colorScheme === "dark" || style.colorScheme === "light") return style.colorScheme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function parse(text) {
  const value = text.trim();
  if (value === "") return null;
  if (/^[\d.]+[\s,]+[\d.]+[\s,]+[\d.]+$/.test(value)) return value.split(/[\s,]+/).map(Number);
  if (!CSS.supports("color", value)) return null;
  // The browser knows all ways of writing a colour; a pixel painted with it says which one it is.
  const context = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  context.fillStyle = value;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
