/**
 * How a model is looked at. It stands in the page's address, so that a copied link reopens the same view. Pure, no DOM.
 *
 *     lut=viridis      colours of the density
 *     lim=m0~2         range of the colours: a (least to most), z (zero to most), m (by hand)
 *     show=phase       what is coloured, if it is not the density
 *     lines=8          lines of equal phase in a full turn
 *     tracers=0        particles are not shown
 *     smooth=1         pixels are blended
 *     r=128,64,4       middle of the screen, in pixels of the grid to the right and up, and pixels of the screen that one takes
 *
 * Keys that begin with "p." are the model's parameters (link.js).
 */

import {colormapName} from "../viewer/lut.js";
import {numbers, short, span} from "../address.js";

/** Lines of equal phase in a full turn that people choose from; 8 is one every quarter of pi. */
export const LINES = [4, 8, 12, 16, 24];

/** Lines to begin with. */
export const FIRST_LINES = 8;

/** The view of a model that nobody has looked at yet; config as the server gives it. */
export function firstView(config) {
  const limits = Array.isArray(config.limits) && config.limits.length === 2 && config.limits.every(Number.isFinite) && config.limits[1] > config.limits[0]
    ? [...config.limits] : null;
  return {lut: colormapName(config.colormap) ?? "viridis", mode: limits ? "manual" : "auto", limits, show: "density", lines: 0, tracers: config.tracers > 0,
    smooth: false, camera: null};
}

/** Reads a view out of an address; what makes no sense for this model is as in firstView. */
export function readView(query, config) {
  const view = firstView(config);
  view.lut = colormapName(query.get("lut")) ?? view.lut;
  Object.assign(view, readLimits(query.get("lim")));
  if (config.phase) {
    if (query.get("show") === "phase") view.show = "phase";
    if (LINES.includes(Number(query.get("lines")))) view.lines = Number(query.get("lines"));
  }
  if (query.get("tracers") === "0") view.tracers = false;
  view.smooth = query.get("smooth") === "1";
  const place = numbers(query.get("r"), 3);
  if (place && place[2] > 0) view.camera = {x: place[0], y: place[1], scale: place[2]};
  return view;
}

/** Writes a view into an address's query; what is as in firstView is left out. */
export function writeView(query, view, config) {
  const first = firstView(config);
  const put = (key, text, same) => same ? query.delete(key) : query.set(key, text);
  put("lut", view.lut, view.lut === first.lut);
  const limits = writeLimits(view);
  put("lim", limits, limits === writeLimits(first));
  put("show", view.show, view.show === first.show);
  put("lines", String(view.lines), view.lines === first.lines);
  put("tracers", "0", view.tracers || !(config.tracers > 0));
  put("smooth", "1", !view.smooth);
  put("r", view.camera && [view.camera.x, view.camera.y, view.camera.scale].map(short).join(","), !view.camera);
  return query;
}

function readLimits(text) {
  if (text === "a") return {mode: "auto"};
  if (text === "z") return {mode: "zero"};
  const limits = text?.startsWith("m") ? span(text.slice(1)) : null;
  return limits ? {mode: "manual", limits} : {};
}

function writeLimits({mode, limits}) {
  if (mode === "manual" && limits) return `m${limits.map(short).join("~")}`;
  return mode === "zero" ? "z" : "a";
}
