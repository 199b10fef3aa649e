/**
 * The picture under the tiles: the part of a layer that napari shows, as numbers that napari shares while somebody looks.
 *
 * A frame of the tiles (feed.js) may carry where it comes from and how napari draws it:
 *
 *     "picture": {"topic": "napari/array/layer.3", "index": "y,x", "shape": [900, 1200], "kind": "image" | "labels",
 *                 "colormap": "viridis", "limits": [0, 4095], "gamma": 1, "opacity": 1, "visible": true}
 *
 * Each picture says where in the layer it lies, so it may come later than the tiles it belongs to without lying wrongly. It lies in the
 * layer's own pixels, as the tiles do. Where napari says more of how it draws the layer (layers.js), its colours are exactly those.
 */

import {announce} from "../picture/feeds.js";
import {rangeOf} from "./image.js";
import {texelPlace} from "./layers.js";
import {colormapName, colorTable} from "./lut.js";
import {narrow} from "./numbers.js";
import {placeOf, regionFor, regionTopic, stepFor} from "./region.js";

/** What is asked for changes at most this often, ms. */
const ASK_EVERY = 100;

/** Pixels along a side that are asked for while it is not known how large they are on the screen. */
const FIRST = 1024;

/** The map that leaves all where it is (affine.js). */
const ITSELF = [1, 0, 0, 0, 1, 0];

export class Under {
  #viewer;
  #onFrame;
  #changed;
  #styleOf;
  #told;
  #topics;
  #picture = null; // of the last frame of the tiles
  #layer = ""; // that frame's
  #frame = null; // pixels that came last
  #screen = null;
  #region = null;
  #topic = "";
  #stop = () => {};
  #shown = true;
  #drawn = false; // whether the viewer has pictures from here
  #paused = false;
  #due = 0;
  #askedAt = 0;
  #table = {name: "", colors: null};
  #hidden = () => this.#ask();

