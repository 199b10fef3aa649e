/**
 * The layers as napari draws them: where they lie on its canvas, in its colours and blended as it blends them, from the numbers that
 * napari shares while somebody looks.
 *
 * Two topics say how. `<source>/pictures`:
 *
 *     {"canvas": "#000000", "layers": [{"id": "3", "topic": "napari/array/layer.3", "index": "y,x", "shape": [900, 1200], "kind": "image" | "rgb" | "labels",
 *       "dtype": "<u2", "matrix": [[a, b, c], [d, e, f]], "base": [rows, columns], "colors": name of a table, "colormap": "viridis", "limits": [0, 4095], "gamma": 1,
 *       "opacity": 1, "visible": true, "blending": "additive", "interpolation": "nearest", "contour": 0, "selection": "7",
 *       "overview": {"topic": "napari/array/overview.3", "shape": [90, 120]}}, ...]}
 *
 * bottom first; of a multiscale picture napari holds what is in view and, the overview, all of the coarsest level; matrix leads from (row, column) of level 0 to (down, right) on napari's canvas. `<source>/colors`: `{"tables": {name: {"kind":
 * "scale" | "cyclic" | "direct", "table": RGBA in base64, "steps", "over", "under", "nan", "labels", "background"}}}`.
 */

import {announce} from "../picture/feeds.js";
import {apply, boxOf, compose, fromRows, inverse} from "./affine.js";
import {rangeOf} from "./image.js";
import {paintingOf} from "./labels.js";
import {colormapName, colorTable} from "./lut.js";
import {narrow} from "./numbers.js";
import {placedRegion, regionTopic, stepFor} from "./region.js";

/** What is asked for changes at most this often, ms. */
const ASK_EVERY = 100;

/** Pixels along a side that are asked for while it is not known how large they are on the screen. */
const FIRST = 1024;

/** Pictures that are shown at once, the uppermost: each takes memory of the graphics card. */
const MOST_PICTURES = 32;

export class Layers {
  #source;
  #viewer;
  #onFrame;
  #changed;
  #restyled;
  #drawn;
  #place;
  #stops = [];
  #said = {canvas: null, layers: []};
  #colors = new Map(); // name -> table, read
  #single = {id: "", paint: null, named: null}; // of styleOf
  #camera = null; // napari's, of the last frame of the tiles
  #chosen = ""; // id of the layer that the tiles are of
  #shown = new Map(); // id -> {topic, frame, region, stop, overview, paint, named}
  #view = ""; // "", "layer" or "layers"
  #told = ""; // what the viewer was told last of where they lie
  #screen = null;
  #paused = false;
  #due = 0;
  #askedAt = 0;
  #hidden = () => this.#soon();

