/**
 * What talks to WebGL2: two programs, three integer textures, one triangle; pictures have their own (image.js). It holds no state of the picture; after
 * a lost context the viewer makes it again with restore() and uploads everything again.
 */

import {BAND_WORDS, MARGIN, MOST_PIXELS, TABLE_WIDTH_BITS} from "./state-hash.js";
import {Images} from "./image.js";
import {Points} from "./points.js";
import {fragment, VERTEX} from "./shaders.js";

const TABLE_WIDTH = 1 << TABLE_WIDTH_BITS;

/** Opacity of what lies over a picture: tiles that are off, tiles that are seen, the lines between them. */
const OVER_OFF = 0.5;
const OVER_SEEN = 0.14;
const OVER_LINES = 0.55;

/** Texture units, in the order of the names of the samplers. */
const SAMPLERS = ["axes", "masks", "states"];

export class Renderer {
  #gl;
  #plain = null;         // the program for pictures without anything to look up
  #lookingUp = null;     // the one for the others
  #textures = [];
  #hash = null;
  #images = null;
  #points = null;
  #mostPixels = MOST_PIXELS;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    // No alpha and no antialiasing: every pixel is computed exactly, there is nothing to blend and no edge to smooth.
    this.#gl = canvas.getContext("webgl2", {alpha: false, antialias: false, depth: false, stencil: false});
    if (this.#gl && !this.#gl.isContextLost()) this.restore();
  }

  /** Whether the browser gave a WebGL2 context that can draw this at all. */
  get available() {
    return this.#gl !== null;
  }

  /** Whether the context is away for the time being. */
  get lost() {
    return this.#gl !== null && this.#gl.isContextLost();
  }

  /** The largest picture this machine can show, device pixels a side. */
  get mostPixels() {
    return this.#mostPixels;
  }

  /** The pictures under the tiles (image.js). */
  get images() {
    return this.#images;
  }

  /** The points over the pictures (points.js). */
  get points() {
    return this.#points;
  }

  /** Builds programs and textures, first or after the context was lost. */
  restore() {
    const gl = this.#gl;
    this.#images ??= new Images(gl, source => new Program(gl, source));
    this.#images.restore();
    this.#points ??= new Points(gl, (source, vertex) => new Program(gl, source, vertex));
    this.#points.restore();
    try {
      this.#plain = new Program(gl, fragment(false));
      this.#lookingUp = new Program(gl, fragment(true));
    } catch (error) {
      // A driver that takes no such shaders is no better than none: the page says so, the console says why.
      console.error(error);
      this.#gl = null;
      return;
    }
    this.#mostPixels = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE) - MARGIN, MOST_PIXELS);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.#textures = SAMPLERS.map((_, place) => this.#texture(place, 1, 1, 4, new Uint32Array(4)));
  }

  /** Uploads the axis tables: `entries` entries a row, two rows. */
  setAxes(table, entries) {
    this.#upload(0, entries, 2, 4, table);
  }

  /** Uploads the masks of the bands: `cells` cells a row, two rows. */
  setMasks(masks, cells) {
    this.#upload(1, cells, 2, BAND_WORDS, masks);
  }

  /** Uploads a StateHash. */
  setStates(hash) {
    this.#upload(2, TABLE_WIDTH, hash.entries.length / TABLE_WIDTH, 1, hash.entries);
    this.#hash = hash;
  }

