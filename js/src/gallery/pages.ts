/** Which rows make the next page of the grid: one label at a time, the most pressing rows first. */
import { type Store, UNLABELLED } from "../store/types";

export type Mean = "suggested" | "given";

export interface PagePlan {
  /** code that an untouched card agrees to */
  label: number;
  rows: number[];
  /** undecided rows of this label that later pages will show */
  left: number;
}

/** Cards of a page: few enough to be looked at in one go. */
export const PAGE_SIZE = 24;

function labelOf(store: Store, row: number, mean: Mean): number {
  return mean === "suggested" ? store.suggestedOf(row) : store.table.peek().current[row]!;
}

/** The page that comes next under the filters, or null when nothing is left to decide. */
export function planPage(store: Store, mean: Mean, size = PAGE_SIZE): PagePlan | null {
  const { state } = store.table.peek();
  let label = UNLABELLED;
  let left = 0;
  const rows: number[] = [];
  for (const row of store.visible.peek()) {
    if (state[row] !== 0) continue;
    const own = labelOf(store, row, mean);
    if (own === UNLABELLED) continue;
    if (label === UNLABELLED) label = own;
    if (own !== label) continue;
    if (rows.length < size) rows.push(row);
    else left += 1;
  }
  return rows.length === 0 ? null : { label, rows, left };
}

/** What a card that does not belong is called at first: the other of its two labels, or nothing known. */
export function otherLabel(store: Store, row: number, label: number): number {
  const { given } = store.table.peek();
  const suggested = store.suggestedOf(row);
  for (const code of [given[row]!, suggested]) if (code !== label && code !== UNLABELLED) return code;
  return UNLABELLED;
}

/** Puts the control among the rows; where it stands must tell nothing. */
export function mixed(
  rows: readonly number[],
  control: number | null,
  random: () => number = Math.random,
): number[] {
  if (control === null || rows.includes(control)) return [...rows];
  const at = Math.floor(random() * (rows.length + 1));
  return [...rows.slice(0, at), control, ...rows.slice(at)];
}

/** The page of a plan that comes after another one: those that were skipped come again at the end. */
export function nextPage(done: readonly boolean[], at: number): number | null {
  const later = done.indexOf(false, at + 1);
  const found = later >= 0 ? later : done.indexOf(false);
  return found >= 0 ? found : null;
}
