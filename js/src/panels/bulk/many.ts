/** A tag, a number or a fix for many rows: words, counts, and the rows to look at first. */
import type { Store } from "../../store/types";
import { rows as rowsText } from "../format";
import { numberText } from "../target/number";
import type { Edit } from "../ui";

const SHOWN = 12;

export function editTitle(edit: Edit, n: number): string {
  if (edit.kind === "number") return `Give ${rowsText(n)} the target ${numberText(edit.value)}?`;
  if (edit.kind === "fix") return `Fix ${rowsText(n)} like row ${edit.row}?`;
  return edit.value === 1
    ? `Add “${edit.tag}” to ${rowsText(n)}?`
    : `Take “${edit.tag}” out of ${rowsText(n)}?`;
}

/** How many of the rows are different afterwards. */
export function changing(store: Store, rows: readonly number[], edit: Edit): number {
  if (edit.kind === "fix") return rows.length;
  if (edit.kind === "number") {
    const { current } = store.table.value;
    const { value } = edit;
    return rows.filter((row) => store.classes.value[current[row]!] !== value).length;
  }
  const column = store.tags.value.indexOf(edit.tag);
  return rows.filter((row) => store.tagsOf(row)[column] !== edit.value).length;
}

/** Of a tag, the rows whose probability speaks most against the change; else the least suspicious ones. */
export function leastSure(store: Store, rows: readonly number[], edit: Edit): number[] {
  const probable = edit.kind === "tag" ? store.columnOf(`P(${edit.tag})`).value : null;
  const { suspicion } = store.table.value;
  const sure = (row: number): number => {
    if (probable?.kind !== "numeric" || edit.kind !== "tag") return suspicion[row]!;
    const share = probable.values[row]!;
    return edit.value === 1 ? share : 1 - share;
  };
  return [...rows].sort((a, b) => sure(a) - sure(b)).slice(0, SHOWN);
}

export async function applyEdit(store: Store, rows: number[], edit: Edit): Promise<void> {
  if (edit.kind === "number") store.relabel(edit.value, rows);
  else if (edit.kind === "fix") await store.fixSimilar(rows, edit.row, edit.fix);
  else if (edit.value === 1) await store.addTags([edit.tag], rows);
  else await store.removeTags([edit.tag], rows);
}
