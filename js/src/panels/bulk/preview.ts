/** One label for many rows: what it would do, as far as the page knows, and what leaving rows out makes of it. */
import type { Preview } from "../../protocol";
import type { Store, Table } from "../../store/types";
import { contradicts, type Effect, effectOf } from "../inspector/selection";
import { uiOf } from "../ui";

/** Asks first where several rows change; one row is one key. */
export function relabelRows(store: Store, code: number, rows: number[]): void {
  if (rows.length > 1) uiOf(store).sheet.value = { kind: "preview", rows, code };
  else if (rows.length === 1) store.relabel(store.classes.peek()[code] ?? null, rows);
}

/** By digit or candidate: what is selected, or the current row. */
export function relabelTargets(store: Store, code: number): void {
  const rows = store.targets();
  if (rows.length > 1) relabelRows(store, code, rows);
  else store.relabel(store.classes.peek()[code] ?? null);
}

/** Rows to show one by one: what looks unlike the rest, or, until the kernel has said, what contradicts. */
export function oddRows(preview: Preview | null): readonly number[] {
  return preview?.odd ?? [];
}

export function remaining(rows: readonly number[], out: ReadonlySet<number>): number[] {
  return out.size === 0 ? [...rows] : rows.filter((row) => !out.has(row));
}

export function effectWithout(
  table: Table,
  rows: readonly number[],
  out: ReadonlySet<number>,
  code: number,
): Effect {
  return effectOf(table, remaining(rows, out), code);
}

/** All rows whose suggestion speaks against the label. */
export function contradicting(table: Table, rows: readonly number[], code: number): number[] {
  return rows.filter((row) => contradicts(table, row, code));
}

/** Takes each of some rows out, or all of them in again when all were out. */
export function toggled(out: ReadonlySet<number>, some: readonly number[]): Set<number> {
  const next = new Set(out);
  const all = some.length > 0 && some.every((row) => out.has(row));
  for (const row of some) {
    if (all) next.delete(row);
    else next.add(row);
  }
  return next;
}
