/** What the inspector shows: asked for when the cursor rests, kept for the rows looked at last, read ahead by a few. */
import { effect } from "@preact/signals";
import { Lru } from "../media/lru";
import type { Detail, JournalEvent } from "../protocol";
import type { Connection } from "./connection";
import type { Core } from "./core";
import { nextOpen } from "./ranking";

const REST_MS = 40;
const KEPT = 200;
/** Rows that fast fingers reach before an answer would. */
const AHEAD = 3;

interface Kept {
  detail: Detail;
  stale: boolean;
}

export class Details {
  private readonly kept = new Lru<number, Kept>(KEPT);
  /** one question a row at a time */
  private readonly coming = new Map<number, Promise<Detail>>();
  private stopTimer: () => void = () => undefined;
  private ended = false;
  private readonly stop: () => void;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
  ) {
    this.stop = effect(() => {
      const row = core.current.value;
      const live = core.connection.value === "live";
      core.review.control.value;
      this.show(row, live);
    });
  }

  /** Events change the history of their rows and the labels of neighbors, nothing else. */
  refresh(events: readonly JournalEvent[]): void {
    const touched = new Set<number>();
    for (const event of events) for (const row of event.rows) touched.add(row);
    const { current } = this.core.table.peek();
    for (const entry of this.kept.values()) {
      const { detail } = entry;
      if (touched.has(detail.row)) entry.stale = true;
      if (Array.isArray(detail.neighbors) && detail.neighbors.some(({ row }) => touched.has(row)))
        entry.detail = {
          ...detail,
          neighbors: detail.neighbors.map((neighbor) => ({
            ...neighbor,
            code: current[neighbor.row] ?? neighbor.code,
          })),
        };
    }
    for (const row of touched) this.coming.delete(row);
    const row = this.core.current.peek();
    if (row === null) return;
    const found = this.kept.get(row);
    if (found !== undefined && this.core.detail.peek()?.row === row) this.put(found.detail);
    this.rest(row);
  }

  /** After a rescore what is said about rows that moved is different. */
  forget(changed: (row: number) => boolean): void {
    for (const entry of this.kept.values()) if (changed(entry.detail.row)) entry.stale = true;
    for (const row of [...this.coming.keys()]) if (changed(row)) this.coming.delete(row);
    const row = this.core.current.peek();
    if (row !== null) this.rest(row);
  }

  dispose(): void {
    this.ended = true;
    this.stop();
    this.stopTimer();
  }

  private show(row: number | null, live: boolean): void {
    this.stopTimer();
    const found = row === null ? undefined : this.kept.get(row);
    if (found !== undefined) this.put(found.detail);
    else if (this.core.detail.peek()?.row !== row) this.core.detail.value = null;
    if (row !== null && live) this.rest(row);
  }

  /** The only place that asks: however many things happen at once, a row is asked for once. */
  private rest(row: number): void {
    this.stopTimer();
    if (this.core.connection.peek() !== "live") return;
    this.stopTimer = this.core.later(() => void this.settle(row), REST_MS);
  }

  private async settle(row: number): Promise<void> {
    const found = this.kept.get(row);
    try {
      if (found === undefined || found.stale) {
        const detail = await this.load(row);
        if (this.core.current.peek() !== row || this.ended) return;
        this.put(detail);
      } else if (this.core.detail.peek()?.row !== row && this.core.current.peek() === row) {
        // read ahead for the row before: it came while the cursor was on its way
        this.put(found.detail);
      }
      await this.readAhead(row);
    } catch (error) {
      this.connection.complain(error);
    }
  }

  /** A control must look like any other row: its suggestion, and no past. */
  private put(detail: Detail): void {
    const control = this.core.review.control.peek();
    this.core.detail.value =
      control?.row === detail.row
        ? { ...detail, suggested: control.suggested, history: [], note: "", tags: {} }
        : detail;
  }

  private load(row: number): Promise<Detail> {
    const asked = this.coming.get(row);
    if (asked !== undefined) return asked;
    const answer = this.connection.link.request({ name: "detail", row }).then(({ data }) => {
      const detail = { ...data, row } as unknown as Detail;
      // Events on the row came since: what was asked before them is shown, and asked again at the next look.
      this.kept.set(row, { detail, stale: this.coming.get(row) !== answer });
      return detail;
    });
    this.coming.set(row, answer);
    const done = () => {
      if (this.coming.get(row) === answer) this.coming.delete(row);
    };
    answer.then(done, done);
    return answer;
  }

  /** The rows that the cursor goes to after decisions are ready when it gets there. */
  private async readAhead(row: number): Promise<void> {
    const { core } = this;
    let next: number | null = row;
    for (let step = 0; step < AHEAD; step++) {
      next = nextOpen(core.visible.peek(), next, core.table.peek());
      if (next === null || next === row) return;
      if (this.kept.get(next)?.stale === false || this.coming.has(next)) continue;
      await this.load(next).catch(() => undefined);
      if (core.current.peek() !== row || this.ended) return;
    }
  }
}
