/** Requests that a packet can answer; all others say that they need Python. */
import { sniffImage } from "../media/mime";
import type { Card, Detail, Gate, Held, LabelValue, Request } from "../protocol";
import { bytesOf } from "../transport/binary";
import type { PacketData } from "./data";
import type { Journal } from "./journal";
import { decidedTags } from "./staying";

export interface Reply {
  data: Record<string, unknown>;
  buffers?: DataView[];
}

/** An error with words for the person who asked. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint = "",
  ) {
    super(message);
  }
}

/** What accepting the suggestions of rows gives them. */
export interface Accepted {
  rows: number[];
  labels: LabelValue[];
  told: Record<string, unknown>;
}

interface Desk {
  readonly n: number;
  readonly data: PacketData;
  readonly journal: Journal;
  readonly order: Uint32Array;
  gate(): Gate | null;
  rows(value: number[] | { buffer: number }, buffers: readonly unknown[]): number[];
  suggestionOf(row: number): LabelValue;
  accepted(rows: number[]): Accepted;
}

const NOT_HERE = "This row did not come along in the packet.";

export function answerRequest(desk: Desk, request: Request, buffers: readonly unknown[]): Reply {
  switch (request.name) {
    case "cards":
      return cards(desk, request.rows);
    case "detail":
      return { data: detail(desk, request.row) as unknown as Record<string, unknown> };
    case "media":
      return media(desk, request.row);
    case "queue":
      return { data: { policy: request.policy }, buffers: [view(queue(desk))] };
    case "search": {
      const rows = search(desk, request.query);
      return { data: { query: request.query, rows: rows.length }, buffers: [view(rows)] };
    }
    case "columns":
      return { data: { columns: null, n: desk.n } };
    case "column":
      return column(desk, request.column);
    case "complete":
      return { data: { items: [], from: request.cursor } };
    case "similar": {
      const near = (desk.data.details[request.row]?.neighbors ?? []).map(({ row }) => row);
      return { data: { rows: near.length }, buffers: [view(Uint32Array.from(near))] };
    }
    case "preview":
      return { data: preview(desk, desk.rows(request.rows, buffers), request.to) };
    case "accept_preview":
      return { data: desk.accepted(desk.rows(request.rows, buffers)).told };
    case "gate":
      return { data: (desk.gate() ?? {}) as unknown as Record<string, unknown> };
    case "exemplars":
      return { data: { rows: exemplars(desk, request.code, request.n) } };
    case "export":
      return journalFile(desk);
    default:
      throw new Refusal(
        "not_offline",
        "This needs Python: it is not part of a packet.",
        "Download the journal and merge it; the rest works in the notebook.",
      );
  }
}

function view(rows: Uint32Array): DataView {
  return new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
}

