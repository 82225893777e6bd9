/** What the legend shows: entries with live counts, and which filter a click sets. */
import { type ColorBy, type Filters, FLAGGED, STATES, type Table, UNLABELLED } from "../store/types";
import { codesFor } from "./drawlist";
import { classColor, classShape, SHAPES, type Shape, stateColor, stateShapeIndex } from "./palette";

export interface Entry {
  /** class code or state number */
  code: number;
  name: string;
  color: string;
  shape: Shape;
  count: number;
}

/** Rows per class (the last place counts unlabelled ones). */
export function countCodes(codes: Uint16Array, classes: number): Uint32Array {
  const counts = new Uint32Array(classes + 1);
  for (let row = 0; row < codes.length; row++) counts[Math.min(codes[row]!, classes)]!++;
  return counts;
}

export function countStates(state: Uint8Array): Uint32Array {
  const counts = new Uint32Array(STATES.length);
  for (let row = 0; row < state.length; row++) counts[state[row]!]!++;
  return counts;
}

/** Rows with a ring and rows with a tick. */
export function countMarks(table: Table): { differs: number; edited: number } {
  const { flags, suggested, current, state } = table;
  let differs = 0;
  let edited = 0;
  for (let row = 0; row < table.n; row++) {
    if (flags[row]! & FLAGGED && suggested[row] !== current[row]) differs += 1;
    if (state[row] === 1 || state[row] === 5) edited += 1;
  }
  return { differs, edited };
}

export function legendEntries(
  table: Table,
  colorBy: ColorBy,
  names: readonly string[],
  dark: boolean,
): Entry[] {
  if (colorBy === "suspicion") return [];
  const codes = codesFor(table, colorBy);
  if (codes === null) {
    const counts = countStates(table.state);
    return STATES.map((name, code) => ({
      code,
      name: name.replace("_", " "),
      color: stateColor(code, dark),
      shape: SHAPES[stateShapeIndex(code)]!,
      count: counts[code]!,
    })).filter((entry) => entry.count > 0 || entry.code < 5);
  }
  const counts = countCodes(codes, names.length);
  const entries = names.map((name, code) => ({
    code,
    name,
    color: classColor(code, dark),
    shape: classShape(code),
    count: counts[code]!,
  }));
  const unlabelled = counts[names.length]!;
  if (unlabelled > 0)
    entries.push({
      code: UNLABELLED,
      name: "unlabelled",
      color: classColor(UNLABELLED, dark),
      shape: "circle",
      count: unlabelled,
    });
  return entries;
}

type CodeFilter = "given" | "current" | "suggested" | "state";

/** The filter that belongs to a coloring. */
export function filterOf(colorBy: ColorBy): CodeFilter | null {
  return colorBy === "suspicion" ? null : colorBy;
}

export function toggleFilter(filters: Filters, key: CodeFilter, code: number): Filters {
  return { ...filters, [key]: filters[key] === code ? null : code };
}
