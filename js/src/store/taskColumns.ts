/** Columns that the page works out itself, since they change with each decision: tags, attributes, the target. */
import { computed } from "@preact/signals";
import type { ColumnInfo } from "../protocol";
import type { Core } from "./core";
import type { ColumnData } from "./shapes";

const ANSWERS = ["yes", "no", "unknown"];
export const TARGET = "target";

/** "tag: joy", or "attribute: wings". */
export function tagColumnName(task: string, tag: string): string {
  return `${task === "concepts" ? "attribute" : "tag"}: ${tag}`;
}

/** Code of what a row says of a tag: yes, no, unknown. */
export function answerOf(held: number | undefined): number {
  return held === 1 ? 0 : held === 0 ? 1 : 2;
}

function tagColumn(core: Core, name: string, column: number): ColumnData | null {
  const { n, current } = core.table.value;
  if (core.sets === null && core.attributes === null) return null;
  const codes = new Uint16Array(n);
  const counts = [0, 0, 0];
  if (core.sets !== null) {
    // A set is read once, however many rows have it.
    const bySet = core.fold.classes.map((label) => answerOf(core.sets!.values(label)[column]));
    for (let row = 0; row < n; row++) codes[row] = bySet[current[row]!] ?? 2;
  } else for (let row = 0; row < n; row++) codes[row] = answerOf(core.fold.tagsOf(row)[column]);
  for (let row = 0; row < n; row++) counts[codes[row]!]! += 1;
  const shown = counts[2] === 0 ? 2 : 3;
  const info: ColumnInfo = {
    name,
    kind: "categorical",
    format: "boolean",
    n_missing: 0,
    categories: ANSWERS.slice(0, shown),
    counts: counts.slice(0, shown),
  };
  return { info, kind: "categorical", codes };
}

export function numbersOf(core: Pick<Core, "fold" | "table">, which: "given" | "current"): Float64Array {
  const { n, [which]: codes } = core.table.value;
  const values = new Float64Array(n);
  for (let row = 0; row < n; row++) {
    const value = core.fold.classes[codes[row]!];
    values[row] = typeof value === "number" ? value : Number.NaN;
  }
  return values;
}

function targetColumn(core: Core): ColumnData {
  const values = numbersOf(core, "current");
  let [min, max, missing] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    if (Number.isNaN(value)) missing += 1;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const range = min <= max ? { min, max } : {};
  const info: ColumnInfo = { name: TARGET, kind: "numeric", format: "number", n_missing: missing, ...range };
  return { info, kind: "numeric", values };
}

export function useTaskColumns(core: Core): void {
  const { task } = core.meta.peek();
  const own = (name: string, make: () => ColumnData | null): void =>
    core.review.useColumn(
      name,
      computed(() => {
        core.version.value;
        return make();
      }),
    );
  core.tags.peek().forEach((tag, column) => {
    const name = tagColumnName(task, tag);
    own(name, () => tagColumn(core, name, column));
  });
  if (task === "regression") own(TARGET, () => targetColumn(core));
}
