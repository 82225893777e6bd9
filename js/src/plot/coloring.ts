/** What colors the points: for each row a small number, and for each number a color and a shape. */
import type { CodeArray, ColorBy, ColumnData, Table } from "../store/types";
import { STATES, UNLABELLED } from "../store/types";
import { pack, parseHex, type Rgb } from "./color";
import {
  classColor,
  missingColor,
  numericRamp,
  ramp,
  shapeIndex,
  stateColor,
  stateShapeIndex,
} from "./palette";

export interface Coloring {
  readonly kind: "class" | "state" | "suspicion" | "numeric" | "category" | "waiting";
  readonly codes: Uint16Array | Uint8Array;
  /** the largest color index; codes beyond it (unlabelled, missing) are drawn with it */
  readonly last: number;
  /** values at both ends of the ramp of a numeric column */
  readonly low: number;
  readonly high: number;
}

/** Color index -> color and shape; entry 0xAABBGGRR. */
export interface Lut {
  readonly colors: Uint32Array;
  readonly dimmed: Uint32Array;
  readonly shapes: Uint8Array;
}

/** Steps of a numeric ramp; the index after them is for missing values. */
export const STEPS = 256;
/** Shape of a missing value: a cross, so that it is never taken for a small number. */
const MISSING_SHAPE = 6;
const SAMPLE = 20_000;
/** Share of the values beyond each end of the ramp. */
const TAIL = 0.02;

const none = { low: 0, high: 0 };

export function columnName(colorBy: ColorBy): string | null {
  return colorBy.startsWith("column:") ? colorBy.slice(7) : null;
}

/** As people read it: the colon only tells facts about rows from columns of theirs. */
export function plainName(column: string): string {
  return column.replace(/^:/, "");
}

/** The range between the outer 2 % of the values: a few extremes must not flatten all others. */
export function robustRange(values: Float32Array | Float64Array): [low: number, high: number] {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  const sample: number[] = [];
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
    if (i % step === 0) sample.push(value);
  }
  if (least > most) return [0, 1];
  const sorted = Float64Array.from(sample).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? least;
  const [low, high] = [at(TAIL), at(1 - TAIL)];
  // A column that is nearly constant keeps its true range.
  if (high > low) return [low, high];
  return most > least ? [least, most] : [least, least + Math.max(1, Math.abs(least))];
}

/** 0…255 over the range, 256 where the value is missing. */
export function quantize(values: Float32Array | Float64Array, low: number, high: number): Uint16Array {
  const codes = new Uint16Array(values.length);
  const scale = (STEPS - 1) / (high - low);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    const t = (value - low) * scale;
    codes[row] = Number.isNaN(value) ? STEPS : t <= 0 ? 0 : t >= STEPS - 1 ? STEPS - 1 : (t + 0.5) | 0;
  }
  return codes;
}

function ofColumn(table: Table, column: ColumnData | null): Coloring {
  if (column === null) return { kind: "waiting", codes: new Uint8Array(table.n), last: 0, ...none };
  if (column.kind === "numeric") {
    const [low, high] = robustRange(column.values);
    return { kind: "numeric", codes: quantize(column.values, low, high), last: STEPS, low, high };
  }
  return { kind: "category", codes: column.codes, last: column.info.categories?.length ?? 0, ...none };
}

/** More classes than 16 bits tell apart have no colors of their own. */
function narrow(codes: CodeArray): Uint16Array {
  if (codes instanceof Uint16Array) return codes;
  return Uint16Array.from(codes, (code) => Math.min(code, UNLABELLED));
}

/** A suspicion that is not to be seen looks like one that is missing. */
function suspicionCodes({ suspicion, veiled }: Table): Pick<Coloring, "codes" | "last"> {
  if (veiled === undefined) return { codes: suspicion, last: STEPS - 1 };
  return {
    codes: Uint16Array.from(suspicion, (value, row) => (veiled[row] === 1 ? STEPS : value)),
    last: STEPS,
  };
}

export function coloringOf(
  table: Table,
  colorBy: ColorBy,
  classes: number,
  column: ColumnData | null,
): Coloring {
  switch (colorBy) {
    case "given":
    case "current":
    case "suggested":
      return { kind: "class", codes: narrow(table[colorBy]), last: Math.min(classes, UNLABELLED), ...none };
    case "state":
      return { kind: "state", codes: table.state, last: STATES.length - 1, ...none };
    case "suspicion":
      return { kind: "suspicion", ...suspicionCodes(table), ...none };
    default:
      return ofColumn(table, column);
  }
}

export function colorIndex(coloring: Coloring, row: number): number {
  return Math.min(coloring.codes[row] ?? coloring.last, coloring.last);
}

function entry(kind: Coloring["kind"], code: number, last: number, dark: boolean): [string, number] {
  switch (kind) {
    case "suspicion":
      return code < STEPS ? [ramp(code / 255, dark), 0] : [missingColor(dark), MISSING_SHAPE];
    case "numeric":
      return code < STEPS ? [numericRamp(code / 255, dark), 0] : [missingColor(dark), MISSING_SHAPE];
    case "state":
      return [stateColor(code, dark), stateShapeIndex(code)];
    case "waiting":
      return [missingColor(dark), 0];
    default:
      if (code < last) return [classColor(code, dark), shapeIndex(code)];
      return [classColor(UNLABELLED, dark), kind === "category" ? MISSING_SHAPE : 0];
  }
}

export function buildLut(coloring: Pick<Coloring, "kind" | "last">, dark: boolean, gray: Rgb): Lut {
  const entries = Array.from({ length: coloring.last + 1 }, (_, code) =>
    entry(coloring.kind, code, coloring.last, dark),
  );
  const rgb = entries.map(([hex]) => parseHex(hex));
  const mix = (c: Rgb): Rgb =>
    [0, 1, 2].map((j) => Math.round(c[j]! * 0.25 + gray[j]! * 0.75)) as unknown as Rgb;
  return {
    colors: Uint32Array.from(rgb, (c) => pack(c)),
    dimmed: Uint32Array.from(rgb, (c) => pack(mix(c))),
    shapes: Uint8Array.from(entries, ([, shape]) => shape),
  };
}
