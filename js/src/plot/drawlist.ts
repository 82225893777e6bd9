/** What is drawn, in drawing order, packed in 8 bytes a point: the GL vertex buffer and the raster's input alike. */
import { FLAGGED, type Table, UNLABELLED, WIDE_NONE } from "../store/types";
import type { Coloring } from "./coloring";

export type { Lut } from "./coloring";

export const RING = 1;
export const TICK = 2;
export const SELECTED = 4;
export const DIM = 8;
/** A row without a label: a hole in its mark, whatever colors it. */
export const HOLLOW = 16;

/** Layers, from the lowest up. */
export const LAYERS = 4;
export const [DIM_LAYER, PLAIN_LAYER, RING_LAYER, SELECTED_LAYER] = [0, 1, 2, 3];

/**
 * word 2i: x | y << 16, both 0…65535; word 2i + 1: color index | suspicion << 16 | bits << 24.
 * Order: dimmed, plain, ringed, selected; within each the more suspicious later, so on top.
 */
export interface DrawList {
  readonly words: Uint32Array;
  readonly count: number;
  /** first point of each layer, and the count */
  readonly starts: readonly number[];
}

export const EMPTY: DrawList = { words: new Uint32Array(0), count: 0, starts: [0, 0, 0, 0, 0] };

export interface Attributes {
  coloring: Coloring;
  selected: Uint8Array;
  passing: Uint8Array;
  /** 0/1: rows whose columns have come; null: all */
  known?: Uint8Array | null;
}

const EDITED = new Uint8Array([0, 1, 0, 0, 0, 1]);

/** Bits of one row; `none`: the code of rows without a label. */
function bitsOf(table: Table, row: number, none: number, selected: number, passing: number): number {
  const ring = table.flags[row]! & FLAGGED && table.suggested[row] !== table.current[row] ? RING : 0;
  const tick = EDITED[table.state[row]!] ? TICK : 0;
  // no branch: where labels are mixed the processor could not foresee it
  const hollow = Number(table.current[row] === none) * HOLLOW;
  return ring | tick | hollow | (selected ? SELECTED : 0) | (passing ? 0 : DIM);
}

/** Drawing layer of each combination of bits. */
const LAYER = Uint8Array.from({ length: 32 }, (_, bits) =>
  bits & SELECTED ? SELECTED_LAYER : bits & DIM ? DIM_LAYER : bits & RING ? RING_LAYER : PLAIN_LAYER,
);

/** `reuse`: words of a list that is no longer drawn, so that a million points are not allocated on each edit */
export function buildDrawList(table: Table, attributes: Attributes, reuse?: Uint32Array): DrawList {
  const { n, x, y, suspicion } = table;
  if (x === null || y === null) return EMPTY;
  const { selected, passing, coloring, known = null } = attributes;
  const { codes, last } = coloring;
  const none = table.current instanceof Uint32Array ? WIDE_NONE : UNLABELLED;
  const bits = new Uint8Array(n);
  const next = new Uint32Array(LAYERS * 256 + 1);
  for (let row = 0; row < n; row++) {
    if (known !== null && known[row] === 0) continue;
    const b = bitsOf(table, row, none, selected[row]!, passing[row]!);
    bits[row] = b;
    next[((LAYER[b]! << 8) | suspicion[row]!) + 1]!++;
  }
  for (let k = 1; k < next.length; k++) next[k]! += next[k - 1]!;
  const starts = [0, 1, 2, 3, 4].map((layer) => next[layer * 256]!);
  const count = starts[LAYERS]!;
  const words = reuse?.length === 2 * count ? reuse : new Uint32Array(2 * count);
  for (let row = 0; row < n; row++) {
    if (known !== null && known[row] === 0) continue;
    const b = bits[row]!;
    const s = suspicion[row]!;
    const at = 2 * next[(LAYER[b]! << 8) | s]!++;
    const code = row < codes.length ? codes[row]! : last;
    words[at] = x[row]! | (y[row]! << 16);
    words[at + 1] = Math.min(code, last) | (s << 16) | (b << 24);
  }
  return { words, count, starts };
}
