/** What a bulk action would do, counted in one pass. */
import { type Store, type Table, UNLABELLED } from "../../store/types";

/** Rows of a 0/1 mask. */
export function rowsOf(mask: Uint8Array, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  let k = 0;
  for (let row = 0; row < mask.length && k < count; row++) if (mask[row]) rows[k++] = row;
  return k === count ? rows : rows.slice(0, k);
}

export interface Effect {
  /** rows whose label changes */
  changes: number;
  /** rows that have the label already */
  same: number;
  /** rows whose suggestion is neither this label nor the one that they have: a sign of a wrong bulk edit */
  contradicts: number;
}

/** What relabelling rows to a code does. A new class (code null) changes every row and contradicts every suggestion. */
export function effectOf(table: Table, rows: ArrayLike<number>, code: number | null): Effect {
  const effect = { changes: 0, same: 0, contradicts: 0 };
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k]!;
    if (table.current[row] === code) effect.same++;
    else effect.changes++;
    if (contradicts(table, row, code)) effect.contradicts++;
  }
  return effect;
}

export function contradicts(table: Table, row: number, code: number | null): boolean {
  const suggested = table.suggested[row]!;
  return suggested !== UNLABELLED && suggested !== code && table.current[row] !== code;
}

/** How many rows an accept changes: those whose suggestion differs from the label that they have. */
export function acceptable(table: Table, rows: ArrayLike<number>): number {
  let n = 0;
  for (let k = 0; k < rows.length; k++) {
    const suggested = table.suggested[rows[k]!]!;
    if (suggested !== UNLABELLED && suggested !== table.current[rows[k]!]) n++;
  }
  return n;
}

/** The reader decides first and sees the suggestion then: what would give it away stays out of sight. */
export function isHidden(store: Store, row: number): boolean {
  return store.veiled(row) !== "none";
}

/** On pages the cards there are decided, and the current row is not; several selected rows still are. */
export function onPages(store: Store): boolean {
  return store.pageMode.value && !store.mistakes.on.value && store.selection.value.count < 2;
}
