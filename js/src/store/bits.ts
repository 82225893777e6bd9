/** Selections: 0/1 masks here, packed bits (little order, n/8 bytes) on the wire. */
import { bytesOf } from "../transport/binary";
import type { Combine } from "./types";

export interface Selection {
  mask: Uint8Array;
  count: number;
}

export function emptySelection(n: number): Selection {
  return { mask: new Uint8Array(n), count: 0 };
}

export function packBits(mask: Uint8Array): Uint8Array {
  const bits = new Uint8Array((mask.length + 7) >> 3);
  for (let row = 0; row < mask.length; row++) if (mask[row] !== 0) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}

export function unpackBits(value: unknown, n: number): Selection {
  const bits = bytesOf(value);
  const mask = new Uint8Array(n);
  let count = 0;
  const end = Math.min(n, bits.length * 8);
  for (let row = 0; row < end; row++)
    if (bits[row >> 3]! & (1 << (row & 7))) {
      mask[row] = 1;
      count += 1;
    }
  return { mask, count };
}

export function sameBits(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A new selection from the old one and rows, or a 0/1 mask of all rows. Rows that do not exist are passed over. */
export function combine(old: Selection, rows: Iterable<number> | Uint8Array, how: Combine): Selection {
  const n = old.mask.length;
  const mask = how === "replace" ? new Uint8Array(n) : old.mask.slice();
  const to = how === "subtract" ? 0 : 1;
  if (rows instanceof Uint8Array && rows.length === n) {
    for (let row = 0; row < n; row++) if (rows[row] !== 0) mask[row] = to;
  } else for (const row of rows) if (row >= 0 && row < n) mask[row] = to;
  let count = 0;
  for (let row = 0; row < n; row++) count += mask[row]!;
  return { mask, count };
}

export function rowsOf(mask: Uint8Array): number[] {
  const rows: number[] = [];
  for (let row = 0; row < mask.length; row++) if (mask[row] !== 0) rows.push(row);
  return rows;
}
