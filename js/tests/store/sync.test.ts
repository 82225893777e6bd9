// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStore } from "../../src/store/create";
import type { Store } from "../../src/store/types";
import { FakeModel, makePicture, settle, view } from "./fake";

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

describe("traits", () => {
  it("get one selection a gesture, as bits", async () => {
    for (const row of [1, 3, 5]) store.select([row], "add");
    store.setCurrent(5);
    await settle(120);
    const sets = model.saved.filter((change) => "_selection" in change);
    expect(sets.length).toBe(1);
    expect(new Uint8Array((sets[0]!._selection as DataView).buffer)).toEqual(Uint8Array.from([0b101010]));
    expect(model.traits.current).toBe(5);
    store.select([1, 3, 5], "replace");
    await settle(120);
    expect(model.saved.filter((change) => "_selection" in change).length).toBe(1);
  });

  it("from Python move the cursor and the selection, tolerantly", () => {
    model.push("current", 4);
    expect(store.current.peek()).toBe(4);
    model.push("current", 400);
    expect(store.current.peek()).toBeNull();
    model.push("_selection", new Uint8Array([0b11]));
    expect(store.selection.peek().count).toBe(2);
    model.push("_selection", null);
    expect(store.selection.peek().count).toBe(0);
  });

  it("are not pulled back by an echo", async () => {
    store.setCurrent(2);
    await settle(120);
    store.setCurrent(3);
    model.push("current", 2);
    expect(store.current.peek()).toBe(3);
  });
});

describe("search, queue and digits", () => {
  it("searches by the kernel, the last query wins", async () => {
    const asked: string[] = [];
    model.kernel = (content) => {
      const request = content.request!;
      if (request.name !== "search") return model.answer(content);
      asked.push(content.id);
    };
    store.search("ca");
    store.search("cat");
    model.say({ type: "reply", id: asked[1], data: {} }, [view(Uint32Array.from([2, 4, 99]))]);
    model.say({ type: "reply", id: asked[0], data: {} }, [view(Uint32Array.from([1]))]);
    await settle();
    expect(store.filters.peek().search!.query).toBe("cat");
    expect(Array.from(store.visible.peek())).toEqual([2, 4]);
    store.search("  ");
    expect(store.visible.peek().length).toBe(6);
  });

  it("asks for the order of another queue", async () => {
    model.kernel = (content) => {
      const { id, request } = content;
      if (request?.name !== "queue") return model.answer(content);
      queueMicrotask(() => model.say({ type: "reply", id, data: {} }, [view(Uint32Array.from([5, 4]))]));
    };
    store.queue.value = "random";
    await settle();
    expect(Array.from(store.order.peek())).toEqual([5, 4, 0, 3, 1, 2]);
  });

  it("puts candidates on the digits, and nothing while they load", async () => {
    model.kernel = (content) => {
      const { id, request } = content;
      if (request?.name !== "detail") return model.answer(content);
      const candidates = [2, 7, 0].map((code) => ({ code, probability: 0.3 }));
      queueMicrotask(() => model.say({ type: "reply", id, data: { candidates, neighbors: [] } }));
    };
    store.setCurrent(4);
    expect(store.keyCodes.peek()).toEqual([]);
    await settle(80);
    expect(store.detail.peek()!.row).toBe(4);
    expect(store.keyCodes.peek()).toEqual([2, 0, 1]);
  });
});
