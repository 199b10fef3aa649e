/**
 * How an array is looked at: which plane, which colours, where. It stands in the page's address, so that a copied link reopens
 * the same view. Pure, no DOM.
 *
 *     i=0,k,y,x        position on every axis, or y (down), x (right), c (colour samples), k (channels that are blended)
 *     c=0:magenta;1:green:100~900;-2:cyan     the channels: position, colour, limits if set by hand; - means off
 *     lut=viridis      colours
 *     lim=p0.5~99.5    contrast: a (least to most), p (percentiles), m (by hand)
 *     g=0.5  inv=1  log=1     gamma, colours inverted, histogram logarithmic
 *     r=1024,512,2     middle of the screen (right, down, in pixels of the array) and pixels of the screen a pixel takes
 *     l=0,0,10,20      line of the profile: right, down, right, down
 *     s=0              pixels square, though the axes have other scales
 */

import {CHANNEL_COLORS, colormapName} from "../viewer/lut.js";
import {numbers, short, span, spanText} from "../address.js";

/** Channels that can be blended, at most. */
export const MOST_CHANNELS = 6;

/** Percentiles to begin with. */
const PERCENTILES = [0.5, 99.5];

/** Names of an axis whose positions are channels. */
const CHANNEL_NAMES = /^(c|ch|chan|channel|channels|wavelength)$/i;

/**
 * The view of an array that nobody has looked at yet.
 *
 * @param {object} config what the server says of the array: {shape, axes, role, colormap, limits, full}
 */
export function firstView(config) {
  const {shape, axes = [], role} = config;
  const index = shape.map(() => 0);
  let last = shape.length - 1;
  if (role === "rgb" && shape.length >= 3 && (shape[last] === 3 || shape[last] === 4)) index[last--] = "c";
  index[last] = "x";
  if (last > 0) index[last - 1] = "y";
  const channels = role === "rgb" || role === "labels" ? -1
    : shape.findIndex((n, axis) => typeof index[axis] === "number" && CHANNEL_NAMES.test(axes[axis] ?? "") && n > 1 && n <= MOST_CHANNELS);
  if (channels >= 0) index[channels] = "k";
  // Colours are shown as they are: stretched, they would not be the colours.
  const limits = Array.isArray(config.limits) ? [...config.limits] : index.includes("c") ? [0, config.full > 0 ? config.full : 1] : null;
  return {
    index,
    channels: channels >= 0 ? channelsOf(shape[channels]) : [],
    lut: colormapName(config.colormap) ?? "gray",
    mode: limits ? "manual" : "auto",
    limits,
    percentiles: [...PERCENTILES],
    gamma: 1, invert: false, log: false, camera: null, scaled: true,
    // A row of values says more as a curve.
    line: shape.length === 1 && shape[0] > 1 ? [[0, 0.5], [shape[0], 0.5]] : null,
  };
}

/** Channels 0 to n, the first of them on, each with a colour. */
export function channelsOf(n) {
  return Array.from({length: Math.min(n, MOST_CHANNELS)}, (_, i) => ({at: i, on: true, lut: CHANNEL_COLORS[i % CHANNEL_COLORS.length], limits: null}));
}

/** The axes of a view: {down, right, samples, blended}, -1 for none. */
export function rolesOf({index}) {
  return {down: index.indexOf("y"), right: index.indexOf("x"), samples: index.indexOf("c"), blended: index.indexOf("k")};
}

/** The index as a topic names it: of a channel, if channels are blended. */
export function topicIndex({index}, channel = null) {
  return index.map(item => item === "k" ? channel?.at ?? 0 : item);
}

/**
 * Reads a view out of an address; what makes no sense for this array is as in firstView.
 *
 * @param {URLSearchParams} query
 */
