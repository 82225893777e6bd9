// @vitest-environment happy-dom
/** What follows a change of filters, names that could not be seen, details that are there before the cursor, toasts. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStore } from "../../src/store/create";
import { NO_FILTERS } from "../../src/store/ranking";
import type { Store } from "../../src/store/types";
import { visibleName } from "../../src/store/words";
import { FakeModel, makePicture, PROGRESS, settle } from "./fake";

let model: FakeModel;
let store: Store;

beforeEach(async () => {
  model = new FakeModel({
    _picture: makePicture({ suggested: [1, 1, 2, 2, 1, 2], flags: [1, 0, 0, 1, 0, 0] }),
  });
  store = createStore(model);
  await settle(5);
});
afterEach(() => store.dispose());

describe("filters", () => {
  it("take the cursor along, so that no key decides a row that nobody sees", () => {
    expect(store.current.peek()).toBe(0);
    store.filters.value = { ...NO_FILTERS, suggested: 2 };
    expect(store.current.peek()).toBe(3);
    expect(store.announcement.peek()).toBe("1 suspect in 3 rows shown.");
    store.filters.value = { ...NO_FILTERS, given: 1, suggested: 0 };
    expect(store.current.peek()).toBeNull();
    expect(store.announcement.peek()).toContain("No row passes");
    store.keep();
    expect(model.commands()).toEqual([]);
    store.filters.value = { ...NO_FILTERS };
    expect(store.current.peek()).toBe(0);
  });

  it("leave a cursor alone that still passes", () => {
    store.setCurrent(2);
    store.filters.value = { ...NO_FILTERS, suggested: 2 };
    expect(store.current.peek()).toBe(2);
  });
});

it("names of empty, blank and turned-around classes can be seen", () => {
  expect(visibleName("")).toBe("(empty)");
  expect(visibleName("  ")).toBe("(2 spaces)");
  expect(visibleName("\u202Elive")).toBe("\uFFFDlive");
  expect(visibleName("שלום")).toBe("שלום");
});

it("details of the next rows come early and keep their candidates through events", async () => {
  const asked: number[] = [];
  model.kernel = (content) => {
    const { id, request } = content;
    if (request?.name !== "detail") return model.answer(content);
    asked.push(request.row);
    const candidates = [{ code: 2, probability: 0.9 }];
    queueMicrotask(() => model.say({ type: "reply", id, data: { candidates, neighbors: [] } }));
  };
  store.setCurrent(1);
  await settle(80);
  expect(asked.slice(0, 4)).toEqual([1, 2, 4, 5]);
  const events = [model.event("kept", [3], ["cat"])];
  const more = { progress: PROGRESS, can_undo: true, can_redo: false, saved: true };
  model.say({ type: "events", events, ...more });
  store.setCurrent(2);
  expect(store.keyCodes.peek()[0]).toBe(2);
  await settle(80);
  // Nothing happened to row 2: what was read ahead still holds.
  expect(asked.filter((row) => row === 2)).toHaveLength(1);
  model.say({ type: "events", events: [model.event("kept", [2], ["eel"])], ...more });
  store.setCurrent(2);
  await settle(80);
  expect(asked.filter((row) => row === 2)).toHaveLength(2);
});

it("one decision asks for no row twice", async () => {
  const asked: number[] = [];
  model.kernel = (content) => {
    if (content.request?.name === "detail") asked.push(content.request.row);
    model.answer(content);
    if (content.type === "command") model.tell([model.event("kept", [1], ["dog"])]);
  };
  store.setCurrent(1);
  await settle(80);
  asked.length = 0;
  store.keep();
  await settle(120);
  expect(asked.length).toBeLessThanOrEqual(2);
  expect(new Set(asked).size).toBe(asked.length);
});

it("an accepted mixed selection is told as one gesture", () => {
  const one = model.event("relabelled", [0, 3], ["dog", "dog"]);
  const two = { ...model.event("kept", [1], ["dog"]), batch: one.batch };
  const more = { progress: PROGRESS, can_undo: true, can_redo: false, saved: true };
  model.say({ type: "events", events: [one, two], ...more });
  expect(store.announcement.peek()).toContain("2 rows relabelled to dog. Row 1 kept as dog.");
});

it("good news never pushes an error out", () => {
  store.toast("error", "disk full");
  for (let k = 0; k < 8; k++) store.toast("info", `exported ${k}`);
  expect(store.toasts.peek().map((toast) => toast.message)).toEqual([
    "disk full",
    "exported 6",
    "exported 7",
  ]);
});
