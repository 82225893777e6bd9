/** What the numbers, fields and buttons of a report do. */
import type { ReportAction, ReportOption } from "../../protocol";
import type { OptionValues } from "../../store/methods";
import type { Store } from "../../store/types";
import { rows as rowsText } from "../format";
import { uiOf } from "../ui";

/** Below this width the drawer covers the view: what a number selects would be out of sight. */
const NARROW = 760;

export function openReports(store: Store, name?: string): void {
  const ui = uiOf(store);
  ui.reports.value = true;
  void store.methods.loadReports();
  if (name !== undefined) void store.methods.openReport(name);
}

export function closeReports(store: Store): void {
  uiOf(store).reports.value = false;
}

/** A second press of the key closes it. */
export function toggleReports(store: Store): void {
  if (!store.canQuery.peek()) {
    store.say("Reports need Python.");
    return;
  }
  if (uiOf(store).reports.peek()) closeReports(store);
  else openReports(store);
}

/** Selects the rows behind a number, and filters to them with Shift. */
export async function chooseRows(
  store: Store,
  key: string,
  name: string,
  only: boolean,
  width: number,
): Promise<void> {
  const rows = await store.methods.reportRows(key);
  if (rows === null) return;
  if (rows.length === 0) {
    store.say(`No row is behind “${name}” any more.`);
    return;
  }
  if (only) filterTo(store, rows, name);
  store.select(rows, "replace");
  store.setCurrent(firstOf(store, rows));
  store.say(`${rowsText(rows.length)} ${only ? "shown and selected" : "selected"}: ${name}.`);
  if (width < NARROW) closeReports(store);
}

/** Width of the view that an element is in. */
export function widthOf(element: Element): number {
  return element.closest(".ls-root")?.clientWidth || NARROW;
}

/** The first of some rows in the order of the queue. */
function firstOf(store: Store, rows: readonly number[]): number {
  const wanted = new Set(rows);
  return store.order.peek().find((row) => wanted.has(row)) ?? rows[0]!;
}

export function filterTo(store: Store, rows: readonly number[], name: string): void {
  const mask = new Uint8Array(store.table.peek().n);
  for (const row of rows) mask[row] = 1;
  store.filters.value = { ...store.filters.peek(), cluster: { name, mask } };
}

export function runAction(store: Store, action: ReportAction, width: number): void {
  if (action.do === "queue") {
    store.methods.goFirst();
    store.queue.value = action.name;
    void store.methods.reorder();
    store.say(`${action.label}.`);
    if (width < NARROW) closeReports(store);
  } else if (action.do === "color") {
    store.methods.colorBy(action.name);
    store.say(`${action.label}.`);
  } else if (action.do === "slice") void store.mistakes.saveSlice(action.name, action.min_models ?? 0);
  else if (action.do === "bulk") uiOf(store).sheet.value = { kind: "plan", plan: action.name };
  else void store.methods.askTeacher();
}

export function valuesOf(options: readonly ReportOption[]): OptionValues {
  return Object.fromEntries(options.map(({ name, value }) => [name, value]));
}

/** What was typed, or null where it is no value of the option. */
export function readOption(option: ReportOption, text: string): ReportOption["value"] | null {
  if (option.kind === "choice" || option.kind === "text") return text;
  if (option.kind === "toggle") return text === "true";
  const number = Number(text.replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(number)) return null;
  if (number < option.low || number > option.high) return null;
  return option.step >= 1 ? Math.round(number) : number;
}

/** "step 3 of 5: fitting probes" */
export function stepText(what: string, done: number, total: number): string {
  if (what === "") return "working…";
  return total > 0 ? `step ${Math.min(done + 1, total)} of ${total}: ${what}` : `${what}…`;
}
