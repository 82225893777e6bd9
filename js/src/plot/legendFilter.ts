/**
 * The filter that belongs to a coloring: one class lies in `filters.given` and its like, several at once in
 * `filters.column[":given"]` (the colon keeps it apart from a column of the user's with that name).
 */
import type { ColorBy, ColumnFilter, Filters } from "../store/types";
import { columnName } from "./coloring";

const BUILT_IN = ["given", "current", "suggested", "state"] as const;
type BuiltIn = (typeof BUILT_IN)[number];

function builtIn(colorBy: ColorBy): BuiltIn | null {
  return BUILT_IN.find((name) => name === colorBy) ?? null;
}

/** Name in `filters.column`. */
export function filterName(colorBy: ColorBy): string {
  return columnName(colorBy) ?? `:${colorBy}`;
}

function withColumn(filters: Filters, name: string, filter: ColumnFilter | null): Filters {
  const { [name]: _, ...others } = filters.column;
  return { ...filters, column: filter === null ? others : { ...others, [name]: filter } };
}

/** Codes that pass the filter of a coloring; null when all do. */
export function chosenCodes(filters: Filters, colorBy: ColorBy): ReadonlySet<number> | null {
  const own = builtIn(colorBy);
  const one = own === null ? null : filters[own];
  if (one !== null) return new Set([one]);
  const several = filters.column[filterName(colorBy)];
  return several === undefined || "min" in several ? null : several;
}

/** A click shows only this code, or all again when it was the only one; `add` puts it to the others or takes it out. */
export function toggleCode(filters: Filters, colorBy: ColorBy, code: number, add: boolean): Filters {
  const before = chosenCodes(filters, colorBy) ?? new Set<number>();
  const after = new Set(add ? before : []);
  if (before.has(code) && (add || before.size === 1)) after.delete(code);
  else after.add(code);
  const own = builtIn(colorBy);
  const inColumn = after.size > (own === null ? 0 : 1);
  const next = withColumn(filters, filterName(colorBy), inColumn ? after : null);
  if (own === null) return next;
  return { ...next, [own]: after.size === 1 ? [...after][0]! : null };
}

export function chosenRange(filters: Filters, colorBy: ColorBy): { min: number; max: number } | null {
  const found = filters.column[filterName(colorBy)];
  return found !== undefined && "min" in found ? found : null;
}

export function setRange(
  filters: Filters,
  colorBy: ColorBy,
  range: { min: number; max: number } | null,
): Filters {
  return withColumn(filters, filterName(colorBy), range);
}
