/**
 * Points that move over a picture, thousands of them, each with a short trail: drawn by the graphics card from the numbers as
 * they came.
 *
 * Points, as Points.set takes them, are
 *
 *     {data, count, place, wrap, size}
 *
 * data a Float32Array of count places to the right and then count places along the rows, in pixels of the picture, whole numbers
 * being the middles of pixels; place `{x, y, width, height}` of the picture's first pixel, as for pictures (image.js); wrap
 * `[right, along]` in pixels, where points that leave come in again; size CSS pixels. Data that is the same object as before is
 * not sent again.
 */

/** Places that a trail is made of, and how many frames lie between two of them. */
const TRAIL = 7;
const EVERY = 3;

/** CSS pixels of the dark ring around a point. */
const RING = 1;

const POINTS_VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in float right;
layout(location = 1) in float along;
uniform vec4 place;     // of the first pixel in data pixels: x, y, width, height
uniform vec2 wrap;
uniform vec3 camera;    // the middle of the screen in data pixels, device pixels a data pixel
uniform vec2 screen;    // device pixels
uniform float size;     // device pixels
void main() {
  vec2 pixel = mod(vec2(right, along) + 0.5, wrap);
  vec2 at = (place.xy + pixel * place.zw - camera.xy) * camera.z / screen * 2.0;
  bool there = at.x > -1.1 && at.x < 1.1 && at.y > -1.1 && at.y < 1.1;   // not so for what is no number
  gl_Position = there ? vec4(at.x, -at.y, 0.0, 1.0) : vec4(9.0, 9.0, 9.0, 1.0);
  gl_PointSize = size;
}`;

const POINTS_FRAGMENT = `#version 300 es
precision highp float;
uniform float size;
uniform float ring;     // device pixels; 0: none
uniform float opacity;
uniform vec4 veil;      // colour, and how much of it lies over the point
out vec4 color;
void main() {
  float from = length(gl_PointCoord - 0.5) * size;
  float alpha = clamp(size / 2.0 - from, 0.0, 1.0) * (ring > 0.0 ? 1.0 : opacity);
  float core = clamp(size / 2.0 - ring - from + 0.5, 0.0, 1.0);
  vec3 rgb = mix(vec3(core), veil.rgb, veil.a);
  alpha *= ring > 0.0 ? max(core, 0.6) : 1.0;
  color = vec4(rgb * alpha, alpha);
}`;

export class Points {
  #gl;
  #makeProgram;
  #program = null;
  #points = null;
  #slots = []; // {array, buffer, size, filled}: a ring of what came
  #head = 0;
  #since = 0; // frames since the head moved on
  #sent = null;

  /** @param {function(string, string): Program} makeProgram links a fragment and a vertex shader (gl.js) */
  constructor(gl, makeProgram) {
    this.#gl = gl;
    this.#makeProgram = makeProgram;
  }

  /** The graphics context is new. */
  restore() {
    this.#program = null;
    this.#slots = [];
    this.#sent = null;
  }

  /** Sets the points, null for none. */
  set(points) {
    if (!points || points.count !== this.#points?.count) {
      for (const slot of this.#slots) slot.filled = false;
      this.#sent = null;
    }
    this.#points = points?.count > 0 ? points : null;
  }

  /** Draws them; scene as for Images.draw. */
  draw({width, height, viewport, camera, canvas, dim}) {
    const points = this.#points;
    if (!points) return;
    const gl = this.#gl;
    this.#program ??= this.#makeProgram(POINTS_FRAGMENT, POINTS_VERTEX);
    if (points.data !== this.#sent) this.#send(points);
    const ratio = width / viewport.width;
    const at = name => this.#program.uniform(name);
    const {place, wrap} = points;
    gl.useProgram(this.#program.name);
    gl.viewport(0, 0, width, height);
    gl.uniform4f(at("place"), place.x, place.y, place.width, place.height);
    gl.uniform2f(at("wrap"), wrap[0], wrap[1]);
    gl.uniform3f(at("camera"), camera.x, camera.y, camera.scale * ratio);
    gl.uniform2f(at("screen"), width, height);
    gl.uniform4f(at("veil"), canvas[0] / 255, canvas[1] / 255, canvas[2] / 255, dim);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (let age = TRAIL; age >= 0; age--) {
      const slot = this.#slots[(this.#head + TRAIL + 1 - age) % (TRAIL + 1)];
      if (!slot?.filled) continue;
      gl.uniform1f(at("size"), (age === 0 ? points.size + 2 * RING : points.size * 0.6) * ratio);
      gl.uniform1f(at("ring"), age === 0 ? RING * ratio : 0);
      gl.uniform1f(at("opacity"), 0.45 * (1 - age / (TRAIL + 1)));
      gl.bindVertexArray(slot.array);
      gl.drawArrays(gl.POINTS, 0, points.count);
    }
    gl.bindVertexArray(null);
    gl.disable(gl.BLEND);
  }

  /** Frees what the graphics card holds. */
  destroy() {
    const gl = this.#gl;
    for (const {array, buffer} of this.#slots) {
      gl.deleteVertexArray(array);
      gl.deleteBuffer(buffer);
    }
    this.#slots = [];
    if (this.#program) gl.deleteProgram(this.#program.name);
    this.#program = null;
    this.#points = null;
  }

  // Brings what came to the head of the trail, which moves on only now and then.
  #send({data, count}) {
    const gl = this.#gl;
    this.#sent = data;
    if (this.#slots.length > 0 && ++this.#since >= EVERY) {
      this.#since = 0;
      this.#head = (this.#head + 1) % (TRAIL + 1);
    }
    const slot = this.#slots[this.#head] ??= {array: gl.createVertexArray(), buffer: gl.createBuffer(), size: 0, filled: false};
    gl.bindVertexArray(slot.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, slot.buffer);
    if (slot.size !== data.byteLength) {
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
      slot.size = data.byteLength;
      gl.enableVertexAttribArray(0);
      gl.enableVertexAttribArray(1);
      gl.vertexAttribPointer(0, 1, gl.FLOAT, false, 4, 0);
      gl.vertexAttribPointer(1, 1, gl.FLOAT, false, 4, count * 4);
    } else {
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, data);
    }
    slot.filled = true;
    gl.bindVertexArray(null);
  }
}
