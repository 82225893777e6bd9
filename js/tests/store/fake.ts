/** A model as anywidget hands it over, with a kernel that answers as the test says. */
import type { Command, JournalEvent, Picture, Request } from "../../src/protocol";
import type { Model } from "../../src/transport/model";

export const view = (array: ArrayBufferView): DataView =>
  new DataView(array.buffer.slice(array.byteOffset, array.byteOffset + array.byteLength) as ArrayBuffer);

export interface PictureParts {
  n?: number;
  given?: number[];
  suggested?: number[];
  suspicion?: number[];
  flags?: number[];
  classes?: (string | number)[];
  map?: boolean;
  rows?: number[] | null;
  media?: Picture["media"];
}

export function makePicture(parts: PictureParts = {}): Picture {
  const given = parts.given ?? [0, 1, 2, 0, 1, 2];
  const n = parts.n ?? given.length;
  const m = parts.rows?.length ?? n;
  const classes = parts.classes ?? ["cat", "dog", "eel"];
  const column = (values: number[] | undefined, otherwise: (i: number) => number) =>
    view(Uint8Array.from({ length: m }, (_, i) => values?.[i] ?? otherwise(i)));
  return {
    protocol: 1,
    n,
    name: "pets",
    media: parts.media ?? "text",
    classes,
    class_names: classes.map(String),
    summary: "",
    notices: [],
    has_probability: true,
    noise_rate: null,
    rows: parts.rows == null ? null : view(Uint32Array.from(parts.rows)),
    columns: {
      x: parts.map === false ? null : view(Uint16Array.from({ length: m }, (_, i) => i * 100)),
      y: parts.map === false ? null : view(Uint16Array.from({ length: m }, (_, i) => i * 10)),
      given: column(given, () => 0),
      suggested: column(parts.suggested, (i) => given[i] ?? 0),
      suspicion: column(parts.suspicion, (i) => 255 - i),
      flags: column(parts.flags, () => 0),
    },
    cards: [],
  };
}

export const PROGRESS = {
  n: 6,
  n_labeled: 6,
  reviewed: 0,
  by_machine: 0,
  taken_over: 0,
  relabelled: 0,
  kept: 0,
  unsure: 0,
  excluded: 0,
  flagged: 2,
  flagged_left: 2,
  per_100: 0,
};

type Sent = { type: string; id: string; command?: Command; request?: Request };
type Listener = (...args: unknown[]) => void;

export class FakeModel implements Model {
  readonly listeners = new Map<string, Set<Listener>>();
  readonly sent: { content: Sent; buffers: ArrayBuffer[] }[] = [];
  readonly saved: Record<string, unknown>[] = [];
  private dirty: Record<string, unknown> = {};
  /** how the kernel answers; by default it welcomes and answers every request with nothing */
  kernel: ((content: Sent, buffers: ArrayBuffer[]) => void) | null = (content) => this.answer(content);
  journal: string | null = "pets.jsonl";
  events: JournalEvent[] = [];
  more = false;
  private tick = 0;

  constructor(readonly traits: Record<string, unknown> = {}) {
    traits._picture ??= makePicture();
    traits._edits ??= {};
    traits._options ??= { height: 640 };
    traits._selection ??= view(new Uint8Array(1));
    traits.current ??= null;
  }

  get = (key: string): unknown => this.traits[key];

  set = (key: string, value: unknown): void => {
    this.traits[key] = value;
    this.dirty[key] = value;
    this.emit(`change:${key}`);
  };

  save_changes = (): void => {
    this.saved.push(this.dirty);
    this.dirty = {};
  };

  on = (event: string, callback: (...args: never[]) => void): void => {
    const known = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, known.add(callback as Listener));
  };

  off = (event?: string | null, callback?: ((...args: never[]) => void) | null): void => {
    if (event && callback) this.listeners.get(event)?.delete(callback as Listener);
  };

  send = (content: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] | ArrayBufferView[] = []): void => {
    this.sent.push({ content: content as Sent, buffers: buffers as ArrayBuffer[] });
    this.kernel?.(content as Sent, buffers as ArrayBuffer[]);
  };

  emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...args);
  }

  /** A message from the kernel. */
  say(content: unknown, buffers: ArrayBufferView[] = []): void {
    this.emit("msg:custom", structuredClone(content), buffers);
  }

  /** The kernel's side changes a trait. */
  push(key: string, value: unknown): void {
    this.traits[key] = value;
    this.emit(`change:${key}`);
  }

  get count(): number {
    let count = 0;
    for (const known of this.listeners.values()) count += known.size;
    return count;
  }

  commands(): Command[] {
    return this.sent
      .filter(({ content }) => content.type === "command")
      .map(({ content }) => content.command!);
  }

  requests(name: string): Sent[] {
    return this.sent.map(({ content }) => content).filter((content) => content.request?.name === name);
  }

  answer(content: Sent): void {
    queueMicrotask(() => {
      if (content.type === "hello") this.say({ type: "reply", id: content.id, data: this.welcome() });
      else if (content.type === "command") this.decide(content);
      else this.say({ type: "reply", id: content.id, data: {} });
    });
  }

  welcome() {
    return {
      protocol: 1,
      events: this.events,
      progress: PROGRESS,
      journal: this.journal,
      reviewer: "ada",
      can_undo: this.events.length > 0,
      can_redo: false,
      export_formats: ["csv"],
      more: this.more,
    };
  }

  event(
    kind: string,
    rows: number[],
    after: JournalEvent["after"],
    more: Partial<JournalEvent> = {},
  ): JournalEvent {
    this.tick += 1;
    const place = String(this.tick).padStart(6, "0");
    return {
      kind,
      id: `e${place}`,
      batch: `b${place}`,
      at: `2025-01-31T09:30:00.${place}Z`,
      reviewer: "ada",
      source: "widget",
      rows,
      before: rows.map(() => null),
      after,
      suspicion: rows.map(() => 0.5),
      data: {},
      ...more,
    };
  }

  /** Relabels and keeps, tells it, and then answers. */
  decide(content: Sent): void {
    const command = content.command!;
    const rows = "rows" in command && Array.isArray(command.rows) ? command.rows : [];
    const told: JournalEvent[] = [];
    if (command.name === "relabel")
      told.push(
        this.event(
          "relabelled",
          rows,
          rows.map(() => command.to),
        ),
      );
    else if (command.name === "keep") told.push(this.event("kept", rows, []));
    else if (command.name === "unsure") told.push(this.event("unsure", rows, []));
    else if (command.name === "plan_withdraw")
      told.push(this.event("planned", [], [], { data: { withdrawn: command.plan } }));
    else if (command.name === "undo" && this.events.length > 0) {
      const last = this.events.at(-1)!;
      told.push(this.event("reverted", last.rows, [], { data: { reverts: last.batch } }));
    }
    this.tell(told);
    this.say({ type: "reply", id: content.id, data: {} });
  }

  tell(events: JournalEvent[], saved = true): void {
    this.events.push(...events);
    if (events.length > 0)
      this.say({ type: "events", events, progress: PROGRESS, can_undo: true, can_redo: false, saved });
  }
}

/** Lets promises and zero timers run. */
export const settle = (ms = 0): Promise<void> => new Promise((done) => setTimeout(done, ms));
