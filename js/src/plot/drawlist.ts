/** What is drawn, in drawing order, packed in 8 bytes a point: the GL vertex buffer and the raster's input alike. */
import { type ColorBy, FLAGGED, type Table, UNLABELLED } from "../store/types";
import { pack, parseHex, type Rgb } from "./color";
import { classColor, ramp, shapeIndex, stateColor, stateShapeIndex } from "./palette";

export const RING = 1;
export const TICK = 2;
export const SELECTED = 4;
export const DIM = 8;

/**
 * word 2i: x | y << 16, both 0…65535; word 2i + 1: color index | suspicion << 16 | bits << 24.
 * Order: dimmed, plain, ringed, selected; within each the more suspicious later, so on top.
 */
export interface DrawList {
  readonly words: Uint32Array;
  readonly count: number;
  readonly rings: number;
}

/** Color index -> color and shape; entry 0xAABBGGRR. */
export interface Lut {
  readonly colors: Uint32Array;
  readonly dimmed: Uint32Array;
  readonly shapes: Uint8Array;
}

export interface Attributes {
  colorBy: ColorBy;
  classes: number;
  selected: Uint8Array;
  passing: Uint8Array;
}

const EDITED = new Uint8Array([0, 1, 0, 0, 0, 1]);

/** The column of class codes that a coloring shows, or null when it shows something else. */
export function codesFor(table: Table, colorBy: ColorBy): Uint16Array | null {
  if (colorBy === "given") return table.given;
  if (colorBy === "current") return table.current;
  if (colorBy === "suggested") return table.suggested;
  return null;
}

/** Bits of one row. */
export function bitsOf(table: Table, row: number, selected: number, passing: number): number {
  const ring = table.flags[row]! & FLAGGED && table.suggested[row] !== table.current[row] ? RING : 0;
  const tick = EDITED[table.state[row]!] ? TICK : 0;
  return ring | tick | (selected ? SELECTED : 0) | (passing ? 0 : DIM);
}

/** Drawing layer (0…3) of each combination of bits. */
const LAYER = Uint8Array.from({ length: 16 }, (_, bits) =>
  bits & SELECTED ? 3 : bits & DIM ? 0 : bits & RING ? 2 : 1,
);

export function buildDrawList(table: Table, attributes: Attributes): DrawList {
  const { n, x, y, suspicion } = table;
  if (x === null || y === null) return { words: new Uint32Array(0), count: 0, rings: 0 };
  const { selected, passing, classes, colorBy } = attributes;
  const codes = codesFor(table, colorBy);
  const bits = new Uint8Array(n);
  const next = new Uint32Array(4 * 256 + 1);
  let rings = 0;
  for (let row = 0; row < n; row++) {
    const b = bitsOf(table, row, selected[row]!, passing[row]!);
    bits[row] = b;
    rings += b & RING && !(b & DIM) ? 1 : 0;
    next[LAYER[b]! * 256 + suspicion[row]! + 1]!++;
  }
  for (let k = 1; k < next.length; k++) next[k]! += next[k - 1]!;
  const words = new Uint32Array(2 * n);
  for (let row = 0; row < n; row++) {
    const b = bits[row]!;
    const s = suspicion[row]!;
    const at = 2 * next[LAYER[b]! * 256 + s]!++;
    let index = codes === null ? (colorBy === "state" ? table.state[row]! : s) : codes[row]!;
    if (codes !== null && index >= classes) index = classes;
    words[at] = x[row]! | (y[row]! << 16);
    words[at + 1] = index | (s << 16) | (b << 24);
  }
  return { words, count: n, rings };
}

/** Colors in the order of the color index; for classes the last entry is for unlabelled rows. */
export function buildLut(colorBy: ColorBy, classes: number, dark: boolean, gray: Rgb): Lut {
  const entries: [hex: string, shape: number][] = [];
  if (colorBy === "suspicion") for (let s = 0; s < 256; s++) entries.push([ramp(s / 255, dark), 0]);
  else if (colorBy === "state") {
    for (let s = 0; s < 6; s++) entries.push([stateColor(s, dark), stateShapeIndex(s)]);
  } else {
    for (let code = 0; code < classes; code++) entries.push([classColor(code, dark), shapeIndex(code)]);
    entries.push([classColor(UNLABELLED, dark), 0]);
  }
  const rgb = entries.map(([hex]) => parseHex(hex));
  const mix = (c: Rgb): Rgb =>
    [0, 1, 2].map((j) => Math.round(c[j]! * 0.25 + gray[j]! * 0.75)) as unknown as Rgb;
  return {
    colors: Uint32Array.from(rgb, (c) => pack(c)),
    dimmed: Uint32Array.from(rgb, (c) => pack(mix(c))),
    shapes: Uint8Array.from(entries, ([, shape]) => shape),
  };
}
