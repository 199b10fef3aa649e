/**
 * Pictures of numbers: textures as they came from the process, coloured by the graphics card, so that limits, gamma and
 * colours change without a byte being sent or copied.
 *
 * A picture, as Images.set takes it, is
 *
 *     {key, frame, place, look}
 *
 * frame as from binary.js; place `{x, y, width, height, right, bottom}` in data pixels (region.js placeOf), width or height less
 * than zero where columns go to the left or rows up; look `{kind: "scalar" | "color" | "labels" | "phase" | "contours", low, high,
 * gamma, table, opacity, additive}`, table as from lut.js. A frame or table that is the same object as before is not sent to the
 * graphics card again. Frames stay in memory here, so that a lost context costs nothing.
 *
 * Of high and low the difference is what counts, however far they are from zero: they are taken off whole numbers as such, and
 * off floats that float32 is too coarse for (numbers.js) before those become float32. Of a frame that has lost something they are values
 * all the same, and become bytes of its window (lossy.js).
 *
 * A look may have more: `nearest`, never blended with the neighbours, or `smooth`, blended however large a texel is; neither: as
 * SQUARES_FROM says. "phase" and "contours" are of angles, radians, which are blended as directions, so that there is no seam
 * where they come round: as colours, the table going once round, or as `lines` lines of equal angle in a full turn. `weight`,
 * `{key, high}`, names a picture of the same part of the frame below: where its value is 0 nothing is seen of the angles, from high on all of it.
 * `ground`, [r, g, b], or true for the canvas, is laid under the box that the picture takes on
 * the screen, so that nothing below shines through.
 *
 * A picture that lies in any way has the place `{affine, cols, rows}` instead: an affine map (affine.js) from (column, row) of its texels to
 * the camera's coordinates, and how many of them there are, which need be no whole numbers; where it has a `hole`, the place of another
 * picture, nothing is drawn there. It is drawn exactly as napari draws it, a
 * pixel where its middle is in the picture, and its look has, besides, `blending`, napari's word; `first`, whether nothing lies below; and
 * of scalars `steps`, `over`, `under` and `none` (RGBA, or null), of labels `painting` (labels.js) instead of a table, and of colours `opaque`, the
 * alpha that is opaque.
 */

import {inverse} from "./affine.js";
import {imageFragment} from "./image-shaders.js";
import {entriesOf} from "./labels.js";
import {bytesOf, windowOf} from "./lossy.js";
import {labelEntry, labelTable, LUT_SIZE} from "./lut.js";
import {away, narrow, numbersOf} from "./numbers.js";

/** Texture units; those before are the tiles'. */
const PICTURE_UNIT = 3;
const COLORS_UNIT = 4;
const WEIGHT_UNIT = 5;

/** Device pixels a texel must take to be drawn as a square instead of blended with its neighbours. */
const SQUARES_FROM = 2;

/** Positions on the screen are clamped to this, device pixels: beyond float32 would lose the pixel. */
const FAR = 1e6;

const CHANNELS = ["", "RED", "RG", "RGB", "RGBA"];
const PREFIX = ["", "R", "RG", "RGB", "RGBA"];

/** Textures. What the graphics card has no numbers for, those of 64 bits, becomes one of these before. */
const TYPES = {
  u1: {suffix: "8UI", store: "integer", type: "UNSIGNED_BYTE"},
  u2: {suffix: "16UI", store: "integer", type: "UNSIGNED_SHORT"},
  u4: {suffix: "32UI", store: "wide", type: "UNSIGNED_INT"},
  i4: {suffix: "32UI", store: "wide", type: "UNSIGNED_INT", negative: true},
  f4: {suffix: "32F", store: "float", type: "FLOAT"},
  entries: {suffix: "8UI", store: "entries", type: "UNSIGNED_BYTE"},
  painted: {suffix: "16UI", store: "entries", type: "UNSIGNED_SHORT"},
};

