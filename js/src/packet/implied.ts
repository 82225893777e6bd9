/** Tags that come and go with others, as labelscope.review.implied has it. */
import { pathTo } from "../panels/palette/taxonomy";
import type { JournalEvent, Tree } from "../protocol";

interface Moved {
  rows: number[];
  data: Record<string, unknown>;
}

const MACHINES = ["teacher", "propagated", "judge"];
const listOf = (given: unknown): string[] => (Array.isArray(given) ? given.map(String) : []);

/** Tags that a person took out of a row, and nobody put in since. */
function refused(
  events: readonly JournalEvent[],
  row: number,
  inSet: (label: unknown) => readonly string[],
): Set<string> {
  const found = new Set<string>();
  for (const { kind, rows, after, data, source } of events) {
    if (MACHINES.includes(source) || !rows.includes(row)) continue;
    const tags = listOf(data.tags);
    if (kind === "tags_added") for (const tag of tags) found.delete(tag);
    else if (kind === "relabelled") for (const tag of inSet(after[rows.indexOf(row)])) found.delete(tag);
    else if (kind === "tags_removed")
      for (const tag of tags) if (!listOf(data.implied).includes(tag)) found.add(tag);
  }
  return found;
}

/** What putting tags in, or taking them out, writes: rows with the same tags along share an event. */
export function closed(
  tree: Tree | undefined,
  names: readonly string[],
  tags: string[],
  rows: number[],
  adds: boolean,
  heldBy: (row: number) => ArrayLike<number>,
  events: readonly JournalEvent[],
  inSet: (label: unknown) => readonly string[],
): Moved[] {
  if (!tree) return [{ rows, data: { tags } }];
  const paths = names.map((_, column) => pathTo(tree, column));
  const columns = tags.map((tag) => names.indexOf(tag));
  const along = [...names.keys()].filter(
    (other) =>
      !columns.includes(other) &&
      columns.some((column) => (adds ? paths[column]!.includes(other) : paths[other]!.includes(column))),
  );
  const groups = new Map<string, Moved>();
  for (const row of rows) {
    const held = heldBy(row);
    const moved = along.filter((column) => (held[column] === 1) !== adds).map((column) => names[column]!);
    const out = adds && moved.length > 0 ? refused(events, row, inSet) : new Set<string>();
    const implied = moved.filter((tag) => !out.has(tag));
    const kept = moved.filter((tag) => out.has(tag));
    const key = JSON.stringify([implied, kept]);
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else
      groups.set(key, {
        rows: [row],
        data: {
          tags: [...tags, ...implied],
          ...(implied.length > 0 ? { implied } : {}),
          ...(kept.length > 0 ? { refused: kept } : {}),
        },
      });
  }
  return [...groups.values()];
}