  /**
   * Draws.
   *
   * @param {object} scene
   * @param {number} scene.width device pixels
   * @param {number} scene.height device pixels
   * @param {number[]} scene.first column and row of the first cell in the masks
   * @param {boolean} scene.wide whether the masks count
   * @param {boolean} scene.lookUp whether masks or states have anything
   * @param {object} scene.theme colours as from theme.js
   * @param {number} scene.dim 0 to 1
   * @param {boolean} scene.grid whether there are tiles and a view rectangle; else pictures alone
   * @param {?number[]} scene.ground the colour under pictures alone, [r, g, b]; that of the theme unless given
   * @param {boolean} scene.tiles whether the tiles are shown, or the view rectangle alone
   * @param {boolean} scene.shade whether tiles over a picture are filled, which changes its colours, or have their borders alone
   * @param {object} scene.camera
   * @param {object} scene.viewport CSS pixels
   */
  draw(scene) {
    const {width, height, theme} = scene;
    const gl = this.#gl;
    const solid = scene.tiles ? 1 : 0;
    if (scene.grid) this.#drawTiles(scene, [...unit(theme.canvas), 1], [solid, solid, 0]);
    else this.clear(width, height, scene.ground ?? theme.canvas);
    if (!this.#images.any) return;
    const over = {...scene, canvas: scene.ground ?? theme.canvas, dim: scene.grid ? 0 : scene.dim};
    const covered = this.#images.draw(over);
    if (!scene.grid) this.#points.draw(over);
    if (!covered || !scene.grid) return;
    // The tiles once more, where they lie under a picture: their borders, and thinly what fills them if somebody wants it.
    gl.enable(gl.BLEND);
    gl.enable(gl.SCISSOR_TEST);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.scissor(covered[0], height - covered[3], covered[2] - covered[0], covered[3] - covered[1]);
    this.#drawTiles(scene, [0, 0, 0, 0], scene.tiles ? [scene.shade ? OVER_OFF : 0, scene.shade ? OVER_SEEN : 0, OVER_LINES] : [0, 0, 0]);
    gl.disable(gl.SCISSOR_TEST);
    gl.disable(gl.BLEND);
  }

  /** Draws tiles and view onto a ground, RGBA with its alpha multiplied in; fills: opacity of tiles off, of those seen, of the gaps. */
  #drawTiles({width, height, first, wide, lookUp, theme, dim}, ground, fills) {
    const gl = this.#gl;
    const program = lookUp ? this.#lookingUp : this.#plain;
    const at = name => program.uniform(name);
    gl.useProgram(program.name);
    gl.viewport(0, 0, width, height);
    gl.uniform1i(at("height"), height);
    gl.uniform3fv(at("canvas"), unit(theme.canvas));
    gl.uniform4fv(at("ground"), ground);
    gl.uniform3fv(at("fills"), fills);
    gl.uniform3fv(at("tileOff"), unit(theme.tileOff));
    gl.uniform3fv(at("tileSeen"), unit(theme.tileSeen));
    gl.uniform3fv(at("viewColor"), unit(theme.view));
    // Over a picture the view is its edge alone, so that its colours stay what they are.
    gl.uniform2f(at("viewFill"), ground[3] > 0 ? theme.viewFill : 0, theme.casingFill);
    gl.uniform3fv(at("casingColor"), unit(theme.casing));
    gl.uniform1f(at("dim"), dim);
    if (lookUp) {
      gl.uniform2i(at("first"), first[0], first[1]);
      gl.uniform1i(at("wide"), wide ? 1 : 0);
      gl.uniform1i(at("shift"), this.#hash.shift);
      gl.uniform1i(at("probes"), this.#hash.probes);
      gl.uniform1i(at("coarse"), this.#hash.coarse);
      gl.uniform4iv(at("bounds"), this.#hash.bounds);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Fills the picture with one colour, red, green and blue from 0 to 255. */
  clear(width, height, rgb) {
    const gl = this.#gl;
    gl.viewport(0, 0, width, height);
    gl.clearColor(...unit(rgb), 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  /** Pixels of what was just drawn, RGBA, rows from the top; x and y from the top left, device pixels. */
  read(x, y, width, height, pictureHeight) {
    const gl = this.#gl;
    const upward = new Uint8Array(width * height * 4);
    gl.readPixels(x, pictureHeight - y - height, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upward);
    const pixels = new Uint8Array(upward.length);
    const stride = width * 4;
    for (let row = 0; row < height; row++) {
      pixels.set(upward.subarray((height - 1 - row) * stride, (height - row) * stride), row * stride);
    }
    return pixels;
  }

  /** Frees what the context holds. The canvas can be used again if it is still on the page. */
  destroy() {
    if (!this.#gl.canvas.isConnected) {
      // Browsers keep few contexts alive and take back the oldest; one that nobody sees must not cost another its life.
      this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
      return;
    }
    this.#images.destroy();
    this.#points.destroy();
    for (const texture of this.#textures) this.#gl.deleteTexture(texture.name);
    for (const program of [this.#plain, this.#lookingUp]) this.#gl.deleteProgram(program.name);
  }

  #texture(unitNumber, width, height, channels, data) {
    const gl = this.#gl;
    const name = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unitNumber);
    gl.bindTexture(gl.TEXTURE_2D, name);
    // Integer textures do not filter: with the default filter they would read as zero.
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texStorage2D(gl.TEXTURE_2D, 1, channels === 4 ? gl.RGBA32UI : gl.R32UI, width, height);
    const texture = {name, width, height, channels};
    this.#fill(unitNumber, texture, width, height, data);
    return texture;
  }

  #upload(unitNumber, width, height, channels, data) {
    const texture = this.#textures[unitNumber];
    if (texture.channels === channels && texture.width === width && texture.height === height) {
      this.#fill(unitNumber, texture, width, height, data);
      return;
    }
    this.#gl.deleteTexture(texture.name);
    this.#textures[unitNumber] = this.#texture(unitNumber, width, height, channels, data);
  }

  #fill(unitNumber, texture, width, height, data) {
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + unitNumber);
    gl.bindTexture(gl.TEXTURE_2D, texture.name);
    const format = texture.channels === 4 ? gl.RGBA_INTEGER : gl.RED_INTEGER;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, format, gl.UNSIGNED_INT, data);
  }
}

/** A linked program that knows where its uniforms are. */
class Program {
  #gl;
  #places = new Map();

  constructor(gl, fragmentSource, vertexSource = VERTEX) {
    this.#gl = gl;
    this.name = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, vertexSource], [gl.FRAGMENT_SHADER, fragmentSource]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
        throw new Error(`compile shader: ${gl.getShaderInfoLog(shader)}`);
      }
      gl.attachShader(this.name, shader);
    }
    gl.linkProgram(this.name);
    if (!gl.getProgramParameter(this.name, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`link program: ${gl.getProgramInfoLog(this.name)}`);
    }
    gl.useProgram(this.name);
    SAMPLERS.forEach((sampler, unitNumber) => gl.uniform1i(this.uniform(sampler), unitNumber));
  }

  /** Where a uniform is; null, which WebGL takes and ignores, for one that this program has no use for. */
  uniform(name) {
    if (!this.#places.has(name)) this.#places.set(name, this.#gl.getUniformLocation(this.name, name));
    return this.#places.get(name);
  }
}

function unit(rgb) {
  return rgb.map(value => value / 255);
}
