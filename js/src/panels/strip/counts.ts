/** Counts behind the bottom strip: one pass over typed arrays each, fast enough to redo after every decision. */
import { FLAGGED, type Table, UNLABELLED } from "../../store/types";

export type Against = "suggested" | "current";

export interface Pair {
  given: number;
  other: number;
  count: number;
}

export interface Confusions {
  against: Against;
  pairs: Pair[];
  /** rows in all pairs together */
  total: number;
  most: number;
  at: (given: number, other: number) => number;
}

/** Above this a dense table of pairs would take more memory than the rows themselves. */
const DENSE = 1200;

/**
 * Rows by (given, other) where the two differ: against `suggested` only rows above the gate count, because below it a
 * differing suggestion is not a suspicion; against `current` all changed rows.
 */
export function confusions(table: Table, nClasses: number, against: Against): Confusions {
  const { given, flags, n } = table;
  const other = against === "suggested" ? table.suggested : table.current;
  const dense = nClasses <= DENSE ? new Uint32Array(nClasses * nClasses) : null;
  const sparse = new Map<number, number>();
  let total = 0;
  for (let row = 0; row < n; row++) {
    const g = given[row]!;
    const o = other[row]!;
    if (g === o || g === UNLABELLED || o === UNLABELLED) continue;
    if (against === "suggested" && !(flags[row]! & FLAGGED)) continue;
    total++;
    if (dense && g < nClasses && o < nClasses) dense[g * nClasses + o]!++;
    else sparse.set(g * 65536 + o, (sparse.get(g * 65536 + o) ?? 0) + 1);
  }
  const pairs: Pair[] = [];
  if (dense)
    for (let k = 0; k < dense.length; k++)
      if (dense[k]) pairs.push({ given: Math.floor(k / nClasses), other: k % nClasses, count: dense[k]! });
  for (const [key, count] of sparse)
    pairs.push({ given: Math.floor(key / 65536), other: key % 65536, count });
  pairs.sort((p, q) => q.count - p.count || p.given - q.given || p.other - q.other);
  const at = (g: number, o: number): number =>
    dense && g < nClasses && o < nClasses ? dense[g * nClasses + o]! : (sparse.get(g * 65536 + o) ?? 0);
  return { against, pairs, total, most: pairs[0]?.count ?? 0, at };
}

/** The classes with the most confusions, as given or as the other label, in the order of their codes. */
export function worstClasses(found: Confusions, nClasses: number, top: number): number[] {
  if (nClasses <= top) return Array.from({ length: nClasses }, (_, code) => code);
  const involved = new Map<number, number>();
  for (const { given, other, count } of found.pairs) {
    involved.set(given, (involved.get(given) ?? 0) + count);
    involved.set(other, (involved.get(other) ?? 0) + count);
  }
  const worst = [...involved].sort((p, q) => q[1] - p[1] || p[0] - q[0]).slice(0, top);
  return worst.map(([code]) => code).sort((p, q) => p - q);
}

export const BINS = 32;
const WIDTH = 256 / BINS;

export interface Bins {
  /** rows in each bin, and of them those above the gate, and of those the ones with a decision */
  all: Uint32Array;
  flagged: Uint32Array;
  done: Uint32Array;
  nFlagged: number;
  /** smallest suspicion of a flagged row, 0…1; null when none is flagged */
  gate: number | null;
  /** sum of the suspicion of the flagged rows: the expected number of wrong ones, where it is a probability */
  expected: number;
  /** height of the tallest bar that is drawn whole */
  top: number;
}

/** Rows by suspicion (8 bits), flag (bit 8) and whether they are decided (bit 9): all that the histogram needs. */
export function levels({ suspicion, flags, state, n }: Table): Uint32Array {
  const found = new Uint32Array(1024);
  for (let row = 0; row < n; row++)
    found[suspicion[row]! | ((flags[row]! & FLAGGED) << 8) | (state[row]! === 0 ? 0 : 512)]! += 1;
  return found;
}

/** Above the gate are the flagged rows, or, with a gate at `at`, those of at least that suspicion. */
export function binsOf(found: Uint32Array, at: number | null = null): Bins {
  const all = new Uint32Array(BINS);
  const flagged = new Uint32Array(BINS);
  const done = new Uint32Array(BINS);
  // Rounded as the suspicion is: a row exactly on the gate is above it, as the kernel has it.
  const level = at === null ? null : Math.round(at * 255);
  let nFlagged = 0;
  let lowest = 256;
  let sum = 0;
  for (let key = 0; key < found.length; key++) {
    const count = found[key]!;
    if (count === 0) continue;
    const value = key & 255;
    const bin = (value / WIDTH) | 0;
    all[bin]! += count;
    if (level === null ? (key & 256) === 0 : value < level) continue;
    nFlagged += count;
    sum += value * count;
    lowest = Math.min(lowest, value);
    flagged[bin]! += count;
    if (key & 512) done[bin]! += count;
  }
  // Nearly all rows are good and crowd the first bins; those are cut so that the suspects can be seen.
  let top = 0;
  for (let bin = 3; bin < BINS; bin++) top = Math.max(top, all[bin]!);
  if (top === 0) for (const value of all) top = Math.max(top, value);
  return {
    all,
    flagged,
    done,
    nFlagged,
    gate: nFlagged > 0 ? lowest / 255 : null,
    expected: sum / 255,
    top: Math.max(1, top),
  };
}

export function bins(table: Table, at: number | null = null): Bins {
  return binsOf(levels(table), at);
}

/** Lower and upper end of a bin in 0…1. */
export function binRange(bin: number): [number, number] {
  return [(bin * WIDTH) / 255, Math.min(1, ((bin + 1) * WIDTH) / 255)];
}
