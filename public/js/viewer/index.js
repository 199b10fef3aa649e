/**
 * The tile viewer: which tiles of a multiscale image are drawn, live, at a cost that does not depend on how many there are.
 *
 *     import {createViewer} from "./viewer/index.js";
 *     const viewer = createViewer(document.querySelector("[data-viewer]"), {onPaint: frame => ack(frame)});
 *     viewer.update(frame);   // a frame as feed.js describes it, as often as they come
 *
 * The server renders its markup. The page's CSS gives the root element a size, and a padding where it puts buttons over the
 * picture, so that "fit" keeps the image clear of them; the rest of the layout is set here:
 *
 *     <div data-viewer>
 *       <canvas data-viewer-canvas tabindex="0" role="application" aria-roledescription="tile viewer" aria-label="Tile viewer"></canvas>
 *       <canvas data-viewer-overlay aria-hidden="true"></canvas>
 *       <p data-viewer-note role="status" hidden></p>
 *     </div>
 *
 * `data-note-empty`, `-paused`, `-stale`, `-lost`, `-unsupported` on the root replace the sentence shown in that state; an
 * empty one shows none. Anywhere within the nearest `[data-viewer-scope]` around the root, or else anywhere in the document:
 *
 *     <button data-viewer-action="fit|follow|zoom-in|zoom-out|png">      found by delegation, may come and go
 *     <output data-viewer-readout aria-live="off"></output>              what is under the pointer
 *
 * Written by the viewer on the root: `data-state` ("empty", "live", "paused", "stale", "lost", "unsupported"), `data-frames`
 * (frames painted so far), `data-ready="true"` (from the first painted frame with tiles on), `data-pictures` (how often new pictures of
 * numbers were painted), and the property `viewer` (what
 * createViewer returned). An event `redraw` has it draw once more. Sent by the root, bubbling: `viewer:follow` `{follow}` when following begins or ends, `viewer:grid`
 * when somebody asks to switch napari's grid, `viewer:png` `{blob}` when a button asked for the picture. The page's colours
 * (theme.js) are read again on a `themechange` event of the document and when the system's scheme changes.
 */

import "../shared.js";
import {BUTTON_ZOOM, listen} from "./input.js";
import {Page} from "./page.js";
import {Viewer} from "./viewer.js";

export {Layers} from "./layers.js";
export {Under} from "./under.js";

/**
 * Makes a viewer of server-rendered markup.
 *
 * @param {HTMLElement} root
 * @param {object} [options]
 * @param {function(string, object)} [options.onAction] called with "follow", "grid" or "png" and the detail of the event above
 * @param {function(object)} [options.onPaint] called with a frame once it is on the screen; frames overtaken by newer ones, or
 * held back by a pause, are never painted
 * @param {function()} [options.onPictures] called once pictures with new frames are on the screen
 * @param {function(object)} [options.onFrame] called after each animation frame in which the viewer did something, with `{camera,
 * viewport, size, point, most}`: point is the data point under the pointer or null, most the side of the largest picture
 * @param {function(PointerEvent): boolean} [options.draws] tells whether a pointer that goes down draws instead of moving the picture
 * @param {function(string, number, number)} [options.draw] called with "start", "move" or "end" and where the pointer that draws is
 * @param {function(): boolean} [options.presses] tells whether plain presses draw, so that others move the picture (input.js)
 * @param {boolean} [options.reducedMotion] no animated steps; the system's setting unless given
 * @returns {object} `update(frame)`, `setImages(images)` (image.js), `setPoints(points)` (points.js), `setScene({key, box, up, margin, axes})` for pictures without
 * tiles (viewer.js), `setLayered({key, box, view, ground, toLayer})` for pictures as napari draws them (viewer.js), `flush()`,
 * `setCamera(camera)`, `setTiles(shown)`, `setShade(shade)`, `setMarks(marks)` (overlay.js), `zoomBy(factor)`, `toData(x, y)`, `setPaused(bool)`, `setStale(bool)`, `setFollow(bool)`, `fit()`, `readPixels(x, y, width,
 * height)` (promise of RGBA rows from the top, device pixels), `toPNG()` (promise of a blob), `toScreen(x, y)` (data to CSS
 * pixels of the canvas), `stats()`, `destroy()`
 */