/** napari's blendings: factors of colour and alpha of what is drawn and of what is there, or the equation. */
const BLENDINGS = {
  translucent: {from: "SRC_ALPHA", to: "ONE_MINUS_SRC_ALPHA"},
  translucent_no_depth: {from: "SRC_ALPHA", to: "ONE_MINUS_SRC_ALPHA"},
  additive: {from: "SRC_ALPHA", to: "DST_ALPHA"},
  multiplicative: {from: "DST_COLOR", to: "ZERO"},
  minimum: {equation: "MIN", from: "ONE", to: "ONE"},
  opaque: {from: "ONE", to: "ZERO"},
};

/** The same where nothing lies below: so that the canvas does not count. */
const FIRST = {
  additive: {from: "SRC_ALPHA", to: "ZERO"},
  minimum: {from: "ONE", to: "ZERO"},
};

/** Colours a row of the texture of a table. */
const TABLE_ROW = 256;

/** The ends of whole numbers of 32 bits. */
const WIDE = {u4: [0, 2 ** 32 - 1], i4: [-(2 ** 31), 2 ** 31 - 1]};

/** The upper limit of a picture before anything is known of its values. */
export function mostOf(type) {
  return {u1: 255, u2: 65535}[type] ?? 1;
}

/** The limits of a frame of which nobody has set any: [low, high]. */
export function rangeOf(frame) {
  return windowOf(frame) ?? [0, frame.samples >= 3 && frame.full > 0 ? frame.full : mostOf(frame.type)];
}

/** The alpha of a frame's texels that means opaque, from that of its values. */
function opaqueOf(frame, opaque = rangeOf(frame)[1]) {
  const window = windowOf(frame);
  return window ? bytesOf([opaque], window)[0] : opaque;
}

/**
 * What of a picture becomes a texture: `{type, relative, make}`, type of TYPES; relative: the values are shares of the way from low to
 * high, which other limits make other ones; make() returns the data.
 */
function storeOf(frame, {kind, low, high, painting}) {
  const {type, data} = frame;
  if (kind === "labels" && painting) return {type: "painted", relative: false, make: () => entriesOf(frame, painting)};
  if (kind === "labels") {
    if (TYPES[type] && type !== "f4") return {type, relative: false, make: () => type === "i4" ? asUnsigned(data) : data};
    return {type: "entries", relative: false, make: () => Uint8Array.from(data, labelEntry)};
  }
  if (TYPES[type] && type !== "f4") return {type, relative: false, make: () => type === "i4" ? asUnsigned(data) : data};
  const relative = kind === "scalar" && (type === "i8" || type === "u8" || narrow(low, high));
  if (relative) return {type: "f4", relative, make: () => sharesOf(frame, low, high)};
  return {type: "f4", relative, make: () => type === "f4" ? data : Float32Array.from(data, Number)};
}

function asUnsigned({buffer, byteOffset, length}) {
  return new Uint32Array(buffer, byteOffset, length);
}

/** Where values lie between two limits, 0 being low and 1 high, in as many digits as float32 has between them. */
function sharesOf(frame, low, high) {
  const {base, data} = numbersOf(frame);
  const least = away(low, base);
  const most = away(high, base);
  const shares = new Float32Array(data.length);
  // Limits at both ends of float64 are further apart than it reaches.
  const by = most - least < Infinity ? 1 : 0.25;
  const range = most * by - least * by || Number.MIN_VALUE;
  for (let i = 0; i < shares.length; i++) shares[i] = (data[i] * by - least * by) / range;
  return shares;
}

let labels = null;

export class Images {
  #gl;
  #makeProgram;
  #programs = new Map();
  #entries = new Map(); // key -> {picture, texture, format, rows, cols, frame, colors, table}
  #order = [];

  /** @param {function(string): Program} makeProgram links a fragment shader (gl.js) */
  constructor(gl, makeProgram) {
    this.#gl = gl;
    this.#makeProgram = makeProgram;
  }

  /** Whether there is anything to draw. */
  get any() {
    return this.#order.length > 0;
  }

