/**
 * Colors and shapes of classes, of suspicion and of review states, for plot, gallery and panels.
 * Classes start with Okabe-Ito (its yellow and black replaced: neither shows on both themes); after the 24 chosen
 * colors hues go on by the golden angle. Seven shapes cycle beside 24 colors, so 168 classes differ in the pair.
 */
import { isUnlabelled, STATES, UNLABELLED } from "../store/types";
import { labToRgb, lch, parseHex, rgbToLab, toHex } from "./color";

/** In the order of the numbers that the renderers use. */
export const SHAPES = ["circle", "square", "triangle", "diamond", "plus", "down", "cross"] as const;
export type Shape = (typeof SHAPES)[number] | "hollow";

const LIGHT = [
  ..."#0072B2 #E69F00 #009E73 #CC79A7 #56B4E9 #D55E00 #8C6BB1 #7F7F7F #B79F00 #3C5488".split(" "),
  ..."#117733 #882255 #44AA99 #E7298A #66A61E #A65628 #332288 #CC6677 #7A7A1F #AA4499".split(" "),
  ..."#7DA7D9 #DDAA77 #4D4D4D #00C2D1".split(" "),
];
const GOLDEN_ANGLE = 137.50776405;

/** On a dark ground every color moves towards the light, keeping hue, chroma and most of its distance to others. */
function forDark(hex: string): string {
  const [L, a, b] = rgbToLab(parseHex(hex));
  return toHex(labToRgb([0.68 + 0.55 * (L - 0.6), a, b]));
}

const DARK = LIGHT.map(forDark);
const further = new Map<number, string>();

function generated(code: number, dark: boolean): string {
  const key = code * 2 + Number(dark);
  let hex = further.get(key);
  if (hex === undefined) {
    const lightness = [0.5, 0.62, 0.74][code % 3]! + (dark ? 0.09 : 0);
    hex = toHex(labToRgb(lch(lightness, code % 2 === 0 ? 0.14 : 0.09, (code * GOLDEN_ANGLE) % 360)));
    further.set(key, hex);
  }
  return hex;
}

/** "#rrggbb" of a class code; gray for unlabelled rows. */
export function classColor(code: number, dark: boolean): string {
  if (code < 0 || code >= UNLABELLED) return dark ? "#737e8c" : "#8a94a3";
  return (dark ? DARK : LIGHT)[code] ?? generated(code, dark);
}

/** Number of the shape in SHAPES; a circle for unlabelled rows. */
export function shapeIndex(code: number): number {
  return code < 0 || code >= UNLABELLED ? 0 : code % SHAPES.length;
}

export function classShape(code: number): Shape {
  return isUnlabelled(code) ? "hollow" : SHAPES[shapeIndex(code)]!;
}

/** Straight lines in OKLab are even to the eye: from a quiet gray over orange to vermilion. */
const RAMPS = {
  light: [lch(0.84, 0.02, 60), lch(0.7, 0.11, 45), lch(0.56, 0.19, 31)],
  dark: [lch(0.42, 0.02, 60), lch(0.57, 0.1, 45), lch(0.72, 0.17, 30)],
};

function table(stops: (readonly [number, number, number])[]): string[] {
  return Array.from({ length: 256 }, (_, i) => {
    const t = (i / 255) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(t));
    const from = stops[k]!;
    const to = stops[k + 1]!;
    const mix = (j: 0 | 1 | 2): number => from[j] + (to[j] - from[j]) * (t - k);
    return toHex(labToRgb([mix(0), mix(1), mix(2)]));
  });
}

/** Lightness runs straight from one end to the other, so that equal steps of a number look equally large. */
const NUMERIC_RAMPS = {
  light: [lch(0.87, 0.07, 178), lch(0.68, 0.105, 205), lch(0.5, 0.12, 255), lch(0.31, 0.13, 292)],
  dark: [lch(0.4, 0.11, 290), lch(0.56, 0.12, 255), lch(0.73, 0.105, 205), lch(0.9, 0.08, 165)],
};

const tables = new Map<string, string[]>();

function sample(name: string, stops: (readonly [number, number, number])[], t: number): string {
  let colors = tables.get(name);
  if (colors === undefined) {
    colors = table(stops);
    tables.set(name, colors);
  }
  return colors[Number.isFinite(t) ? Math.round(255 * Math.min(1, Math.max(0, t))) : 0]!;
}

/** "#rrggbb" of a suspicion in 0…1; perceptually uniform. */
export function ramp(t: number, dark: boolean): string {
  const name = dark ? "dark" : "light";
  return sample(name, RAMPS[name], t);
}

/** "#rrggbb" of any other number, scaled to 0…1; perceptually uniform. */
export function numericRamp(t: number, dark: boolean): string {
  const name = dark ? "dark" : "light";
  return sample(`numeric ${name}`, NUMERIC_RAMPS[name], t);
}

/** Of a value that is missing: no color of a ramp or a class. */
export function missingColor(dark: boolean): string {
  return dark ? "#737e8c" : "#9aa3b0";
}

const STATE_COLORS: readonly [light: string, dark: string][] = [
  ["#a3abb7", "#667080"],
  ["#0b8a62", "#3cc795"],
  ["#2f6feb", "#6ea1ff"],
  ["#E69F00", "#f2b84b"],
  ["#4b5563", "#c3cad4"],
  ["#8C6BB1", "#b49ad6"],
];

/** "#rrggbb" of a review state (number as in `STATES`). */
export function stateColor(state: number, dark: boolean): string {
  return (STATE_COLORS[state] ?? STATE_COLORS[0]!)[dark ? 1 : 0];
}

/** Shape of a review state, so that states are told apart without color too. */
export function stateShapeIndex(state: number): number {
  return state >= 0 && state < STATES.length ? state : 0;
}

/** SVG path of a shape in a box from -10 to 10; areas are about equal. */
const PATHS: Record<Shape, string> = {
  circle: "M0-8A8 8 0 1 1 0 8 8 8 0 1 1 0-8Z",
  square: "M-7.1-7.1H7.1V7.1H-7.1Z",
  triangle: "M0-10 9.4 6.2H-9.4Z",
  diamond: "M0-10 10 0 0 10-10 0Z",
  plus: "M-3.4-8.8H3.4V-3.4H8.8V3.4H3.4V8.8H-3.4V3.4H-8.8V-3.4H-3.4Z",
  down: "M0 10-9.4-6.2H9.4Z",
  hollow: "M0-8A8 8 0 1 1 0 8 8 8 0 1 1 0-8ZM0-4A4 4 0 1 0 0 4 4 4 0 1 0 0-4Z",
  cross: "M0-4.8 3.8-8.6 8.6-3.8 4.8 0 8.6 3.8 3.8 8.6 0 4.8-3.8 8.6-8.6 3.8-4.8 0-8.6-3.8-3.8-8.6Z",
};

export function shapePath(shape: Shape): string {
  return PATHS[shape];
}
