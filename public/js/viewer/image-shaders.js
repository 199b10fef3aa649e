/**
 * The shaders of pictures under the tiles, and of shared arrays. A picture is a texture of numbers, drawn over the rectangle in
 * which it lies. What is computed for a pixel is counted from a texel near the middle of the screen (`home`), so that float32
 * has digits to spare however far one has zoomed in; the rest of the camera is float64 in image.js.
 */

import {LABEL_MULTIPLIER, LUT_SIZE} from "./lut.js";

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
uniform float gamma;
uniform float opacity;
uniform float opaque;   // the alpha sample that means opaque; 0: there is no alpha
uniform vec4 veil;      // colour, and how much of it lies over the picture

out vec4 color;

// The samples of a texel, and in known whether it has a value: not if it is NaN.
vec4 texel(ivec2 at, out float known) {
  at = clamp(at, ivec2(0), size - 1);
#ifdef INTEGER
  known = 1.0;
  return vec4(texelFetch(picture, at, 0));
#else
  vec4 value = texelFetch(picture, at, 0);
  // By the bits: drivers may take isnan away.
#ifdef COLOR
  uvec3 bits = floatBitsToUint(value.rgb) & 0x7fffffffu;
  known = max(max(bits.x, bits.y), bits.z) > 0x7f800000u ? 0.0 : 1.0;
#else
  known = (floatBitsToUint(value.x) & 0x7fffffffu) > 0x7f800000u ? 0.0 : 1.0;
#endif
  return known > 0.0 ? clamp(value, -1e37, 1e37) : vec4(0);
#endif
}

vec4 look(vec4 value) {
#ifdef LABELS
#ifdef INTEGER
  uint label = uint(value.x);
#else
  uint label = uint(int(value.x));
#endif
  int entry = label == 0u ? 0 : 1 + int((label * ${LABEL_MULTIPLIER}u >> 16) % ${LUT_SIZE - 1}u);
  return texelFetch(colors, ivec2(entry, 0), 0);
#else
  vec4 share = clamp((value - limits.x) * limits.y, 0.0, 1.0);
#ifdef COLOR
  if (gamma != 1.0) share = pow(share, vec4(gamma));
  return vec4(share.rgb, opaque > 0.0 ? clamp(value.a / opaque, 0.0, 1.0) : 1.0);
#else
  float at = (gamma == 1.0 ? share.x : pow(share.x, gamma)) * ${LUT_SIZE - 1}.0;
  int below = min(int(at), ${LUT_SIZE - 2});
  return mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2(below + 1, 0), 0), at - float(below));
#endif
#endif
}

void main() {
  vec2 at = vec2(gl_FragCoord.x, float(height) - gl_FragCoord.y);
  vec2 cover = clamp(min(at + 0.5, edge.zw) - max(at - 0.5, edge.xy), 0.0, 1.0);
  vec2 t = (at - centre) * texels + rest;
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
  float alpha = result.a * known * opacity * cover.x * cover.y;
  color = vec4(mix(result.rgb, veil.rgb, veil.a) * alpha, alpha);
}`;

/**
 * The fragment shader of one kind of picture.
 *
 * @param {boolean} integer whether its texture holds whole numbers
 * @param {string} kind "scalar", "color" or "labels"
 */
export function imageFragment(integer, kind) {
  const defines = [integer && "INTEGER", kind === "color" && "COLOR", kind === "labels" && "LABELS"].filter(Boolean);
  return `#version 300 es\n${defines.map(name => `#define ${name}\n`).join("")}${SHADER}`;
}
