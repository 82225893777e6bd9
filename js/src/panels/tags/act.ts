/** What keys and clicks on tags do. */
import type { Store } from "../../store/types";
import { isHidden } from "../inspector/selection";
import { type Run, uiOf } from "../ui";
import { type ChipView, changesOf, isSuggestion, rowChips } from "./chips";

/** The chip that a digit means, of the current row. */
function chipAt(store: Store, place: number): ChipView | undefined {
  const row = store.current.peek();
  if (row === null) return undefined;
  const { views, first } = rowChips(store, row);
  return views[place - first];
}

/** Has it: takes it out. Has it not: puts it in. Of several rows it is asked first. */
export function toggleTag(store: Store, { tag, mark }: ChipView, rows?: number[]): void {
  const out = mark === "solid" || mark === "struck";
  changeTag(store, tag, out ? 0 : 1, rows);
}

/** The suggestion of a chip is wrong: what is there stays, and that is a decision. */
export function refuseTag(store: Store, { tag, mark }: ChipView, row: number): void {
  if (mark === "ghost") void store.removeTags([tag], [row]);
  else void store.addTags([tag], [row]);
}

export function changeTag(store: Store, tag: string, value: 0 | 1, given?: number[]): void {
  const rows = given ?? store.targets();
  if (rows.length > 1) uiOf(store).sheet.value = { kind: "many", rows, edit: { kind: "tag", tag, value } };
  else if (value === 1) void store.addTags([tag], rows);
  else void store.removeTags([tag], rows);
}

/** True when the digit was one of a chip. */
export function digitTag(store: Store, place: number): boolean {
  const chip = chipAt(store, place);
  if (chip === undefined) return false;
  toggleTag(store, chip);
  return true;
}

export function refuseDigit(store: Store, place: number): void {
  const row = store.current.peek();
  const chip = chipAt(store, place);
  if (row === null || chip === undefined || !isSuggestion(chip))
    store.say(`Nothing is suggested on key ${place + 1}.`);
  else refuseTag(store, chip, row);
}

/** Enter: all suggestions of the row. Where some were decided already, only those that are left. */
export function acceptTags(store: Store): void {
  const rows = store.targets();
  const row = rows[0];
  const partly = row !== undefined && rows.length === 1 && store.table.peek().state[row] === 1;
  if (!partly || isHidden(store, row)) {
    store.accept();
    return;
  }
  const { added, removed } = changesOf(rowChips(store, row).views);
  store.relabel(store.setWith(row, added, removed), rows);
}

/** In a check of a tag: right or not, and on to the next row that was drawn. */
export function answerCheck(store: Store, run: Run, right: boolean): boolean {
  const row = store.current.peek();
  if (run.tag === undefined || row === null || !run.check.rows.includes(row)) return false;
  const { tag, side } = run.tag;
  const into = right === (side === "missing");
  if (into) void store.addTags([tag], [row]);
  else void store.removeTags([tag], [row]);
  const { run: now } = uiOf(store);
  const done = new Set([...(run.done ?? []), row]);
  now.value = { ...run, done };
  const next = run.check.rows.find((other) => !done.has(other));
  if (next !== undefined) store.setCurrent(next);
  return true;
}