  /**
   * @param {HTMLElement} root of the viewer, which gets elements with data-topic
   * @param {string} source id of the source
   * @param {object} viewer as from createViewer
   * @param {function(string, function(object))} onFrame hands the latest frame of a topic; returns what ends it
   * @param {function(boolean)} changed called when there are, or are no longer, pictures to be had
   * @param {function()} restyled called when napari may draw its pictures otherwise than before
   * @param {function({frame: object, limits: ?number[]}[])} drawn takes what is drawn, and between which limits; null for labels and colours
   */
  constructor(root, source, viewer, onFrame, changed, restyled, drawn = () => {}) {
    this.#source = source;
    this.#viewer = viewer;
    this.#onFrame = onFrame;
    this.#changed = changed;
    this.#restyled = restyled;
    this.#drawn = drawn;
    this.#place = root;
    document.addEventListener("visibilitychange", this.#hidden);
    this.#stops.push(
      this.#listen(`${source}/pictures`, frame => {
        const had = this.there;
        this.#said = readPictures(frame);
        if (had !== this.there) this.#changed(this.there);
        this.#update();
        this.#restyled();
      }),
      this.#listen(`${source}/colors`, frame => {
        this.#colors = readColors(frame, this.#colors);
        this.#update();
        this.#restyled();
      }),
    );
    announce();
  }

  /** Whether there are pictures to be had. */
  get there() {
    return this.#said.layers.length > 0;
  }

  /** Shows "layer", that of the tiles, "layers", all, or "", none. */
  show(view) {
    if (this.#view === view) return;
    this.#view = view;
    if (view === "") {
      this.#viewer.setImages([]);
      this.#drawn([]);
    }
    this.#update();
  }

  /**
   * How napari draws a layer on its own, for who draws it in other places: the look of a frame, as image.js takes it of a picture that
   * lies in any way, on the ground that napari draws on; null if that is not known.
   */
  styleOf(id, frame) {
    const layer = this.#said.layers.find(one => one.id === id);
    if (!layer) return null;
    if (this.#single.id !== id) this.#single = {id, paint: null, named: null};
    return {...this.#lookOf(layer, this.#single, frame), first: true, ground: this.#said.canvas ?? true};
  }

  /** Takes a frame of the tiles. */
  take(frame) {
    this.#chosen = typeof frame.layer === "string" ? frame.layer : "";
    this.#camera = readCamera(frame.camera);
    this.#scene();
    this.#soon();
  }

  /** The viewer has made an animation frame. */
  moved(screen) {
    const before = this.#screen;
    const {camera, viewport} = screen;
    this.#screen = {...screen, camera: {...camera}, viewport: {...viewport}, size: {...screen.size}};
    const same = before && camera.x === before.camera.x && camera.y === before.camera.y && camera.scale === before.camera.scale &&
      viewport.width === before.viewport.width && viewport.height === before.viewport.height;
    if (!same) this.#soon();
  }

  setPaused(paused) {
    this.#paused = paused;
    this.#soon();
  }

  destroy() {
    clearTimeout(this.#due);
    document.removeEventListener("visibilitychange", this.#hidden);
    for (const stop of this.#stops) stop();
    for (const one of this.#shown.values()) letGo(one);
    this.#shown.clear();
  }

  /** Hears a topic, and has an element on the page that says so. */
  #listen(topic, draw) {
    const element = this.#place.appendChild(document.createElement("i"));
    element.hidden = true;
    element.dataset.topic = topic;
    const stop = this.#onFrame(topic, draw);
    return () => {
      stop();
      element.remove();
    };
  }

  /** The layers that are shown now, bottom first. */
  get #wanted() {
    if (this.#view === "") return [];
    const all = this.#said.layers.filter(layer => layer.visible && (this.#view === "layers" || layer.id === this.#chosen));
    return all.slice(-MOST_PICTURES);
  }

  #update() {
    this.#scene();
    this.#soon();
    this.#render();
  }

  /** Tells the viewer where the pictures lie. */
  #scene() {
    if (this.#view === "" || !this.there) {
      if (this.#told !== "") this.#viewer.setLayered(null);
      this.#told = "";
      return;
    }
    let box = null;
    for (const {affine, base} of this.#view === "layers" ? this.#wanted : this.#said.layers.filter(({id}) => id === this.#chosen)) {
      const one = boxOf(affine, 0, 0, base[1], base[0]);
      box = box ? {x0: Math.min(box.x0, one.x0), y0: Math.min(box.y0, one.y0), x1: Math.max(box.x1, one.x1), y1: Math.max(box.y1, one.y1)} : one;
    }
    const chosen = this.#said.layers.find(({id}) => id === this.#chosen);
    const back = chosen && inverse(chosen.affine);
    const view = viewOf(this.#camera);
    const scene = {
      key: `${this.#source} ${this.#view === "layer" ? this.#chosen : ""}`, box: box ?? view ?? {x0: 0, y0: 0, x1: 1, y1: 1}, view, ground: this.#said.canvas,
    };
    const told = JSON.stringify([scene, back]);
    if (told === this.#told) return;
    this.#told = told;
    this.#viewer.setLayered({...scene, toLayer: back ? (x, y) => apply(back, x, y) : null});
  }

  #soon() {
    if (this.#due !== 0) return;
    this.#due = setTimeout(() => {
      this.#due = 0;
      this.#ask();
    }, Math.max(this.#askedAt + ASK_EVERY - performance.now(), 0));
  }

  /** Asks for what the screen needs of each picture. */
  #ask() {
    this.#askedAt = performance.now();
    const wanted = document.hidden ? [] : this.#wanted;
    let asked = false;
    for (const [id, one] of this.#shown) {
      if (wanted.some(layer => layer.id === id)) continue;
      // A page that nobody sees keeps what it has, and asks for nothing.
      letGo(one);
      if (!document.hidden) this.#shown.delete(id);
      asked = true;
    }
    for (const layer of wanted) {
      if (!this.#shown.has(layer.id)) this.#shown.set(layer.id, {...NOTHING, overview: {...NOTHING}, paint: null, named: null});
      const one = this.#shown.get(layer.id);
      if (one.base !== layer.topic || one.index !== layer.index) Object.assign(one, {base: layer.topic, index: layer.index, frame: null, region: null});
      if (this.#want(one, this.#topicOf(layer, one))) asked = true;
      if (this.#want(one.overview, overviewTopic(layer))) asked = true;
    }
    if (asked) announce();
  }

  /** Asks for a topic instead of what was asked for before; says whether that is another. */
  #want(one, topic) {
    // A picture that is held still stays, and so must what it came from.
    if (topic === one.topic || this.#paused && one.topic !== "") return false;
    one.stop();
    Object.assign(one, {topic, stop: () => {}});
    if (topic === "") {
      one.frame = null;
      return true;
    }
    one.stop = this.#listen(topic, frame => {
      if (this.#paused || !frame.data) return;
      one.frame = frame;
      this.#soon();
      this.#render();
    });
    return true;
  }

  #topicOf(layer, one) {
    if (!this.#screen) return one.topic;
    const sides = layer.index.split(",");
    const shape = one.frame?.shape?.length === sides.length ? one.frame.shape : layer.shape;
    const [rows, cols] = [shape[sides.indexOf("y")], shape[sides.indexOf("x")]];
    if (!(rows > 0 && cols > 0)) return one.topic;
    const affine = frameAffine(one.frame, layer.affine);
    const {camera, viewport, size, most} = this.#screen;
    const whole = pixels => ({row: 0, col: 0, rows, cols, step: stepFor(Math.max(rows, cols) / pixels)});
    if (!affine) one.region = whole(FIRST);
    // Out of view it is asked for all the same, with less: it may move into view.
    else one.region = placedRegion({camera, viewport, ratio: size.width / viewport.width, affine, shape: [rows, cols], most, present: one.region}) ?? whole(64);
    return regionTopic(layer.topic, sides, one.region, layer.kind === "labels", layer.limits !== null && narrow(...layer.limits));
  }

  #render() {
    if (this.#view === "") return;
    const images = [];
    let first = true;
    for (const layer of this.#wanted) {
      const one = this.#shown.get(layer.id);
      if (!one) continue;
      const place = one.frame && texelPlace(one.frame, layer);
      const below = one.overview.frame && texelPlace(one.overview.frame, layer);
      // What napari has not got in full is there coarsely.
      if (below) images.push({key: `overview ${layer.id}`, frame: one.overview.frame, place: {...below, hole: place}, look: {...this.#lookOf(layer, one, one.overview.frame), first}});
      if (place) images.push({key: `layer ${layer.id}`, frame: one.frame, place, look: {...this.#lookOf(layer, one, one.frame), first}});
      if (place || below) first = false;
    }
    this.#viewer.setImages(images);
    this.#drawn(images.map(({frame, look}) => ({frame, limits: look.kind === "scalar" ? [look.low, look.high] : null})));
  }

  #lookOf(layer, one, frame) {
    const {opacity, blending, gamma} = layer;
    const table = this.#colors.get(layer.colors);
    const smooth = !layer.interpolation.startsWith("nearest");
    if (layer.kind === "labels") {
      // Without napari's colours, our own.
      if (!table || table.kind === "scale") return {kind: "labels", low: 0, high: 1, gamma: 1, opacity, blending, painting: OWN};
      const of = `${layer.colors} ${layer.contour} ${layer.selection} ${layer.dtype}`;
      if (one.paint?.of !== of) one.paint = {of, painting: paintingOf(table, layer)};
      return {kind: "labels", low: 0, high: 1, gamma: 1, opacity, blending, painting: one.paint.painting};
    }
    const colored = frame.samples >= 3;
    const [low, high] = layer.limits ?? rangeOf(frame);
    const look = {kind: colored ? "color" : "scalar", low, high, gamma, opacity, blending, smooth, opaque: opaqueOf(layer.dtype)};
    if (colored) return look;
    if (table?.kind === "scale") return {...look, table: table.rgba, steps: table.steps, over: table.over, under: table.under, none: table.nan};
    const name = colormapName(layer.colormap) ?? "gray";
    if (one.named?.name !== name) one.named = {name, table: colorTable(name)};
    return {...look, table: one.named.table};
  }
}

/** A picture that is not asked for. */
const NOTHING = {topic: "", frame: null, region: null, stop: () => {}};

/** Asks for a picture, and its overview, no longer; what came is kept. */
function letGo(one) {
  for (const each of [one, one.overview]) {
    each.stop();
    Object.assign(each, {topic: "", stop: () => {}});
  }
}

/** The topic of all of a layer's overview; "" if it has none. */
function overviewTopic({overview, index, kind, limits}) {
  if (!overview) return "";
  const sides = index.split(",");
  const [rows, cols] = [overview.shape[sides.indexOf("y")], overview.shape[sides.indexOf("x")]];
  if (!(rows > 0 && cols > 0)) return "";
  return regionTopic(overview.topic, sides, {row: 0, col: 0, rows, cols, step: stepFor(Math.max(rows, cols) / FIRST)}, kind === "labels", limits !== null && narrow(...limits));
}

/** Colours of labels of a napari whose own are not known. */
const OWN = paintingOf({
  kind: "cyclic", background: "0",
  rgba: Uint8Array.from({length: 64 * 4}, (_, i) => i % 4 === 3 ? 255 : Math.round(127.5 + 127.5 * Math.cos((i >> 2) * 2.399963 + (i % 4) * 2.0944))),
}, {});

/** The alpha that napari takes as opaque: that of the graphics card for types that it has, and 1 for all others. */
function opaqueOf(dtype) {
  return {"|u1": 255, "<u2": 65535, ">u2": 65535}[dtype] ?? 1;
}

/** From (column, row) of the pixels of the array of which a frame is a part to napari's canvas; null if the frame does not say. */
function frameAffine(frame, affine) {
  const {offset, pixel} = frame ?? {};
  if (!pair(offset) || !pair(pixel) || !(pixel[0] > 0 && pixel[1] > 0)) return null;
  return compose(affine, [pixel[1], 0, offset[1], 0, pixel[0], offset[0]]);
}

/** Where the texels of a frame lie, as image.js takes it; null if that is not known or if there are none. */
export function texelPlace(frame, {affine, index}) {
  const whole = frameAffine(frame, affine);
  const {row, col, rows, cols, step, shape} = frame;
  if (!whole || rows === 0 || cols === 0) return null;
  const sides = index.split(",");
  // The last texels of a frame that the step does not divide stand for fewer pixels.
  const ends = side => Array.isArray(shape) ? shape[sides.indexOf(side)] : Infinity;
  return {
    affine: compose(whole, [step, 0, col, 0, step, row]),
    cols: Math.min(cols, (ends("x") - col) / step), rows: Math.min(rows, (ends("y") - row) / step),
  };
}

/** What napari's canvas shows, a box in its world; null if that is not known. */
function viewOf(camera) {
  if (!camera) return null;
  const {center: [down, right], zoom, size: [rows, cols]} = camera;
  return {x0: right - cols / zoom / 2, y0: down - rows / zoom / 2, x1: right + cols / zoom / 2, y1: down + rows / zoom / 2};
}

function readCamera(camera) {
  const {center, zoom, size} = camera ?? {};
  return pair(center) && pair(size) && size[0] > 0 && size[1] > 0 && zoom > 0 && zoom < Infinity ? {center, zoom, size} : null;
}

/** Checks what a frame says of the pictures; what cannot be used is left out. */
export function readPictures(frame) {
  const layers = [];
  for (const layer of Array.isArray(frame.layers) ? frame.layers : []) {
    const {id, topic, index, shape, kind, limits, gamma, opacity} = layer ?? {};
    const affine = fromRows(layer?.matrix);
    if (typeof id !== "string" || typeof topic !== "string" || !/^y,x(,c)?$/.test(index) || !affine || !inverse(affine)) continue;
    if (!Array.isArray(shape) || shape.length !== index.split(",").length || !shape.every(n => Number.isSafeInteger(n) && n >= 0)) continue;
    const base = pair(layer.base) && layer.base.every(n => n > 0) ? layer.base : shape.slice(0, 2);
    layers.push({
      id, topic, index, shape, kind, affine, base, dtype: text(layer.dtype), colors: text(layer.colors), colormap: text(layer.colormap),
      limits: pair(limits) && limits[1] > limits[0] ? limits : null,
      gamma: gamma > 0 && gamma < Infinity ? gamma : 1, opacity: opacity >= 0 && opacity <= 1 ? opacity : 1, visible: layer.visible !== false,
      blending: text(layer.blending), interpolation: text(layer.interpolation) || "nearest",
      overview: readOverview(layer.overview, shape.length), contour: layer.contour > 0 ? Math.floor(layer.contour) : 0, selection: /^-?[0-9]+$/.test(layer.selection ?? "") ? layer.selection : null,
    });
  }
  const canvas = /^#[0-9a-f]{6}$/.test(frame.canvas ?? "") ? [1, 3, 5].map(at => parseInt(frame.canvas.slice(at, at + 2), 16)) : null;
  return {canvas, layers};
}

function readOverview(overview, axes) {
  const {topic, shape} = overview ?? {};
  const fine = typeof topic === "string" && Array.isArray(shape) && shape.length === axes && shape.every(n => Number.isSafeInteger(n) && n >= 0);
  return fine ? {topic, shape} : null;
}

/** Reads the tables of colours; those that were known before stay the same objects. */
export function readColors(frame, before = new Map()) {
  const found = new Map();
  for (const [name, table] of Object.entries(frame.tables ?? {})) {
    const known = before.get(name) ?? readTable(table);
    if (known) found.set(name, known);
  }
  return found;
}

function readTable(table) {
  let rgba;
  try {
    rgba = Uint8Array.from(atob(table.table), letter => letter.charCodeAt(0));
  } catch {
    return null;
  }
  const colors = rgba.length / 4;
  const background = /^-?[0-9]+$/.test(table.background ?? "") ? table.background : "0";
  if (table.kind === "scale" && colors === 256) {
    return {kind: "scale", rgba, steps: table.steps === true, over: color(table.over), under: color(table.under), nan: color(table.nan)};
  }
  if (table.kind === "cyclic" && colors >= 2 && Number.isInteger(colors)) return {kind: "cyclic", rgba, background};
  const labels = table.labels ?? [];
  const fine = Array.isArray(labels) && labels.every(label => /^-?[0-9]+$/.test(label));
  return table.kind === "direct" && fine && colors === labels.length + 1 ? {kind: "direct", rgba, labels, background} : null;
}

function color(value) {
  return Array.isArray(value) && value.length === 4 && value.every(n => n >= 0 && n <= 255) ? value : null;
}

function text(value) {
  return typeof value === "string" ? value : "";
}

function pair(value) {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}