export function readView(query, config) {
  const view = firstView(config);
  const index = readIndex(query.get("i"), config.shape);
  if (index) {
    view.index = index;
    const {blended} = rolesOf(view);
    if (blended !== rolesOf(firstView(config)).blended) view.channels = blended < 0 ? [] : channelsOf(config.shape[blended]);
  }
  const {blended} = rolesOf(view);
  if (blended >= 0 && query.has("c")) {
    const channels = query.get("c").split(";").map(text => readChannel(text, config.shape[blended])).filter(Boolean);
    if (channels.length > 0) view.channels = channels.slice(0, MOST_CHANNELS);
  }
  view.lut = colormapName(query.get("lut")) ?? view.lut;
  Object.assign(view, readLimits(query.get("lim")));
  const gamma = Number(query.get("g"));
  if (gamma >= 0.1 && gamma <= 10) view.gamma = gamma;
  view.invert = query.get("inv") === "1";
  view.log = query.get("log") === "1";
  view.scaled = query.get("s") !== "0";
  const place = numbers(query.get("r"), 3);
  if (place && place[2] > 0) view.camera = {x: place[0], y: place[1], scale: place[2]};
  const line = numbers(query.get("l"), 4);
  if (line) view.line = [[line[0], line[1]], [line[2], line[3]]];
  else if (query.get("l") === "none") view.line = null;
  return view;
}

/** Writes a view into an address's query; what is as in firstView is left out. */
export function writeView(query, view, config) {
  const first = firstView(config);
  const put = (key, text, same) => same ? query.delete(key) : query.set(key, text);
  put("i", view.index.join(","), view.index.join() === first.index.join());
  const channels = view.channels.map(writeChannel).join(";");
  put("c", channels, channels === first.channels.map(writeChannel).join(";"));
  put("lut", view.lut, view.lut === first.lut);
  const limits = writeLimits(view);
  put("lim", limits, limits === writeLimits(first));
  put("g", short(view.gamma), view.gamma === 1);
  put("inv", "1", !view.invert);
  put("log", "1", !view.log);
  put("s", "0", view.scaled);
  put("r", view.camera && [view.camera.x, view.camera.y, view.camera.scale].map(short).join(","), !view.camera);
  put("l", view.line ? view.line.flat().map(short).join(",") : "none", String(view.line) === String(first.line));
  return query;
}

function readIndex(text, shape) {
  const items = text?.split(",");
  if (!items || items.length !== shape.length) return null;
  const index = items.map((item, axis) => {
    if (/^[yxck]$/.test(item)) return item;
    const n = /^\d{1,15}$/.test(item) ? Number(item) : NaN;
    return n < Math.max(shape[axis], 1) ? n : null;
  });
  const times = role => index.filter(item => item === role).length;
  if (index.includes(null) || times("x") !== 1 || times("y") > 1 || times("c") > 1 || times("k") > 1) return null;
  if (times("y") === 0 && shape.length > 1) return null;
  const samples = shape[index.indexOf("c")];
  return times("c") === 1 && samples !== 3 && samples !== 4 ? null : index;
}

function readChannel(text, count) {
  const match = /^(-?)(\d{1,9}):([\w#]+)(?::(.+))?$/.exec(text);
  if (!match || Number(match[2]) >= count) return null;
  const lut = /^#[0-9a-f]{6}$/i.test(match[3]) ? match[3] : colormapName(match[3]);
  return lut && {at: Number(match[2]), on: match[1] === "", lut, limits: match[4] ? span(match[4]) : null};
}

function writeChannel({at, on, lut, limits}) {
  return `${on ? "" : "-"}${at}:${lut}${limits ? `:${spanText(limits)}` : ""}`;
}

function readLimits(text) {
  if (!text) return {};
  if (text === "a") return {mode: "auto"};
  const pair = span(text.slice(1));
  if (!pair) return {};
  if (text[0] === "m") return {mode: "manual", limits: pair};
  if (text[0] === "p" && pair[0] >= 0 && pair[1] <= 100 && pair[0] < pair[1]) return {mode: "percentile", percentiles: pair};
  return {};
}

function writeLimits({mode, limits, percentiles}) {
  if (mode === "manual" && limits) return `m${spanText(limits)}`;
  return mode === "percentile" ? `p${percentiles.map(short).join("~")}` : "a";
}
