/** From the trait `_picture`, or from full columns that came by message, to the table of all rows. */
import type { Card, Edits, LabelValue, Picture } from "../protocol";
import { bytesOf, f64Of, u16Of, u32Of } from "../transport/binary";
import { type CodeArray, type Meta, type Table, UNLABELLED, WIDE_NONE } from "./types";

export interface Decoded {
  table: Table;
  /** 0/1: rows that have columns; null when all have. The rest comes by message. */
  known: Uint8Array | null;
}

interface Raw {
  x: unknown;
  y: unknown;
  given: unknown;
  suggested: unknown;
  suspicion: unknown;
  flags: unknown;
}

const MAX_BYTE_CLASSES = 254;
const MAX_CLASSES = 65_534;

/** uint8 up to 254 classes (255 = unlabelled), uint16 up to 65,534, else uint32; at least uint16 afterwards. */
export function codesOf(value: unknown, nClasses: number): CodeArray {
  if (nClasses > MAX_CLASSES) return u32Of(value);
  if (nClasses > MAX_BYTE_CLASSES) return u16Of(value);
  const bytes = bytesOf(value);
  const codes = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) codes[i] = bytes[i] === 255 ? UNLABELLED : bytes[i]!;
  return codes;
}

const TASKS: readonly string[] = ["multilabel", "regression", "concepts"];

/** Label values; a great many sets or numbers come as bytes. */
export function classesOf(picture: Picture): LabelValue[] {
  const bytes = picture.class_values;
  if (bytes === undefined || bytes === null) return picture.classes ?? [];
  if (picture.task === "regression") return Array.from(f64Of(bytes));
  try {
    return JSON.parse(new TextDecoder().decode(bytesOf(bytes))) as LabelValue[];
  } catch {
    return [];
  }
}

export function metaOf(picture: Picture): Meta {
  return {
    task: TASKS.includes(picture.task ?? "") ? picture.task! : "classification",
    name: String(picture.name ?? "dataset"),
    media: picture.media ?? "features",
    summary: String(picture.summary ?? ""),
    hasProbability: picture.has_probability === true,
    noiseRate: picture.noise_rate ?? null,
    notices: Array.isArray(picture.notices) ? picture.notices : [],
    taxonomy: [picture.taxonomy?.parents, picture.taxonomy?.upper].every(Array.isArray)
      ? picture.taxonomy
      : undefined,
  };
}

export function tableOf(picture: Picture): Decoded {
  const n = Math.max(0, Number(picture.n) || 0);
  const rows = picture.rows === null || picture.rows === undefined ? null : u32Of(picture.rows);
  return decode(n, rows, picture.columns ?? ({} as Raw), classesOf(picture).length);
}

/** Full columns as the `columns` reply names them: {x: {buffer: 0, dtype}, …}; null when they do not fit. */
export function tableOfReply(
  n: number,
  nClasses: number,
  data: Record<string, unknown>,
  buffers: readonly unknown[],
): Decoded | null {
  type Named = { buffer?: number; rows?: { buffer?: number } };
  const named = data.columns as Record<string, Named | null> | undefined;
  if (typeof named !== "object" || named === null) return null;
  const raw = (name: keyof Raw): unknown => {
    const at = named[name]?.buffer;
    return at === undefined ? null : buffers[at];
  };
  const columns: Raw = {
    x: raw("x"),
    y: raw("y"),
    given: raw("given"),
    suggested: raw("suggested"),
    suspicion: raw("suspicion"),
    flags: raw("flags"),
  };
  if (bytesOf(columns.suspicion).length !== n) return null;
  const some = named.suggested?.rows?.buffer;
  if (some === undefined) return decode(n, null, columns, nClasses);
  // Of many rows only those came whose suggestion is another label than the given one.
  const decoded = decode(n, null, { ...columns, suggested: columns.given }, nClasses);
  const rows = u32Of(buffers[some]);
  const codes = codesOf(columns.suggested, nClasses);
  for (let i = 0; i < rows.length && i < codes.length; i++)
    if (rows[i]! < n) decoded.table.suggested[rows[i]!] = codes[i]!;
  return decoded;
}

function decode(n: number, rows: Uint32Array | null, raw: Raw, nClasses: number): Decoded {
  const has = (value: unknown) => value !== null && value !== undefined && bytesOf(value).length > 0;
  const onMap = has(raw.x) && has(raw.y);
  const spread = rows === null ? null : spreader(n, rows);
  const fitted = <T extends Uint8Array | CodeArray>(column: T, empty: T): T =>
    spread !== null ? spread(column, empty) : sized(column, empty);
  const fit16 = (column: Uint16Array, missing: number): Uint16Array =>
    fitted(column, new Uint16Array(n).fill(missing));
  const fitCodes = (value: unknown): CodeArray => {
    const codes = codesOf(value, nClasses);
    return codes instanceof Uint32Array
      ? fitted(codes, new Uint32Array(n).fill(WIDE_NONE))
      : fit16(codes, UNLABELLED);
  };
  const fit8 = (column: Uint8Array): Uint8Array => fitted(column, new Uint8Array(n));
  const given = fitCodes(raw.given);
  const table: Table = {
    n,
    x: onMap ? place(fit16(u16Of(raw.x), 0), rows) : null,
    y: onMap ? place(fit16(u16Of(raw.y), 0), rows) : null,
    given,
    suggested: fitCodes(raw.suggested),
    suspicion: fit8(bytesOf(raw.suspicion)),
    flags: fit8(bytesOf(raw.flags)),
    current: given.slice(),
    state: new Uint8Array(n),
    pending: new Uint8Array(n),
  };
  let known: Uint8Array | null = null;
  if (rows !== null) {
    known = new Uint8Array(n);
    for (const row of rows) if (row < n) known[row] = 1;
  }
  return { table, known };
}

function sized<T extends Uint8Array | CodeArray>(column: T, empty: T): T {
  if (column.length === empty.length) return column.slice() as T;
  empty.set(column.subarray(0, empty.length));
  return empty;
}

function spreader(n: number, rows: Uint32Array) {
  return <T extends Uint8Array | CodeArray>(column: T, empty: T): T => {
    for (let i = 0; i < rows.length && i < column.length; i++) if (rows[i]! < n) empty[rows[i]!] = column[i]!;
    return empty;
  };
}

/** Rows without a position lie under ones that have one: they never show where nothing is. */
function place(column: Uint16Array, rows: Uint32Array | null): Uint16Array {
  if (rows === null || rows.length === 0) return column;
  let next = 0;
  for (let row = 0; row < column.length; row++) {
    while (next < rows.length - 1 && rows[next]! < row) next += 1;
    column[row] = column[rows[next]!]!;
  }
  return column;
}

/** Writes the rows that have a decision, as a saved notebook knows them, into a fresh table. */
export function writeEdits(table: Table, edits: Edits | null | undefined): LabelValue[] {
  if (typeof edits !== "object" || edits === null) return [];
  const rows = u32Of(edits.rows);
  const current = edits.dtype === "uint32" ? u32Of(edits.current) : u16Of(edits.current);
  const state = bytesOf(edits.state);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row >= table.n || i >= current.length) continue;
    table.current[row] = current[i]!;
    table.state[row] = state[i] ?? 0;
  }
  return Array.isArray(edits.new_classes) ? edits.new_classes : [];
}

export function cardsOf(picture: Picture): Card[] {
  return Array.isArray(picture.cards) ? picture.cards.filter((card) => Number.isInteger(card?.row)) : [];
}
