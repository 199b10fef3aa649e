/**
 * What is drawn over the tiles with lines and letters: the axes; patterns on tiles that are being loaded or were loaded again
 * without need; the level, where it is not the one that fits the screen; a line that somebody has drawn; and a pointer to the
 * view rectangle when it is out of the picture or too small to be seen. A 2D canvas, so that an exported picture contains it.
 */

import {css, VIEW_EDGE} from "./theme.js";
import {toScreen} from "./camera.js";
import {describeLevel} from "./page.js";

/** CSS pixels. */
const AXIS_LENGTH = 64;
const AXIS_WIDTH = 2;
const AXIS_OFFSET = 7;
const ARROW = 7;
const PINNED_LENGTH = 32;
const PINNED_MARGIN = 10;
const LABEL = "600 12px system-ui, sans-serif";
const HALO = 3;
const POINTER_MARGIN = 14;
const POINTER_SIZE = 9;
const SMALL_VIEW = 14;
const BRACKET = 6;
const HATCH = 8;
const HANDLE = 4;

export class Overlay {
  #canvas;
  #context;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  /**
   * Draws.
   *
   * @param {object} scene
   * @param {object} scene.camera
   * @param {object} scene.viewport CSS pixels
   * @param {number} scene.width device pixels
   * @param {number} scene.height device pixels
   * @param {object} scene.theme as from theme.js
   * @param {?object} scene.view the view rectangle in data pixels
   * @param {number} scene.dim 0 to 1
   * @param {?object} scene.picture as from feed.js; null where there are no tiles
   * @param {boolean} scene.tiles whether the tiles are shown
   * @param {?object} scene.marks `{line, names, paint}`: ends of a line that somebody has drawn, [[x, y], [x, y]] in data pixels, or
   * null; names of the axes, [down, right]; paint, which may be missing, is called with the context, in CSS pixels, and
   * `{camera, viewport, opacity}`, and draws what else there is
   * @param {?object} scene.scene where pictures without tiles lie, as viewer.js has it; with `frame` the view's edge is drawn here
   */
  draw({camera, viewport, width, height, theme, view, dim, picture = null, tiles = true, marks = null, scene = null}) {
    const context = this.#context;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    context.setTransform(width / viewport.width, 0, 0, height / viewport.height, 0, 0);
    context.clearRect(0, 0, viewport.width, viewport.height);
    if (picture && tiles) {
      this.#hatch(picture.loading, picture, camera, viewport, css(theme.loading), 1, 1 - dim);
      this.#hatch(picture.reloaded, picture, camera, viewport, css(theme.reloaded), -1, 1 - dim);
    }
    if (scene?.axes !== false) this.#axes(camera, viewport, theme, 1 - dim, marks?.names ?? ["y", "x"], scene?.up ? scene.box.y1 : null);
    if (marks?.line) this.#line(marks.line, camera, viewport, theme);
    if (marks?.paint) {
      context.save();
      marks.paint(context, {camera, viewport, opacity: 1 - dim});
      context.restore();
    }
    const level = picture && view ? describeLevel(picture) : "";
    if (level) this.#say([`level ${picture.level}, ${level}`, `level ${picture.level}, ideal ${picture.ideal}`], view, camera, viewport, theme);
    if (view && scene?.frame) this.#frame(view, camera, viewport, theme, 1 - dim);
    if (view) this.#pointTo(view, camera, viewport, theme, 1 - dim);
  }

  /** What it draws on. */
  get canvas() {
    return this.#canvas;
  }

  /** Takes everything away. */
  clear() {
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Fills tiles with a pattern of slanted lines and draws a border around each rectangle of them. */
  #hatch(rects, {tile}, camera, viewport, color, slant, opacity) {
    if (rects.length === 0) return;
    const context = this.#context;
    const path = new Path2D();
    const within = (n, side) => Math.min(Math.max(n, -HATCH), side + HATCH);
    let any = false;
    for (let i = 0; i < rects.length; i += 4) {
      const [x0, y0] = toScreen(camera, viewport, rects[i + 1] * tile[1], rects[i] * tile[0]);
      const [x1, y1] = toScreen(camera, viewport, (rects[i + 1] + rects[i + 3]) * tile[1], (rects[i] + rects[i + 2]) * tile[0]);
      if (x1 < 0 || y1 < 0 || x0 > viewport.width || y0 > viewport.height) continue;
      const left = within(x0, viewport.width);
      const top = within(y0, viewport.height);
      // A lone tile of a huge image stays visible.
      path.rect(left, top, Math.max(within(x1, viewport.width) - left, 2), Math.max(within(y1, viewport.height) - top, 2));
      any = true;
    }
    if (!any) return;
    context.save();
    context.globalAlpha = opacity;
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.stroke(path);
    context.clip(path);
    const lines = new Path2D();
    const reach = viewport.width + viewport.height;
    for (let at = -viewport.height; at < reach; at += HATCH) {
      lines.moveTo(at, slant > 0 ? viewport.height : 0);
      lines.lineTo(at + viewport.height, slant > 0 ? 0 : viewport.height);
    }
    context.stroke(lines);
    context.restore();
  }

