/** Ways through the map for the keyboard, and what is said about a row. */
import { likely } from "../panels/format";
import { STATES, type Store, type Table, UNLABELLED } from "../store/types";
import { type Bounds, UNIT } from "./camera";
import type { PlotController } from "./controller";

export function className(store: Store, code: number): string {
  if (code === UNLABELLED) return "unlabelled";
  return store.classNames.peek()[code] ?? String(code);
}

/** Where on the map a point lies, in words: thirds of the whole map. */
export function placeOf(table: Table, bounds: Bounds, row: number): string {
  if (table.x === null || table.y === null) return "not on the map yet";
  const third = (value: number, low: number, high: number): number =>
    Math.min(2, Math.max(0, Math.floor((3 * (value / UNIT - low)) / Math.max(1e-9, high - low))));
  const across = ["left", "", "right"][third(table.x[row]!, bounds.left, bounds.right)]!;
  const up = ["bottom", "", "top"][third(table.y[row]!, bounds.bottom, bounds.top)]!;
  return up === "" && across === "" ? "middle of the map" : `${`${up} ${across}`.trim()} of the map`;
}

/** One sentence for the live region; `where` says how one got there. */
export function describe(store: Store, row: number, where = ""): string {
  const table = store.table.peek();
  const given = className(store, table.given[row]!);
  const current = className(store, table.current[row]!);
  const code = store.suggestedOf(row);
  const veil = store.veiled(row);
  const parts = [`Row ${row}`, veil === "labels" ? "labels hidden" : `given ${given}`];
  if (current !== given) parts.push(`now ${current}`);
  if (code !== UNLABELLED && code !== table.current[row]) parts.push(`suggested ${className(store, code)}`);
  if (veil === "none") parts.push(`suspicion ${likely(table.suspicion[row]!)}`);
  const state = table.state[row]!;
  if (state > 0) parts.push((STATES[state] ?? "").replace("_", " "));
  if (where !== "") parts.push(where);
  return `${parts.join(", ")}.`;
}

/** The next true neighbor of the row from which the walk began; the walk begins anew when one leaves it. */
export class NeighborWalk {
  private rows: number[] = [];
  /** -1: on the row where it began */
  private at = -1;
  private from = -1;

  /** Row and its place among the neighbors, or null when none is known (yet). */
  step(store: Store, by: 1 | -1): { row: number; place: string } | null {
    const current = store.current.peek();
    if (current === null) return null;
    const here = this.at < 0 ? this.from : this.rows[this.at];
    if (current !== here) {
      const { n } = store.table.peek();
      this.rows = store.neighborsOf.peek().flatMap(({ row }) => (row < n && row !== current ? [row] : []));
      this.from = current;
      this.at = -1;
    }
    if (this.rows.length === 0) return null;
    // One place more than neighbors: the walk comes back through the row where it began.
    const size = this.rows.length + 1;
    this.at = ((this.at + 1 + by + size) % size) - 1;
    if (this.at < 0) return { row: this.from, place: "back where the walk began" };
    return {
      row: this.rows[this.at]!,
      place: `neighbor ${this.at + 1} of ${this.rows.length} of row ${this.from}`,
    };
  }
}

/** First row of the queue that lies in view, else of the whole queue. */
export function mostSuspicious(plot: PlotController): number | null {
  const visible = plot.store.visible.peek();
  for (const row of visible) if (plot.inView(row)) return row;
  return visible[0] ?? null;
}

/** The first row of the queue in the next (or previous) class, and which class of how many: cluster to cluster. */
export function leapClass(plot: PlotController, by: 1 | -1): { row: number; place: string } | null {
  const { store, table } = plot;
  const first = new Map<number, number>();
  for (const row of store.visible.peek()) {
    const code = table.current[row]!;
    if (!first.has(code)) first.set(code, row);
  }
  const codes = [...first.keys()].sort((p, q) => p - q);
  if (codes.length === 0) return null;
  const current = store.current.peek();
  const here = current === null ? -1 : codes.indexOf(table.current[current]!);
  const next = here < 0 ? 0 : (here + by + codes.length) % codes.length;
  return { row: first.get(codes[next]!)!, place: `class ${next + 1} of ${codes.length}` };
}
