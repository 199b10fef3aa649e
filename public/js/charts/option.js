/**
 * The ECharts option that the server writes into the page (dashboard/chart/option.go): plain data, in which "var(--series-1)"
 * stands for a colour of the page's theme and "@ms" for a formatter.
 */

import {clockTick, tick} from "./format.js";

/** Colours where a page has no theme: Okabe and Ito's. */
const FALLBACK = {
  "text": "#f0f1f2",
  "muted": "#acb1b8",
  "panel": "#2e333e",
  "highlight": "#61696e",
  "control": "#424a54",
  "warning": "#e3b617",
  "series-1": "#56b4e9",
  "series-2": "#e69f00",
  "series-3": "#009e73",
  "series-4": "#cc79a7",
  "series-5": "#d55e00",
  "series-6": "#f0e442",
  "series-7": "#0072b2",
  "series-8": "#c8c8c8",
};

/** The value of a CSS variable of the theme. */
export function color(name, style = getComputedStyle(document.documentElement)) {
  return style.getPropertyValue(`--${name}`).trim() || FALLBACK[name] || "#888";
}

/**
 * Puts in what names stand for. The option itself is not changed, so that it can be done again for another theme.
 *
 * @param {*} option
 * @param {function(string): string} colorOf from the name of a variable to its colour
 */
export function resolve(option, colorOf) {
  if (Array.isArray(option)) return option.map(one => resolve(one, colorOf));
  if (option !== null && typeof option === "object") {
    return Object.fromEntries(Object.entries(option).map(([key, value]) => [key, resolve(value, colorOf)]));
  }
  if (typeof option !== "string") return option;
  const variable = /^var\(--([a-z0-9-]+)\)$/.exec(option);
  if (variable) return colorOf(variable[1]);
  return option.startsWith("@") ? formatter(option.slice(1)) : option;
}

/** The formatter of a name: "clock" for times, otherwise a unit. */
export function formatter(name) {
  if (name === "clock") return value => clockTick(value);
  return value => tick(value, name === "number" ? "" : name);
}
