/** "Look at k rows of a cell at random, then accept the rest": the arithmetic, and what the buttons do. */
import type { LabelValue } from "../../protocol";
import { NO_FILTERS } from "../../store/ranking";
import type { Store, Table } from "../../store/types";
import { count, nameOf, rows } from "../format";
import { type Run, uiOf } from "../ui";

export const PRECISIONS = [0.9, 0.95, 0.99] as const;
/** of the one-sided bound */
const LEVEL = 0.95;

/** How many rows in a row have to be right: the smallest k with precision ** k ≤ 1 - level. */
export function needed(precision: number): number {
  return Math.ceil(Math.log(1 - LEVEL) / Math.log(precision) - 1e-9);
}

/** Rows of the check that were looked at, and those of them that ended with the suggested label. */
export function tally(table: Table, drawn: readonly number[], suggested: number) {
  let checked = 0;
  let right = 0;
  for (const row of drawn) {
    if (row >= table.n || table.state[row] === 0) continue;
    checked += 1;
    if (table.current[row] === suggested) right += 1;
  }
  return { checked, right };
}

/** Of a cell the table says it; of a tag the kernel does, a moment later. */
export function tallyOf(run: Run, table: Table): { checked: number; right: number } {
  if (run.tag === undefined) return tally(table, run.check.rows, run.suggested);
  const { checked = 0, right = 0 } = run.state ?? {};
  return { checked, right };
}

export function runTitle(store: Store, run: Run): string {
  if (run.tag === undefined) return title(store, run.given, run.suggested);
  return `${run.tag.side === "missing" ? "+" : "−"} ${run.tag.tag}`;
}

/** Where the check stands, in words. */
export function standing(run: Run, table: Table, told = tallyOf): { text: string; over: boolean } {
  const { checked, right } = told(run, table);
  const k = run.check.rows.length;
  const wrong = checked - right;
  if (run.state?.ready) return { text: `${right} of ${checked} right`, over: false };
  if (checked < k)
    return { text: `${right} of ${k} right so far${wrong > 0 ? `, ${wrong} wrong` : ""}`, over: false };
  return { text: `${right} of ${k} right: not enough for ${run.check.precision * 100} %`, over: true };
}

export function title(store: Store, given: number, suggested: number): string {
  const names = store.classNames.value;
  return `${nameOf(names, given)} → ${nameOf(names, suggested)}`;
}

/** Starts a check: its rows are the only ones in sight until it ends. */
export async function startCheck(
  store: Store,
  given: number,
  suggested: number,
  precision: number,
): Promise<boolean> {
  const value = (code: number): LabelValue => store.classes.peek()[code] ?? null;
  const check = await store.check(value(given), value(suggested), precision);
  if (check === null) return false;
  beginRun(store, { check, given, suggested, state: null });
  return true;
}

export function beginRun(store: Store, run: Run): void {
  const { check } = run;
  const mask = new Uint8Array(store.table.peek().n);
  for (const row of check.rows) if (row < mask.length) mask[row] = 1;
  uiOf(store).run.value = run;
  store.clearSelection();
  store.filters.value = { ...NO_FILTERS, cluster: { name: `check ${runTitle(store, run)}`, mask } };
  const first = check.rows[0];
  if (first !== undefined) store.setCurrent(first);
  const how =
    run.tag === undefined
      ? "Decide each"
      : `Enter: ${run.tag.tag} ${run.tag.side === "missing" ? "belongs" : "does not belong"} there; Space: the tag is right as it is`;
  store.say(`${rows(check.rows.length)} drawn at random. ${how}; then the rest can be accepted.`);
}

/** Ends it; what was decided stays decided. */
export function endCheck(store: Store): void {
  const { run } = uiOf(store);
  if (run.peek() === null) return;
  run.value = null;
  if (store.filters.peek().cluster?.name.startsWith("check "))
    store.filters.value = { ...store.filters.peek(), cluster: null };
}

export async function acceptRest(store: Store): Promise<void> {
  const { run } = uiOf(store);
  const now = run.peek();
  if (!now?.state?.ready) return;
  const n = now.state.n_rest;
  if (!(await store.acceptRest(now.check.token))) return;
  endCheck(store);
  store.toast(
    "info",
    `${rows(n)} accepted: ${runTitle(store, now)}.`,
    `About ${count(now.state.expected_wrong)} of them are probably wrong. One undo takes all of them back.`,
  );
}