function binary(text: string | undefined): DataView {
  const bytes = bytesOf(text ?? "");
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function cardOf(desk: Desk, row: number): Card {
  const found = cardsByRow(desk.data).get(row);
  return found ?? { row, id: String(row), caption: NOT_HERE };
}

const known = new WeakMap<PacketData, Map<number, Card>>();

function cardsByRow(data: PacketData): Map<number, Card> {
  let found = known.get(data);
  if (found === undefined) {
    found = new Map(data.cards.map((card) => [card.row, card]));
    known.set(data, found);
  }
  return found;
}

function cards(desk: Desk, rows: number[]): Reply {
  for (const row of rows) desk.rows([row], []);
  return {
    data: { cards: rows.map((row) => cardOf(desk, row)), thumbs: rows },
    buffers: rows.map((row) => binary(desk.data.thumbs[row])),
  };
}

function detail(desk: Desk, row: number): Detail {
  desk.rows([row], []);
  const { journal } = desk;
  const history = journal.fold.events.filter((event) => event.rows.includes(row));
  let note = "";
  const tags: Record<string, unknown> = {};
  for (const event of journal.active()) {
    if (!event.rows.includes(row)) continue;
    if (event.kind === "noted") note = String(event.data.text ?? "");
    if (event.kind === "tagged") Object.assign(tags, event.data.tags);
  }
  const still = desk.data.details[row] ?? {
    ...cardOf(desk, row),
    suspicion: 0,
    suggested: desk.suggestionOf(row),
    rank: desk.order.indexOf(row) + 1,
    reasons: [NOT_HERE],
    candidates: [],
    neighbors: [],
    scorers: [],
    history,
    note,
  };
  const current = journal.fold.current;
  const neighbors = still.neighbors.map((one) => ({ ...one, code: current[one.row] ?? one.code }));
  return { ...still, ...tagged(desk, row, still), neighbors, history, note, tags };
}

/** Tags and attributes as they are now; nothing is left of a suspicion that somebody decided about. */
function tagged(desk: Desk, row: number, still: Detail): Partial<Detail> {
  const names = desk.data.picture.tags ?? [];
  if (names.length === 0) return {};
  const { journal } = desk;
  const held = journal.fold.tagsOf(row);
  const decided = decidedTags(journal.active(), row, names, desk.data.picture.task === "multilabel");
  const now = (name: string) => (held[names.indexOf(name)] ?? -1) as Held;
  const found: Partial<Detail> = {};
  if (still.chips !== undefined)
    found.chips = still.chips.map((chip) => ({
      ...chip,
      current: now(chip.tag),
      ...(decided.has(chip.tag) ? { missing: 0, spurious: 0 } : {}),
    }));
  if (still.concepts !== undefined)
    found.concepts = still.concepts.map((concept) => ({
      ...concept,
      current: now(concept.name),
      ...(decided.has(concept.name) ? { suspicion: 0 } : {}),
    }));
  return found;
}

function media(desk: Desk, row: number): Reply {
  desk.rows([row], []);
  const found = desk.data.media[row];
  const thumb = desk.data.thumbs[row];
  if (found === undefined && thumb !== undefined) {
    const bytes = binary(thumb);
    const mime = sniffImage(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return { data: { mime: mime ?? "" }, buffers: [bytes] };
  }
  if (found === undefined) throw new Refusal("unreadable_media", NOT_HERE, "Look at it in the notebook.");
  return { data: { mime: found.mime }, buffers: [binary(found.data)] };
}

/** Rows without a decision first, in the order of the packet. */
function queue(desk: Desk): Uint32Array {
  const { state } = desk.journal.fold;
  const open = desk.order.filter((row) => state[row] === 0);
  const done = desk.order.filter((row) => state[row] !== 0);
  return Uint32Array.from([...open, ...done]);
}

function search(desk: Desk, query: string): Uint32Array {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found: number[] = [];
  for (const card of desk.data.cards) {
    const values = (card.record ?? []).map(([, value]) => value);
    const text = [card.id, card.caption, card.text ?? "", ...values].join("\n").toLowerCase();
    if (words.every((word) => text.includes(word))) found.push(card.row);
  }
  return Uint32Array.from(found.sort((a, b) => a - b));
}

function column(desk: Desk, name: string): Reply {
  const found = desk.data.columns.find(({ info }) => info.name === name);
  if (found === undefined) throw new Refusal("unknown_column", `There is no column “${name}” in the packet.`);
  return { data: { info: found.info, dtype: found.dtype }, buffers: [binary(found.data)] };
}

/** Rows that came along, have the class and are least suspected. */
function exemplars(desk: Desk, code: number, n: number): number[] {
  const { fold, suspicion } = desk.journal;
  return desk.data.cards
    .map(({ row }) => row)
    .filter((row) => fold.current[row] === code)
    .sort((a, b) => suspicion[a]! - suspicion[b]!)
    .slice(0, n);
}

function preview(desk: Desk, rows: number[], to: LabelValue): Record<string, unknown> {
  const { journal } = desk;
  const already = rows.filter((row) => journal.labelOf(row) === to).length;
  const contradicting = rows.filter((row) => {
    const suggested = desk.suggestionOf(row);
    return suggested !== null && suggested !== to && suggested !== journal.labelOf(row);
  });
  const counts = new Map<number, number>();
  for (const row of rows) {
    const code = journal.fold.codeOf(journal.labelOf(row));
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return {
    n: rows.length,
    changes: rows.length - already,
    already,
    contradict: contradicting.length,
    contradicting: contradicting.slice(0, 200),
    odd: [],
    by_current: [...counts].sort((a, b) => b[1] - a[1]),
  };
}

export function journalName(data: PacketData, reviewer: string): string {
  const plain = (text: string) => text.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60);
  return `${plain(data.name) || "dataset"}-${plain(reviewer) || "reviewer"}.jsonl`;
}

function journalFile(desk: Desk): Reply {
  const bytes = new TextEncoder().encode(desk.journal.text(desk.data.header));
  const filename = journalName(desk.data, desk.journal.reviewer);
  const hint = "Send it back: session.merge takes it in.";
  const rows = new Set(desk.journal.own.flatMap((event) => event.rows)).size;
  const data = { path: null, filename, mime: "application/x-ndjson", rows, hint };
  return { data, buffers: [new DataView(bytes.buffer)] };
}
