/** What the inspector shows: asked for when the cursor rests, kept for the rows looked at last, read ahead by a few. */
import { effect } from "@preact/signals";
import { Lru } from "../media/lru";
import type { Detail } from "../protocol";
import type { Connection } from "./connection";
import type { Core } from "./core";
import { nextOpen } from "./ranking";

const REST_MS = 40;
const KEPT = 200;

export class Details {
  private readonly kept = new Lru<number, Detail>(KEPT);
  private abort: AbortController | null = null;
  private ahead: AbortController | null = null;
  private stopTimer: () => void = () => undefined;
  private readonly stop: () => void;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
  ) {
    this.stop = effect(() => {
      const row = core.current.value;
      const live = core.connection.value === "live";
      this.show(row, live);
    });
  }

  /** Events change histories, neighbors' labels and candidates: look again. */
  refresh(): void {
    this.kept.clear();
    const row = this.core.current.peek();
    if (row !== null && this.core.connection.peek() === "live") this.ask(row);
  }

  dispose(): void {
    this.stop();
    this.stopTimer();
    this.abort?.abort();
    this.ahead?.abort();
  }

  private show(row: number | null, live: boolean): void {
    this.stopTimer();
    this.abort?.abort();
    const found = row === null ? undefined : this.kept.get(row);
    if (found !== undefined || this.core.detail.peek()?.row !== row) this.core.detail.value = found ?? null;
    if (row === null || !live) return;
    if (found === undefined) this.stopTimer = this.core.later(() => this.ask(row), REST_MS);
    else this.stopTimer = this.core.later(() => void this.readAhead(row), REST_MS);
  }

  private ask(row: number): void {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.load(row, abort.signal).then(
      (detail) => {
        if (this.core.current.peek() !== row) return;
        this.core.detail.value = detail;
        void this.readAhead(row);
      },
      (error) => this.connection.complain(error),
    );
  }

  private async load(row: number, abort: AbortSignal): Promise<Detail> {
    const { data } = await this.connection.link.request({ name: "detail", row }, { signal: abort });
    const detail = { ...data, row } as unknown as Detail;
    this.kept.set(row, detail);
    return detail;
  }

  /** The row that the cursor goes to after a decision is ready when it gets there. */
  private async readAhead(row: number): Promise<void> {
    const { core } = this;
    const next = nextOpen(core.visible.peek(), row, core.table.peek());
    if (next === null || this.kept.has(next)) return;
    this.ahead?.abort();
    this.ahead = new AbortController();
    await this.load(next, this.ahead.signal).catch(() => undefined);
  }
}