  /**
   * @param {HTMLElement} root of the viewer, which gets an element with data-topic
   * @param {object} viewer as from createViewer
   * @param {function(string, function(object))} onFrame hands the latest frame of a topic; returns what ends it
   * @param {function(boolean)} changed called when there is, or is no longer, a picture to be had
   * @param {function(string, object): ?object} styleOf tells how napari draws a frame of a layer, as Layers' styleOf
   * @param {function({frame: object, limits: ?number[]}[])} told takes what is drawn, and between which limits; null for labels and colours
   */
  constructor(root, viewer, onFrame, changed, styleOf, told = () => {}) {
    this.#viewer = viewer;
    this.#onFrame = onFrame;
    this.#changed = changed;
    this.#styleOf = styleOf;
    this.#told = told;
    this.#topics = root.appendChild(document.createElement("i"));
    this.#topics.hidden = true;
    document.addEventListener("visibilitychange", this.#hidden);
  }

  /** Takes a frame of the tiles. */
  take(frame) {
    const picture = readPicture(frame.picture);
    const before = this.#picture;
    this.#picture = picture;
    this.#layer = typeof frame.layer === "string" ? frame.layer : "";
    if (picture?.topic !== before?.topic || picture?.index !== before?.index) {
      this.#frame = null;
      this.#region = null;
    }
    if (Boolean(picture) !== Boolean(before)) this.#changed(picture !== null);
    this.#soon();
    this.#render();
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

  /** napari may draw the layer otherwise than before. */
  restyle() {
    this.#render();
  }

  setShown(shown) {
    this.#shown = shown;
    this.#soon();
    this.#render();
  }

  setPaused(paused) {
    this.#paused = paused;
    this.#soon();
  }

  destroy() {
    clearTimeout(this.#due);
    document.removeEventListener("visibilitychange", this.#hidden);
    this.#stop();
    this.#topics.remove();
  }

  #soon() {
    if (this.#due !== 0) return;
    this.#due = setTimeout(() => {
      this.#due = 0;
      this.#ask();
    }, Math.max(this.#askedAt + ASK_EVERY - performance.now(), 0));
  }

  #ask() {
    const topic = this.#wanted();
    // A picture that is held still stays, and so must what it came from.
    if (topic === this.#topic || (this.#paused && topic !== "")) return;
    this.#askedAt = performance.now();
    this.#stop();
    this.#topic = topic;
    if (topic === "") {
      this.#stop = () => {};
      this.#topics.removeAttribute("data-topic");
    } else {
      this.#topics.dataset.topic = topic;
      this.#stop = this.#onFrame(topic, frame => {
        if (this.#paused || !frame.data) return;
        this.#frame = frame;
        this.#soon();
        this.#render();
      });
    }
    announce();
  }

  #wanted() {
    const picture = this.#picture;
    if (!picture || !this.#shown || !picture.visible || document.hidden || !this.#screen) return "";
    const sides = picture.index.split(",");
    const shape = this.#frame?.shape?.length === sides.length ? this.#frame.shape : picture.shape;
    const [rows, cols] = [shape[sides.indexOf("y")], shape[sides.indexOf("x")]];
    if (!(rows > 0 && cols > 0)) return "";
    const {camera, viewport, size, most} = this.#screen;
    const place = frameplace(this.#frame);
    if (!place) this.#region = {row: 0, col: 0, rows, cols, step: stepFor(Math.max(rows, cols) / FIRST)};
    // Out of view it is asked for all the same, with less: it may move into view.
    else this.#region = regionFor({camera, viewport, ratio: size.width / viewport.width, place, shape: [rows, cols], most, present: this.#region}) ??
      {row: 0, col: 0, rows, cols, step: stepFor(Math.max(rows, cols) / 64)};
    return regionTopic(picture.topic, sides, this.#region, picture.kind === "labels", picture.limits !== null && narrow(...picture.limits));
  }

  #render() {
    const {kind, colormap, limits, gamma, opacity, visible} = this.#picture ?? {};
    const frame = this.#frame;
    const place = frameplace(frame);
    if (!place || !visible || !this.#shown || frame.rows === 0 || frame.cols === 0) {
      if (this.#drawn) {
        this.#viewer.setImages([]);
        this.#told([]);
      }
      this.#drawn = false;
      return;
    }
    this.#drawn = true;
    const look = this.#styleOf(this.#layer, frame);
    const lies = look && texelPlace(frame, {affine: ITSELF, index: this.#picture.index});
    if (lies) {
      this.#viewer.setImages([{key: "under", frame, place: lies, look}]);
      this.#told([{frame, limits: look.kind === "scalar" ? [look.low, look.high] : null}]);
      return;
    }
    const name = colormapName(colormap) ?? "gray";
    if (this.#table.name !== name) this.#table = {name, colors: colorTable(name)};
    const sides = this.#picture.index.split(",");
    const shape = Array.isArray(frame.shape) ? [frame.shape[sides.indexOf("y")], frame.shape[sides.indexOf("x")]] : [Infinity, Infinity];
    const color = frame.samples >= 3;
    const [low, high] = color || !limits ? rangeOf(frame) : limits;
    this.#viewer.setImages([{
      key: "under", frame, place: placeOf(frame, place, shape),
      look: {kind: kind === "labels" ? "labels" : color ? "color" : "scalar", low, high, gamma: color ? 1 : gamma, table: this.#table.colors, opacity, additive: false, ground: true},
    }]);
    this.#told([{frame, limits: color || kind === "labels" ? null : [low, high]}]);
  }
}

// Where the frame, of which this is a part, lies in the layer; null if it does not say.
function frameplace(frame) {
  const {offset, pixel} = frame ?? {};
  if (!pair(offset) || !pair(pixel) || !(pixel[0] > 0 && pixel[1] > 0)) return null;
  return {x: offset[1], y: offset[0], width: pixel[1], height: pixel[0]};
}

/** Checks what a frame of the tiles says of the picture; null if it says nothing that can be used. */
export function readPicture(picture) {
  if (typeof picture?.topic !== "string" || !/^([0-9]+,)*y,x(,c)?$/.test(picture.index)) return null;
  const {shape, limits, gamma, opacity} = picture;
  if (!Array.isArray(shape) || shape.length !== picture.index.split(",").length || !shape.every(n => Number.isSafeInteger(n) && n >= 0)) return null;
  return {
    topic: picture.topic, index: picture.index, shape, kind: picture.kind === "labels" ? "labels" : "image",
    colormap: picture.colormap, limits: pair(limits) && limits[1] > limits[0] ? limits : null,
    gamma: gamma > 0 && gamma < Infinity ? gamma : 1, opacity: opacity >= 0 && opacity <= 1 ? opacity : 1, visible: picture.visible !== false,
  };
}

function pair(value) {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}
