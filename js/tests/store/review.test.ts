// @vitest-environment happy-dom
/** Columns, scores, controls, queries and the order of what is shown: one store against a scripted kernel. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command, Request } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import { type Store, UNLABELLED } from "../../src/store/types";
import { FakeModel, makePicture, PROGRESS, settle, view } from "./fake";

let model: FakeModel;
let store: Store;
let answers: Partial<Record<string, (request: never) => { data: object; buffers?: ArrayBufferView[] }>>;
let replies: Partial<Record<string, object>>;

const AGE = { name: "age", kind: "numeric", n_missing: 1, min: 1, max: 5 } as const;
const FARM = {
  name: "farm",
  kind: "categorical",
  n_missing: 1,
  categories: ["north", "south"],
  counts: [3, 2],
} as const;

const hello = () => ({
  ...model.welcome(),
  columns: [AGE, FARM, { name: "story", kind: "text", n_missing: 0 }],
  control_rate: 0.03,
  can_query: true,
  gate: { at: 0.5, counts: [], clean: [], wrong: [], n_above: 2, expected_right: 1 },
  estimate: null,
  reveal: "at_once",
  live: true,
  saved_filters: [{ name: "sure", query: "suspicion > .9" }],
});

beforeEach(async () => {
  model = new FakeModel({
    _picture: makePicture({ suggested: [1, 1, 2, 2, 1, 2], flags: [1, 0, 0, 1, 0, 1] }),
  });
  replies = {};
  answers = {
    column: (request: Extract<Request, { name: "column" }>) =>
      request.column === "age"
        ? { data: { info: AGE, dtype: "float32" }, buffers: [Float32Array.from([1, Number.NaN, 3, 4, 5, 2])] }
        : { data: { info: FARM, dtype: "uint16" }, buffers: [Uint16Array.from([0, 1, 65535, 0, 1, 0])] },
  };
  model.kernel = (content) => {
    const { id, type, request, command } = content;
    const say = (data: object, buffers: ArrayBufferView[] = []) =>
      queueMicrotask(() => model.say({ type: "reply", id, data }, buffers));
    if (type === "hello") return say(hello());
    if (type === "command") {
      const extra = replies[command!.name];
      if (command!.name === "control_answer" || extra !== undefined) return say(extra ?? {});
      return model.answer(content);
    }
    const made = answers[request!.name];
    if (made === undefined) return model.answer(content);
    const { data, buffers } = made(request as never);
    say(data, buffers);
  };
  store = createStore(model);
  await settle(5);
});
afterEach(() => store.dispose());

const scores = (seq: number, suspicion: number[], more: object = {}, extra: ArrayBufferView[] = []) =>
  model.say(
    {
      type: "scores",
      seq,
      rows: null,
      suspicion: { buffer: 0, dtype: "uint8" },
      suggested: { buffer: 1, dtype: "uint8" },
      flags: { buffer: 2, dtype: "uint8" },
      order: null,
      moved: [],
      n_moved: 0,
      noise_rate: null,
      estimate: null,
      gate: null,
      progress: PROGRESS,
      ms: 1,
      ...more,
    },
    [
      Uint8Array.from(suspicion),
      Uint8Array.from(suspicion, () => 1),
      Uint8Array.from(suspicion, (value) => (value > 127 ? 1 : 0)),
      ...extra,
    ],
  );

describe("the welcome", () => {
  it("brings columns, options and saved filters", () => {
    expect(store.columnInfos.peek().map(({ name }) => name)).toEqual(["age", "farm", "story"]);
    expect(store.savedFilters.peek()).toEqual([{ name: "sure", query: "suspicion > .9" }]);
    expect(store.live.peek()).toBe(true);
    expect(store.gate.peek()?.at).toBe(0.5);
  });

  it("of a large frame is followed by its columns", () => {
    const options = { control_rate: 0, reveal: "at_once", live: true, saved_filters: [] };
    model.say({ type: "options", ...options, columns: [FARM, null] });
    expect(store.columnInfos.peek().map(({ name }) => name)).toEqual(["farm"]);
  });

  it("of an old or forged kernel leaves them empty", async () => {
    model.say({ type: "options", control_rate: "many", reveal: 3, live: "yes", saved_filters: null });
    expect(store.controlRate.peek()).toBe(0);
    expect(store.reveal.peek()).toBe("at_once");
    expect(store.live.peek()).toBe(false);
    expect(store.savedFilters.peek()).toEqual([]);
  });
});

describe("columns", () => {
  it("come when asked for, once", async () => {
    const age = store.columnOf("age");
    expect(age.peek()).toBeNull();
    store.columnOf("age");
    await settle(5);
    expect(model.requests("column")).toHaveLength(1);
    expect(age.peek()?.kind).toBe("numeric");
    expect(store.columnOf("story").peek()).toBeNull();
    await settle(5);
    expect(model.requests("column")).toHaveLength(1);
  });

  it("filter by range and by category; what is missing passes no filter", async () => {
    store.filterColumn("age", { min: 2, max: 4 });
    expect(store.visible.peek()).toHaveLength(6);
    await settle(5);
    expect([...store.visible.peek()].sort()).toEqual([2, 3, 5]);
    store.filterColumn("farm", new Set([0]));
    await settle(5);
    expect([...store.visible.peek()].sort()).toEqual([3, 5]);
    store.filterColumn("age", null);
    expect([...store.visible.peek()].sort()).toEqual([0, 3, 5]);
  });

  it("of the table itself are named with a colon", () => {
    store.filterColumn(":given", new Set([0, 2]));
    expect([...store.visible.peek()].sort()).toEqual([0, 2, 3, 5]);
    store.filterColumn(":suspicion", { min: 0.995, max: 1 });
    expect([...store.visible.peek()].sort()).toEqual([0]);
    expect(model.requests("column")).toHaveLength(0);
  });

  it("know the reviewers from the events", () => {
    model.tell([model.event("kept", [2, 3], ["eel", "cat"], { reviewer: "bob" })]);
    const found = store.columnOf(":reviewer").peek()!;
    if (found.kind !== "categorical") throw new Error("reviewers are categories");
    expect(found.info.categories).toEqual(["bob"]);
    expect([...found.codes]).toEqual([UNLABELLED, UNLABELLED, 0, 0, UNLABELLED, UNLABELLED]);
  });
});

describe("scores", () => {
  it("replace the columns, keep decisions, and say what moved", () => {
    model.tell([model.event("kept", [2], ["eel"])]);
    scores(1, [0, 10, 20, 200, 40, 50], { moved: [0, 3], n_moved: 2 });
    const table = store.table.peek();
    expect([...table.suspicion]).toEqual([0, 10, 20, 200, 40, 50]);
    expect(table.state[2]).toBe(2);
    expect([...store.moved.peek()]).toEqual([0, 3]);
    expect(store.announcement.peek()).toBe("2 rows moved.");
    model.tell([model.event("unsure", [4], [])]);
    expect(store.table.peek().state[4]).toBe(3);
  });

  it("that are older than what is shown are passed over, until another kernel starts", async () => {
    scores(5, [1, 1, 1, 1, 1, 1]);
    scores(4, [9, 9, 9, 9, 9, 9]);
    expect(store.table.peek().suspicion[0]).toBe(1);
    store.retry();
    await settle(5);
    scores(1, [7, 7, 7, 7, 7, 7]);
    expect(store.table.peek().suspicion[0]).toBe(7);
  });

  it("may hold some rows only, and the order of the queue", () => {
    const some = { rows: { buffer: 3, dtype: "uint32" }, order: { buffer: 4, dtype: "uint32" } };
    scores(1, [200, 100], some, [Uint32Array.from([5, 1]), Uint32Array.from([5, 4, 3, 2, 1, 0])]);
    expect([...store.table.peek().suspicion]).toEqual([255, 100, 253, 252, 251, 200]);
    expect([...store.order.peek()]).toEqual([5, 4, 3, 2, 1, 0]);
  });

  it("that do not fit change nothing", () => {
    scores(1, [1, 2, 3]);
    const rows = { rows: { buffer: 3, dtype: "uint32" } };
    scores(2, [1], rows, [Uint32Array.from([99])]);
    expect(store.table.peek().suspicion[0]).toBe(255);
  });
});

describe("details", () => {
  it("of rows that did not move are not asked for again", async () => {
    const asked: number[] = [];
    answers.detail = ({ row }: { row: number }) => {
      asked.push(row);
      return { data: { candidates: [], neighbors: [] } };
    };
    store.setCurrent(1);
    await settle(80);
    asked.length = 0;
    scores(1, [0, 10, 20, 30, 40, 50]);
    await settle(80);
    expect(asked[0]).toBe(1);
    asked.length = 0;
    scores(2, [9, 10, 20, 30, 40, 50]);
    await settle(80);
    expect(asked).not.toContain(1);
  });
});

describe("without live scores", () => {
  it("the gate and the errors left are asked for after decisions, once", async () => {
    const estimate = { left: 3, low: 1, high: 9 };
    answers.estimate = () => ({ data: estimate });
    model.say({ type: "options", control_rate: 0, reveal: "at_once", live: false, saved_filters: [] });
    for (const row of [1, 2, 4]) model.tell([model.event("kept", [row], ["dog"])]);
    await settle(1100);
    expect(model.requests("estimate")).toHaveLength(1);
    expect(store.estimate.peek()).toMatchObject(estimate);
    expect(store.gate.peek()?.at).toBe(0.5);
    expect(store.toasts.peek()).toEqual([]);
  });
});

describe("spectrograms", () => {
  it("are kept, and let go of with the store", async () => {
    const gone: string[] = [];
    const revoke = URL.revokeObjectURL;
    URL.revokeObjectURL = (url) => void gone.push(url);
    try {
      answers.spectrogram = () => ({ data: { mime: "image/png" }, buffers: [Uint8Array.from([1, 2])] });
      const first = await store.spectrogram(1, 64, 32);
      expect(await store.spectrogram(1, 64, 32)).toBe(first);
      expect(model.requests("spectrogram")).toHaveLength(1);
      answers.spectrogram = () => ({ data: { mime: "image/svg+xml" }, buffers: [Uint8Array.from([1])] });
      expect(await store.spectrogram(2, 64, 32)).toBeNull();
      store.dispose();
      expect(gone).toContain(first!.url);
    } finally {
      URL.revokeObjectURL = revoke;
    }
  });
});

describe("a control", () => {
  const offer = async () => {
    store.setCurrent(0);
    await settle(5);
    replies.keep = { control: { id: "k1", row: 5, suggested: "cat" } };
    store.keep();
    await settle(5);
    model.tell([model.event("kept", [0], ["cat"])]);
  };

  it("comes after the next decision, looks like a card, and never reaches the row", async () => {
    await offer();
    const there = store.current.peek();
    expect(store.control.peek()).toBeNull();
    model.tell([model.event("relabelled", [5], ["dog"])]);
    delete replies.keep;
    store.keep();
    expect(store.current.peek()).toBe(5);
    expect(store.table.peek().suggested[5]).toBe(0);
    expect(store.suggestedOf(5)).toBe(0);
    expect(store.table.peek().state[5]).toBe(0);
    const before = model.commands().length;
    replies.control_answer = {
      passed: false,
      kind: "planted_suggestion",
      acceptance: { wrong_accepted: 1, n: 1, low: 0.1, high: 1 },
      noticed: "Look at each row.",
    };
    store.accept();
    await settle(5);
    const sent = model.commands().slice(before);
    expect(sent).toEqual([{ name: "control_answer", id: "k1", row: 5, verdict: "accept" }]);
    expect(store.control.peek()).toBeNull();
    expect(store.table.peek().suggested[5]).toBe(2);
    expect(store.table.peek().state[5]).toBe(1);
    expect(store.current.peek()).not.toBe(5);
    expect(store.current.peek()).not.toBe(there);
    expect(store.answered.peek()).toMatchObject({ row: 5, passed: false });
    expect(store.noticed.peek()).toBe("Look at each row.");
    expect(store.acceptance.peek()?.n).toBe(1);
  });

  it("leaves nothing behind when its row is excluded instead", async () => {
    await offer();
    delete replies.keep;
    store.keep();
    store.exclude();
    await settle(5);
    expect(store.control.peek()).toBeNull();
    expect(model.commands().at(-1)).toEqual({ name: "exclude", rows: [5] });
  });

  it("of a row that does not exist is no control", async () => {
    replies.keep = { control: { id: "k1", row: 99, suggested: "cat" } };
    store.setCurrent(0);
    store.keep();
    await settle(5);
    store.keep();
    expect(store.control.peek()).toBeNull();
  });
});

describe("answer before reveal", () => {
  beforeEach(() =>
    model.say({ type: "options", control_rate: 0, reveal: "after_answer", live: false, saved_filters: [] }),
  );

  it("hides suggestions and candidates of open rows", async () => {
    answers.detail = () => ({ data: { candidates: [{ code: 2, probability: 0.9 }], neighbors: [] } });
    store.setCurrent(1);
    await settle(80);
    expect(store.suggestedOf(1)).toBe(UNLABELLED);
    expect(store.keyCodes.peek()).toEqual([0, 1, 2]);
    store.accept();
    expect(store.announcement.peek()).toBe("The suggestion is hidden until you decide.");
    expect(model.commands()).toEqual([]);
    model.tell([model.event("kept", [1], ["dog"])]);
    expect(store.suggestedOf(1)).toBe(1);
    expect(store.keyCodes.peek()[0]).toBe(2);
  });
});

describe("queries", () => {
  it("filter, and an empty one takes the filter away", async () => {
    answers.query = () => ({ data: { rows: 2 }, buffers: [Uint32Array.from([4, 1, 4])] });
    expect(await store.query("age > 2")).toEqual({ ok: true, rows: 2 });
    expect([...store.visible.peek()].sort()).toEqual([1, 4]);
    await store.query("  ");
    expect(store.visible.peek()).toHaveLength(6);
  });

  it("with a mistake say where it is, and change nothing", async () => {
    model.kernel = ({ id }) =>
      model.say({ type: "error", id, code: "query", message: "No.", hint: "Do.", position: 4 });
    expect(await store.query("age >")).toEqual({ ok: false, message: "No.", hint: "Do.", position: 4 });
    expect(store.filters.peek().query).toBeNull();
    expect(store.toasts.peek()).toEqual([]);
  });
});

describe("the order of what is shown", () => {
  it("follows the sort", async () => {
    store.sort.value = "pair";
    // Rows whose suggestion is their label come last, suspects or not.
    expect([...store.visible.peek()].slice(0, 2)).toEqual([0, 3]);
    expect([...store.visible.peek()].slice(2).sort()).toEqual([1, 2, 4, 5]);
    answers.similar = () => ({ data: {}, buffers: [Uint32Array.from([3, 0, 5])] });
    await store.similar(2, true);
    expect([...store.visible.peek()].slice(0, 4)).toEqual([2, 3, 0, 5]);
    expect(store.similarTo.peek()).toBe(2);
    store.sort.value = "suspicion";
    expect([...store.visible.peek()]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("keeps groups together, the one with most suspects first", () => {
    store.group.value = "suggested";
    const codes = [...store.visible.peek()].map((row) => store.table.peek().suggested[row]);
    expect(codes).toEqual([2, 2, 2, 1, 1, 1]);
    expect([...store.visible.peek()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("commands", () => {
  const last = (): Command => model.commands().at(-1)!;

  it("are worded as the protocol has them", async () => {
    store.setCurrent(3);
    store.acceptSet(3, ["cat", "dog"]);
    expect(last()).toEqual({ name: "accept_set", row: 3, labels: ["cat", "dog"] });
    store.tag({ severity: "major" }, [1, 2]);
    expect(last()).toEqual({ name: "tag", rows: [1, 2], tags: { severity: "major" } });
    store.setOptions({ controlRate: 0.1, live: false });
    expect(last()).toEqual({ name: "set_options", control_rate: 0.1, live: false });
    store.saveFilter("old", "age > 9");
    expect(last()).toEqual({ name: "save_filter", filter: "old", query: "age > 9" });
    store.dropFilter("old");
    expect(last()).toEqual({ name: "drop_filter", filter: "old" });
    const page = { rows: [1, 2], wrong: new Map([[2, "cat"]]), mean: "suggested", seconds: 3 } as const;
    await store.pageDone({ ...page, token: "t" });
    expect(last()).toEqual({ ...page, name: "page_done", wrong: { "2": "cat" }, token: "t" });
  });

  it("that fail give false and a toast", async () => {
    model.kernel = ({ id }) =>
      model.say({ type: "error", id, code: "bound_not_met", message: "Not yet.", hint: "Check 2 more." });
    expect(await store.acceptRest("t")).toBe(false);
    expect(store.toasts.peek()[0]).toMatchObject({ message: "Not yet.", hint: "Check 2 more." });
    expect(await store.check("cat", "dog", 0.9)).toBeNull();
  });

  it("with many rows carry them as a buffer, requests too", async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => i % 6);
    void store.preview(rows, "cat");
    const { content, buffers } = model.sent.at(-1)!;
    expect(content.request).toMatchObject({ name: "preview", rows: { buffer: 0 } });
    expect(new Uint32Array(buffers[0]!)).toHaveLength(1500);
  });

  it("show the gate at once and its count when the kernel has it", async () => {
    answers.gate = () => ({
      data: { at: 0.8, counts: [1], clean: [], wrong: [], n_above: 1, expected_right: 0 },
    });
    store.setGate(0.8);
    expect(store.gate.peek()).toMatchObject({ at: 0.8, n_above: 2 });
    await settle(5);
    expect(store.gate.peek()).toMatchObject({ at: 0.8, n_above: 1 });
  });
});

it("binary of the wrong length is no column", async () => {
  answers.column = () => ({ data: { info: AGE, dtype: "float32" }, buffers: [view(Float32Array.from([1]))] });
  const age = store.columnOf("age");
  await settle(5);
  expect(age.peek()).toBeNull();
});
