/**
 * The viewer: keeps the newest picture, the camera and what of both is not yet on the screen, and draws it all in one animation
 * frame when something changed and not at all when nothing did.
 *
 * Whatever happens only marks what it made out of date (#dirty) and asks for a frame, so a thousand updates in a row cost one
 * drawing. Everything needed to draw lives here in JavaScript; the graphics context may go and come back at any time.
 */

import {approach, between, fitBox, fitView, keepInView, panBy, pinch, settled, toData, toScreen, union, zoomAbout, zoomLimits} from "./camera.js";
import {cellsInView, ENTRY, ENTRY_BANDS, fillAxis, fillBands, levelOfDetail} from "./axes-table.js";
import {anchorFor, BAND_WORDS, fillMasks, MARGIN, splitRects, StateHash} from "./state-hash.js";
import {readFrame, sameMarks, sameTiles} from "./feed.js";
import {Renderer} from "./gl.js";
import {Overlay} from "./overlay.js";
import {describePicture} from "./page.js";
import {readTheme, STALE_DIM, VIEW_CASING, VIEW_EDGE} from "./theme.js";

/** What is out of date on the screen. */
const TILES = 1;
const CAMERA = 2;
const LOOK = 4;
const ALL = TILES | CAMERA | LOOK;

/** Room left around the image by "fit", CSS pixels; the axes need it. On a small picture less. */
const FIT_PADDING = 32;
const FIT_PADDING_SMALL = 20;
const SMALL_PICTURE = 480;

/** How much of the picture the view rectangle takes when it is followed. */
const FOLLOW_SHARE = 0.6;

/** Time constant with which the camera follows, and time of an animated step, ms. */
const FOLLOW_TAU = 80;
const STEP_TIME = 160;

export class Viewer {
  #canvas;
  #page;
  #renderer;
  #overlay;
  #options;

  #newest = null;        // frame as it came, not yet read
  #painting = null;      // frame that was read and is not yet on the screen
  #picture = null;       // what readFrame made of the last frame read
  #layer = null;         // {topic, base} the camera belongs to
  #scene = null;         // {key, box, up, margin, axes} of pictures without tiles
  #layered = null;       // {key, box, view, ground, toLayer} of pictures as napari draws them, shown instead of tiles
  #images = [];          // pictures as image.js has them
  #points = null;        // points over the pictures, as points.js has them
  #fresh = false;        // pictures came that are not yet on the screen
  #tilesShown = true;
  #shade = false;        // tiles are filled over a picture, too
  #marks = null;         // what the overlay draws besides (overlay.js)

  #camera = {x: 0, y: 0, scale: 1};
  #mode = "fit";         // "fit": shows the whole image; "follow": the view rectangle; "free": where somebody put it
  #step = null;          // {from, to, start} of an animated step
  #pointer = null;       // [x, y] of the pointer, CSS pixels

  #viewport = {width: 0, height: 0};
  #covered = {top: 0, right: 0, bottom: 0, left: 0};
  #size = {width: 0, height: 0};
  #theme;
  #paused = false;
  #stale = false;
  #lost = false;

  #dirty = ALL;
  #request = 0;
  #lastTime = 0;
  #readers = [];

  #split = {bands: new Float64Array(0), rest: new Float64Array(0)};
  #hash = new StateHash();
  #hashFor = null;       // {detail, row, column} the hash was built for
  #first = [0, 0];
  #axes = new Uint32Array(0);
  #masks = new Uint32Array(0);

  #counts = {updates: 0, frames: 0, pictures: 0, draws: 0, hashBuilds: 0, drawTime: 0};

  /**
   * @param {object} elements `{canvas, overlay}`
   * @param {object} page as page.js's Page
   * @param {object} options `{theme, reducedMotion, onPaint(frame), onMode(mode)}`; theme: element whose CSS decides the colours
   */
  constructor(elements, page, options) {
    this.#canvas = elements.canvas;
    this.#page = page;
    this.#options = options;
    this.#theme = readTheme(options.theme);
    this.#renderer = new Renderer(elements.canvas);
    this.#overlay = new Overlay(elements.overlay);
    this.#lost = this.#renderer.lost;
    this.#showState();
  }

