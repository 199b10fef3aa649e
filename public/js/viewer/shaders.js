/**
 * The shaders. One triangle covers the picture; the fragment shader looks everything up in three small integer textures:
 *
 * - axes: the tables of axes-table.js, row 0 for columns of pixels, row 1 for rows of pixels;
 * - masks: the bands of state-hash.js, row 0 for columns of cells, row 1 for rows of cells, both from `first` on;
 * - states: the hash table of state-hash.js.
 *
 * Constants that JavaScript and GLSL share are written into the source from JavaScript's, so that they cannot differ.
 */

import {ENTRY_BANDS, IN_IMAGE, VIEW_BITS} from "./axes-table.js";
import {KEY_BITS, MULTIPLIER, SEEN, STATE_BITS, TABLE_WIDTH_BITS} from "./state-hash.js";

export const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT = `
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D axes;
uniform int height;        // of the picture, device pixels
uniform vec3 canvas;
uniform vec3 tileOff;
uniform vec3 tileSeen;
uniform vec3 viewColor;
uniform vec2 viewFill;     // opacity of the view's inside and of the casing around its edge
uniform vec3 casingColor;
uniform float dim;         // 0: as it is, 1: nothing but canvas
uniform vec4 ground;       // what lies under the tiles, with its alpha multiplied in: the canvas, or nothing over a picture
uniform vec3 fills;        // opacity of tiles that are off, of tiles that are seen, of the gaps between them

#ifdef LOOK_UP
uniform usampler2D masks;
uniform usampler2D states;
uniform ivec2 first;       // (column, row) of the first cell in masks, from the anchor
uniform bool wide;         // masks count: there are more bands than the axes have bits for
uniform int shift;         // of the hash
uniform int probes;        // steps a search may take
uniform int coarse;        // cells of the hash are 2^coarse cells of the axes
uniform ivec4 bounds;      // first row, first column, last row, last column with a cell in the hash
#endif

out vec4 color;

#ifdef LOOK_UP
bool inBands(ivec2 cell) {
  ivec2 at = cell - first;
  uvec4 both = texelFetch(masks, ivec2(at.x, 0), 0) & texelFetch(masks, ivec2(at.y, 1), 0);
  return (both.x | both.y | both.z | both.w) != 0u;
}

bool inHash(ivec2 cell) {
  ivec2 at = cell >> coarse;
  bool within = at.y >= bounds.x && at.x >= bounds.y && at.y <= bounds.z && at.x <= bounds.w;
  uint key = uint(at.y) << ${KEY_BITS} | uint(at.x);
  uint slot = key * ${MULTIPLIER}u >> shift;
  uint last = (1u << (32 - shift)) - 1u;
  bool found = false;
  for (int turn = within ? probes : 0; turn > 0; turn--) {
    uint entry = texelFetch(states, ivec2(slot & ${(1 << TABLE_WIDTH_BITS) - 1}u, slot >> ${TABLE_WIDTH_BITS}), 0).x;
    found = entry >> ${STATE_BITS} == key && (entry & ${(1 << STATE_BITS) - 1}u) == ${SEEN}u;
    if (found || entry == 0u) break;
    slot = slot + 1u & last;
  }
  return found;
}
#endif

vec3 viewShares(uint word) {
  return vec3(uvec3(word, word >> ${VIEW_BITS}, word >> ${2 * VIEW_BITS}) & ${(1 << VIEW_BITS) - 1}u) * ${1 / ((1 << VIEW_BITS) - 1)};
}

void main() {
  uvec4 column = texelFetch(axes, ivec2(gl_FragCoord.x, 0), 0);
  uvec4 row = texelFetch(axes, ivec2(height - 1 - int(gl_FragCoord.y), 1), 0);
  vec2 x = unpackUnorm2x16(column.y);
  vec2 y = unpackUnorm2x16(row.y);

  // The pixel is a mixture of canvas and of two by two cells, most of which have no share: (x, y), (x + 1, y), (x, y + 1),
  // (x + 1, y + 1).
  vec4 shares = x.xyxy * y.xxyy;
  uvec4 across = uvec2(column.w & ${(1 << ENTRY_BANDS) - 1}u, column.w >> ${ENTRY_BANDS}).xyxy;
  uvec4 down = uvec2(row.w & ${(1 << ENTRY_BANDS) - 1}u, row.w >> ${ENTRY_BANDS}).xxyy;
  vec4 redShares = shares * vec4(notEqual(across & down, uvec4(0)));
  float tiles = dot(shares, vec4(1));
  float red = dot(redShares, vec4(1));

#ifdef LOOK_UP
  // Cells that these bands do not reach are looked up, one a turn. A loop and not four ifs, because software renderers take
  // both sides of an if, but leave a loop as soon as no pixel of their group needs another turn.
  vec4 open = shares - redShares;
  int turns = open.w > 0.0 ? 4 : open.z > 0.0 ? 3 : open.y > 0.0 ? 2 : open.x > 0.0 ? 1 : 0;
  for (int turn = 0; turn < turns; turn++) {
    ivec2 cell = ivec2(column.x, row.x) + ivec2(turn & 1, turn >> 1);
    if (open.x > 0.0 && ((wide && inBands(cell)) || inHash(cell))) red += open.x;
    open = open.yzwx;
  }
#endif
  vec4 result = ground + (vec4(tileOff, 1.0) - ground) * ((tiles - red) * fills.x) + (vec4(tileSeen, 1.0) - ground) * (red * fills.y);
  float gap = float(column.z & row.z & ${IN_IMAGE}u) * ${1 / IN_IMAGE} * (1.0 - tiles);
  result = mix(result, vec4(tileOff, 1.0), gap * fills.z);

  // The view rectangle: its inside translucent, its edge solid, a thin casing so that the edge stands out on any ground.
  vec3 view = viewShares(column.z) * viewShares(row.z);
  result = mix(result, vec4(casingColor, 1.0), (view.x - view.y) * viewFill.y);
  result = mix(result, vec4(viewColor, 1.0), view.y - view.z + view.z * viewFill.x);

  color = mix(result, vec4(canvas, 1.0), dim);
}`;

/**
 * The fragment shader. Most pictures have their few rectangles in the axes alone; the shader that looks nothing up takes half
 * the time of the other in a software renderer, even where the other finds nothing to look up.
 */
export function fragment(lookUp) {
  return `#version 300 es\n${lookUp ? "#define LOOK_UP\n" : ""}${FRAGMENT}`;
}
