/**
 * One conversation with the kernel: every hello, request and command gets exactly one outcome here.
 * Requests run out of time; commands never do: they stay unsent until the kernel has answered them.
 */
import type { Command, KernelMessage, ReportState, Request, Scores, Welcome } from "../protocol";
import { PROTOCOL } from "../protocol";
import { exactBuffer } from "./binary";
import { attempt, type Model } from "./model";
import { type Outbox, openOutbox, type Unsent } from "./outbox";

export interface Answer {
  data: Record<string, unknown>;
  buffers: ArrayBufferView[];
}

/** What Python said went wrong, or what this page found out itself (codes "timeout", "aborted", "closed"). */
export class KernelError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint = "",
    /** where in a query the mistake is */
    readonly position: number | null = null,
  ) {
    super(message);
    this.name = "KernelError";
  }
}

export interface Heard {
  events(message: Extract<KernelMessage, { type: "events" }>): void;
  notice(message: Extract<KernelMessage, { type: "notice" }>): void;
  scores?(message: Scores, buffers: ArrayBufferView[]): void;
  options?(message: Extract<KernelMessage, { type: "options" }>): void;
  report?(message: ReportState): void;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: KernelError): void;
  stop(): void;
}

export interface RequestOptions {
  /** milliseconds */
  timeout?: number;
  signal?: AbortSignal;
}

const REQUEST_TIMEOUT = 30_000;
/** Rows travel as JSON up to this many, else as a buffer. */
const JSON_ROWS = 1_000;

let counter = 0;
/** Unique among all pages of a kernel: replies are heard by every page. */
const page =
  globalThis.crypto?.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

export class Link {
  private readonly waiting = new Map<string, Waiting>();
  private readonly outbox: Outbox = openOutbox();
  private closed = false;

  constructor(
    private readonly model: Model,
    private readonly heard: Heard,
  ) {
    model.on("msg:custom", this.receive);
  }

  hello(timeout: number): Promise<Answer & { data: Welcome & Record<string, unknown> }> {
    const id = newId();
    const answer = this.wait(id, { timeout });
    this.post({ type: "hello", id, protocol: PROTOCOL });
    return answer as Promise<Answer & { data: Welcome & Record<string, unknown> }>;
  }

  request(request: Request, options: RequestOptions = {}): Promise<Answer> {
    const id = newId();
    const answer = this.wait(id, { timeout: REQUEST_TIMEOUT, ...options });
    if (this.waiting.has(id)) this.postBody("request", id, request);
    return answer;
  }

  /** Sends a command and keeps it until it is answered, over restarts of the kernel too. */
  command(command: Command): Promise<Answer> {
    const unsent: Unsent = { id: newId(), command, at: Date.now() };
    return this.dispatch(unsent);
  }

  /** Sends what has no answer yet once more, under the same ids: the kernel does each only once. */
  resend(): number {
    for (const unsent of this.outbox.list()) this.postCommand(unsent);
    return this.outbox.list().length;
  }

  /** Commands that another view of the same journal could not get rid of. */
  adopt(journal: string | null): Promise<Answer>[] {
    this.outbox.journal = journal;
    this.outbox.lost = false;
    return this.outbox.adopt().map((unsent) => this.dispatch(unsent));
  }

  markLost(): void {
    this.outbox.lost = true;
  }

  /** The front end said that the connection is gone. */
  get lostSight(): boolean {
    return this.outbox.lost;
  }

  get unanswered(): number {
    return this.outbox.list().length;
  }

  /** Oldest command without an answer, in milliseconds since it was sent. */
  get oldest(): number {
    const first = this.outbox.list()[0];
    return first === undefined ? 0 : Date.now() - first.at;
  }

  dispose(): void {
    if (this.closed) return;
    this.closed = true;
    this.model.off("msg:custom", this.receive);
    this.outbox.close();
    for (const id of [...this.waiting.keys()])
      this.fail(id, new KernelError("closed", "The view was closed."));
  }

  private dispatch(unsent: Unsent): Promise<Answer> {
    this.outbox.add(unsent);
    const answer = this.wait(unsent.id, {});
    this.postCommand(unsent);
    const done = () => this.outbox.remove(unsent.id);
    answer.then(done, (error: KernelError) => {
      if (error.code !== "closed") done();
    });
    return answer;
  }

  private wait(id: string, { timeout, signal }: RequestOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new KernelError("closed", "The view was closed."));
      if (signal?.aborted) return reject(new KernelError("aborted", "No longer needed."));
      const abort = () => this.fail(id, new KernelError("aborted", "No longer needed."));
      const timer =
        timeout === undefined
          ? undefined
          : setTimeout(
              () => this.fail(id, new KernelError("timeout", "The kernel did not answer.")),
              timeout,
            );
      signal?.addEventListener("abort", abort);
      const stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      this.waiting.set(id, { resolve, reject, stop });
    });
  }

  private settle(id: string): Waiting | undefined {
    const found = this.waiting.get(id);
    this.waiting.delete(id);
    found?.stop();
    return found;
  }

  private fail(id: string, error: KernelError): void {
    this.settle(id)?.reject(error);
  }

  private postCommand({ id, command }: Unsent): void {
    this.postBody("command", id, command);
  }

  private postBody(type: "command" | "request", id: string, body: Command | Request): void {
    // Cards and commands name few rows as a list, many as a buffer.
    if ("rows" in body && Array.isArray(body.rows) && body.rows.length > JSON_ROWS) {
      const rows = Uint32Array.from(body.rows);
      this.post({ type, id, [type]: { ...body, rows: { buffer: 0 } } }, [exactBuffer(rows)]);
    } else this.post({ type, id, [type]: body });
  }

  private post(content: unknown, buffers: ArrayBuffer[] = []): void {
    attempt(() => this.model.send(content, undefined, buffers));
  }

  private readonly receive = (content: unknown, buffers?: unknown): void => {
    if (this.closed || typeof content !== "object" || content === null) return;
    const message = content as KernelMessage;
    const views = Array.isArray(buffers) ? (buffers as ArrayBufferView[]) : [];
    switch (message.type) {
      case "reply": {
        const data = typeof message.data === "object" && message.data !== null ? message.data : {};
        this.settle(message.id)?.resolve({ data, buffers: views });
        break;
      }
      case "error":
        this.fail(
          message.id,
          new KernelError(
            String(message.code),
            String(message.message),
            String(message.hint ?? ""),
            typeof message.position === "number" ? message.position : null,
          ),
        );
        break;
      case "events":
        if (Array.isArray(message.events)) this.heard.events(message);
        break;
      case "notice":
        this.heard.notice(message);
        break;
      case "scores":
        this.heard.scores?.(message, views);
        break;
      case "options":
        this.heard.options?.(message);
        break;
      case "report":
        this.heard.report?.(message);
        break;
    }
  };
}

function newId(): string {
  counter += 1;
  return `${page}-${counter}`;
}
