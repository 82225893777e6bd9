/** Orders and filters over all rows: flat loops over typed arrays, a few milliseconds at a million rows. */
import type { ColumnData, ColumnFilter } from "./shapes";
import { type CodeArray, type Filters, FLAGGED, type Table, UNLABELLED, WIDE_NONE } from "./types";

export const NO_FILTERS: Filters = {
  given: null,
  current: null,
  suggested: null,
  state: null,
  flaggedOnly: false,
  search: null,
  column: {},
  query: null,
  cluster: null,
};

export function anyFilter(filters: Filters): boolean {
  const { column, ...others } = filters;
  return (
    Object.keys(column).length > 0 || Object.values(others).some((value) => value !== null && value !== false)
  );
}

/** Flagged rows first, then the rest, each by falling suspicion; equal ones keep the row order (a counting sort). */
export function bySuspicion({ n, suspicion, flags }: Table): Uint32Array {
  const starts = new Uint32Array(513);
  const bucket = (row: number): number => ((flags[row]! & FLAGGED) !== 0 ? 0 : 256) + 255 - suspicion[row]!;
  for (let row = 0; row < n; row++) starts[bucket(row) + 1]! += 1;
  for (let b = 1; b < 513; b++) starts[b]! += starts[b - 1]!;
  const order = new Uint32Array(n);
  for (let row = 0; row < n; row++) {
    const at = bucket(row);
    order[starts[at]!] = row;
    starts[at]! += 1;
  }
  return order;
}

/** A permutation of all rows from what the kernel sent: doubles and strangers dropped, rows left out appended. */
export function completeOrder(sent: Uint32Array, fallback: Uint32Array): Uint32Array {
  const n = fallback.length;
  const seen = new Uint8Array(n);
  const order = new Uint32Array(n);
  let at = 0;
  for (const rows of [sent, fallback])
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (row >= n || seen[row] === 1) continue;
      seen[row] = 1;
      order[at] = row;
      at += 1;
    }
  return order;
}

/** True when decisions can change which rows pass. */
export function followsEdits(filters: Filters): boolean {
  const { column } = filters;
  return filters.current !== null || filters.state !== null || ":current" in column || ":state" in column;
}

/** 0/1 mask of the rows that pass; `known` leaves out rows whose columns have not come yet. */
export function passingRows(
  table: Table,
  filters: Filters,
  known: Uint8Array | null,
  columnOf: (name: string) => ColumnData | null = () => null,
): Uint8Array {
  const { n, given, suggested, current, state, flags } = table;
  const mask = known === null ? new Uint8Array(n).fill(1) : known.slice();
  const keepEqual = (column: CodeArray | Uint8Array, value: number | null): void => {
    if (value === null) return;
    // filters name rows without a label by one code, however wide the column is
    const wanted = value === UNLABELLED && column instanceof Uint32Array ? WIDE_NONE : value;
    for (let row = 0; row < n; row++) if (column[row] !== wanted) mask[row] = 0;
  };
  keepEqual(given, filters.given);
  keepEqual(suggested, filters.suggested);
  keepEqual(current, filters.current);
  keepEqual(state, filters.state);
  if (filters.flaggedOnly) for (let row = 0; row < n; row++) if ((flags[row]! & FLAGGED) === 0) mask[row] = 0;
  for (const found of [filters.search?.mask, filters.query?.mask, filters.cluster?.mask])
    if (found) for (let row = 0; row < n; row++) if (found[row] !== 1) mask[row] = 0;
  for (const [name, filter] of Object.entries(filters.column)) {
    const own = builtIn(table, name);
    if (own === null) keepColumn(mask, columnOf(name), filter);
    else if ("min" in filter) {
      const [low, high] = [filter.min * 255, filter.max * 255];
      for (let row = 0; row < n; row++) if (!(own[row]! >= low && own[row]! <= high)) mask[row] = 0;
    } else keepCodes(mask, own, filter);
  }
  return mask;
}

/** Columns that every table has, named with a colon so that a user's column of that name stays apart. */
function builtIn(table: Table, name: string): CodeArray | Uint8Array | null {
  if (name === ":given") return table.given;
  if (name === ":current") return table.current;
  if (name === ":suggested") return table.suggested;
  if (name === ":state") return table.state;
  return name === ":suspicion" ? table.suspicion : null;
}

function keepCodes(mask: Uint8Array, codes: CodeArray | Uint8Array, filter: ReadonlySet<number>): void {
  if (codes instanceof Uint32Array) {
    const wanted = filter.has(UNLABELLED) ? new Set(filter).add(WIDE_NONE) : filter;
    for (let row = 0; row < mask.length; row++) if (!wanted.has(codes[row]!)) mask[row] = 0;
    return;
  }
  const wanted = new Uint8Array(65_536);
  for (const code of filter) if (code >= 0 && code < wanted.length) wanted[code] = 1;
  for (let row = 0; row < mask.length; row++) if (wanted[codes[row]!] !== 1) mask[row] = 0;
}

/** A column that has not come yet lets all rows pass; a missing value passes no filter. */
function keepColumn(mask: Uint8Array, data: ColumnData | null, filter: ColumnFilter): void {
  if (data === null) return;
  const n = mask.length;
  if (data.kind === "numeric" && "min" in filter) {
    const { values } = data;
    for (let row = 0; row < n; row++)
      if (!(values[row]! >= filter.min && values[row]! <= filter.max)) mask[row] = 0;
  } else if (data.kind === "categorical" && !("min" in filter)) keepCodes(mask, data.codes, filter);
}

export function visibleRows(order: Uint32Array, passing: Uint8Array): Uint32Array {
  const rows = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i++)
    if (passing[order[i]!] === 1) {
      rows[count] = order[i]!;
      count += 1;
    }
  return rows.subarray(0, count);
}

/**
 * The next row without a decision after one in the list, from the top again at the end; null when none is left.
 * Where looks by chance are wanted, rows whose decision is nobody's look (`unseen`) are open as well.
 */
export function nextOpen(
  visible: Uint32Array,
  from: number | null,
  table: Table,
  unseen: Uint8Array | null = null,
): number | null {
  const start = from === null ? -1 : visible.indexOf(from);
  const { state, pending } = table;
  for (let step = 1; step <= visible.length; step++) {
    const row = visible[(start + step) % visible.length]!;
    if (row !== from && (state[row] === 0 || unseen?.[row]) && pending[row] === 0) return row;
  }
  return null;
}

export function sameRanks(a: Table, b: Table): boolean {
  for (let row = 0; row < a.n; row++)
    if (a.suspicion[row] !== b.suspicion[row] || a.flags[row] !== b.flags[row]) return false;
  return true;
}
