/** Questions about a whole review: checks, previews, similar rows, queries, spectrograms. Errors become toasts. */
import { batch } from "@preact/signals";
import { Lru } from "../media/lru";
import { isShowable, objectUrl } from "../media/mime";
import type {
  Check,
  CheckState,
  Completion,
  Gate,
  LabelValue,
  LeftEstimate,
  PageControl,
  Preview,
  Request,
} from "../protocol";
import { bytesOf, u32Of } from "../transport/binary";
import { type Answer, KernelError } from "../transport/link";
import type { Connection } from "./connection";
import type { Core } from "./core";
import { completeOrder } from "./ranking";
import type { Planned, QueryOutcome, Spectrogram } from "./shapes";

const REFRESH_MS = 1_000;
const PICTURES = 32;
const NOT_CONNECTED = "The kernel is not connected.";

export class Asking {
  private querying: AbortController | null = null;
  private ended = false;
  private stopTimer: () => void = () => undefined;
  private readonly pictures = new Lru<string, Spectrogram>(PICTURES, ({ url }) => URL.revokeObjectURL(url));

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
  ) {}

  check(given: LabelValue, suggested: LabelValue, precision: number): Promise<Check | null> {
    return this.shape({ name: "check", given, suggested, precision });
  }

  checkState(token: string): Promise<CheckState | null> {
    return this.shape({ name: "check_state", token });
  }

  preview(rows: number[], to: LabelValue): Promise<Preview | null> {
    return this.shape({ name: "preview", rows, to });
  }

  pageControl(rows: number[], mean: "suggested" | "given"): Promise<PageControl | null> {
    return this.shape({ name: "page_control", rows, mean });
  }

  plan(queue: boolean, of: string, page: number | null): Promise<Planned | null> {
    return this.shape({ name: "plan", queue, of, page });
  }

  complete(text: string, cursor: number): Promise<{ items: Completion[]; from: number } | null> {
    return this.shape({ name: "complete", text, cursor });
  }

  async exemplars(code: number, n: number): Promise<number[] | null> {
    const found = await this.shape<{ rows?: unknown }>({ name: "exemplars", code, n });
    return Array.isArray(found?.rows) ? found.rows.filter((row) => this.core.validRow(row) !== null) : null;
  }

  async refreshGate(): Promise<void> {
    const gate = await this.shape<Gate>({ name: "gate" });
    if (gate !== null) this.core.review.gate.value = gate;
  }

  /** Once a second at most: what decisions did to the gate's counts and to the errors left. */
  refreshSoon(): void {
    this.stopTimer();
    this.stopTimer = this.core.later(() => void this.refresh(), REFRESH_MS);
  }

  private async refresh(): Promise<void> {
    const { review, connection } = this.core;
    if (connection.peek() !== "live") return;
    const { link } = this.connection;
    // Nobody asked for this, so that nobody is told when it does not work.
    const [gate, left] = await Promise.all(
      (["gate", "estimate"] as const).map((name) => link.request({ name }).catch(() => null)),
    );
    batch(() => {
      if (typeof gate?.data.at === "number") review.gate.value = gate.data as unknown as Gate;
      if (typeof left?.data.left === "number") review.estimate.value = left.data as unknown as LeftEstimate;
    });
  }

  async rescore(): Promise<void> {
    const { rescoring } = this.core.review;
    rescoring.value = true;
    // The scores come as a message of their own and end it.
    if ((await this.answer({ name: "rescore" }, 120_000)) === null) rescoring.value = false;
  }

  async similar(row: number, sort = false): Promise<Uint32Array | null> {
    const found = await this.answer({ name: "similar", row }, 60_000);
    if (found === null) return null;
    const rows = u32Of(found.buffers[0]);
    if (sort) {
      const { review, order } = this.core;
      review.similarOrder.value = completeOrder(Uint32Array.from([row, ...rows]), order.peek());
      review.similarTo.value = row;
      review.sort.value = "similar";
    }
    return rows;
  }

  async query(text: string): Promise<QueryOutcome> {
    const { core } = this;
    const wanted = text.trim();
    this.querying?.abort();
    if (wanted === "") {
      core.filters.value = { ...core.filters.peek(), query: null };
      return { ok: true, rows: core.table.peek().n };
    }
    if (core.connection.peek() !== "live")
      return { ok: false, message: NOT_CONNECTED, hint: "Run the cell again to connect.", position: null };
    const abort = new AbortController();
    this.querying = abort;
    try {
      const request = { name: "query", text } as const;
      const { buffers } = await this.connection.link.request(request, { signal: abort.signal });
      const mask = new Uint8Array(core.table.peek().n);
      let rows = 0;
      for (const row of u32Of(buffers[0]))
        if (row < mask.length && mask[row] === 0) {
          mask[row] = 1;
          rows += 1;
        }
      if (!abort.signal.aborted) core.filters.value = { ...core.filters.peek(), query: { text, mask } };
      return { ok: true, rows };
    } catch (error) {
      const known = error instanceof KernelError;
      return {
        ok: false,
        message: error instanceof Error ? error.message : String(error),
        hint: known ? error.hint : "",
        position: known ? error.position : null,
      };
    }
  }

  async spectrogram(row: number, width: number, height: number): Promise<Spectrogram | null> {
    const key = `${row}/${width}/${height}`;
    const kept = this.pictures.get(key);
    if (kept !== undefined) return kept;
    const found = await this.answer({ name: "spectrogram", row, width, height }, 60_000);
    const mime = found?.data.mime;
    const bytes = bytesOf(found?.buffers[0]);
    if (!isShowable(mime) || bytes.length === 0 || this.ended) return null;
    const made = { mime, url: objectUrl(bytes.slice(), mime) };
    this.pictures.set(key, made);
    return made;
  }

  dispose(): void {
    this.ended = true;
    this.querying?.abort();
    this.stopTimer();
    this.pictures.clear();
  }

  private async shape<T>(request: Request): Promise<T | null> {
    const found = await this.answer(request);
    return found === null ? null : (found.data as T);
  }

  /** Data and buffers; null when there is no answer, which was said then. */
  find(request: Request, timeout?: number): Promise<Answer | null> {
    return this.answer(request, timeout);
  }

  private async answer(request: Request, timeout = 30_000): Promise<Answer | null> {
    if (this.core.connection.peek() === "offline") {
      this.core.toast("warning", NOT_CONNECTED, "Run the cell again to connect.");
      return null;
    }
    try {
      return await this.connection.link.request(request, { timeout });
    } catch (error) {
      this.connection.complain(error);
      return null;
    }
  }
}
