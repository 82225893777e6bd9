/** Ways through the map for the keyboard, and what is said about a row. */
import { STATES, type Store, UNLABELLED } from "../store/types";
import type { PlotController } from "./controller";

export function className(store: Store, code: number): string {
  if (code === UNLABELLED) return "unlabelled";
  return store.classNames.peek()[code] ?? String(code);
}

/** One sentence for the live region. */
export function describe(store: Store, row: number): string {
  const table = store.table.peek();
  const given = className(store, table.given[row]!);
  const current = className(store, table.current[row]!);
  const suggested = className(store, table.suggested[row]!);
  const parts = [`Row ${row}`, `given ${given}`];
  if (current !== given) parts.push(`now ${current}`);
  if (suggested !== current) parts.push(`suggested ${suggested}`);
  parts.push(`suspicion ${Math.round((table.suspicion[row]! / 255) * 100)} %`);
  const state = table.state[row]!;
  if (state > 0) parts.push(STATES[state] ?? "");
  return `${parts.join(", ")}.`;
}

/** First row of the queue that lies in view, else of the whole queue. */
export function mostSuspicious(plot: PlotController): number | null {
  const visible = plot.store.visible.peek();
  for (const row of visible) if (plot.inView(row)) return row;
  return visible[0] ?? null;
}

/** The first row of the queue in the next (or previous) class: from cluster to cluster. */
export function leapClass(plot: PlotController, by: 1 | -1): number | null {
  const { store, table } = plot;
  const visible = store.visible.peek();
  const first = new Map<number, number>();
  for (const row of visible) {
    const code = table.current[row]!;
    if (!first.has(code)) first.set(code, row);
  }
  const codes = [...first.keys()].sort((p, q) => p - q);
  if (codes.length === 0) return null;
  const current = store.current.peek();
  const here = current === null ? -1 : codes.indexOf(table.current[current]!);
  const next = here < 0 ? 0 : (here + by + codes.length) % codes.length;
  return first.get(codes[next]!) ?? null;
}
