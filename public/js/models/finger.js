/**
 * Where people point in a model's box. A place is from 0 to 1 across the box, y up, 0 being the first point of the grid, which
 * lies in the middle of its pixel; the picture is in data pixels of the viewer, y down, the grid's first row at the bottom. The
 * box is periodic. Pure, no DOM, but for paint, which draws with a canvas's context.
 */

import {toScreen} from "../viewer/camera.js";

/** CSS pixels. */
const DOT = 6;
const DOT_HELD = 8;
const CIRCLE = 9;

/** Of the name beside a dot: how far from its middle, and how many letters at most. */
const NAME_AWAY = 14;
const NAME_LETTERS = 24;
const NAME_FONT = "600 12px system-ui, sans-serif";

const CASING = "rgb(0 0 0 / 0.6)";
const WHITE = "rgb(255 255 255)";

/** The place in the box of a point of the picture; outside of the box that of the nearest point in it. */
export function toBox(x, y, [nx, ny]) {
  return [clamp((x - 0.5) / nx), clamp((ny - y - 0.5) / ny)];
}

/** How far it is from one place to another along an axis, the short way round: from -0.5 to 0.5. */
export function shortWay(from, to) {
  return to - from - Math.round(to - from);
}

/**
 * The line from one place to another the short way round the box, as pieces [x0, y0, x1, y1] that are to be seen where they lie in
 * the box: one that leaves on a side comes in at the other.
 */
export function pieces(fromX, fromY, toX, toY) {
  const dx = shortWay(fromX, toX);
  const dy = shortWay(fromY, toY);
  const acrossX = Math.round(toX - fromX - dx);
  const acrossY = Math.round(toY - fromY - dy);
  const list = [];
  for (const shiftX of acrossX === 0 ? [0] : [0, acrossX]) {
    for (const shiftY of acrossY === 0 ? [0] : [0, acrossY]) {
      list.push([fromX + shiftX, fromY + shiftY, fromX + dx + shiftX, fromY + dy + shiftY]);
    }
  }
  return list;
}

/**
 * The dots to draw.
 *
 * @param {object} scene
 * @param {?object} scene.finger of the model: {x, y, px, py}
 * @param {object[]} scene.people [{id, name, colour, hand}]
 * @param {string} scene.me id of whose page this is
 * @param {?object} scene.own where this page points: {x, y, down}
 * @param {?object} scene.last who pointed last and where: {colour, x, y}
 * @returns {object[]} [{x, y, colour, held, name}], colour null for nobody's, no name for whoever looks and for whom has none
 */
export function dotsOf({finger, people, me, own, last}) {
  const dots = [];
  for (const {id, name, colour, hand} of people) {
    if (hand && !(own && id === me)) dots.push({x: hand[0], y: hand[1], colour, held: true, ...(name && id !== me ? {name} : {})});
  }
  if (own) dots.push({x: own.x, y: own.y, colour: people.find(({id}) => id === me)?.colour ?? 0, held: own.down});
  if (finger && Number.isFinite(finger.x) && Number.isFinite(finger.y) && dots.length === 0) {
    const theirs = last && near(last.x, finger.x) && near(last.y, finger.y);
    dots.push({x: finger.x, y: finger.y, colour: theirs ? last.colour : null, held: false});
  }
  return dots;
}

/** Whether two places are the same to within what a slider's step rounds away. */
export function near(a, b) {
  return Math.abs(shortWay(a, b)) < 0.0075;
}

/**
 * Draws dots, the circle of the potential, and a line from each dot to it.
 *
 * @param {CanvasRenderingContext2D} context in CSS pixels
 * @param {{camera: object, viewport: object, opacity: number}} view
 * @param {number[]} shape [nx, ny] of the grid
 * @param {object[]} dots as from dotsOf
 * @param {?object} finger of the model
 * @param {function(?number): string} colourOf the CSS colour of a person; of nobody for null
 */
export function paint(context, {camera, viewport, opacity}, shape, dots, finger, colourOf) {
  const [nx, ny] = shape;
  const place = (x, y) => toScreen(camera, viewport, x * nx + 0.5, ny - y * ny - 0.5);
  const [left, top] = toScreen(camera, viewport, 0, 0);
  const [right, bottom] = toScreen(camera, viewport, nx, ny);
  const potential = finger && Number.isFinite(finger.px) && Number.isFinite(finger.py);
  context.globalAlpha = opacity;
  context.lineCap = "round";
  if (potential) {
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    for (const {x, y, colour} of dots) {
      context.beginPath();
      for (const [x0, y0, x1, y1] of pieces(x, y, finger.px, finger.py)) {
        context.moveTo(...place(x0, y0));
        context.lineTo(...place(x1, y1));
      }
      stroke(context, colourOf(colour), 2);
    }
    context.restore();
    context.beginPath();
    context.arc(...place(finger.px, finger.py), CIRCLE, 0, 2 * Math.PI);
    stroke(context, WHITE, 2);
  }
  for (const {x, y, colour, held, name} of dots) {
    const [at, down] = place(x, y);
    const size = held ? DOT_HELD : DOT;
    // A dark ring, a light one, and the colour: on any ground one of them stands out.
    for (const [radius, fill] of [[size + 2, CASING], [size + 1, WHITE], [size - 1, colourOf(colour)]]) {
      context.beginPath();
      context.arc(at, down, radius, 0, 2 * Math.PI);
      context.fillStyle = fill;
      context.fill();
    }
    if (name) label(context, name, at, down, (left + right) / 2);
  }
  context.globalAlpha = 1;
}

/** Writes the name of a dot beside it, on the side where there is more room. */
function label(context, name, at, down, middle) {
  const letters = [...name];
  const text = letters.length > NAME_LETTERS ? `${letters.slice(0, NAME_LETTERS - 1).join("")}…` : name;
  const before = at > middle;
  context.font = NAME_FONT;
  context.textAlign = before ? "right" : "left";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = CASING;
  context.fillStyle = WHITE;
  for (const write of ["strokeText", "fillText"]) context[write](text, at + (before ? -NAME_AWAY : NAME_AWAY), down);
}

function stroke(context, colour, width) {
  context.strokeStyle = CASING;
  context.lineWidth = width + 2.5;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

function clamp(n) {
  return Math.min(Math.max(n, 0), 1);
}
