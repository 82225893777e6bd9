// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStore } from "../../src/store/create";
import type { Store } from "../../src/store/types";
import { FakeModel, makePicture, settle, view } from "./fake";

let model: FakeModel;
let store: Store;

async function open(setUp: (model: FakeModel) => void = () => undefined, traits = {}): Promise<void> {
  model = new FakeModel({
    _picture: makePicture({ suggested: [1, 1, 2, 2, 1, 2], flags: [1, 0, 0, 1, 0, 0] }),
    ...traits,
  });
  setUp(model);
  store = createStore(model);
  await settle(5);
}

beforeEach(() => open());
afterEach(() => {
  vi.useRealTimers();
  store.dispose();
});

describe("start", () => {
  it("draws from traits, then goes live on the first row of the queue", () => {
    expect(store.connection.peek()).toBe("live");
    expect(store.meta.peek().name).toBe("pets");
    expect(Array.from(store.visible.peek())).toEqual([0, 3, 1, 2, 4, 5]);
    expect(store.current.peek()).toBe(0);
    expect(store.exportFormats.peek()).toEqual(["csv"]);
    expect(store.journal.peek()).toBe("pets.jsonl");
  });

  it("takes the journal's word over the saved picture's", async () => {
    store.dispose();
    const edits = {
      rows: view(Uint32Array.from([5])),
      current: view(Uint16Array.from([0])),
      state: view(Uint8Array.from([1])),
      new_classes: [],
      progress: {},
    };
    await open((m) => m.events.push(m.event("relabelled", [1], ["fox"])), { _edits: edits });
    expect(Array.from(store.table.peek().state)).toEqual([0, 1, 0, 0, 0, 0]);
    expect(store.classNames.peek()).toEqual(["cat", "dog", "eel", "fox"]);
    expect(store.table.peek().current[1]).toBe(3);
    expect(store.savedAt.peek()).not.toBeNull();
  });

  it("asks for all rows when the picture is a sample, and keeps what was decided", async () => {
    store.dispose();
    const n = 8;
    await open(
      (m) => {
        m.more = true;
        m.events.push(m.event("relabelled", [2], ["dog"]));
        m.kernel = (content) => {
          if (content.request?.name !== "columns") return m.answer(content);
          const at = (buffer: number) => ({ buffer });
          const columns = {
            x: null,
            y: null,
            given: at(0),
            suggested: at(0),
            suspicion: at(0),
            flags: at(1),
          };
          const bytes = [Uint8Array.from({ length: n }, (_, i) => i % 3), new Uint8Array(n)].map(view);
          queueMicrotask(() => m.say({ type: "reply", id: content.id, data: { columns } }, bytes));
        };
      },
      { _picture: makePicture({ n, rows: [0, 2], given: [0, 2] }) },
    );
    expect(store.passing.peek().every((bit) => bit === 1)).toBe(true);
    expect(store.table.peek().given[7]).toBe(1);
    expect([store.table.peek().current[2], store.table.peek().state[2]]).toEqual([1, 1]);
  });

  it("draws the map when the trait brings it", () => {
    model.push("_picture", makePicture({ map: false }));
    expect(store.table.peek().x).toBeNull();
    model.push("_picture", makePicture());
    expect(store.table.peek().x![1]).toBe(100);
  });

  it("stands a model without traits", () => {
    const bare = new FakeModel();
    bare.traits._picture = undefined;
    bare.kernel = null;
    const empty = createStore(bare);
    expect(empty.table.peek().n).toBe(0);
    empty.move(1);
    empty.accept();
    empty.dispose();
  });
});

