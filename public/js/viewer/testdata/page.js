/**
 * A page for looking at the viewer by eye and for the pixel tests; never shipped. Serve public/js/viewer and open
 * testdata/page.html, with #demo for a picture that moves.
 */

import {createViewer} from "../index.js";
import {CASING_FILL, VIEW_CASING, VIEW_EDGE, VIEW_FILL} from "../theme.js";
import {compareImages, comparePlaced, images, placed} from "./images.js";
import {picture} from "./reference.js";

const root = document.querySelector("[data-viewer]");
window.painted = [];
window.events = [];
const viewer = createViewer(root, {
  reducedMotion: !location.hash.includes("motion") && !location.hash.includes("demo"),
  onPaint: frame => window.painted.push(frame.time),
  onAction: (name, detail) => window.events.push([name, detail.follow ?? null]),
});
if (location.hash === "#demo") setInterval(demo, 1000 / 60);

function demo() {
  const t = performance.now() / 4000;
  const rows = 98;
  const columns = 79;
  const tile = 256;
  const row = Math.round((0.5 + 0.4 * Math.sin(t)) * (rows - 10));
  const column = Math.round((0.5 + 0.4 * Math.sin(1.3 * t)) * (columns - 14));
  viewer.update({
    topic: "demo/tiles/1", time: t, level: 2, base_shape: [100000, 80000], image_shape: [25000, 20000], grid: [rows, columns],
    tile_size: tile, corners: [[row * 1024 + 300, column * 1024 + 200], [(row + 8) * 1024 + 500, (column + 12) * 1024 + 700]],
    tiles: [row, column, 9, 13], count: 117,
  });
}

/** Resolves after n animation frames. */
window.wait = async n => {
  for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
};

/** Every pixel on the screen against the reference: the largest difference of a channel, in 1/255, and where it is. */
window.compare = async (frame, canvas, dim = 0) => {
  const {camera, size, viewport} = viewer.stats();
  const pixels = await viewer.readPixels(0, 0, size.width, size.height);
  const ratio = size.width / viewport.width;
  const factor = 2 ** frame.level;
  const axis = (centre, side) => ({
    centre, scale: camera.scale * ratio, ratio, tile: frame.tile_size * factor,
    extent: Math.min(frame.grid[side], frame.image_shape[side] / frame.tile_size),
  });
  const [a, b] = frame.corners ?? [];
  const want = picture({
    width: size.width, height: size.height, columns: axis(camera.x, 1), rows: axis(camera.y, 0), rects: frame.tiles,
    view: a ? {x0: a[1], y0: a[0], x1: b[1], y1: b[0]} : null,
    colors: {canvas, off: [163, 162, 160], seen: [225, 19, 19], view: [245, 197, 66], casing: [0, 0, 0]},
    edge: VIEW_EDGE * ratio, casing: VIEW_CASING * ratio, fill: VIEW_FILL, casingFill: CASING_FILL, dim,
  });
  let worst = {error: 0};
  for (let i = 0; i < want.length; i++) {
    const pixel = Math.floor(i / 3);
    const got = pixels[pixel * 4 + i % 3];
    const error = Math.abs(got - want[i]);
    if (error > worst.error) worst = {error, x: pixel % size.width, y: Math.floor(pixel / size.width), got, want: want[i]};
  }
  return worst;
};

/** Shows pictures of numbers, as images.js makes them, with the camera there; resolves when they are on the screen. */
window.showImages = async (specs, camera = null, scene = {key: "test", box: {x0: 0, y0: 0, x1: 20, y1: 12}}) => {
  if (scene) viewer.setScene(scene);
  if (camera) viewer.setCamera(camera);
  viewer.setImages(images(specs));
  await window.wait(2);
};
window.compareImages = (specs, canvas) => compareImages(viewer, specs, canvas);

/** The same for pictures that lie in any way, as napari draws them. */
window.showPlaced = async (specs, camera, ground = [10, 20, 30]) => {
  viewer.setLayered({key: "test", box: {x0: 0, y0: 0, x1: 40, y1: 30}, view: null, ground, toLayer: null});
  viewer.setCamera(camera);
  viewer.setImages(placed(specs));
  await window.wait(2);
};
window.comparePlaced = (specs, ground = [10, 20, 30]) => comparePlaced(viewer, specs, ground);