  /** The graphics context is new: all must be sent to it again. */
  restore() {
    this.#programs.clear();
    for (const entry of this.#entries.values()) Object.assign(entry, {texture: null, frame: null, colors: null, table: null});
  }

  /** Sets the pictures, the lowest first. */
  set(pictures) {
    this.#order = [];
    const keys = new Set();
    for (const picture of pictures) {
      keys.add(picture.key);
      if (!this.#entries.has(picture.key)) this.#entries.set(picture.key, {texture: null, frame: null, colors: null, table: null});
      const entry = this.#entries.get(picture.key);
      entry.picture = picture;
      this.#order.push(entry);
    }
    for (const [key, entry] of this.#entries) {
      if (keys.has(key)) continue;
      this.#free(entry);
      this.#entries.delete(key);
    }
  }

  /**
   * Draws all.
   *
   * @param {object} scene `{width, height}` in device pixels, `viewport` in CSS pixels, `camera`, `canvas` ([r, g, b]), `dim`
   * @returns {?number[]} the part of the screen that they cover, [left, top, right, bottom] in whole device pixels; null if none
   */
  draw(scene) {
    const gl = this.#gl;
    gl.enable(gl.BLEND);
    gl.enable(gl.SCISSOR_TEST);
    let covered = null;
    for (const entry of this.#order) {
      const {frame} = entry.picture;
      if (frame.rows === 0 || frame.cols === 0 || !(entry.picture.look.opacity > 0)) continue;
      const part = entry.picture.place.affine ? this.#placed(entry, scene) : this.#one(entry, scene);
      if (part) covered = covered ? [Math.min(part[0], covered[0]), Math.min(part[1], covered[1]), Math.max(part[2], covered[2]), Math.max(part[3], covered[3])] : part;
    }
    gl.disable(gl.SCISSOR_TEST);
    gl.disable(gl.BLEND);
    return covered;
  }

  /** Frees what the graphics card holds. */
  destroy() {
    for (const entry of this.#entries.values()) this.#free(entry);
    this.#entries.clear();
    this.#order = [];
    for (const program of this.#programs.values()) this.#gl.deleteProgram(program.name);
    this.#programs.clear();
  }

  #one(entry, {width, height, viewport, camera, canvas, dim}) {
    const gl = this.#gl;
    const {frame, place, look} = entry.picture;
    const ratioX = width / viewport.width;
    const ratioY = height / viewport.height;
    const x = across(place.x, place.width, place.right, camera.x, camera.scale * ratioX, width);
    const y = across(place.y, place.height, place.bottom, camera.y, camera.scale * ratioY, height);
    const left = Math.max(Math.floor(x.low), 0);
    const right = Math.min(Math.ceil(x.high), width);
    const top = Math.max(Math.floor(y.low), 0);
    const bottom = Math.min(Math.ceil(y.high), height);
    if (left >= right || top >= bottom) return null;

    const kind = look.kind === "color" && frame.samples < 3 ? "scalar" : look.kind;
    const angles = kind === "phase" || kind === "contours";
    const store = storeOf(frame, {...look, kind});
    if (angles && store.type !== "f4") return null;
    const program = this.#program(TYPES[store.type].store, kind);
    gl.useProgram(program.name);
    this.#bind(entry, kind, store);
    const at = name => program.uniform(name);
    gl.viewport(0, 0, width, height);
    gl.scissor(left, height - bottom, right - left, bottom - top);
    this.#lay(look.ground, canvas);
    gl.uniform1i(at("picture"), PICTURE_UNIT);
    gl.uniform1i(at("colors"), COLORS_UNIT);
    gl.uniform1i(at("height"), height);
    gl.uniform2f(at("centre"), width / 2, height / 2);
    gl.uniform4f(at("edge"), x.low, y.low, x.high, y.high);
    gl.uniform2i(at("size"), frame.cols, frame.rows);
    gl.uniform2i(at("home"), x.home, y.home);
    gl.uniform2f(at("rest"), x.rest, y.rest);
    gl.uniform2f(at("texels"), x.texels, y.texels);
    const squares = Math.min(Math.abs(1 / x.texels), Math.abs(1 / y.texels)) >= SQUARES_FROM && frame.step === 1;
    gl.uniform1i(at("smoothly"), kind !== "labels" && !look.nearest && (look.smooth || !squares) ? 1 : 0);
    if (angles) {
      gl.uniform1i(at("weights"), WEIGHT_UNIT);
      const {weighing, among} = this.#weigh(entry);
      gl.uniform1f(at("weighing"), weighing);
      gl.uniform1f(at("among"), among);
      gl.uniform1f(at("lines"), look.lines ?? 0);
      gl.uniform1f(at("ratio"), ratioX);
    }
    this.#limit(at, kind, store, entry.picture);
    gl.uniform1f(at("opacity"), look.opacity);
    gl.uniform1f(at("opaque"), frame.samples === 4 ? opaqueOf(frame) : 0);
    // What is added must not add the canvas again.
    const under = look.additive ? [0, 0, 0] : canvas;
    gl.uniform4f(at("veil"), under[0] / 255, under[1] / 255, under[2] / 255, dim);
    gl.blendFunc(gl.ONE, look.additive ? gl.ONE : gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return [left, top, right, bottom];
  }

  /** Draws a picture that lies in any way; returns the part of the screen that it may cover. */
  #placed(entry, {width, height, viewport, camera, canvas, dim}) {
    const gl = this.#gl;
    const {frame, place, look} = entry.picture;
    const ratio = [width / viewport.width, height / viewport.height];
    const lies = acrossAny(place, camera, camera.scale * ratio[0], camera.scale * ratio[1], width, height);
    if (!lies) return null;
    const [left, top, right, bottom] = lies.box;
    const kind = look.kind === "color" && frame.samples < 3 ? "scalar" : look.kind;
    const store = storeOf(frame, {...look, kind});
    const program = this.#program(TYPES[store.type].store, kind, true);
    gl.useProgram(program.name);
    this.#bind(entry, kind, store);
    const at = name => program.uniform(name);
    gl.viewport(0, 0, width, height);
    gl.scissor(left, height - bottom, right - left, bottom - top);
    this.#lay(look.ground, canvas);
    gl.uniform1i(at("picture"), PICTURE_UNIT);
    gl.uniform1i(at("colors"), COLORS_UNIT);
    gl.uniform1i(at("height"), height);
    gl.uniform2f(at("centre"), width / 2, height / 2);
    gl.uniform2i(at("size"), Math.ceil(place.cols), Math.ceil(place.rows));
    gl.uniform2f(at("last"), place.cols % 1 || 1, place.rows % 1 || 1);
    gl.uniform2i(at("home"), ...lies.home);
    gl.uniform2f(at("rest"), ...lies.rest);
    gl.uniformMatrix2fv(at("turn"), false, lies.turn);
    const hole = place.hole && acrossAny(place.hole, camera, camera.scale * ratio[0], camera.scale * ratio[1], width, height);
    gl.uniform1i(at("hollow"), hole ? 1 : 0);
    if (hole) {
      gl.uniformMatrix2fv(at("holeTurn"), false, hole.turn);
      gl.uniform2i(at("holeSize"), Math.ceil(place.hole.cols), Math.ceil(place.hole.rows));
      gl.uniform2i(at("holeHome"), ...hole.home);
      gl.uniform2f(at("holeRest"), ...hole.rest);
      gl.uniform2f(at("holeLast"), place.hole.cols % 1 || 1, place.hole.rows % 1 || 1);
    }
    gl.uniform1i(at("smoothly"), kind !== "labels" && (look.smooth || frame.step > 1) ? 1 : 0);
    this.#limit(at, kind, store, entry.picture);
    gl.uniform1f(at("opacity"), look.opacity);
    gl.uniform1f(at("opaque"), frame.samples === 4 ? opaqueOf(frame, look.opaque) : 0);
    gl.uniform1i(at("steps"), look.steps ? 1 : 0);
    for (const name of ["over", "under"]) gl.uniform4fv(at(name), (look[name] ?? [0, 0, 0, -255]).map(n => n / 255));
    gl.uniform4fv(at("none"), (look.none ?? [0, 0, 0, 0]).map(n => n / 255));
    gl.uniform4f(at("veil"), canvas[0] / 255, canvas[1] / 255, canvas[2] / 255, dim);
    const way = look.first ? FIRST[look.blending] ?? BLENDINGS.translucent : BLENDINGS[look.blending] ?? BLENDINGS.translucent;
    gl.blendEquation(gl[way.equation ?? "FUNC_ADD"]);
    gl.blendFuncSeparate(gl[way.from], gl[way.to], gl.ONE, gl.ONE);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.blendEquation(gl.FUNC_ADD);
    return lies.box;
  }

  /** Lays a ground under a picture, in the part of the screen that is scissored. */
  #lay(ground, canvas) {
    if (!ground) return;
    const gl = this.#gl;
    gl.clearColor(...(ground === true ? canvas : ground).map(n => n / 255), 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  /** Sets how values become shares of the way between the limits. */
  #limit(at, kind, store, {frame, look}) {
    const gl = this.#gl;
    const window = windowOf(frame);
    const [low, high] = store.relative ? [0, 1] : window ? bytesOf([look.low, look.high], window) : [Number(look.low), Number(look.high)];
    const range = high - low;
    const ends = kind === "scalar" && WIDE[store.type];
    const zero = ends ? Math.min(Math.max(Math.floor(low), ends[0]), ends[1]) : 0;
    gl.uniform1ui(at("zero"), zero >>> 0);
    gl.uniform1i(at("negative"), TYPES[store.type].negative ? 1 : 0);
    gl.uniform2f(at("limits"), low - zero, Number.isFinite(range) && range !== 0 ? 1 / range : 1e30);
    gl.uniform1f(at("gamma"), look.gamma > 0 ? look.gamma : 1);
  }

  /** Binds the textures of an entry, and brings them up to date. */
  #bind(entry, kind, store) {
    const gl = this.#gl;
    const {frame, look} = entry.picture;
    gl.activeTexture(gl.TEXTURE0 + PICTURE_UNIT);
    const {suffix, type, store: held} = TYPES[store.type];
    const format = PREFIX[frame.samples] + suffix;
    if (!entry.texture || entry.format !== format || entry.rows !== frame.rows || entry.cols !== frame.cols) {
      if (entry.texture) gl.deleteTexture(entry.texture);
      entry.texture = newTexture(gl);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl[format], frame.cols, frame.rows);
      Object.assign(entry, {format, rows: frame.rows, cols: frame.cols, frame: null});
    } else {
      gl.bindTexture(gl.TEXTURE_2D, entry.texture);
    }
    const how = `${store.type} ${store.relative ? `${look.low} ${look.high}` : ""}`;
    const painting = store.type === "painted" ? look.painting : null;
    if (entry.frame !== frame || entry.how !== how || entry.painting !== painting) {
      const channels = gl[held === "float" ? CHANNELS[frame.samples] : `${CHANNELS[frame.samples]}_INTEGER`];
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, frame.cols, frame.rows, channels, gl[type], store.make());
      Object.assign(entry, {frame, how, painting, relative: store.relative});
    }
    gl.activeTexture(gl.TEXTURE0 + COLORS_UNIT);
    const table = painting ? painting.table : kind === "labels" ? labels ??= labelTable() : look.table;
    const tableRows = painting ? Math.ceil(table.length / 4 / TABLE_ROW) : 1;
    if (!entry.colors || entry.tableRows !== tableRows) {
      if (entry.colors) gl.deleteTexture(entry.colors);
      entry.colors = newTexture(gl);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, LUT_SIZE, tableRows);
      Object.assign(entry, {table: null, tableRows});
    } else {
      gl.bindTexture(gl.TEXTURE_2D, entry.colors);
    }
    if (table && entry.table !== table) {
      const whole = table.length === tableRows * TABLE_ROW * 4 ? table : new Uint8Array(tableRows * TABLE_ROW * 4);
      if (whole !== table) whole.set(table);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, LUT_SIZE, tableRows, gl.RGBA, gl.UNSIGNED_BYTE, whole);
      entry.table = table;
    }
  }

  /**
   * Binds what an entry is weighed with.
   *
   * @returns {{weighing: number, among: number}} what its values are multiplied by, 0 for nothing to weigh with, and how many of its texels lie along one
   * of the entry: the two need not have come at the same resolution
   */
  #weigh({picture: {frame, look}}) {
    const other = look.weight && this.#entries.get(look.weight.key);
    const fits = other?.texture && other.format === "R32F" && !other.relative && sameBox(other.frame, frame) && look.weight.high > 0;
    if (!fits) return {weighing: 0, among: 1};
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + WEIGHT_UNIT);
    gl.bindTexture(gl.TEXTURE_2D, other.texture);
    return {weighing: 1 / look.weight.high, among: frame.step / other.frame.step};
  }

  #program(store, kind, placed = false) {
    const key = `${store} ${kind} ${placed}`;
    if (!this.#programs.has(key)) this.#programs.set(key, this.#makeProgram(imageFragment(store, kind, placed)));
    return this.#programs.get(key);
  }

  #free(entry) {
    if (entry.texture) this.#gl.deleteTexture(entry.texture);
    if (entry.colors) this.#gl.deleteTexture(entry.colors);
  }
}

