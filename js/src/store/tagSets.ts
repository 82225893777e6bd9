/** Tags in the fold; equal to labelscope.review.tag_sets. A set of tags is named by one text, such as `joy|?fear`. */
import type { LabelValue } from "../protocol";
import { bytesOf } from "../transport/binary";
import { UNLABELLED, WIDE_NONE } from "./types";

/** What tags there are: classes are sets of them, or they are attributes beside the class. */
export interface Tagging {
  names: readonly string[];
  /** whether the labels can say of one tag of a row that it is unknown */
  unknown?: boolean;
  /** attributes beside the class: 1, 0 or -1 a row and name, as given; null while they are not known */
  attributes?: Int8Array | null;
}

export interface TagEdit {
  columns: number[];
  value: 0 | 1;
}

/** Attributes as they travel: four cells a byte from its lowest bits on, 2 = unknown; null when they do not fit. */
export function heldOf(packed: unknown, cells: number): Int8Array | null {
  const bytes = bytesOf(packed);
  if (cells === 0 || bytes.length * 4 < cells) return null;
  const held = new Int8Array(cells);
  for (let k = 0; k < cells; k++) {
    const cell = (bytes[k >> 2]! >> (2 * (k & 3))) & 3;
    held[k] = cell === 2 ? -1 : cell;
  }
  return held;
}

/** Cuts the text of a set at the bars that are not escaped. */
export function items(text: string): string[] {
  if (text === "") return [];
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === "|") parts.push("");
    else if (sign === "\\") parts[parts.length - 1] += sign + (text[++at] ?? "");
    else parts[parts.length - 1] += sign;
  }
  return parts;
}

function named(item: string): { name: string; known: boolean } {
  const known = !item.startsWith("?");
  const body = known ? item : item.slice(1);
  return { name: body === "\\e" ? "" : body.replace(/\\([\s\S])/g, "$1"), known };
}

function escaped(name: string): string {
  if (name === "") return "\\e";
  const safe = name.replaceAll("\\", "\\\\").replaceAll("|", "\\|");
  return safe.startsWith("?") ? `\\${safe}` : safe;
}

class Named {
  private readonly places: Map<string, number>;

  constructor(readonly names: readonly string[]) {
    this.places = new Map(names.map((name, column) => [name, column]));
  }

  columnOf(name: string): number {
    return this.places.get(name) ?? -1;
  }

  /** Tags that there are not are passed over. */
  edit(names: unknown, value: 0 | 1): TagEdit | null {
    if (!Array.isArray(names)) return null;
    const columns = new Set<number>();
    for (const name of names) {
      const column = typeof name === "string" ? this.columnOf(name) : -1;
      if (column >= 0) columns.add(column);
    }
    return { columns: [...columns].sort((a, b) => a - b), value };
  }
}

/** Sets of tags by their texts. */
export class TagSets extends Named {
  private readonly written: string[];
  private readonly read = new Map<string, Int8Array>();

  constructor(
    names: readonly string[],
    private readonly unknown: boolean,
  ) {
    super(names);
    this.written = names.map(escaped);
  }

  /** 1, 0 or -1 a tag; no set is unknown throughout. Not to be changed. */
  values(text: LabelValue): Int8Array {
    if (typeof text !== "string") return new Int8Array(this.names.length).fill(-1);
    let row = this.read.get(text);
    if (row === undefined) {
      row = new Int8Array(this.names.length);
      for (const item of items(text)) {
        const { name, known } = named(item);
        const column = this.columnOf(name);
        if (column >= 0) row[column] = known ? 1 : -1;
      }
      this.read.set(text, row);
    }
    return row;
  }

  textOf(row: ArrayLike<number>): string {
    const parts: string[] = [];
    for (let column = 0; column < this.written.length; column++)
      if (row[column] !== 0) parts.push((row[column]! < 0 ? "?" : "") + this.written[column]!);
    return parts.join("|");
  }

  /** What a person calls a set: the tags that it holds. */
  words(text: LabelValue): string {
    if (text === null) return "no label";
    const row = this.values(text);
    const held = this.names.filter((_, column) => row[column] === 1);
    return held.length === 0 ? "(no tags)" : held.join(", ");
  }

  edited(text: LabelValue, { columns, value }: TagEdit): string {
    const row = this.values(text).slice();
    if (!this.unknown)
      for (let column = 0; column < row.length; column++) if (row[column]! < 0) row[column] = 0;
    for (const column of columns) row[column] = value;
    return this.textOf(row);
  }
}

/** Attributes beside the class: rows that were touched, the others are as given. */
export class Attributes extends Named {
  private readonly touched = new Map<number, Int8Array>();

  constructor(
    names: readonly string[],
    private readonly given: Int8Array | null,
  ) {
    super(names);
  }

  clear(): void {
    this.touched.clear();
  }

  /** 1, 0 or -1 an attribute; -1 as well where what was given is not known here. */
  values(row: number): Int8Array {
    return this.touched.get(row) ?? this.givenOf(row);
  }

  write(row: number, { columns, value }: TagEdit): void {
    if (columns.length === 0) return;
    let own = this.touched.get(row);
    if (own === undefined) {
      own = this.givenOf(row).slice();
      this.touched.set(row, own);
    }
    for (const column of columns) own[column] = value;
  }

  isAsGiven(row: number): boolean {
    const own = this.touched.get(row);
    if (own === undefined) return true;
    const given = this.givenOf(row);
    return own.every((value, column) => value === given[column]);
  }

  private givenOf(row: number): Int8Array {
    const width = this.names.length;
    return this.given?.subarray(row * width, (row + 1) * width) ?? new Int8Array(width).fill(-1);
  }
}

/** The value that stands for "no label" in an array of codes. */
export function noLabel(codes: CodeArray): number {
  return codes instanceof Uint32Array ? WIDE_NONE : UNLABELLED;
}

/** Codes: 32 bits where there are more classes than 16 bits can tell apart, as among numbers. */
export type CodeArray = Uint16Array | Uint32Array;
