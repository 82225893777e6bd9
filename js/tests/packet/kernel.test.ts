// @vitest-environment happy-dom
/** The kernel in the page of a packet: the widget's own store talks to it, and Python takes its journal. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import trace from "../../../tests/contract/packet/review.json";
import { type PacketData, readData } from "../../src/packet/data";
import { keepEvents, keptEvents } from "../../src/packet/keeping";
import { PacketModel } from "../../src/packet/model";
import type { Command, JournalEvent, LabelValue, Request } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import type { Store } from "../../src/store/types";
import { KernelError, Link } from "../../src/transport/link";
import { settle } from "../store/fake";

const base64 = (array: ArrayBufferView): string =>
  btoa(String.fromCharCode(...new Uint8Array(array.buffer, array.byteOffset, array.byteLength)));

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);

function makeData(more: Partial<PacketData> = {}): PacketData {
  const { labels, classes, suggested, suspicion, flagged } = trace.dataset;
  const codes = labels.map((label) => (label === null ? 255 : classes.indexOf(label)));
  const detail = (row: number) => ({
    row,
    id: `id-${row}`,
    caption: "",
    suspicion: suspicion[row]!,
    suggested: classes[suggested[row]!]!,
    rank: 1,
    reasons: ["so"],
    candidates: [{ code: suggested[row]!, probability: 0.9 }],
    neighbors: [{ row: 1, code: codes[1]!, distance: 0.1 }],
    scorers: [],
    history: [],
    note: "",
  });
  return {
    format: 1,
    header: trace.header,
    fingerprint: trace.fingerprint,
    name: "pets / 2",
    picture: {
      protocol: 1,
      n: labels.length,
      name: "pets",
      media: "text",
      classes,
      class_names: classes,
      summary: "",
      notices: [],
      has_probability: true,
      noise_rate: null,
      rows: null,
      columns: {
        x: null,
        y: null,
        given: base64(Uint8Array.from(codes)) as never,
        suggested: base64(Uint8Array.from(suggested)) as never,
        suspicion: base64(Uint8Array.from(suspicion, (value) => Math.round(value * 255))) as never,
        flags: base64(Uint8Array.from(flagged)) as never,
      },
      cards: [],
    },
    events: [],
    order: base64(Uint32Array.from([0, 3, 4, 2, 1, 5])),
    cards: [0, 1, 3].map((row) => ({ row, id: `id-${row}`, caption: trace.dataset.data[row]! })),
    thumbs: { 0: base64(PNG) },
    media: { 1: { mime: "text/plain", data: btoa("a big dog") } },
    details: { 0: detail(0), 3: detail(3) },
    columns: [],
    gate: { at: 0.7, counts: [], clean: [], wrong: [], n_above: 2, expected_right: 1 },
    notice: "",
    options: { theme: "light" },
    ...more,
  };
}

let model: PacketModel;
let kept: readonly JournalEvent[];

function open(data = makeData()): void {
  kept = [];
  model = new PacketModel(data, trace.reviewer, (own) => {
    kept = [...own];
  });
}

/** Sends a command and gives the answer, or the error as the page gets it. */
async function run(command: Command): Promise<Record<string, unknown> | KernelError> {
  return talk((link) => link.command(command));
}

const ask = (request: Request) => talk((link) => link.request(request));

async function talk(
  call: (link: Link) => Promise<{ data: Record<string, unknown>; buffers: ArrayBufferView[] }>,
): Promise<(Record<string, unknown> & { buffers?: ArrayBufferView[] }) | KernelError> {
  const link = new Link(model, { events: () => undefined, notice: () => undefined });
  try {
    const { data, buffers } = await call(link);
    return { ...data, buffers };
  } catch (error) {
    return error as KernelError;
  } finally {
    link.dispose();
  }
}

