/** After a rescore: new suspicion, suggestions and flags for all rows, and a word about what moved. */
import { batch } from "@preact/signals";
import type { Gate, LeftEstimate, NoiseRate, Scores } from "../protocol";
import { bytesOf, u16Of, u32Of } from "../transport/binary";
import type { Core } from "./core";
import { bySuspicion, completeOrder } from "./ranking";
import { type CodeArray, type Table, UNLABELLED } from "./types";

const SHOWN_MS = 3_000;

function codes(bytes: unknown, dtype: string): CodeArray {
  if (dtype === "uint32") return u32Of(bytes);
  return dtype === "uint16"
    ? u16Of(bytes)
    : Uint16Array.from(bytesOf(bytes), (code) => (code === 255 ? UNLABELLED : code));
}

/** A new table with the columns of the message; null when they do not fit. */
export function rescored(table: Table, message: Scores, buffers: ArrayBufferView[]): Table | null {
  const at = (sent: { buffer: number } | null): unknown => (sent === null ? null : buffers[sent.buffer]);
  const suspicion = bytesOf(at(message.suspicion));
  const suggested = codes(at(message.suggested), message.suggested.dtype);
  const flags = bytesOf(at(message.flags));
  const rows = message.rows === null ? null : u32Of(at(message.rows));
  const length = rows === null ? table.n : rows.length;
  if ([suspicion, suggested, flags].some((column) => column.length !== length)) return null;
  if (rows === null)
    return { ...table, suspicion: suspicion.slice(), suggested: suggested.slice(), flags: flags.slice() };
  const next = {
    ...table,
    suspicion: table.suspicion.slice(),
    suggested: table.suggested.slice(),
    flags: table.flags.slice(),
  };
  for (let i = 0; i < length; i++) {
    const row = rows[i]!;
    if (row >= table.n) return null;
    next.suspicion[row] = suspicion[i]!;
    next.suggested[row] = suggested[i]!;
    next.flags[row] = flags[i]!;
  }
  return next;
}

export class ScoreKeeper {
  private last = 0;
  private stopTimer: () => void = () => undefined;
  /** called when scores were taken over; says which rows have others than before */
  onScores: (changed: (row: number) => boolean) => void = () => undefined;

  constructor(private readonly core: Core) {}

  /** Another kernel counts from the start. */
  startOver(): void {
    this.last = 0;
  }

  take(message: Scores, buffers: ArrayBufferView[]): void {
    const { core } = this;
    const seq = Number(message.seq) || 0;
    if (seq <= this.last) return;
    const old = core.table.peek();
    // A sample of the rows cannot be changed in part: full columns are on their way and bring new scores.
    const table = rescored(old, message, buffers);
    if (table === null) return;
    this.last = seq;
    const shown = core.review.control.peek();
    if (shown !== null) table.suggested[shown.row] = old.suggested[shown.row]!;
    batch(() => {
      core.table.value = table;
      const order = message.order === null ? null : u32Of(buffers[message.order.buffer]);
      if (order !== null) core.order.value = completeOrder(order, bySuspicion(table));
      core.meta.value = { ...core.meta.peek(), noiseRate: noise(message.noise_rate) };
      core.review.estimate.value = object<LeftEstimate>(message.estimate);
      core.review.gate.value = object<Gate>(message.gate) ?? core.review.gate.peek();
      if (message.progress && typeof message.progress === "object")
        core.progress.value = { ...core.progress.peek(), ...message.progress };
      core.review.rescoring.value = false;
      this.showMoved(Array.isArray(message.moved) ? message.moved : [], Number(message.n_moved) || 0);
      core.bump();
    });
    this.onScores(
      (row) =>
        old.suspicion[row] !== table.suspicion[row] ||
        old.suggested[row] !== table.suggested[row] ||
        old.flags[row] !== table.flags[row],
    );
  }

  private showMoved(rows: readonly number[], count: number): void {
    const { core } = this;
    this.stopTimer();
    core.review.moved.value = new Set(rows.filter((row) => core.validRow(row) !== null));
    if (count > 0) core.say(`${count === 1 ? "1 row" : `${count.toLocaleString("en-US")} rows`} moved.`);
    if (rows.length === 0) return;
    this.stopTimer = core.later(() => {
      core.review.moved.value = new Set();
    }, SHOWN_MS);
  }
}

function noise(value: NoiseRate | null | undefined): NoiseRate | null {
  return object<NoiseRate>(value);
}

export function object<T>(value: unknown): T | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as T) : null;
}
