// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Action } from "../../src/input/keymap";
import { KeyLine } from "../../src/input/line";
import type { Store } from "../../src/store/types";
import { settle } from "../store/fake";
import { fakeMistakes } from "../store/parts";

const keyCodes = signal<number[]>([]);
const current = signal<number | null>(0);
const connection = signal("live");
const toast = vi.fn();
const classes = signal([1, 2]);
const task = signal("classification");
const detail = signal<{ row: number } | null>(null);
const mistakes = fakeMistakes();
const store = {
  mistakes,
  keyCodes,
  current,
  connection,
  classes,
  task,
  detail,
  say: vi.fn(),
  toast,
} as unknown as Store;
const digit: Action = { do: "digit", place: 0 };
const keep: Action = { do: "keep" };
let done: Action[] = [];
let line: KeyLine;

beforeEach(() => {
  keyCodes.value = [];
  current.value = 0;
  connection.value = "live";
  done = [];
  toast.mockClear();
  line = new KeyLine(store, (action) => {
    done.push(action);
    // A decision moves on to a row whose candidates are not here yet.
    if (action.do === "digit") keyCodes.value = [];
  });
});
afterEach(() => line.dispose());

it("holds a digit until its row has candidates, and what came after it in order", async () => {
  for (const action of [digit, keep, digit]) line.take(action);
  expect(done).toEqual([]);
  keyCodes.value = [4];
  await settle();
  expect(done).toEqual([digit, keep]);
  keyCodes.value = [5];
  await settle();
  expect(done).toEqual([digit, keep, digit]);
});

it("runs everything else at once", () => {
  line.take(keep);
  expect(done).toEqual([keep]);
  current.value = null;
  line.take(digit);
  expect(done).toEqual([keep, digit]);
});

it("drops what waits on Escape and when the kernel is gone, and says so", async () => {
  line.take(digit);
  line.take({ do: "clear" });
  expect(toast).toHaveBeenCalledTimes(1);
  line.take(digit);
  line.take(keep);
  connection.value = "offline";
  keyCodes.value = [0];
  await settle();
  expect(done).toEqual([]);
  expect(toast.mock.calls[1]![1]).toContain("2 keys");
});

it("holds a digit of a tag until the chips of the row are here; numbers have no digits to wait for", async () => {
  task.value = "multilabel";
  line.take(digit);
  line.take({ do: "refuse", place: 1 });
  expect(done).toEqual([]);
  detail.value = { row: 0 };
  await settle();
  expect(done).toEqual([digit, { do: "refuse", place: 1 }]);
  detail.value = null;
  task.value = "regression";
  line.take(digit);
  expect(done).toHaveLength(3);
  task.value = "classification";
});

it("holds keys that judge a mistake until the row is there and the answer before has come", async () => {
  const ready = vi.spyOn(mistakes as { ready: () => boolean }, "ready").mockReturnValue(false);
  mistakes.on.value = true;
  const enter: Action = { do: "accept" };
  for (const action of [digit, enter]) line.take(action);
  expect(done).toEqual([]);
  ready.mockReturnValue(true);
  mistakes.sending.value = true;
  mistakes.sending.value = false;
  await settle();
  expect(done).toEqual([digit, enter]);
  mistakes.on.value = false;
});