describe("a decision", () => {
  it("is pending until its events came, and the cursor goes on at once", async () => {
    store.accept();
    expect(model.commands()).toEqual([{ name: "accept", rows: [0] }]);
    expect(store.table.peek().pending[0]).toBe(1);
    expect(store.current.peek()).toBe(3);
    store.keep();
    expect(store.current.peek()).toBe(1);
    await settle();
    expect(Array.from(store.table.peek().pending)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(store.table.peek().state[3]).toBe(2);
  });

  it("marks a row as long as any command on it is under way", async () => {
    model.kernel = null;
    store.keep([1, 2]);
    store.unsure([2]);
    const [first, second] = model.sent.slice(-2).map(({ content }) => content.id);
    model.say({ type: "reply", id: first, data: {} });
    await settle();
    expect(Array.from(store.table.peek().pending)).toEqual([0, 0, 1, 0, 0, 0]);
    model.say({ type: "reply", id: second, data: {} });
    await settle();
    expect(store.table.peek().pending[2]).toBe(0);
    expect(store.unsaved.peek()).toBe(0);
  });

  it("on a selection is one command, and ends the selection", () => {
    store.select([1, 2, 4], "replace");
    expect(store.targets()).toEqual([1, 2, 4]);
    store.relabel("eel");
    expect(model.commands()).toEqual([{ name: "relabel", rows: [1, 2, 4], to: "eel", source: "widget" }]);
    expect(store.selection.peek().count).toBe(0);
  });

  it("that Python refuses becomes a toast with its hint, and no mark stays", async () => {
    model.kernel = ({ id }) =>
      queueMicrotask(() =>
        model.say({ type: "error", id, code: "unknown_label", message: "No.", hint: "Cat?" }),
      );
    store.relabel("cta");
    await settle();
    expect(store.toasts.peek()).toMatchObject([{ level: "error", message: "No.", hint: "Cat?" }]);
    expect(store.table.peek().pending[0]).toBe(0);
    expect(store.table.peek().state[0]).toBe(0);
    store.dismiss(store.toasts.peek()[0]!.key);
    expect(store.toasts.peek()).toEqual([]);
  });

  it("can be undone, which goes back to its row and says so", async () => {
    store.relabel("dog");
    await settle();
    expect(store.table.peek().state[0]).toBe(1);
    expect(store.announcement.peek()).toContain("Row 0 relabelled");
    store.undo();
    await settle();
    expect(store.table.peek().state[0]).toBe(0);
    expect(store.current.peek()).toBe(0);
    expect(store.announcement.peek()).toContain("put back");
    store.redo();
    expect(store.announcement.peek()).toContain("Nothing to redo");
  });

  it("of another view arrives by events", () => {
    model.tell([model.event("relabelled", [4], ["cow"])]);
    expect(store.classes.peek()).toEqual(["cat", "dog", "eel", "cow"]);
    expect(store.table.peek().current[4]).toBe(3);
    model.tell([model.events.at(-1)!]);
    expect(store.canUndo.peek()).toBe(true);
  });
});

describe("without a kernel", () => {
  beforeEach(async () => {
    store.dispose();
    vi.useFakeTimers();
    model = new FakeModel();
    model.kernel = null;
    store = createStore(model);
  });

  it("says so after a while, refuses decisions, and changes nothing", () => {
    expect(store.connection.peek()).toBe("connecting");
    vi.advanceTimersByTime(4_100);
    expect(store.connection.peek()).toBe("offline");
    expect(store.canDecide.peek()).toBe(false);
    store.setCurrent(2);
    store.accept();
    expect(model.commands()).toEqual([]);
    expect(store.toasts.peek()[0]!.message).toContain("Kernel not connected");
    expect(store.keyCodes.peek()).toEqual([0, 1, 2]);
  });

  it("keeps what was decided while connecting, and goes on when the kernel answers late", async () => {
    store.setCurrent(1);
    store.keep();
    vi.advanceTimersByTime(20_000);
    expect(store.connection.peek()).toBe("offline");
    model.kernel = (content) => model.answer(content);
    const hello = model.sent.find(({ content }) => content.type === "hello")!;
    model.answer(hello.content);
    model.answer(model.sent.find(({ content }) => content.type === "command")!.content);
    await vi.advanceTimersByTimeAsync(100);
    expect(store.connection.peek()).toBe("live");
    expect(store.table.peek().state[1]).toBe(2);
    expect(store.unsaved.peek()).toBe(0);
  });

  it("loses nothing when the comm breaks and comes back: unanswered commands go again, under their ids", async () => {
    model.kernel = (content) => model.answer(content);
    store.retry();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(store.connection.peek()).toBe("live");
    model.kernel = null;
    store.setCurrent(1);
    store.keep();
    model.emit("comm_live_update");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(store.connection.peek()).toBe("offline");
    expect(store.unsaved.peek()).toBe(1);
    model.kernel = (content) => model.answer(content);
    store.retry();
    await vi.advanceTimersByTimeAsync(100);
    const keeps = model.sent.filter(({ content }) => content.command?.name === "keep");
    expect(keeps.length).toBe(2);
    expect(keeps[0]!.content.id).toBe(keeps[1]!.content.id);
    expect(store.table.peek().state[1]).toBe(2);
    expect(store.table.peek().pending[1]).toBe(0);
  });

  it("a kernel that is busy with a cell keeps decisions in its queue, and a word says so", async () => {
    model.kernel = (content) => model.answer(content);
    store.retry();
    await vi.advanceTimersByTimeAsync(5_000);
    model.kernel = null;
    store.keep([1]);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(store.connection.peek()).toBe("connecting");
    expect(store.canDecide.peek()).toBe(true);
    expect(store.toasts.peek().some(({ message }) => message.includes("does not answer"))).toBe(true);
  });
});
