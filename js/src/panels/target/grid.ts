/** given against suggested as a grid of counts: readable at any number of rows. */

export interface Grid {
  columns: number;
  rows: number;
  low: number;
  high: number;
  /** row by row from the lowest suggestion */
  counts: Uint32Array;
  most: number;
  total: number;
}

export function binOf(value: number, low: number, high: number, n: number): number {
  if (!(high > low)) return 0;
  return Math.min(n - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * n)));
}

/** Both axes have one scale, so that rows on the diagonal agree. */
export function gridOf(
  given: ArrayLike<number>,
  suggested: ArrayLike<number>,
  mask: ArrayLike<number>,
  columns: number,
  rows: number,
): Grid {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const n = Math.min(given.length, suggested.length);
  for (let row = 0; row < n; row++) {
    const [a, b] = [given[row]!, suggested[row]!];
    if (!Number.isFinite(a) || !Number.isFinite(b)) continue;
    low = Math.min(low, a, b);
    high = Math.max(high, a, b);
  }
  const counts = new Uint32Array(columns * rows);
  let [most, total] = [0, 0];
  for (let row = 0; row < n; row++) {
    const [a, b] = [given[row]!, suggested[row]!];
    if (mask[row] === 0 || !Number.isFinite(a) || !Number.isFinite(b)) continue;
    const at = binOf(b, low, high, rows) * columns + binOf(a, low, high, columns);
    counts[at]! += 1;
    most = Math.max(most, counts[at]!);
    total += 1;
  }
  return { columns, rows, low, high, counts, most, total };
}

/** The numbers of a cell: given from and to, suggested from and to. */
export function cellRange(grid: Grid, at: number): { given: [number, number]; suggested: [number, number] } {
  const column = at % grid.columns;
  const row = Math.floor(at / grid.columns);
  const step = (n: number) => (grid.high - grid.low) / n;
  const from = (k: number, n: number): number => grid.low + k * step(n);
  return {
    given: [from(column, grid.columns), from(column + 1, grid.columns)],
    suggested: [from(row, grid.rows), from(row + 1, grid.rows)],
  };
}
