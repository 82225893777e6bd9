// @vitest-environment happy-dom
/** Mistakes against a kernel: one command a verdict, the next row by itself, back again after an undo. */
import type { Signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Command, MistakeRow } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import type { Store } from "../../src/store/types";
import { FakeModel, settle } from "../store/fake";

let model: FakeModel;
let store: Store;
/** rows with a mistake, and whether it is judged */
let open: Map<number, boolean>;
let busy: boolean;
let refuse: boolean;

function mistakeOf(row: number): MistakeRow {
  const left = [...open].filter(([, judged]) => !judged).map(([key]) => key);
  const one = {
    prediction: "dog",
    models: ["vit"],
    category: busy ? ("" as const) : ("spurious" as const),
    exemplars: [],
    open: open.get(row) === false,
    mine: null,
    others: 0,
    opinions: [],
    disputed: false,
    settled: null,
  };
  return {
    row,
    given: "cat",
    labels: ["cat"],
    unclear: [],
    exemplars: [],
    cases: open.has(row) ? [one] : [],
    severities: { spurious: "major" } as MistakeRow["severities"],
    busy,
    total: open.size,
    left: left.length,
    to_discuss: 0,
    next: left.find((other) => other !== row) ?? null,
  };
}

beforeEach(async () => {
  open = new Map([
    [0, false],
    [3, false],
  ]);
  busy = false;
  refuse = false;
  model = new FakeModel();
  model.kernel = (content) => {
    const { id, request, command } = content;
    const fail = () =>
      model.say({
        type: "error",
        id,
        code: "invalid_input",
        message: "There are no predictions.",
        hint: "Give.",
      });
    if (request?.name === "mistake") {
      queueMicrotask(() => {
        if (refuse) fail();
        else model.say({ type: "reply", id, data: { ...mistakeOf(request.row) } });
      });
    } else if (command?.name === "judge_mistake") {
      queueMicrotask(() => {
        if (refuse) return fail();
        open.set(command.row, true);
        model.say({ type: "reply", id, data: { rows: 1, batch: "b" } });
      });
    } else model.answer(content);
  };
  store = createStore(model);
  await settle();
  store.queue.value = "mistakes";
  store.setCurrent(0);
  await settle();
});
afterEach(() => {
  store.dispose();
  vi.useRealTimers();
});

const judged = () => model.commands().filter(({ name }) => name === "judge_mistake");

it("is as bad as others taught, and as is usual of its kind before", async () => {
  expect(store.mistakes.likely("spurious")).toBe("major");
  const found = store.mistakes.found.value!;
  const likely = { spurious: { severity: "minor", why: "4 of 4 were." } } as never;
  (store.mistakes.found as Signal<MistakeRow | null>).value = {
    ...found,
    cases: [{ ...found.cases[0]!, likely }],
  };
  expect(store.mistakes.likely("spurious")).toBe("minor");
});

describe("a verdict", () => {
  it("is one command, and the next row comes by itself", async () => {
    expect(store.mistakes.found.value?.row).toBe(0);
    expect(store.announcement.value).toBe("Row 0: dog, predicted by vit. 2 left.");
    const done = store.mistakes.say({ verdict: "correct", category: null, severity: null });
    expect(store.mistakes.ready()).toBe(false);
    await done;
    await settle();
    expect(judged()).toEqual<Command[]>([
      {
        name: "judge_mistake",
        row: 0,
        prediction: "dog",
        settled: false,
        verdict: "correct",
        category: null,
        severity: null,
      },
    ]);
    expect(store.current.value).toBe(3);
    expect(store.announcement.value).toBe(
      "Said: the prediction is correct. Row 3: dog, predicted by vit. 1 left.",
    );
    await store.mistakes.say({ verdict: "unclear", category: null, severity: null });
    await settle();
    expect(store.current.value).toBe(3);
    expect(store.announcement.value).toBe("Said: the prediction is unclear. No mistake is left here.");
    expect(store.mistakes.ready()).toBe(true);
  });

  it("that is refused stays to be given again, and is said", async () => {
    store.mistakes.draft.value = { category: "other", severity: "minor", touched: true };
    refuse = true;
    await store.mistakes.say({ verdict: "wrong", category: "other", severity: "minor" });
    expect(store.toasts.value.at(-1)?.message).toBe("There are no predictions.");
    expect(store.mistakes.draft.value).not.toBeNull();
    expect(store.current.value).toBe(0);
    expect(store.mistakes.sending.value).toBe(false);
  });
});

it("comes back to a row whose verdict was undone, and hears what others do", async () => {
  await store.mistakes.say({ verdict: "correct", category: null, severity: null });
  await settle();
  expect(store.current.value).toBe(3);
  open.set(0, false);
  const tell = (kind: string, rows: number[]) =>
    model.say({
      type: "events",
      events: [model.event(kind, rows, [])],
      can_undo: false,
      can_redo: true,
      saved: true,
    });
  tell("reverted", [0]);
  await settle();
  expect(store.current.value).toBe(0);
  expect(store.announcement.value).toContain("Taken back. Row 0");
  expect(store.mistakes.votes.value).toBe(1);
  const before = model.requests("mistake").length;
  tell("voted", [5]);
  tell("kept", [4]);
  await settle();
  expect(store.mistakes.votes.value).toBe(2);
  expect(model.requests("mistake").length).toBe(before + 1);
  tell("kept", [0]);
  await settle();
  expect(model.requests("mistake").length).toBe(before + 2);
});

it("asks again while the likely kind is looked for, and fills it in", async () => {
  vi.useFakeTimers();
  busy = true;
  store.setCurrent(3);
  await vi.advanceTimersByTimeAsync(10);
  store.mistakes.draft.value = { category: null, severity: null, touched: false };
  busy = false;
  await vi.advanceTimersByTimeAsync(1_500);
  expect(store.mistakes.draft.value).toMatchObject({ category: "spurious", severity: "major" });
});

it("says what is missing, and asks nothing in other queues", async () => {
  refuse = true;
  store.setCurrent(3);
  await settle();
  expect(store.mistakes.problem.value).toEqual({ message: "There are no predictions.", hint: "Give." });
  expect(store.mistakes.ready()).toBe(true);
  refuse = false;
  store.queue.value = "random";
  const before = model.requests("mistake").length;
  store.setCurrent(1);
  await settle();
  expect(model.requests("mistake").length).toBe(before);
});

it("saves a regression set as a file and as a filter", async () => {
  const made = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
  const { kernel } = model;
  model.kernel = (content, buffers) => {
    if (content.request?.name !== "major_slice") return kernel?.(content, buffers);
    const data = {
      path: "pets-hard.json",
      filename: "pets-hard.json",
      mime: "application/json",
      rows: 2,
      query: "row in (0, 3)",
      builders: ["vit", "soup"],
      min_models: 2,
    };
    queueMicrotask(() => model.say({ type: "reply", id: content.id, data }, [Uint8Array.of(123, 125)]));
  };
  await store.mistakes.saveSlice("hard", 2);
  expect(model.commands().at(-1)).toEqual({ name: "save_filter", filter: "hard", query: "row in (0, 3)" });
  expect(made).toHaveBeenCalledOnce();
  const toast = store.toasts.value.at(-1)!;
  expect(toast.message).toBe("2 rows written to pets-hard.json.");
  expect(toast.hint).toBe("vit, soup built it and fail on it by construction. “hard” is a saved filter now.");
});
