/**
 * What is drawn over the tiles with lines and letters: the axes, and a pointer to the view rectangle when it is out of the
 * picture or too small to be seen. A 2D canvas, so that an exported picture contains it.
 */

import {css, VIEW_EDGE} from "./theme.js";
import {toScreen} from "./camera.js";

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
   */
  draw({camera, viewport, width, height, theme, view, dim}) {
    const context = this.#context;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    context.setTransform(width / viewport.width, 0, 0, height / viewport.height, 0, 0);
    context.clearRect(0, 0, viewport.width, viewport.height);
    this.#axes(camera, viewport, theme, 1 - dim);
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

  #axes(camera, viewport, theme, opacity) {
    const context = this.#context;
    const [originX, originY] = toScreen(camera, viewport, 0, 0);
    // Just outside the image, so that the red axis does not vanish on red tiles. When the origin is out of the picture the
    // axes stay at the nearest place, shorter: they then tell the directions only.
    const within = (at, side) => Math.min(Math.max(at, PINNED_MARGIN), side - PINNED_MARGIN - AXIS_LENGTH - 2 * ARROW);
    const x = within(originX - AXIS_OFFSET, viewport.width);
    const y = within(originY - AXIS_OFFSET, viewport.height);
    const length = x === originX - AXIS_OFFSET && y === originY - AXIS_OFFSET ? AXIS_LENGTH : PINNED_LENGTH;
    context.globalAlpha = opacity;
    context.font = LABEL;
    context.lineJoin = "round";
    this.#arrow(x, y, length, 0, "x", css(theme.axisX), css(theme.canvas));
    this.#arrow(x, y, 0, length, "y", css(theme.axisY), css(theme.canvas));
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
    context.textBaseline = dx ? "middle" : "top";
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
