/** The numeric legend: a histogram over the ramp, and the words at its ends. */
import type { ColumnInfo } from "../protocol";
import type { ColumnData, Table } from "../store/types";
import { robustRange } from "./coloring";

export const BINS = 48;

export interface Scale {
  /** values at the ends of the ramp */
  low: number;
  high: number;
  /** smallest and largest value: a handle at an end of the ramp means them */
  least: number;
  most: number;
  missing: number;
  /** rows that pass and all rows with a value */
  passing: number;
  total: number;
  bins: Uint32Array;
  format: Format;
}

type Format = NonNullable<ColumnInfo["format"]> | "percent";

interface Source {
  values: ArrayLike<number>;
  /** what one unit of `values` is */
  unit: number;
  low: number;
  high: number;
  format: Scale["format"];
}

function scaleFrom({ values, unit, low, high, format }: Source, mask: Uint8Array): Scale {
  const bins = new Uint32Array(BINS);
  const scale = BINS / (high - low);
  const found = { least: Infinity, most: -Infinity, missing: 0, passing: 0, total: 0 };
  for (let row = 0; row < values.length; row++) {
    const value = values[row]! * unit;
    if (Number.isNaN(value)) {
      found.missing += 1;
      continue;
    }
    found.total += 1;
    if (value < found.least) found.least = value;
    if (value > found.most) found.most = value;
    if (mask[row] !== 1) continue;
    found.passing += 1;
    const bin = Math.floor((value - low) * scale);
    bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]!++;
  }
  if (found.total === 0) [found.least, found.most] = [low, high];
  return { ...found, low, high, bins, format };
}

export function suspicionScale(table: Table, mask: Uint8Array): Scale {
  const { suspicion, veiled } = table;
  // NaN where it is not to be seen
  const values =
    veiled === undefined
      ? suspicion
      : Float32Array.from(suspicion, (s, row) => (veiled[row] ? Number.NaN : s));
  const source = { values, unit: 1 / 255, low: 0, high: 1, format: "percent" as const };
  return { ...scaleFrom(source, mask), least: 0, most: 1 };
}

export function columnScale(column: ColumnData, mask: Uint8Array): Scale | null {
  if (column.kind !== "numeric") return null;
  const [low, high] = robustRange(column.values);
  const format = column.info.format ?? "number";
  return scaleFrom({ values: column.values, unit: 1, low, high, format }, mask);
}

/** Short and readable: 3 significant digits, thousands apart; dates as such. */
export function numberText(value: number, format: Scale["format"]): string {
  if (!Number.isFinite(value)) return "–";
  if (format === "percent") return `${Math.round(100 * value)} %`;
  if (format === "date") return new Date(value).toISOString().slice(0, 10);
  if (format === "integer") return Math.round(value).toLocaleString("en-US");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(1);
  return value.toLocaleString("en-US", { maximumSignificantDigits: size >= 1000 ? 4 : 3 });
}