  /** Takes a frame. It is read when it is painted, so that of many only the last costs anything. */
  update(frame) {
    this.#counts.updates++;
    this.#newest = frame;
    if (!this.#paused) this.#schedule();
  }

  /**
   * Sets the pictures of numbers that lie under the tiles, or stand alone: as image.js has them.
   *
   * @param {object[]} images
   */
  setImages(images) {
    if (images.some(({frame}) => !this.#images.some(before => before.frame === frame))) this.#fresh = true;
    this.#images = images;
    if (!this.#lost && this.#renderer.available) this.#renderer.images.set(images);
    this.#touch(LOOK);
  }

  /** Sets the points over the pictures, as points.js has them; null for none. */
  setPoints(points) {
    this.#points = points;
    if (!this.#lost && this.#renderer.available) this.#renderer.points.set(points);
    this.#touch(LOOK);
  }

  /**
   * Sets where pictures without tiles lie.
   *
   * @param {object} scene
   * @param {string} scene.key another key means another image, and its whole is shown
   * @param {object} scene.box the area, data pixels
   * @param {boolean} [scene.up] the second axis goes up from the lower edge of the box, as the pictures' rows then do
   * @param {number} [scene.margin] CSS pixels that "fit" leaves free around the box, for the axes unless given
   * @param {boolean} [scene.axes] whether the axes are shown; they are unless it is false
   */
  setScene(scene) {
    const before = this.#scene;
    this.#scene = scene;
    if (!scene || !before || before.key !== scene.key) {
      if (this.#mode === "free" && before) this.#setMode("fit");
      this.#step = null;
      if (this.#mode !== "free") this.#camera = this.#fitted();
    } else if (this.#mode === "fit" && (!sameBox(before.box, scene.box) || before.margin !== scene.margin)) {
      this.#camera = this.#fitted();
    }
    this.#touch(ALL);
  }

  /**
   * Shows pictures as they lie on napari's canvas, instead of tiles; null goes back to those. The camera is then in the coordinates of
   * napari's world on the canvas: right and down.
   *
   * @param {?object} layered
   * @param {string} layered.key another key means other pictures, and their whole is shown
   * @param {object} layered.box the area that they take
   * @param {?object} layered.view what napari's canvas shows, a box, or null
   * @param {?number[]} layered.ground what napari draws on, [r, g, b]
   * @param {?function(number, number): number[]} layered.toLayer from the camera's coordinates to (x, y) of the layer that the tiles are of
   */
  setLayered(layered) {
    const before = this.#layered;
    this.#layered = layered;
    if ((layered?.key ?? null) !== (before?.key ?? null)) {
      // What was in view means nothing among other pictures.
      if (this.#mode === "free") this.#setMode("fit");
      this.#step = null;
      this.#camera = this.#fitted();
    } else if (this.#mode === "fit" && layered && !sameBox(before.box, layered.box)) {
      this.#camera = this.#fitted();
    }
    this.#touch(ALL);
  }

  /** Puts the camera where a link says. */
  setCamera(camera) {
    this.#setMode("free");
    this.#step = null;
    this.#camera = camera;
    this.#touch(CAMERA);
  }

  /** Whether the tiles are shown, or the view rectangle alone. */
  setTiles(shown) {
    if (this.#tilesShown === shown) return;
    this.#tilesShown = shown;
    this.#touch(LOOK);
  }

  /** Whether tiles are filled where they lie over a picture, too, which then has other colours. */
  setShade(shade) {
    if (this.#shade === shade) return;
    this.#shade = shade;
    this.#touch(LOOK);
  }

  /** Sets what the overlay draws besides (overlay.js). */
  setMarks(marks) {
    this.#marks = marks;
    this.#touch(LOOK);
  }

  setPaused(paused) {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#touch(LOOK);
  }

  setStale(stale) {
    if (this.#stale === stale) return;
    this.#stale = stale;
    this.#touch(LOOK);
  }

  setFollow(follow) {
    if (follow) this.#setMode("follow");
    else if (this.#mode === "follow") this.#setMode("free");
    this.#touch(CAMERA);
  }

  get following() {
    return this.#mode === "follow";
  }

  /** Shows the whole image, and goes on doing so when the size of the page changes. */
  fit() {
    this.#setMode("fit");
    this.#goTo(this.#fitted());
  }

  /** Moves the picture by (dx, dy) CSS pixels. */
  pan(dx, dy) {
    this.#manual(panBy(this.#camera, dx, dy));
  }

  /** Moves the camera by shares of the picture. */
  step(dx, dy) {
    const from = this.#step ? this.#step.to : this.#camera;
    this.#manualStep(panBy(from, -dx * this.#viewport.width, -dy * this.#viewport.height));
  }

  pinch(from, to) {
    this.#manual(pinch(this.#camera, this.#viewport, from, to, this.#limits()));
  }

  /** Zooms at once about (x, y). */
  zoomAt(x, y, factor) {
    this.#manual(zoomAbout(this.#camera, this.#viewport, x, y, factor, this.#limits()));
  }

  /** Zooms about (x, y) in one visible step. */
  zoomTo(x, y, factor) {
    const from = this.#step ? this.#step.to : this.#camera;
    this.#manualStep(zoomAbout(from, this.#viewport, x, y, factor, this.#limits()));
  }

  /** Zooms about the middle in one visible step. */
  zoomBy(factor) {
    this.zoomTo(this.#viewport.width / 2, this.#viewport.height / 2, factor);
  }

  /** The pointer is at (x, y); null: it left. */
  point(x, y) {
    this.#pointer = x === null ? null : [x, y];
    this.#schedule();
  }

  /** Draws once more, although nothing has changed. */
  redraw() {
    this.#touch(LOOK);
  }

  /** The page's colours changed. */
  themeChanged() {
    this.#theme = readTheme(this.#options.theme);
    this.#touch(LOOK);
  }

  /**
   * The canvas has a new size: in CSS pixels, in device pixels, and how many CSS pixels at its sides other things cover. Draws
   * at once, so that nothing flickers.
   */
  resize(viewport, size, covered) {
    this.#covered = covered;
    if (!this.#renderer.available) return;
    const within = side => Math.max(Math.min(Math.round(side), this.#renderer.mostPixels), 0);
    const width = within(size.width);
    const height = within(size.height);
    const same = viewport.width === this.#viewport.width && viewport.height === this.#viewport.height;
    if (same && width === this.#size.width && height === this.#size.height) return;
    this.#viewport = viewport;
    this.#size = {width, height};
    this.#dirty = ALL;
    if (width === 0 || height === 0) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    if (this.#lost) return;
    if (this.#mode === "fit" && this.#box) {
      this.#step = null;
      this.#camera = this.#fitted();
    }
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#frame(performance.now());
  }

  contextLost() {
    this.#lost = true;
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#showState();
  }

  contextRestored() {
    this.#lost = false;
    this.#renderer.restore();
    if (this.#renderer.available) {
      this.#renderer.images.set(this.#images);
      this.#renderer.points.set(this.#points);
    }
    this.#hashFor = null;
    this.#touch(ALL);
  }

  /**
   * Draws now what was to be drawn before the next paint: for whom an animation frame has begun already and who would
   * otherwise see it one later.
   */
  flush() {
    if (this.#request === 0) return;
    cancelAnimationFrame(this.#request);
    this.#frame(performance.now());
  }

  /** Pixels of the next drawing: RGBA, rows from the top; x, y, width, height in device pixels from the top left. */
  readPixels(x, y, width, height) {
    if (!this.#renderer.available) return Promise.reject(new Error("This browser has no WebGL2."));
    return new Promise((resolve, reject) => {
      this.#readers.push({resolve, reject, x, y, width, height});
      this.#touch(LOOK);
    });
  }

  /** The picture with its axes as a PNG blob. Rejects when there is nothing to draw on. */
  async toPNG() {
    if (!this.#canDraw()) throw new Error("The picture cannot be exported while it is not shown.");
    // A WebGL picture is gone once the browser has shown it: drawing and copying must not be apart.
    this.#draw();
    const copy = document.createElement("canvas");
    copy.width = this.#size.width;
    copy.height = this.#size.height;
    const context = copy.getContext("2d");
    context.drawImage(this.#canvas, 0, 0);
    context.drawImage(this.#overlay.canvas, 0, 0);
    return new Promise((resolve, reject) => {
      copy.toBlob(blob => blob ? resolve(blob) : reject(new Error("The browser could not make a PNG of the picture.")), "image/png");
    });
  }

  /** Data point under a screen position, CSS pixels from the top left of the canvas. */
  toData(x, y) {
    return toData(this.#camera, this.#viewport, x, y);
  }

  /** Figures for tests, the status page and the curious. */
  stats() {
    return {
      ...this.#counts,
      mode: this.#mode,
      camera: {...this.#camera},
      viewport: {...this.#viewport},
      size: {...this.#size},
      detail: this.#hashFor ? this.#hashFor.detail : 0,
      bands: this.#split.bands.length / 4,
      cells: this.#hash.count,
      probes: this.#hash.probes,
      coarse: this.#hash.coarse,
      lost: this.#lost,
      available: this.#renderer.available,
    };
  }

  /** Screen position of a data point, CSS pixels from the top left of the canvas. */
  toScreen(x, y) {
    return toScreen(this.#camera, this.#viewport, x, y);
  }

  destroy() {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    for (const reader of this.#readers.splice(0)) reader.reject(new Error("The viewer was removed."));
    if (this.#renderer.available && !this.#lost) this.#renderer.destroy();
    this.#page.destroy();
  }

  #touch(what) {
    this.#dirty |= what;
    this.#schedule();
  }

  #schedule() {
    if (this.#request === 0 && !this.#lost) this.#request = requestAnimationFrame(now => this.#frame(now));
  }

  #frame(now) {
    this.#request = 0;
    // After a rest the time since the last frame means nothing: the motion begins now.
    const elapsed = this.#lastTime === 0 ? 16 : Math.min(Math.max(now - this.#lastTime, 0), 100);
    this.#lastTime = now;
    this.#take();
    const moving = this.#move(now, elapsed);
    this.#showState();
    if (this.#canDraw()) {
      if (this.#dirty !== 0) this.#draw();
      this.#afterPaint();
    }
    const point = this.#pointer && toData(this.#camera, this.#viewport, ...this.#pointer);
    this.#page.readout(this.#picture, point && this.#layered ? this.#layered.toLayer?.(...point) ?? null : point);
    this.#options.onFrame?.({camera: this.#camera, viewport: this.#viewport, size: this.#size, point, most: this.#renderer.mostPixels});
    if (moving) this.#schedule();
    else this.#lastTime = 0;
  }

  #canDraw() {
    return this.#renderer.available && !this.#lost && this.#size.width > 0 && this.#size.height > 0;
  }

  /** Reads the newest frame and marks what it changed. */
  #take() {
    if (this.#newest === null || this.#paused) return;
    const frame = this.#newest;
    this.#newest = null;
    this.#painting = frame;
    const before = this.#picture;
    const picture = readFrame(frame);
    this.#picture = picture;
    if (!picture) {
      if (before) this.#dirty = ALL;
      return;
    }
    if (!sameTiles(before, picture)) {
      this.#split = splitRects(picture.rects);
      this.#dirty |= TILES;
    }
    if (!sameBox(before && before.view, picture.view)) this.#dirty |= CAMERA;
    if (!sameMarks(before, picture)) this.#dirty |= LOOK;
    const layer = this.#layer;
    if (!layer || layer.topic !== picture.topic || layer.base[0] !== picture.base[0] || layer.base[1] !== picture.base[1]) {
      this.#layer = {topic: picture.topic, base: picture.base};
    }
    if (layer !== this.#layer && !this.#layered) {
      // Another image: the place in view means nothing in it.
      if (this.#mode === "free") this.#setMode("fit");
      this.#step = null;
      this.#camera = this.#fitted();
      this.#dirty |= CAMERA;
    }
    this.#page.label(() => describePicture(this.#picture));
  }

  /** Moves the camera if it is on its way; says whether it still is. */
  #move(now, elapsed) {
    if (this.#step) {
      const {from, to, start} = this.#step;
      const t = Math.min(Math.max((now - start) / STEP_TIME, 0), 1);
      this.#camera = between(from, to, 1 - (1 - t) ** 3);
      this.#dirty |= CAMERA;
      if (t === 1) this.#step = null;
      return t < 1;
    }
    const view = this.#view;
    if (this.#mode !== "follow" || !view || this.#viewport.width === 0) return false;
    const goal = fitView(view, this.#viewport, this.#layered ? 1 : FOLLOW_SHARE, this.#covered);
    if (goal.x === this.#camera.x && goal.y === this.#camera.y && goal.scale === this.#camera.scale) return false;
    const arrived = this.#options.reducedMotion || settled(this.#camera, goal, this.#viewport);
    this.#camera = arrived ? goal : approach(this.#camera, goal, elapsed, FOLLOW_TAU);
    this.#dirty |= CAMERA;
    return !arrived;
  }

  #draw() {
    const started = performance.now();
    const {width, height} = this.#size;
    const dirty = this.#dirty;
    this.#dirty = 0;
    if (this.#picture || this.#images.length > 0) {
      const grid = this.#picture !== null && !this.#layered;
      if (grid && dirty & (TILES | CAMERA)) this.#upload(dirty);
      this.#renderer.draw({
        width, height,
        first: this.#first,
        wide: this.#wide,
        lookUp: this.#wide || this.#hash.count > 0,
        theme: this.#theme,
        dim: this.#dim(),
        grid,
        ground: this.#layered?.ground ?? null,
        tiles: this.#tilesShown,
        shade: this.#shade,
        camera: this.#camera,
        viewport: this.#viewport,
      });
    } else {
      this.#renderer.clear(width, height, this.#theme.canvas);
    }
    this.#counts.draws++;
    for (const {resolve, x, y, width: w, height: h} of this.#readers.splice(0)) resolve(this.#renderer.read(x, y, w, h, height));
    if (this.#box) this.#overlay.draw(this.#overlayScene());
    else this.#overlay.clear();
    this.#counts.drawTime = performance.now() - started;
  }

  /** Brings the textures up to date with picture and camera. */
  #upload(dirty) {
    const {tile, extent, view} = this.#picture;
    const {width, height} = this.#size;
    const ratioX = width / this.#viewport.width;
    const ratioY = height / this.#viewport.height;
    const scaleX = this.#camera.scale * ratioX;
    const scaleY = this.#camera.scale * ratioY;
    const detail = levelOfDetail(Math.min(tile[1] * scaleX, tile[0] * scaleY));
    const columns = {
      centre: this.#camera.x, scale: scaleX, ratio: ratioX, tile: tile[1], extent: extent[1], detail, anchor: 0,
      view: view && [view.x0, view.x1], edge: VIEW_EDGE * ratioX, casing: VIEW_CASING * ratioX,
    };
    const rows = {
      centre: this.#camera.y, scale: scaleY, ratio: ratioY, tile: tile[0], extent: extent[0], detail, anchor: 0,
      view: view && [view.y0, view.y1], edge: VIEW_EDGE * ratioY, casing: VIEW_CASING * ratioY,
    };
    const columnCells = cellsInView(width, columns);
    const rowCells = cellsInView(height, rows);
    if (columnCells && rowCells) {
      const kept = this.#hashFor && this.#hashFor.detail === detail ? this.#hashFor : {row: null, column: null};
      rows.anchor = anchorFor(...rowCells, kept.row);
      columns.anchor = anchorFor(...columnCells, kept.column);
      if (dirty & TILES || rows.anchor !== kept.row || columns.anchor !== kept.column) {
        this.#hash.build(this.#split.rest, detail, rows.anchor, columns.anchor);
        this.#renderer.setStates(this.#hash);
        this.#hashFor = {detail, row: rows.anchor, column: columns.anchor};
        this.#counts.hashBuilds++;
      }
      this.#first = [columnCells[0] - columns.anchor, rowCells[0] - rows.anchor];
      if (this.#wide) this.#uploadMasks(columnCells, rowCells, detail);
    } else {
      // Nothing of the image is in view, so there is nothing to look up; what was built no longer fits the tiles.
      this.#hashFor = null;
    }
    const entries = Math.max(width, height);
    if (this.#axes.length !== 2 * entries * ENTRY) this.#axes = new Uint32Array(2 * entries * ENTRY);
    fillAxis(this.#axes, 0, width, columns);
    fillAxis(this.#axes, entries * ENTRY, height, rows);
    fillBands(this.#axes, 0, width, columns, this.#split.bands, 1);
    fillBands(this.#axes, entries * ENTRY, height, rows, this.#split.bands, 0);
    this.#renderer.setAxes(this.#axes, entries);
  }

  #uploadMasks(columnCells, rowCells, detail) {
    const columns = columnCells[1] - columnCells[0] + 1;
    const rows = rowCells[1] - rowCells[0] + 1;
    // In powers of two, so that a zoom does not make a new texture in every frame.
    const most = this.#renderer.mostPixels + MARGIN;
    const cells = Math.min(2 ** Math.ceil(Math.log2(Math.max(columns, rows, 64))), most);
    const words = cells * BAND_WORDS;
    if (this.#masks.length !== 2 * words) this.#masks = new Uint32Array(2 * words);
    fillMasks(this.#masks, 0, this.#split.bands, 1, columnCells[0], columns, detail);
    fillMasks(this.#masks, words, this.#split.bands, 0, rowCells[0], rows, detail);
    this.#renderer.setMasks(this.#masks, cells);
  }

  /** The area that can be looked at, data pixels; null if there is nothing. */
  get #box() {
    if (this.#layered) return this.#layered.box;
    return this.#picture ? this.#picture.box : this.#scene ? this.#scene.box : null;
  }

  /** What napari shows, data pixels; null if that is not known. */
  get #view() {
    return this.#layered ? this.#layered.view : this.#picture?.view ?? null;
  }

  /** Whether there are more bands than entries of the axis tables have bits for. */
  get #wide() {
    return this.#split.bands.length / 4 > ENTRY_BANDS;
  }

  #overlayScene() {
    return {
      camera: this.#camera, viewport: this.#viewport, ...this.#size,
      theme: this.#theme, dim: this.#dim(), picture: this.#layered ? null : this.#picture, view: this.#view, marks: this.#marks,
      tiles: this.#tilesShown, scene: this.#layered ? {...this.#layered, axes: false, frame: this.#mode !== "follow"} : this.#picture ? null : this.#scene,
    };
  }

  #afterPaint() {
    if (this.#fresh) {
      this.#fresh = false;
      this.#counts.pictures++;
      this.#page.pictured(this.#counts.pictures);
      this.#options.onPictures?.();
    }
    const frame = this.#painting;
    if (frame === null) return;
    this.#painting = null;
    this.#counts.frames++;
    this.#page.painted(this.#counts.frames, this.#picture !== null);
    this.#options.onPaint?.(frame);
  }

  #dim() {
    return this.#stale && !this.#paused ? STALE_DIM : 0;
  }

  #showState() {
    let state = "live";
    if (!this.#renderer.available) state = "unsupported";
    else if (this.#lost) state = "lost";
    else if (!this.#picture && this.#images.length === 0) state = "empty";
    else if (this.#paused) state = "paused";
    else if (this.#stale) state = "stale";
    this.#page.state(state);
  }

  #setMode(mode) {
    if (this.#mode === mode) return;
    this.#mode = mode;
    this.#step = null;
    this.#options.onMode?.(mode);
  }

  /** Somebody moved the camera by hand. */
  #manual(camera) {
    if (!this.#box) return;
    this.#setMode("free");
    this.#step = null;
    this.#camera = this.#kept(camera);
    this.#touch(CAMERA);
  }

  #manualStep(camera) {
    if (!this.#box) return;
    this.#setMode("free");
    this.#goTo(this.#kept(camera));
  }

  #goTo(camera) {
    if (!this.#box) return;
    if (this.#options.reducedMotion) {
      this.#step = null;
      this.#camera = camera;
    } else {
      this.#step = {from: this.#camera, to: camera, start: performance.now()};
    }
    this.#touch(CAMERA);
  }

  #kept(camera) {
    return keepInView(camera, this.#viewport, union(this.#box, this.#view));
  }

  #limits() {
    return zoomLimits(this.#box ?? {x0: 0, y0: 0, x1: 1, y1: 1}, this.#viewport);
  }

  #fitted() {
    if (!this.#box || this.#viewport.width === 0) return this.#camera;
    const small = Math.min(this.#viewport.width, this.#viewport.height) < SMALL_PICTURE;
    const margin = this.#picture ? undefined : this.#scene?.margin;
    return fitBox(this.#box, this.#viewport, margin ?? (small ? FIT_PADDING_SMALL : FIT_PADDING), this.#covered);
  }
}

function sameBox(a, b) {
  if (!a || !b) return !a && !b;
  return a.x0 === b.x0 && a.y0 === b.y0 && a.x1 === b.x1 && a.y1 === b.y1;
}
