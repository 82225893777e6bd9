/** GLSL of the points; formulas equal sdf.ts, sprites.ts and drawlist.ts. */
import { LEVELS } from "./look";
import { HOLE } from "./sdf";

/** Color texels in a row of the lookup texture; dimmed colors follow the plain ones. */
export const LUT_WIDTH = 256;

export const VERTEX = `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in vec2 place;
layout(location = 1) in uint index;
layout(location = 2) in uint suspicion;
layout(location = 3) in uint bits;
uniform vec4 transform;
uniform vec2 size;
uniform float dpr;
uniform float radii[${LEVELS}];
uniform float alphas[${LEVELS}];
uniform float dimAlpha;
uniform float selectedAlpha;
uniform float ringGap;
uniform float ringWidth;
uniform float outlineGap;
uniform float outlineWidth;
uniform float tick;
uniform float faint;
uniform bool rings;
uniform int lutLength;
uniform sampler2D lut;
flat out vec4 fill;
flat out int shape;
flat out int mask;
flat out vec2 center;
flat out float radius;
void main() {
  mask = rings ? int(bits) : int(bits) & 26;
  int level = int(suspicion) >> 4;
  bool dim = (mask & 8) != 0;
  int at = int(index) + (dim ? lutLength : 0);
  vec4 texel = texelFetch(lut, ivec2(at % ${LUT_WIDTH}, at / ${LUT_WIDTH}), 0);
  shape = int(texel.a * 255.0 + 0.5);
  fill = vec4(texel.rgb, (mask & 4) != 0 ? selectedAlpha : faint * (dim ? dimAlpha : alphas[level]));
  radius = radii[level] * dpr;
  // Corners stick out beyond the circle of the same area.
  float reach = radius * (shape == 0 ? 1.0 : shape == 2 || shape == 5 ? 1.56 : 1.26);
  float ring = radius + ringGap * dpr;
  if ((mask & 1) != 0) reach = max(reach, ring + ringWidth * dpr);
  if ((mask & 4) != 0) reach = max(reach, ((mask & 1) != 0 ? ring : radius) + (outlineGap + outlineWidth) * dpr);
  if ((mask & 2) != 0) reach = max(reach, radius + (1.6 + 4.5 * tick) * dpr);
  // Quarter pixels, as the raster's sprites have.
  center = (floor((place * 65535.0 * transform.xz + transform.yw) * 4.0) + 0.5) / 4.0;
  gl_Position = vec4(center.x / size.x * 2.0 - 1.0, 1.0 - center.y / size.y * 2.0, 0.0, 1.0);
  gl_PointSize = 2.0 * reach + 2.0;
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
uniform vec2 size;
uniform float dpr;
uniform float ringGap;
uniform float ringWidth;
uniform float ringAlpha;
uniform float outlineGap;
uniform float outlineWidth;
uniform float tick;
uniform vec3 ringInk;
uniform vec3 accentInk;
uniform vec3 panelInk;
uniform vec3 okInk;
flat in vec4 fill;
flat in int shape;
flat in int mask;
flat in vec2 center;
flat in float radius;
out vec4 color;
float cover(float d) { return clamp(0.5 - d, 0.0, 1.0); }
float bars(vec2 q, float r) {
  return min(max(q.x - 1.1 * r, q.y - 0.42 * r), max(q.x - 0.42 * r, q.y - 1.1 * r));
}
float shapeDistance(vec2 p, float r) {
  vec2 q = abs(p);
  if (shape == 1) return max(q.x, q.y) - 0.886 * r;
  if (shape == 2) return max(p.y, 0.866 * q.x - 0.5 * p.y) - 0.777 * r;
  if (shape == 3) return 0.7071 * (q.x + q.y) - 0.886 * r;
  if (shape == 4) return bars(q, r);
  if (shape == 5) return max(-p.y, 0.866 * q.x + 0.5 * p.y) - 0.777 * r;
  if (shape == 6) return bars(0.7071 * abs(vec2(p.x + p.y, p.x - p.y)), r);
  return length(p) - r;
}
float segment(vec2 p, vec2 a, vec2 b) {
  vec2 d = b - a;
  return length(p - a - clamp(dot(p - a, d) / dot(d, d), 0.0, 1.0) * d);
}
float tickDistance(vec2 p, float s) {
  vec2 foot = vec2(-0.5, 1.5) * s;
  return min(segment(p, vec2(-1.9, 0.0) * s, foot), segment(p, foot, vec2(2.2, -1.7) * s));
}
void over(inout vec4 under, vec3 ink, float a) { under = vec4(ink * a, a) + under * (1.0 - a); }
void main() {
  vec2 p = vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) - center;
  float a = fill.a * cover(shapeDistance(p, radius));
  float far = length(p);
  if ((mask & 16) != 0) a *= cover(${HOLE} * radius - far);
  vec4 sum = vec4(fill.rgb * a, a);
  float ring = radius + ringGap * dpr;
  bool ringed = (mask & 1) != 0;
  bool dim = (mask & 8) != 0;
  if (ringed && !dim) over(sum, ringInk, ringAlpha * cover(abs(far - ring) - ringWidth * dpr * 0.5));
  if ((mask & 4) != 0) {
    float around = (ringed ? ring : radius) + outlineGap * dpr;
    over(sum, accentInk, cover(abs(far - around) - outlineWidth * dpr * 0.5));
  }
  if ((mask & 2) != 0 && !dim) {
    float away = radius + 1.6 * dpr;
    float d = tickDistance(p - vec2(away, -away), tick * dpr);
    over(sum, panelInk, cover(d - 1.7 * tick * dpr));
    over(sum, okInk, cover(d - 0.75 * tick * dpr));
  }
  if (sum.a <= 0.0) discard;
  color = sum;
}`;

export const UNIFORMS = [
  "transform",
  "size",
  "dpr",
  "radii",
  "alphas",
  "dimAlpha",
  "selectedAlpha",
  "ringGap",
  "ringWidth",
  "ringAlpha",
  "outlineGap",
  "outlineWidth",
  "tick",
  "faint",
  "rings",
  "lutLength",
  "lut",
  "ringInk",
  "accentInk",
  "panelInk",
  "okInk",
] as const;
export type UniformName = (typeof UNIFORMS)[number];
