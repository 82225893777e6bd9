// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Gallery } from "../../src/gallery/Gallery";
import { createStore } from "../../src/store/create";
import type { Store } from "../../src/store/types";
import { FakeModel, makePicture, settle } from "../store/fake";

const N = 3_000;
let host: HTMLElement;
let model: FakeModel;
let store: Store;

const grid = (): HTMLElement => host.querySelector<HTMLElement>(".ls-grid")!;
const cards = (): HTMLElement[] => [...host.querySelectorAll<HTMLElement>(".ls-card")];
const card = (row: number): HTMLElement => host.querySelector<HTMLElement>(`.ls-card[data-row="${row}"]`)!;
const chosen = (): number[] =>
  cards()
    .filter((one) => one.getAttribute("aria-selected") === "true")
    .map((one) => Number(one.dataset.row));

async function click(row: number, more: MouseEventInit = {}): Promise<void> {
  await act(() => void card(row).dispatchEvent(new MouseEvent("click", { bubbles: true, ...more })));
}

async function key(name: string, more: KeyboardEventInit = {}): Promise<boolean> {
  let free = true;
  await act(() => {
    free = grid().dispatchEvent(
      new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }),
    );
  });
  await act(() => settle());
  return free;
}

async function pointer(type: string, x: number, y: number): Promise<void> {
  const init = { clientX: x, clientY: y, pointerId: 1, button: 0, pointerType: "mouse", bubbles: true };
  await act(() => void grid().dispatchEvent(new PointerEvent(type, init)));
}

async function open(media: "text" | "image" | "table" | "audio" = "image"): Promise<void> {
  const flags = Array.from({ length: N }, (_, row) => (row < 100 ? 1 : 0));
  const given = Array.from({ length: N }, (_, row) => row % 3);
  const suspicion = Array.from({ length: N }, (_, row) => Math.max(0, 255 - Math.floor(row / 4)));
  model = new FakeModel({ _picture: makePicture({ n: N, flags, given, suspicion, media }) });
  store = createStore(model);
  host = document.createElement("div");
  document.body.append(host);
  await act(() => render(<Gallery store={store} />, host));
  await act(() => settle(5));
}

beforeEach(async () => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(464);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(500);
  await open();
});

afterEach(async () => {
  await act(() => render(null, host));
  host.remove();
  store.dispose();
  vi.restoreAllMocks();
});

describe("virtual grid", () => {
  it("holds few cards wherever it is scrolled", async () => {
    for (const top of [0, 5_000, 60_000, 88_012]) {
      grid().scrollTop = top;
      await act(() => void grid().dispatchEvent(new Event("scroll")));
      expect(cards().length).toBeGreaterThan(8);
      expect(cards().length).toBeLessThanOrEqual(200);
    }
    expect(cards().at(-1)!.dataset.row).toBe(String(N - 1));
  });

  it("tells assistive technology how large it is and where the cursor is", async () => {
    expect(grid().getAttribute("role")).toBe("grid");
    expect(grid().getAttribute("aria-rowcount")).toBe("750");
    expect(grid().getAttribute("aria-multiselectable")).toBe("true");
    await key("ArrowDown");
    expect(grid().getAttribute("aria-activedescendant")).toBe(card(4).id);
    expect(card(4).closest("[role=row]")!.getAttribute("aria-rowindex")).toBe("2");
    expect(card(4).getAttribute("aria-label")).toContain("row 4");
  });

  it("follows the cursor and says how many suspects there are", async () => {
    expect(host.querySelector(".ls-gallery-head")!.textContent).toContain("100 suspects");
    await key("End");
    expect(store.current.peek()).toBe(N - 1);
    expect(card(N - 1).classList.contains("current")).toBe(true);
    await key("Home");
    expect(card(0).classList.contains("current")).toBe(true);
    await key("PageDown");
    expect(store.current.peek()).toBe(16);
  });

  it("says so when no row passes", async () => {
    await act(() => {
      store.filters.value = { ...store.filters.peek(), given: 0, suggested: 1 };
    });
    expect(host.textContent).toContain("No row passes the filters");
    expect(cards().length).toBe(0);
  });
});

