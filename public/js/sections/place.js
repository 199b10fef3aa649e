/**
 * Where things are in a cross section, in numbers: what a frame says of itself, how large it is drawn, and which place of napari's
 * world lies under a pointer. Nothing here knows the page.
 */

/** Pixels of the page a section has at least, along its shorter side: what is thinner is drawn thicker, and says so. */
const THIN = 28;

/** Pixels of the page a section has at most, down. */
const HIGH = 420;

/** The sizes that the server draws in steps of. */
const STEP = 64;
const MOST = 1024;

/** The size to ask for, so that there is a pixel for each of the screen's along both sides. */
export function sizeFor(width, ratio) {
  const wanted = Math.ceil(Math.max(width, HIGH / 2) * ratio / STEP) * STEP;
  return Math.min(Math.max(wanted, STEP), MOST);
}

/**
 * Checks what a frame says of its section; null if it says nothing that can be used.
 *
 * @returns {?object} {plane, problem} or {plane, axes, units, through, down, right, at, places, step, layers, left}, as
 * dashboard/sections/feed.go has them: lists for each of the axes down, right, and the one that is cut
 */
export function readSection(section) {
  if (section?.plane !== "below" && section?.plane !== "right") return null;
  const {plane, problem} = section;
  if (typeof problem === "string") return {plane, problem};
  const {axes, units, through, down, right, at, places, step, layers, left} = section;
  const texts = [axes, units].every(list => Array.isArray(list) && list.length === 3 && list.every(text => typeof text === "string"));
  const numbers = [at, places, step].every(list => Array.isArray(list) && list.length === 3 && list.every(Number.isFinite));
  const ends = [down, right].every(pair => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite) && pair[1] > pair[0]);
  if (!texts || !numbers || !ends) return null;
  return {plane, axes, units, through: Array.isArray(through) ? through : [], down, right, at, places, step, layers: Array.isArray(layers) ? layers : [], left: Array.isArray(left) ? left : []};
}

/**
 * How large a section is drawn in a column of the page.
 *
 * @returns {{width: number, height: number, stretched: number, scaled: boolean}} CSS pixels; how many times as thick its shorter side is as it
 * would be; scaled: it has the proportions of the world. Two axes whose units differ have none
 */
export function boxFor(section, width) {
  const high = section.down[1] - section.down[0];
  const wide = section.right[1] - section.right[0];
  if (section.units[0] !== section.units[1]) return {width, height: Math.min(Math.round(width / 2), HIGH), stretched: 1, scaled: false};
  let [w, h] = [width, width * high / wide];
  if (h > HIGH) [w, h] = [HIGH * wide / high, HIGH];
  const stretched = Math.max(THIN / w, THIN / h, 1);
  if (w < THIN) w = THIN;
  if (h < THIN) h = THIN;
  return {width: Math.round(w), height: Math.round(h), stretched, scaled: true};
}

/** Where the crosshair is, as shares of the section from its top left; outside of 0 to 1 it is not in it. */
export function crossOf({right, down, at}) {
  return {x: (at[1] - right[0]) / (right[1] - right[0]), y: (at[0] - down[0]) / (down[1] - down[0])};
}

/** Which place a pointer is at: by axis, in napari's coordinates. x and y are shares of the section. */
export function placeAt({axes, right, down}, x, y) {
  const inside = share => Math.min(Math.max(share, 0), 1);
  return {[axes[1]]: right[0] + inside(x) * (right[1] - right[0]), [axes[0]]: down[0] + inside(y) * (down[1] - down[0])};
}

const KEYS = {ArrowLeft: [1, -1], ArrowRight: [1, 1], ArrowUp: [0, -1], ArrowDown: [0, 1]};

/** Where an arrow key leads, ten steps with shift; null for other keys. */
export function keyAt(section, key, fast) {
  if (!Object.hasOwn(KEYS, key)) return null;
  const [axis, by] = KEYS[key];
  const [low, high] = axis === 1 ? section.right : section.down;
  const step = section.step[axis] > 0 ? section.step[axis] : (high - low) / 100;
  return {[section.axes[axis]]: Math.min(Math.max(section.at[axis] + by * step * (fast ? 10 : 1), low), high)};
}

/** A number as people read it: at most six digits, as they are needed. */
export function number(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(6))) : String(x);
}

/** A place along an axis: "z 12.5 µm". */
function along(section, i) {
  return `${section.axes[i]} ${number(section.at[i])}${section.units[i] ? ` ${section.units[i]}` : ""}`;
}

/** What a section shows: "x to the right, z down, at y 120". */
export function titleOf(section, box) {
  const text = `${section.axes[1]} to the right, ${section.axes[0]} down, at ${along(section, 2)}`;
  if (!box.scaled) return `${text}; not to scale`;
  return box.stretched > 1.5 ? `${text}; ${number(Math.round(box.stretched * 10) / 10)} times as thick as it is` : text;
}

/** Where the crosshair is, along all three axes, and the value of each layer there. */
export function crossText(section) {
  return [[0, 1, 2].map(i => along(section, i)).sort().join(", "), ...values(section)].join("; ");
}

function values(section) {
  return section.layers.filter(layer => layer.voxel).map(layer => `${layer.name} ${valueOf(layer)}`);
}

/** A value of a layer, in words. */
export function valueOf({value, text}) {
  if (text) return text;
  if (Array.isArray(value)) return value.map(one => valueOf({value: one})).join(", ");
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? number(value) : String(value);
}

/** The section for somebody who does not see it. */
export function labelOf(section) {
  const found = values(section);
  return `Cross section, ${section.axes[1]} to the right and ${section.axes[0]} down, at ${along(section, 2)}; crosshair at ${along(section, 1)}, ${along(section, 0)}` +
    (found.length > 0 ? `: ${found.join(", ")}` : "");
}
