/** The filters as chips: what is shown, and what a click on the cross takes away. */

import type { ColumnInfo } from "../protocol";
import { NO_FILTERS } from "../store/ranking";
import type { ColumnFilter, Filters } from "../store/types";
import { STATES, UNLABELLED } from "../store/types";
import { count, nameOf, words } from "./format";

export { NO_FILTERS };

/** Values named in a chip; more are counted. */
const LISTED = 2;

/** What the legend filters by without a column; other names that begin so are of methods. */
const BUILT_IN: ReadonlySet<string> = new Set([":given", ":current", ":suggested", ":state", ":suspicion"]);
/** Rows where the local and the global expert differ. */
export const DISAGREE = ":experts disagree";

export interface Chip {
  key: string;
  text: string;
  title: string;
  /** the filters without this one */
  without: Partial<Filters>;
}

export function filterChips(
  filters: Filters,
  names: readonly string[],
  infos: readonly ColumnInfo[] = [],
): Chip[] {
  const chips: Chip[] = [];
  const { given, current, suggested } = filters;
  // a cell of the matrix is one filter to the reader, though three fields say it
  const cell = given !== null && suggested !== null && filters.flaggedOnly;
  if (given !== null && (suggested !== null || current !== null)) {
    const [kind, code] =
      suggested !== null ? (["suggested", suggested] as const) : (["now", current!] as const);
    chips.push({
      key: "pair",
      text: `given ${nameOf(names, given)} → ${nameOf(names, code)}`,
      title: `${cell ? "Suspects" : "Rows"} given ${nameOf(names, given)} and ${kind} ${nameOf(names, code)}`,
      without:
        suggested === null
          ? { given: null, current: null }
          : { given: null, suggested: null, ...(cell ? { flaggedOnly: false } : {}) },
    });
  } else if (given !== null) chips.push(single("given", given, names, { given: null }));
  if (suggested !== null && given === null)
    chips.push(single("suggested", suggested, names, { suggested: null }));
  if (current !== null && (given === null || suggested !== null))
    chips.push(single("now", current, names, { current: null }));
  if (filters.state !== null) {
    const state = words(STATES[filters.state] ?? "state");
    chips.push({ key: "state", text: state, title: `Rows that are ${state}`, without: { state: null } });
  }
  if (filters.flaggedOnly && !cell)
    chips.push({
      key: "flagged",
      text: "suspects",
      title: "Only rows above the gate",
      without: { flaggedOnly: false },
    });
  if (filters.search)
    chips.push({
      key: "search",
      text: `“${filters.search.query}”`,
      title: `Rows that contain “${filters.search.query}”`,
      without: { search: null },
    });
  if (filters.query)
    chips.push({
      key: "query",
      text: filters.query.text,
      title: `Rows with ${filters.query.text}`,
      without: { query: null },
    });
  if (filters.cluster)
    chips.push({
      key: "cluster",
      text: filters.cluster.name,
      title: `Rows of ${filters.cluster.name}`,
      without: { cluster: null },
    });
  for (const [name, filter] of Object.entries(filters.column ?? {}))
    chips.push(columnChip(name, filter, filters, BUILT_IN.has(name) ? builtIn(name, names) : infos));
  return chips;
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

function builtIn(name: string, names: readonly string[]): ColumnInfo[] {
  const categories = name === ":state" ? STATES.map(words) : [...names];
  return [{ name, kind: "categorical", n_missing: 0, categories }];
}

function named(category: string | undefined, code: number): string {
  return category === "" ? "(empty)" : (category ?? `value ${code}`);
}

/** "age 3–5", "camera left", "camera 3 of 12 values". */
function columnChip(
  name: string,
  filter: ColumnFilter,
  { column }: Filters,
  infos: readonly ColumnInfo[],
): Chip {
  const info = infos.find((known) => known.name === name);
  const plain = name.replace(/^:/, "");
  const chip = {
    key: `column:${name}`,
    without: { column: Object.fromEntries(Object.entries(column).filter(([key]) => key !== name)) },
  };
  // A fact is its own name; how many rows it is true of stands beside it.
  if (isTrue(info, filter)) {
    const n = info!.counts?.[info!.categories!.indexOf("yes")] ?? Number.NaN;
    return { ...chip, text: `${plain} · ${count(n)}`, title: `Rows where ${plain}` };
  }
  let says: string;
  if ("min" in filter) says = `${short(filter.min)}–${short(filter.max)}`;
  else if (filter.size <= LISTED)
    says = [...filter]
      .map((code) => (code === UNLABELLED ? "missing" : named(info?.categories?.[code], code)))
      .join(", ");
  else says = `${filter.size} of ${info?.categories?.length ?? "?"} values`;
  return { ...chip, text: `${plain} ${says}`, title: `Rows with ${plain} ${says}` };
}

/** A column of a method that is true or false, filtered to where it is true. */
function isTrue(info: ColumnInfo | undefined, filter: ColumnFilter): boolean {
  const yes = info?.name.startsWith(":") && info.format === "boolean" ? info.categories?.indexOf("yes") : -1;
  return yes !== undefined && yes >= 0 && !("min" in filter) && filter.size === 1 && filter.has(yes);
}

function single(kind: string, code: number, names: readonly string[], without: Partial<Filters>): Chip {
  const name = nameOf(names, code);
  return { key: kind, text: `${kind} ${name}`, title: `Rows ${kind} ${name}`, without };
}
