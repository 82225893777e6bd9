/** The filters as chips: what is shown, and what a click on the cross takes away. */
import { NO_FILTERS } from "../store/ranking";
import type { Filters } from "../store/types";
import { STATES } from "../store/types";
import { nameOf, words } from "./format";

export { NO_FILTERS };

export interface Chip {
  key: string;
  text: string;
  title: string;
  /** the filters without this one */
  without: Partial<Filters>;
}

export function filterChips(filters: Filters, names: readonly string[]): Chip[] {
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
  return chips;
}

function single(kind: string, code: number, names: readonly string[], without: Partial<Filters>): Chip {
  const name = nameOf(names, code);
  return { key: kind, text: `${kind} ${name}`, title: `Rows ${kind} ${name}`, without };
}