describe("choosing as in a file manager", () => {
  it("by click, Ctrl-click and Shift-click", async () => {
    await click(2);
    expect(chosen()).toEqual([2]);
    await click(5, { ctrlKey: true });
    expect(chosen()).toEqual([2, 5]);
    await click(2, { metaKey: true });
    expect(chosen()).toEqual([5]);
    await click(8, { shiftKey: true });
    expect(chosen()).toEqual([2, 3, 4, 5, 6, 7, 8]);
    await click(1);
    expect(store.selection.peek().count).toBe(1);
    expect(store.current.peek()).toBe(1);
    await act(() => void grid().dispatchEvent(new MouseEvent("click", { bubbles: true })));
    expect(chosen()).toEqual([]);
  });

  it("by Shift and arrows, and a single one goes along with the cursor", async () => {
    await click(4);
    await key("ArrowRight");
    expect(chosen()).toEqual([5]);
    await click(4);
    await key("ArrowDown", { shiftKey: true });
    expect(chosen()).toEqual([4, 5, 6, 7, 8]);
    await key("ArrowUp", { shiftKey: true });
    expect(chosen()).toEqual([4]);
  });

  it("counts a range from where the cursor is, once it has gone on by itself", async () => {
    await click(0);
    for (let step = 0; step < 5; step++) await key("ArrowRight");
    await key("ArrowRight", { shiftKey: true });
    expect(chosen()).toEqual([5, 6]);
    await act(() => store.setCurrent(10));
    await click(12, { shiftKey: true });
    expect(chosen()).toEqual([10, 11, 12]);
    // From here on the anchor stays where it is.
    await click(9, { shiftKey: true });
    expect(chosen()).toEqual([9, 10]);
  });

  it("by dragging, once the pointer has moved", async () => {
    await pointer("pointerdown", 2, 2);
    await pointer("pointermove", 4, 4);
    expect(host.querySelector(".ls-band")).toBeNull();
    await pointer("pointermove", 130, 130);
    expect(host.querySelector(".ls-band")).not.toBeNull();
    expect(cards().filter((one) => one.classList.contains("selected")).length).toBe(4);
    expect(store.selection.peek().count).toBe(0);
    await pointer("pointerup", 130, 130);
    expect(chosen()).toEqual([0, 1, 4, 5]);
    await act(() => void grid().dispatchEvent(new MouseEvent("click", { bubbles: true })));
    expect(chosen()).toEqual([0, 1, 4, 5]);
    await pointer("pointerdown", 2, 2);
    await pointer("pointermove", 300, 300);
    await key("Escape");
    expect(host.querySelector(".ls-band")).toBeNull();
    expect(chosen()).toEqual([0, 1, 4, 5]);
  });

  it("offers actions for the chosen ones", async () => {
    await act(() => void host.querySelector<HTMLElement>("[data-action=select-all]")!.click());
    expect(store.selection.peek().count).toBe(N);
    expect(host.querySelector(".ls-gallery-head")!.textContent).toContain("3,000 selected");
    await act(() => store.select([1, 2], "replace"));
    await act(() => void host.querySelector<HTMLElement>("[data-action=keep-selected]")!.click());
    expect(model.commands()).toEqual([{ name: "keep", rows: [1, 2] }]);
    expect(host.querySelector("[data-action=keep-selected]")).toBeNull();
  });
});

describe("cards", () => {
  it("show pending first and the decision after its events", async () => {
    model.kernel = null;
    await act(() => store.relabel("eel", [1]));
    expect(card(1).dataset.pending).toBe("1");
    expect(card(1).dataset.state).toBe("unreviewed");
    const sent = model.sent.find(({ content }) => content.type === "command")!.content;
    await act(() => model.decide(sent));
    await act(() => settle());
    expect(card(1).dataset.pending).toBeUndefined();
    expect(card(1).dataset.state).toBe("relabelled");
    expect(card(1).querySelector(".ls-card-badge")!.textContent).toBe("✓");
    expect(card(1).textContent).toContain("eel");
  });

  for (const media of ["text", "table", "audio"] as const)
    it(`of ${media} show untrusted strings as text`, async () => {
      await act(() => render(null, host));
      store.dispose();
      host.remove();
      const evil = "<img src=x onerror=alert(1)>";
      await open(media);
      model.kernel = null;
      await act(() => store.clearSelection());
      const ask = model.requests("cards")[0]!;
      const rows = (ask.request as { rows: number[] }).rows;
      const shown = rows.map((row) => ({
        row,
        id: evil,
        caption: evil,
        text: evil,
        record: [[evil, evil]],
        wave: [1, 2],
        broken: row === 1,
      }));
      expect(shown.length).toBeGreaterThan(0);
      await act(() => render(null, host));
      store.dispose();
      model = new FakeModel({
        _picture: { ...makePicture({ n: 4, given: [0, 0, 0, 0], media }), cards: shown },
      });
      store = createStore(model);
      await act(() => render(<Gallery store={store} />, host));
      expect(host.querySelectorAll("img").length).toBe(0);
      if (media !== "audio") expect(card(0).textContent).toContain("onerror");
    });
});