const bytes = (buffer: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

beforeEach(() => open());

describe("the journal", () => {
  it("is what Python takes back, decision by decision", async () => {
    for (const step of trace.commands) {
      const answer = await run(step as Command);
      expect(answer).not.toBeInstanceOf(KernelError);
    }
    const { fold, own } = model.kernel.journal;
    const current = Array.from(fold.current, (code) => (code === 65535 ? -1 : code));
    expect(current).toEqual(trace.expect.current);
    expect(Array.from(fold.state)).toEqual(trace.expect.state);
    const wanted = trace.journal.map((line) => JSON.parse(line) as JournalEvent);
    const batches = new Map<string, string>();
    const plain = (events: readonly JournalEvent[]) =>
      events.map(({ id: _id, at: _at, batch, data, ...rest }) => {
        if (!batches.has(batch)) batches.set(batch, `b${batches.size + 1}`);
        const { reverts, ...others } = data as { reverts?: string };
        const named = reverts === undefined ? {} : { reverts: batches.get(reverts) };
        return { ...rest, batch: batches.get(batch), data: { ...others, ...named } };
      });
    const found = plain(own);
    batches.clear();
    expect(found).toEqual(plain(wanted));
  });

  it("is one line an event after the header, ASCII only, in order, with ids that differ", async () => {
    await run({ name: "note", row: 1, text: "Größe\u2028 \ud800 <script>" });
    for (let i = 0; i < 20; i++) await run({ name: "keep", rows: [i % 6] });
    const lines = model.kernel.journal.text(trace.header).split("\n");
    expect(lines[0]).toBe(trace.header);
    expect(lines.at(-1)).toBe("");
    expect(lines.every((line) => /^[\x20-\x7e]*$/.test(line))).toBe(true);
    const events = lines.slice(1, -1).map((line) => JSON.parse(line) as JournalEvent);
    expect(events[0]!.data.text).toBe("Größe\u2028 \ud800 <script>");
    expect(new Set(events.map(({ id }) => id)).size).toBe(21);
    const keys = events.map(({ at, id }) => `${at} ${id}`);
    expect([...keys].sort()).toEqual(keys);
    for (const event of events) {
      expect(event.id).toMatch(/^[0-9a-f]{14}-[0-9a-f]{4}-[0-9a-f]{10}$/);
      expect(event.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
  });

  it("comes after what was decided before, whatever the clock says", async () => {
    const earlier = { ...JSON.parse(trace.journal[0]!), at: "2999-01-01T00:00:00.123456Z" } as JournalEvent;
    open(makeData({ events: [earlier] }));
    await run({ name: "unsure", rows: earlier.rows });
    const { own } = model.kernel.journal;
    expect(own).toHaveLength(1);
    expect(own[0]!.at > earlier.at).toBe(true);
    expect((await run({ name: "undo" })) as object).toMatchObject({ rows: earlier.rows.length });
    // What others decided is not undone here.
    expect((await run({ name: "undo" })) as object).toMatchObject({ rows: 0, batch: null });
  });

  it("survives that the page is loaded again", async () => {
    await run({ name: "keep", rows: [1] });
    await run({ name: "unsure", rows: [2] });
    expect(keepEvents("f", "bob", kept)).toBe(true);
    open();
    model.kernel.journal.resume(keptEvents("f", "bob"));
    expect(Array.from(model.kernel.journal.fold.state)).toEqual([0, 2, 3, 0, 0, 0]);
    expect(model.kernel.journal.canUndo).toBe(true);
    await run({ name: "undo" });
    expect(model.kernel.journal.fold.state[2]).toBe(0);
    expect(keptEvents("another", "bob")).toEqual([]);
  });
});

describe("bad commands", () => {
  const refused = async (command: unknown, code: string) => {
    const found = await run(command as Command);
    expect(found).toBeInstanceOf(KernelError);
    expect((found as KernelError).code).toBe(code);
    expect(model.kernel.journal.own).toEqual([]);
  };

  it("are answered and change nothing", async () => {
    await refused({ name: "keep", rows: [6] }, "unknown_row");
    await refused({ name: "keep", rows: [-1] }, "unknown_row");
    await refused({ name: "keep", rows: [0.5] }, "unknown_row");
    await refused({ name: "relabel", rows: [0], to: "gnu" }, "invalid_input");
    await refused({ name: "relabel", rows: [0], to: 7, new_class: true }, "invalid_input");
    await refused({ name: "accept_set", row: 0, labels: [] }, "invalid_input");
    await refused({ name: "accept_rest", token: "t" }, "not_offline");
    await refused({ name: "nonsense" }, "not_offline");
  });
});

describe("requests", () => {
  it("bring cards with their pictures, and say what did not come along", async () => {
    const found = (await ask({ name: "cards", rows: [0, 2], size: 96 })) as Record<string, never>;
    const cards = found.cards as { row: number; caption: string }[];
    expect(cards.map(({ row }) => row)).toEqual([0, 2]);
    expect(cards[1]!.caption).toContain("did not come along");
    expect([...bytes((found.buffers as ArrayBufferView[])[0]!)]).toEqual([...PNG]);
    expect((found.buffers as ArrayBufferView[])[1]!.byteLength).toBe(0);
  });

  it("bring details with the history of now", async () => {
    await run({ name: "note", row: 0, text: "odd" });
    await run({ name: "tag", rows: [0], tags: { severity: "minor" } });
    await run({ name: "relabel", rows: [1], to: "eel" });
    const found = (await ask({ name: "detail", row: 0 })) as Record<string, unknown>;
    expect(found.note).toBe("odd");
    expect(found.tags).toEqual({ severity: "minor" });
    expect((found.history as JournalEvent[]).map(({ kind }) => kind)).toEqual(["noted", "tagged"]);
    expect((found.neighbors as { code: number }[])[0]!.code).toBe(2);
    expect(await ask({ name: "detail", row: 60 })).toBeInstanceOf(KernelError);
  });

  it("bring media, the thumbnail where there is nothing larger", async () => {
    expect(((await ask({ name: "media", row: 1, size: 9 })) as { mime: string }).mime).toBe("text/plain");
    expect(((await ask({ name: "media", row: 0, size: 9 })) as { mime: string }).mime).toBe("image/png");
    expect(await ask({ name: "media", row: 2, size: 9 })).toBeInstanceOf(KernelError);
  });

  it("search, count, and put what is decided last in the queue", async () => {
    await run({ name: "keep", rows: [0] });
    const queue = (await ask({ name: "queue", policy: "" })) as { buffers: ArrayBufferView[] };
    expect([...new Uint32Array(bytes(queue.buffers[0]!).slice().buffer)]).toEqual([3, 4, 2, 1, 5, 0]);
    const found = (await ask({ name: "search", query: "DOG" })) as { rows: number };
    expect(found.rows).toBe(2);
    const seen = (await ask({ name: "preview", rows: [0, 1, 3], to: "dog" })) as Record<string, unknown>;
    expect(seen).toMatchObject({ n: 3, changes: 2, already: 1, contradict: 0 });
    expect(((await ask({ name: "query", text: "x" })) as KernelError).code).toBe("not_offline");
  });

  it("move the gate", async () => {
    await run({ name: "set_gate", at: 0.85 });
    expect(await ask({ name: "gate" })).toMatchObject({ at: 0.85, n_above: 1 });
    expect(model.kernel.journal.canUndo).toBe(false);
  });

  it("hand out the journal as a file with a plain name", async () => {
    await run({ name: "keep", rows: [0, 1] });
    const found = (await ask({ name: "export", format: "journal" })) as Record<string, unknown>;
    expect(found).toMatchObject({ filename: "pets-2-bob.jsonl", rows: 2, path: null });
    const text = new TextDecoder().decode(bytes((found.buffers as ArrayBufferView[])[0]!));
    expect(text).toBe(model.kernel.journal.text(trace.header));
  });
});

describe("the widget", () => {
  let store: Store;
  beforeEach(async () => {
    store = createStore(model);
    await settle(5);
  });
  afterEach(() => store.dispose());

  it("is live on it, decides and undoes", async () => {
    expect(store.connection.peek()).toBe("live");
    expect(store.reviewer.peek()).toBe("bob");
    expect(store.current.peek()).toBe(0);
    store.accept();
    await settle(5);
    expect(store.table.peek().state[0]).toBe(1);
    expect(store.progress.peek()).toMatchObject({ reviewed: 1, relabelled: 1, flagged_left: 1 });
    store.relabel("gnu" as LabelValue, [1], true);
    await settle(5);
    expect(store.classNames.peek()).toContain("gnu");
    store.undo();
    await settle(5);
    expect(store.table.peek().state[1]).toBe(0);
    expect(store.canRedo.peek()).toBe(true);
    expect(store.toasts.peek()).toEqual([]);
  });
});

it("single tags that were decided stay when suggestions are accepted", async () => {
  const data = makeData();
  const codes = (values: number[]) => base64(Uint8Array.from(values)) as never;
  const n = data.picture.n;
  open({
    ...data,
    picture: {
      ...data.picture,
      ...{ task: "multilabel", tags: ["fear", "joy"], tags_unknown: false },
      ...{ classes: ["joy", "fear|joy", "fear"], class_names: ["joy", "fear|joy", "fear"] },
      columns: {
        ...data.picture.columns,
        given: codes(new Array(n).fill(0)),
        suggested: codes(new Array(n).fill(2)),
      },
    },
  });
  await run({ name: "remove_tags", rows: [0], tags: ["fear"] });
  await run({ name: "add_tags", rows: [1], tags: ["joy"] });
  await run({ name: "keep", rows: [2] });
  const told = await ask({ name: "accept_preview", rows: [0, 1, 2, 3] });
  expect(told).toMatchObject({
    ...{ n: 4, changes: 3, without: 0 },
    stay: [
      ["fear", 2],
      ["joy", 2],
    ],
  });
  const before = kept.length;
  await run({ name: "accept", rows: [0, 1, 2, 3] });
  const made = kept.slice(before);
  expect(new Set(made.map(({ batch }) => batch)).size).toBe(1);
  const after = new Map(made.flatMap(({ rows, after: to }) => rows.map((row, k) => [row, to[k]])));
  expect([0, 1, 2, 3].map((row) => after.get(row))).toEqual(["", "fear|joy", "joy", "fear"]);
});

it("a file of another format is not read", () => {
  expect(() => readData('{"format": 9}')).toThrow("format 9");
});
