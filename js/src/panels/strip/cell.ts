/** A cell of the matrix as filters, and as rows that a check could draw from. */
import type { Filters, Table } from "../../store/types";
import type { Against } from "./counts";

/** Filters that show the rows of a cell, or that no longer do when they showed it already. */
export function cellFilters(filters: Filters, against: Against, given: number, other: number): Filters {
  const on = isCell(filters, against, given, other);
  const empty = { ...filters, given: null, suggested: null, current: null };
  if (against === "current") return on ? empty : { ...empty, given, current: other };
  return on ? { ...empty, flaggedOnly: false } : { ...empty, given, suggested: other, flaggedOnly: true };
}

export function isCell(filters: Filters, against: Against, given: number, other: number): boolean {
  return filters.given === given && filters[against] === other;
}

/** The cell that the filters show, for a check of its suggestion. */
export function chosenCell(filters: Filters): { given: number; suggested: number } | null {
  const { given, suggested } = filters;
  return given === null || suggested === null || given === suggested ? null : { given, suggested };
}

/** Rows of a cell that nobody has looked at. */
export function openRows(table: Table, given: number, suggested: number): number {
  let n = 0;
  for (let row = 0; row < table.n; row++)
    if (table.given[row] === given && table.suggested[row] === suggested && table.state[row] === 0) n += 1;
  return n;
}