  /** A line that somebody has drawn, with a handle at each end. */
  #line(line, camera, viewport, theme) {
    const context = this.#context;
    const [from, to] = line.map(([x, y]) => toScreen(camera, viewport, x, y));
    const path = new Path2D();
    path.moveTo(...from);
    path.lineTo(...to);
    for (const [x, y] of [from, to]) {
      path.moveTo(x + HANDLE, y);
      path.arc(x, y, HANDLE, 0, 2 * Math.PI);
    }
    context.strokeStyle = css(theme.casing);
    context.lineWidth = 4;
    context.stroke(path);
    context.strokeStyle = css(theme.view);
    context.lineWidth = 2;
    context.stroke(path);
  }

  /** A sentence in a box at the upper edge of the view rectangle: the first that has room. */
  #say(sentences, view, camera, viewport, theme) {
    const context = this.#context;
    const [left, top] = toScreen(camera, viewport, view.x0, view.y0);
    const [right, bottom] = toScreen(camera, viewport, view.x1, view.y1);
    if (right < 0 || bottom < 0 || left > viewport.width || top > viewport.height) return;
    context.font = LABEL;
    context.textAlign = "left";
    context.textBaseline = "middle";
    const widthOf = text => context.measureText(text).width + 28;
    const sentence = sentences.find(text => widthOf(text) <= viewport.width - 16) ?? sentences.at(-1);
    const width = widthOf(sentence);
    const x = Math.min(Math.max(left, 8), Math.max(viewport.width - width - 8, 8));
    const y = Math.min(Math.max(top - 26, 8), viewport.height - 30);
    context.fillStyle = css(theme.view);
    context.beginPath();
    context.roundRect(x, y, width, 22, 3);
    context.fill();
    context.fillStyle = context.strokeStyle = css(theme.casing);
    context.lineWidth = 1.5;
    // A triangle with a stroke in it: worth a look.
    context.beginPath();
    context.moveTo(x + 12, y + 5);
    context.lineTo(x + 18, y + 16);
    context.lineTo(x + 6, y + 16);
    context.closePath();
    context.moveTo(x + 12, y + 9);
    context.lineTo(x + 12, y + 13);
    context.stroke();
    context.fillText(sentence, x + 22, y + 11.5);
  }

  // The second axis goes down from the top, or up from `bottom`.
  #axes(camera, viewport, theme, opacity, [second, right], bottom) {
    const context = this.#context;
    const up = bottom !== null;
    const [originX, originY] = toScreen(camera, viewport, 0, bottom ?? 0);
    // Just outside the image, so that the red axis does not vanish on red tiles. When the origin is out of the picture the
    // axes stay at the nearest place, shorter: they then tell the directions only.
    const within = (at, side) => Math.min(Math.max(at, PINNED_MARGIN), side - PINNED_MARGIN - AXIS_LENGTH - 2 * ARROW);
    const x = within(originX - AXIS_OFFSET, viewport.width);
    const wanted = originY + (up ? AXIS_OFFSET : -AXIS_OFFSET);
    const y = up ? viewport.height - within(viewport.height - wanted, viewport.height) : within(wanted, viewport.height);
    const length = x === originX - AXIS_OFFSET && y === wanted ? AXIS_LENGTH : PINNED_LENGTH;
    context.globalAlpha = opacity;
    context.font = LABEL;
    context.lineJoin = "round";
    this.#arrow(x, y, length, 0, right, css(theme.axisX), css(theme.canvas));
    if (second !== "") this.#arrow(x, y, 0, up ? -length : length, second, css(theme.axisY), css(theme.canvas));
    context.globalAlpha = 1;
  }

  #arrow(x, y, alongX, alongY, label, color, halo) {
    const context = this.#context;
    const tipX = x + alongX;
    const tipY = y + alongY;
    const dx = Math.sign(alongX);
    const dy = Math.sign(alongY);
    const line = new Path2D();
    line.moveTo(x - dx * AXIS_WIDTH / 2, y - dy * AXIS_WIDTH / 2);
    line.lineTo(tipX - dx * ARROW, tipY - dy * ARROW);
    const head = new Path2D();
    head.moveTo(tipX, tipY);
    head.lineTo(tipX - dx * ARROW - dy * ARROW * 0.5, tipY - dy * ARROW - dx * ARROW * 0.5);
    head.lineTo(tipX - dx * ARROW + dy * ARROW * 0.5, tipY - dy * ARROW + dx * ARROW * 0.5);
    head.closePath();
    context.textAlign = dx ? "left" : "center";
    context.textBaseline = dx ? "middle" : dy > 0 ? "top" : "bottom";
    const labelX = tipX + dx * 5;
    const labelY = tipY + dy * 3;
    context.strokeStyle = halo;
    context.lineWidth = AXIS_WIDTH + HALO;
    context.stroke(line);
    context.lineWidth = HALO;
    context.stroke(head);
    context.strokeText(label, labelX, labelY);
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = AXIS_WIDTH;
    context.stroke(line);
    context.fill(head);
    context.fillText(label, labelX, labelY);
  }

  /** The edge of the view rectangle, where there are no tiles to draw it with. */
  #frame(view, camera, viewport, theme, opacity) {
    const [left, top] = toScreen(camera, viewport, view.x0, view.y0);
    const [right, bottom] = toScreen(camera, viewport, view.x1, view.y1);
    const near = (n, side) => Math.min(Math.max(n, -2 * VIEW_EDGE), side + 2 * VIEW_EDGE);
    const [x0, y0, x1, y1] = [near(left, viewport.width), near(top, viewport.height), near(right, viewport.width), near(bottom, viewport.height)];
    if (!(x1 > x0 && y1 > y0)) return;
    const context = this.#context;
    context.globalAlpha = opacity;
    for (const [color, width] of [[theme.casing, VIEW_EDGE + 2], [theme.view, VIEW_EDGE]]) {
      context.strokeStyle = css(color);
      context.lineWidth = width;
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
    context.globalAlpha = 1;
  }

  #pointTo(view, camera, viewport, theme, opacity) {
    const [left, top] = toScreen(camera, viewport, view.x0, view.y0);
    const [right, bottom] = toScreen(camera, viewport, view.x1, view.y1);
    const context = this.#context;
    const path = new Path2D();
    if (right < 0 || bottom < 0 || left > viewport.width || top > viewport.height) {
      chevron(path, (left + right) / 2, (top + bottom) / 2, viewport);
    } else if (right - left < SMALL_VIEW && bottom - top < SMALL_VIEW) {
      brackets(path, (left + right) / 2, (top + bottom) / 2);
    } else {
      return;
    }
    context.globalAlpha = opacity;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = css(theme.casing);
    context.lineWidth = VIEW_EDGE + 2;
    context.stroke(path);
    context.strokeStyle = css(theme.view);
    context.lineWidth = VIEW_EDGE;
    context.stroke(path);
    context.lineCap = "butt";
    context.globalAlpha = 1;
  }
}

/** An arrow head at the picture's border, pointing from its middle to (x, y). */
function chevron(path, x, y, {width, height}) {
  const dx = x - width / 2;
  const dy = y - height / 2;
  const share = Math.min((width / 2 - POINTER_MARGIN) / Math.abs(dx), (height / 2 - POINTER_MARGIN) / Math.abs(dy));
  const tipX = width / 2 + dx * share;
  const tipY = height / 2 + dy * share;
  const along = Math.atan2(dy, dx);
  const arm = turn => [tipX - Math.cos(along + turn) * POINTER_SIZE, tipY - Math.sin(along + turn) * POINTER_SIZE];
  path.moveTo(...arm(0.7));
  path.lineTo(tipX, tipY);
  path.lineTo(...arm(-0.7));
}

/** Four corners around (x, y). */
function brackets(path, x, y) {
  for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) {
    path.moveTo(x + sx * SMALL_VIEW, y + sy * (SMALL_VIEW - BRACKET));
    path.lineTo(x + sx * SMALL_VIEW, y + sy * SMALL_VIEW);
    path.lineTo(x + sx * (SMALL_VIEW - BRACKET), y + sy * SMALL_VIEW);
  }
}
