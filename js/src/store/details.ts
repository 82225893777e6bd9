/** What the inspector shows: asked for when the cursor rests, kept for the rows looked at last, read ahead by a few. */
import { effect } from "@preact/signals";
import { Lru } from "../media/lru";
import type { Detail } from "../protocol";
import type { Connection } from "./connection";
import type { Core } from "./core";
import { nextOpen } from "./ranking";

const REST_MS = 40;
const KEPT = 200;
/** Rows that fast fingers reach before an answer would. */
const AHEAD = 3;

interface Kept {
  detail: Detail;
  /** how many times events had come when it was asked for */
  age: number;
}

export class Details {
  private readonly kept = new Lru<number, Kept>(KEPT);
  private readonly coming = new Set<number>();
  private age = 0;
  private abort: AbortController | null = null;
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

  /** Events change histories and neighbors' labels: look again. What is kept shows meanwhile, with the same candidates. */
  refresh(): void {
    this.age += 1;
    const row = this.core.current.peek();
    if (row !== null && this.core.connection.peek() === "live") this.ask(row);
  }

  dispose(): void {
    this.stop();
    this.stopTimer();
    this.abort?.abort();
  }

  private show(row: number | null, live: boolean): void {
    this.stopTimer();
    this.abort?.abort();
    const found = row === null ? undefined : this.kept.get(row);
    if (found !== undefined || this.core.detail.peek()?.row !== row)
      this.core.detail.value = found?.detail ?? null;
    if (row === null || !live) return;
    const fresh = found !== undefined && found.age === this.age;
    this.stopTimer = this.core.later(() => {
      if (fresh) void this.readAhead(row);
      else this.ask(row);
    }, REST_MS);
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

  private async load(row: number, signal?: AbortSignal): Promise<Detail> {
    const { age } = this;
    const options = signal === undefined ? {} : { signal };
    const { data } = await this.connection.link.request({ name: "detail", row }, options);
    const detail = { ...data, row } as unknown as Detail;
    this.kept.set(row, { detail, age });
    return detail;
  }

  /** The rows that the cursor goes to after decisions are ready when it gets there. */
  private async readAhead(row: number): Promise<void> {
    const { core, coming } = this;
    let next: number | null = row;
    for (let step = 0; step < AHEAD; step++) {
      next = nextOpen(core.visible.peek(), next, core.table.peek());
      if (next === null || next === row) return;
      if (this.kept.get(next) !== undefined || coming.has(next)) continue;
      const at = next;
      coming.add(at);
      await this.load(at).catch(() => undefined);
      coming.delete(at);
      if (core.current.peek() !== row) return;
    }
  }
}