export function createViewer(root, options = {}) {
  const canvas = root.querySelector("[data-viewer-canvas]");
  const overlay = root.querySelector("[data-viewer-overlay]");
  if (!canvas || !overlay) throw new Error("create viewer: the root element lacks its two canvases, data-viewer-canvas and data-viewer-overlay");
  layOut(root, canvas, overlay);

  const aborter = new AbortController();
  const {signal} = aborter;
  const page = new Page(root, canvas);
  const emit = (name, detail) => {
    options.onAction?.(name, detail);
    root.dispatchEvent(new CustomEvent(`viewer:${name}`, {bubbles: true, detail}));
  };

  let following = false;
  const viewer = new Viewer({canvas, overlay}, page, {
    theme: root,
    reducedMotion: options.reducedMotion ?? matchMedia("(prefers-reduced-motion: reduce)").matches,
    onPaint: options.onPaint,
    onFrame: options.onFrame,
    onPictures: options.onPictures,
    onMode: mode => {
      if ((mode === "follow") === following) return;
      following = mode === "follow";
      page.follow(following);
      emit("follow", {follow: following});
    },
  });
  page.follow(false);

  const actions = {
    "fit": () => viewer.fit(),
    "follow": () => viewer.setFollow(!viewer.following),
    "zoom-in": () => viewer.zoomBy(BUTTON_ZOOM),
    "zoom-out": () => viewer.zoomBy(1 / BUTTON_ZOOM),
    "png": () => viewer.toPNG().then(blob => emit("png", {blob}), error => page.say(error.message)),
  };
  page.scope.addEventListener("click", event => {
    const button = event.target instanceof Element && event.target.closest("[data-viewer-action]");
    if (button) actions[button.dataset.viewerAction]?.();
  }, {signal});

  listen(canvas, {
    pan: (dx, dy) => viewer.pan(dx, dy),
    pinch: (from, to) => viewer.pinch(from, to),
    zoomAt: (x, y, factor) => viewer.zoomAt(x, y, factor),
    zoomTo: (x, y, factor) => viewer.zoomTo(x, y, factor),
    zoomBy: factor => viewer.zoomBy(factor),
    step: (dx, dy) => viewer.step(dx, dy),
    fit: actions.fit,
    follow: actions.follow,
    grid: () => emit("grid", {}),
    point: (x, y) => viewer.point(x, y),
    leave: () => viewer.point(null, null),
    draws: options.draws,
    draw: options.draw,
    presses: options.presses,
  }, signal);

  canvas.addEventListener("webglcontextlost", event => {
    // Without this the browser would not give the context back.
    event.preventDefault();
    viewer.contextLost();
  }, {signal});
  canvas.addEventListener("webglcontextrestored", () => viewer.contextRestored(), {signal});
  root.addEventListener("redraw", () => viewer.redraw(), {signal});

  const themeChanged = () => viewer.themeChanged();
  root.ownerDocument.addEventListener("themechange", themeChanged, {signal});
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged, {signal});
  const observer = watchSize(canvas, (viewport, size) => viewer.resize(viewport, size, paddingOf(root)));

  const api = {
    update: frame => viewer.update(frame),
    setImages: images => viewer.setImages(images),
    setPoints: points => viewer.setPoints(points),
    setScene: scene => viewer.setScene(scene),
    flush: () => viewer.flush(),
    setLayered: layered => viewer.setLayered(layered),
    setCamera: camera => viewer.setCamera(camera),
    setTiles: shown => viewer.setTiles(shown),
    setShade: shade => viewer.setShade(shade),
    setMarks: marks => viewer.setMarks(marks),
    zoomBy: factor => viewer.zoomBy(factor),
    toData: (x, y) => viewer.toData(x, y),
    setPaused: paused => viewer.setPaused(paused),
    setStale: stale => viewer.setStale(stale),
    setFollow: follow => viewer.setFollow(follow),
    fit: () => viewer.fit(),
    readPixels: (x, y, width, height) => viewer.readPixels(x, y, width, height),
    toPNG: () => viewer.toPNG(),
    toScreen: (x, y) => viewer.toScreen(x, y),
    stats: () => viewer.stats(),
    destroy() {
      aborter.abort();
      observer.disconnect();
      viewer.destroy();
      delete root.viewer;
    },
  };
  root.viewer = api;
  return api;
}

/** The layout without which the viewer would not work, so that the page's CSS cannot miss it. */
function layOut(root, canvas, overlay) {
  if (getComputedStyle(root).position === "static") root.style.position = "relative";
  for (const layer of [canvas, overlay]) {
    Object.assign(layer.style, {position: "absolute", inset: "0", width: "100%", height: "100%", display: "block"});
  }
  canvas.style.touchAction = "none";
  overlay.style.pointerEvents = "none";
}

/** The root's padding moves nothing, its canvases fill it: it says what the page puts over the picture, for "fit" to keep clear of. */
function paddingOf(root) {
  const style = getComputedStyle(root);
  const side = name => parseFloat(style[`padding${name}`]) || 0;
  return {top: side("Top"), right: side("Right"), bottom: side("Bottom"), left: side("Left")};
}

/** Calls back with the element's size in CSS pixels and in device pixels, now and whenever it changes. */
function watchSize(element, changed) {
  const observer = new ResizeObserver(entries => {
    const entry = entries[entries.length - 1];
    const viewport = {width: entry.contentRect.width, height: entry.contentRect.height};
    const exact = entry.devicePixelContentBoxSize?.[0];
    changed(viewport, exact
      ? {width: exact.inlineSize, height: exact.blockSize}
      : {width: viewport.width * devicePixelRatio, height: viewport.height * devicePixelRatio});
  });
  try {
    observer.observe(element, {box: "device-pixel-content-box"});
  } catch {
    // Safari knows no such box; its device pixels come out to within a rounding.
    observer.observe(element);
  }
  return observer;
}
