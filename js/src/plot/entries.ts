/** What the legend shows: entries with live counts of the rows that pass and of all rows. */
import type { CodeArray } from "../store/types";
import {
  type ColorBy,
  type ColumnData,
  FLAGGED,
  isUnlabelled,
  STATES,
  type Table,
  UNLABELLED,
} from "../store/types";
import { classColor, classShape, SHAPES, type Shape, stateColor, stateShapeIndex } from "./palette";

export interface Entry {
  /** class code, state number or category code; UNLABELLED for no label and for a missing value */
  code: number;
  name: string;
  color: string;
  shape: Shape;
  /** rows that pass all filters, and all rows */
  passing: number;
  total: number;
}

export interface Counts {
  passing: Uint32Array;
  total: Uint32Array;
}

/** Rows per code; the last place counts those beyond `size` (unlabelled, missing). */
export function countCodes(codes: CodeArray | Uint8Array, size: number, mask: Uint8Array): Counts {
  const passing = new Uint32Array(size + 1);
  const total = new Uint32Array(size + 1);
  for (let row = 0; row < codes.length; row++) {
    const at = Math.min(codes[row]!, size);
    total[at]!++;
    passing[at]! += mask[row]!;
  }
  return { passing, total };
}

/** Rows with a ring, rows with a tick, and rows without a label. */
export function countMarks(table: Table): { differs: number; edited: number; hollow: number } {
  const { flags, suggested, current, state } = table;
  let differs = 0;
  let edited = 0;
  let hollow = 0;
  for (let row = 0; row < table.n; row++) {
    if (flags[row]! & FLAGGED && suggested[row] !== current[row]) differs += 1;
    if (state[row] === 1 || state[row] === 5) edited += 1;
    if (isUnlabelled(current[row]!)) hollow += 1;
  }
  return { differs, edited, hollow };
}

function stateEntries(table: Table, mask: Uint8Array, dark: boolean): Entry[] {
  const { passing, total } = countCodes(table.state, STATES.length, mask);
  return STATES.map((name, code) => ({
    code,
    name: name.replace("_", " "),
    color: stateColor(code, dark),
    shape: SHAPES[stateShapeIndex(code)]!,
    passing: passing[code]!,
    total: total[code]!,
  })).filter((entry) => entry.total > 0 || entry.code < 5);
}

interface Named {
  codes: CodeArray;
  names: readonly string[];
  /** what the rows beyond the names are called, and their shape */
  rest: string;
  restShape: Shape;
}

function namedEntries({ codes, names, rest, restShape }: Named, mask: Uint8Array, dark: boolean): Entry[] {
  const { passing, total } = countCodes(codes, names.length, mask);
  const entries = names.map((name, code) => ({
    code,
    name,
    color: classColor(code, dark),
    shape: classShape(code),
    passing: passing[code]!,
    total: total[code]!,
  }));
  const last = names.length;
  if (total[last]! > 0)
    entries.push({
      code: UNLABELLED,
      name: rest,
      color: classColor(UNLABELLED, dark),
      shape: restShape,
      passing: passing[last]!,
      total: total[last]!,
    });
  return entries;
}

export interface Shown {
  colorBy: ColorBy;
  names: readonly string[];
  /** of a coloring by column; null while its values are on their way */
  column: ColumnData | null;
  passing: Uint8Array;
  dark: boolean;
}

/** Entries of classes, states and categories; none for numbers, which have a scale. */
export function legendEntries(table: Table, { colorBy, names, column, passing, dark }: Shown): Entry[] {
  // Rows without a label and rows whose label is not to be seen have one color.
  const classes = {
    names,
    rest: table.veiled ? "hidden" : "unlabelled",
    restShape: colorBy === "suggested" ? ("circle" as const) : ("hollow" as const),
  };
  switch (colorBy) {
    case "given":
    case "current":
    case "suggested":
      return namedEntries({ codes: table[colorBy], ...classes }, passing, dark);
    case "state":
      return stateEntries(table, passing, dark);
    case "suspicion":
      return [];
    default:
      if (column === null || column.kind === "numeric") return [];
      return namedEntries(
        { codes: column.codes, names: column.info.categories ?? [], rest: "missing", restShape: "cross" },
        passing,
        dark,
      );
  }
}

/** "412", or "47 / 412" while a filter leaves some of them out. */
export function countText({ passing, total }: Pick<Entry, "passing" | "total">): string {
  const all = total.toLocaleString("en-US");
  return passing === total ? all : `${passing.toLocaleString("en-US")} / ${all}`;
}
