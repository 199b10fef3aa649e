/**
 * The shaders of pictures under the tiles, and of shared arrays. A picture is a texture of numbers, drawn over the rectangle in
 * which it lies. What is computed for a pixel is counted from a texel near the middle of the screen (`home`), so that float32
 * has digits to spare however far one has zoomed in; the rest of the camera is float64 in image.js.
 */

import {LABEL_CARRY, LABEL_MULTIPLIER, LUT_SIZE} from "./lut.js";

const SHADER = `
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;

#ifdef INTEGER
uniform usampler2D picture;
#else
uniform sampler2D picture;
#endif
uniform sampler2D colors;
uniform int height;     // of the screen, device pixels
uniform vec2 centre;    // of the screen, device pixels
uniform vec4 edge;      // of the picture on the screen: left, top, right, bottom, device pixels
uniform ivec2 size;     // texels
uniform ivec2 home;     // texel under the centre
uniform vec2 rest;      // where in that texel the centre is
uniform vec2 texels;    // along a device pixel
uniform bool smoothly;
uniform vec2 limits;    // low, and 1 / (high - low)
#ifdef WIDE
uniform uint zero;      // what whole numbers of 32 bits are counted from, before they become floats; low is, too
#endif
uniform bool negative;  // whole numbers have a sign
uniform float gamma;
uniform float opacity;
uniform float opaque;   // the alpha sample that means opaque; 0: there is no alpha
uniform vec4 veil;      // colour, and how much of it lies over the picture
#ifdef PLACED
uniform mat2 turn;      // from device pixels about the centre to texels
uniform vec2 last;      // how much of the last texels there is: a frame that the step does not divide
uniform bool steps;     // the colours of the table are not blended
uniform vec4 over;      // colour from the upper limit on; alpha less than 0: that of the table
uniform vec4 under;
uniform vec4 none;      // colour of what is no number
uniform bool hollow;    // a finer picture lies over a part of it, which is left out
uniform mat2 holeTurn;  // as turn, size, home, rest and last of that picture
uniform ivec2 holeSize;
uniform ivec2 holeHome;
uniform vec2 holeRest;
uniform vec2 holeLast;
#endif
#ifdef ANGLES
uniform sampler2D weights; // of the same part of the frame
uniform float among;    // its texels along one of the picture's
uniform float weighing; // a weight times this is how much is seen of an angle; 0: all of it
uniform float lines;    // of equal angle in a full turn
uniform float ratio;    // device pixels a CSS pixel
#endif

out vec4 color;

#ifdef WIDE
float fromZero(uint value) {
  bool below = negative ? int(value) < int(zero) : value < zero;
  return below ? -float(zero - value) : float(value - zero);
}
#endif

// The samples of a texel, and in known whether it has a value: not if it is NaN.
vec4 texel(ivec2 at, out float known) {
  at = clamp(at, ivec2(0), size - 1);
#ifdef INTEGER
  known = 1.0;
  uvec4 whole = texelFetch(picture, at, 0);
#ifdef WIDE
  return vec4(fromZero(whole.x), fromZero(whole.y), fromZero(whole.z), fromZero(whole.w));
#else
  return vec4(whole);
#endif
#else
  vec4 value = texelFetch(picture, at, 0);
  // By the bits: drivers may take isnan away.
#ifdef COLOR
  uvec4 bits = floatBitsToUint(value) & 0x7fffffffu;
#ifdef PLACED
  // As napari: a colour without a number is the lowest, and an alpha without one transparent.
  known = 1.0;
  return clamp(mix(value, vec4(-1e37, -1e37, -1e37, 0), greaterThan(bits, uvec4(0x7f800000u))), -1e37, 1e37);
#endif
  known = max(max(bits.x, bits.y), max(bits.z, bits.w)) > 0x7f800000u ? 0.0 : 1.0;
#else
  known = (floatBitsToUint(value.x) & 0x7fffffffu) > 0x7f800000u ? 0.0 : 1.0;
#endif
  return known > 0.0 ? clamp(value, -1e37, 1e37) : vec4(0);
#endif
}

#ifdef ANGLES
const float TURN = 6.283185307179586;

// A direction with the weight of its texel: (cos, sin) times it. Nothing where there is no number.
vec3 direction(ivec2 at) {
  float known;
  float angle = texel(at, known).x;
  float weight = 1.0;
  if (weighing > 0.0) {
    ivec2 there = ivec2((vec2(clamp(at, ivec2(0), size - 1)) + 0.5) * among);
    weight = clamp(texelFetch(weights, min(there, textureSize(weights, 0) - 1), 0).x * weighing, 0.0, 1.0);
  }
  return known > 0.0 ? vec3(cos(angle), sin(angle), weight) : vec3(0);
}
#endif

#ifdef LABELS
// Labels are whole numbers all the way, or entries of the table.
vec4 labelAt(ivec2 at) {
  uint label = texelFetch(picture, clamp(at, ivec2(0), size - 1), 0).x;
#ifdef PLACED
  return texelFetch(colors, ivec2(int(label) & ${LUT_SIZE - 1}, int(label) >> 8), 0);
#endif
#ifdef ENTRIES
  int entry = int(label);
#else
  uint upper = negative && int(label) < 0 ? 0xffffffffu : 0u;
  int entry = label == 0u ? 0 : 1 + int(((label + upper * ${LABEL_CARRY}u) * ${LABEL_MULTIPLIER}u >> 16) % ${LUT_SIZE - 1}u);
#endif
  return texelFetch(colors, ivec2(entry, 0), 0);
}
#endif

vec4 look(vec4 value) {
  vec4 share = clamp((value - limits.x) * limits.y, 0.0, 1.0);
#ifdef COLOR
  if (gamma != 1.0) share = pow(share, vec4(gamma));
  return vec4(share.rgb, opaque > 0.0 ? clamp(value.a / opaque, 0.0, 1.0) : 1.0);
#else
  float at = (gamma == 1.0 ? share.x : pow(share.x, gamma)) * ${LUT_SIZE - 1}.0;
  int below = min(int(at), ${LUT_SIZE - 2});
  return mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2(below + 1, 0), 0), at - float(below));
#endif
}

#ifdef PLACED
#ifndef LABELS
// As napari's own shader colours a value.
vec4 drawn(vec4 value, bool isNumber) {
  vec4 share = clamp((value - limits.x) * limits.y, 0.0, 1.0);
#ifdef COLOR
  if (gamma != 1.0) share = pow(share, vec4(gamma));
  return vec4(share.rgb, opaque > 0.0 ? value.a / opaque : 1.0);
#else
  if (!isNumber) return none;
  float t = gamma == 1.0 ? share.x : pow(share.x, gamma);
  if (t >= 1.0 && over.a >= 0.0) return over;
  if (t <= 0.0 && under.a >= 0.0) return under;
  if (steps) return texelFetch(colors, ivec2(min(int(t * ${LUT_SIZE}.0), ${LUT_SIZE - 1}), 0), 0);
  float at = t * ${LUT_SIZE - 1}.0;
  int below = min(int(at), ${LUT_SIZE - 2});
  return mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2(below + 1, 0), 0), at - float(below));
#endif
}
#endif

// Whether a place lies on a picture: texel is where it falls, parts how much of the last ones there is.
bool within(ivec2 on, vec2 t, ivec2 texels, vec2 parts) {
  if (on.x < 0 || on.y < 0 || on.x >= texels.x || on.y >= texels.y) return false;
  return !(on.x == texels.x - 1 && fract(t.x) >= parts.x || on.y == texels.y - 1 && fract(t.y) >= parts.y);
}

// A picture that lies in any way. A pixel is drawn where its middle is in the picture, and what it becomes with what lies below is
// said by the blending: its colour is not multiplied by its alpha.
void main() {
  vec2 at = vec2(gl_FragCoord.x, float(height) - gl_FragCoord.y);
  vec2 t = turn * (at - centre) + rest;
  ivec2 on = home + ivec2(floor(t));
  if (!within(on, t, size, last)) discard;
  if (hollow) {
    vec2 h = holeTurn * (at - centre) + holeRest;
    if (within(holeHome + ivec2(floor(h)), h, holeSize, holeLast)) discard;
  }
#ifdef LABELS
  vec4 result = labelAt(on);
#else
  float known;
  vec4 value;
  if (smoothly) {
    vec2 corner = floor(t - 0.5);
    vec2 f = t - 0.5 - corner;
    ivec2 first = home + ivec2(corner);
    vec4 one;
    vec4 a = texel(first, one.x);
    vec4 b = texel(first + ivec2(1, 0), one.y);
    vec4 c = texel(first + ivec2(0, 1), one.z);
    vec4 d = texel(first + ivec2(1, 1), one.w);
    value = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    known = min(min(one.x, one.y), min(one.z, one.w));
  } else {
    value = texel(on, known);
  }
  vec4 result = drawn(value, known > 0.0);
#endif
  color = vec4(mix(result.rgb, veil.rgb, veil.a), clamp(result.a * opacity, 0.0, 1.0));
}
#else
void main() {
  vec2 at = vec2(gl_FragCoord.x, float(height) - gl_FragCoord.y);
  vec2 cover = clamp(min(at + 0.5, edge.zw) - max(at - 0.5, edge.xy), 0.0, 1.0);
  vec2 t = (at - centre) * texels + rest;
#ifdef ANGLES
  vec2 corner = floor(t - 0.5);
  vec2 f = t - 0.5 - corner;
  ivec2 first = home + ivec2(corner);
#ifdef CONTOURS
  bool blended = true;
#else
  bool blended = smoothly;
#endif
  vec3 a = direction(blended ? first : home + ivec2(floor(t)));
  vec3 z = a;
  vec2 turn = vec2(0);   // how fast the angle changes, radians a device pixel across and down
  if (blended) {
    vec3 b = direction(first + ivec2(1, 0));
    vec3 c = direction(first + ivec2(0, 1));
    vec3 d = direction(first + ivec2(1, 1));
    z = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    vec2 right = mix(b.xy - a.xy, d.xy - c.xy, f.y) * texels.x;
    vec2 down = mix(c.xy - a.xy, d.xy - b.xy, f.x) * texels.y;
    turn = vec2(z.x * right.y - z.y * right.x, z.x * down.y - z.y * down.x) / max(dot(z.xy, z.xy), 1e-6);
  }
  float angle = dot(z.xy, z.xy) > 1e-12 ? atan(z.y, z.x) : 0.0;
#ifdef CONTOURS
  // How far the next line is, device pixels; where lines lie closer than they are wide they would fill everything.
  float among = angle / TURN * lines;
  float pace = length(turn) / TURN * lines;
  float away = abs(fract(among + 0.5) - 0.5) / max(pace, 1e-9);
  float room = 1.0 / max(pace, 1e-9) / ratio;
  float core = clamp(0.55 * ratio + 0.5 - away, 0.0, 1.0);
  float casing = clamp(1.35 * ratio + 0.5 - away, 0.0, 1.0) * 0.55;
  float seen = smoothstep(2.5, 6.0, room) * z.z * opacity * cover.x * cover.y;
  float alpha = max(core, casing) * seen;
  vec3 rgb = vec3(core / max(max(core, casing), 1e-6));
  color = vec4(mix(rgb, veil.rgb, veil.a) * alpha, alpha);
#else
  // The table goes round once: its last colour stands beside its first.
  float at256 = fract(angle / TURN + 0.5) * ${LUT_SIZE}.0;
  int below = int(at256) % ${LUT_SIZE};
  vec4 hue = mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2((below + 1) % ${LUT_SIZE}, 0), 0), fract(at256));
  float alpha = opacity * cover.x * cover.y;
  color = vec4(mix(hue.rgb * z.z, veil.rgb, veil.a) * alpha, alpha);
#endif
}
#else
#ifdef LABELS
  float known = 1.0;
  vec4 result = labelAt(home + ivec2(floor(t)));
#else
  float known;
  vec4 value;
  if (smoothly) {
    vec2 corner = floor(t - 0.5);
    vec2 f = t - 0.5 - corner;
    ivec2 first = home + ivec2(corner);
    vec4 one;
    vec4 a = texel(first, one.x);
    vec4 b = texel(first + ivec2(1, 0), one.y);
    vec4 c = texel(first + ivec2(0, 1), one.z);
    vec4 d = texel(first + ivec2(1, 1), one.w);
#ifdef INTEGER
    value = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    known = 1.0;
#else
    vec4 w = one * vec4((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
    float sum = w.x + w.y + w.z + w.w;
    known = sum > 0.001 ? sum : 0.0;
    value = (a * w.x + b * w.y + c * w.z + d * w.w) / max(sum, 0.001);
#endif
  } else {
    value = texel(home + ivec2(floor(t)), known);
  }
  vec4 result = look(value);
#endif
  float alpha = result.a * known * opacity * cover.x * cover.y;
  color = vec4(mix(result.rgb, veil.rgb, veil.a) * alpha, alpha);
}
#endif
#endif
`;

/**
 * The fragment shader of one kind of picture.
 *
 * @param {string} store what its texture holds: "float", "integer" for whole numbers, "wide" for those of 32 bits, "entries" for
 * entries of the table of labels
 * @param {string} kind "scalar", "color", "labels", "phase" or "contours"; labels are no floats, angles nothing else
 * @param {boolean} [placed] whether it lies in any way, and is drawn as napari draws it; labels are then entries of their own table
 */
export function imageFragment(store, kind, placed = false) {
  const defines = [store !== "float" && "INTEGER", store === "wide" && "WIDE", store === "entries" && "ENTRIES", kind === "color" && "COLOR", kind === "labels" && "LABELS",
    (kind === "phase" || kind === "contours") && "ANGLES", kind === "contours" && "CONTOURS", placed && "PLACED"].filter(Boolean);
  return `#version 300 es\n${defines.map(name => `#define ${name}\n`).join("")}${SHADER}`;
}