/** Whether two pictures are of the same part of a frame, as far as texels of both can be. */
function sameBox(a, b) {
  const far = Math.max(a.step, b.step);
  return a.row === b.row && a.col === b.col && Math.abs(a.rows * a.step - b.rows * b.step) < far && Math.abs(a.cols * a.step - b.cols * b.step) < far;
}

function newTexture(gl) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}

/**
 * A picture that lies in any way on the screen, in float64: `{box, home, rest, turn}`. box is the part of the screen that it may cover, [left,
 * top, right, bottom] in whole device pixels; home the texel under the middle of the screen and rest where in it that is, (column, row);
 * turn the way from device pixels to texels, a matrix of two by two, columns first. null where it is out of view, or flat.
 */
export function acrossAny({affine, cols, rows}, camera, scaleX, scaleY, width, height) {
  const [a, b, c, d, e, f] = affine;
  // From texels to device pixels about the middle of the screen.
  const onScreen = [a * scaleX, b * scaleX, (c - camera.x) * scaleX, d * scaleY, e * scaleY, (f - camera.y) * scaleY];
  const back = inverse(onScreen);
  if (!back) return null;
  const within = (n, side) => Math.min(Math.max(n, 0), side);
  const corners = [[0, 0], [cols, 0], [0, rows], [cols, rows]].map(([u, v]) => [
    onScreen[0] * u + onScreen[1] * v + onScreen[2] + width / 2, onScreen[3] * u + onScreen[4] * v + onScreen[5] + height / 2,
  ]);
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const box = [
    within(Math.floor(Math.min(...xs)), width), within(Math.floor(Math.min(...ys)), height),
    within(Math.ceil(Math.max(...xs)), width), within(Math.ceil(Math.max(...ys)), height),
  ];
  if (!(box[0] < box[2] && box[1] < box[3])) return null;
  const far = n => Math.min(Math.max(n, -FAR), FAR);
  const home = [Math.floor(far(back[2])), Math.floor(far(back[5]))];
  return {box, home, rest: [far(back[2] - home[0]), far(back[5] - home[1])], turn: [back[0], back[3], back[1], back[4]]};
}

/**
 * One axis of a picture on the screen: where it begins and ends, and how its texels lie about the middle. In float64. A texel
 * less than zero long goes the other way.
 */
export function across(from, texel, to, centre, scale, side) {
  const within = n => Math.min(Math.max(n, -FAR), FAR);
  const at = (centre - from) / texel;
  const home = Math.floor(within(at));
  const begin = within((from - centre) * scale + side / 2);
  const end = within((to - centre) * scale + side / 2);
  return {
    low: Math.min(begin, end), high: Math.max(begin, end),
    home, rest: within(at - home), texels: 1 / (texel * scale),
  };
}
