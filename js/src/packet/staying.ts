/** Single tags that a person decided about stay so, as labelscope.review.staying has it. */
import type { JournalEvent, LabelValue } from "../protocol";
import type { TagSets } from "../store/tagSets";

/** Tags of a row that somebody decided about: one by one, and, where rows are sets and `whole`, as part of one. */
export function decidedTags(
  events: readonly JournalEvent[],
  row: number,
  names: readonly string[],
  whole: boolean,
): Set<string> {
  const decided = new Set<string>();
  for (const { kind, rows, data } of events) {
    if (!rows.includes(row)) continue;
    if (kind === "unsure") decided.clear();
    else if (whole && (kind === "relabelled" || kind === "kept")) for (const name of names) decided.add(name);
    else if (kind === "tags_added" || kind === "tags_removed")
      for (const name of Array.isArray(data.tags) ? data.tags : []) decided.add(String(name));
  }
  return decided;
}

/** The suggested set with what was decided put in; `stays` counts the tags where it speaks against it. */
export function keptAsDecided(
  sets: TagSets,
  suggested: LabelValue,
  held: ArrayLike<number>,
  decided: ReadonlySet<string>,
  stays: Map<string, number>,
): string {
  const row = sets.values(suggested).slice();
  sets.names.forEach((name, column) => {
    if (!decided.has(name) || row[column] === held[column]) return;
    row[column] = held[column]!;
    stays.set(name, (stays.get(name) ?? 0) + 1);
  });
  return sets.textOf(row);
}
