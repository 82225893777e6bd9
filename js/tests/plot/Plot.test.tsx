// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Plot } from "../../src/plot/Plot";
import { type ColorBy, UNLABELLED } from "../../src/store/types";
import { type FakeStore, makeStore, makeTable } from "./fixtures";

const POINTS: [number, number][] = [
  [0, 0],
  [65535, 0],
  [0, 65535],
  [65535, 65535],
  [32768, 32768],
];

let host: HTMLElement;
let store: FakeStore;

async function mount(): Promise<void> {
  host = document.createElement("div");
  document.body.append(host);
  await act(() => render(<Plot store={store} />, host));
}

const stage = (): HTMLElement => host.querySelector<HTMLElement>(".ls-plot-stage")!;
const calls = (name: string): unknown[][] => store.calls.filter((call) => call[0] === name);

function pointer(type: string, x: number, y: number, more: PointerEventInit = {}): void {
  const init = { clientX: x, clientY: y, pointerId: 1, bubbles: true, cancelable: true, ...more };
  stage().dispatchEvent(new PointerEvent(type, init));
}

function key(name: string, more: KeyboardEventInit = {}): boolean {
  return stage().dispatchEvent(
    new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }),
  );
}

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(448);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(470);
  store = makeStore(makeTable(POINTS, { suspicion: Uint8Array.of(1, 9, 3, 4, 5) }), ["cat", "dog"]);
});

afterEach(() => {
  render(null, host);
  host.remove();
  vi.restoreAllMocks();
});

describe("Plot", () => {
  it("draws once, says so, and is a labelled application", async () => {
    await mount();
    expect(calls("drawn").length).toBe(1);
    expect(Number(host.querySelector<HTMLElement>(".ls-plot")!.dataset.frames)).toBeGreaterThan(0);
    expect(stage().getAttribute("role")).toBe("application");
    expect(stage().getAttribute("aria-label")).toContain("5 rows");
    expect(host.querySelectorAll("[data-action]").length).toBe(6);
  });

  it("explains an empty map while it is being made", async () => {
    store = makeStore(makeTable(POINTS, { x: null, y: null }), ["cat"]);
    await mount();
    expect(host.textContent).toContain("The map is being made");
    await act(() => store.set(makeTable(POINTS)));
    expect(host.textContent).not.toContain("The map is being made");
  });

  // The fitted map is 400 px wide from (24, 50): the middle point lies at (224, 250).
  it("selects by click and adds with Shift", async () => {
    await mount();
    pointer("pointerdown", 226, 249);
    pointer("pointerup", 226, 249);
    expect(calls("select")).toEqual([["select", [4], "replace"]]);
    expect(calls("setCurrent")).toEqual([["setCurrent", 4]]);
    pointer("pointerdown", 24, 450, { shiftKey: true });
    pointer("pointerup", 24, 450, { shiftKey: true });
    expect(calls("select").at(-1)).toEqual(["select", [0], "add"]);
  });

  it("selects with the lasso and the box, and gives up on Escape", async () => {
    await mount();
    pointer("pointerdown", 200, 200);
    for (const [x, y] of [
      [260, 200],
      [260, 300],
      [200, 300],
    ] as const)
      pointer("pointermove", x, y, { buttons: 1 });
    pointer("pointerup", 200, 300, { altKey: true });
    expect(calls("select")).toEqual([["select", Uint8Array.of(0, 0, 0, 0, 1), "subtract"]]);
    store.tool.value = "box";
    pointer("pointerdown", 10, 40);
    pointer("pointermove", 240, 260, { buttons: 1 });
    pointer("pointerup", 240, 260);
    expect(calls("select").at(-1)).toEqual(["select", Uint8Array.of(0, 0, 1, 0, 1), "replace"]);
    pointer("pointerdown", 10, 40);
    pointer("pointermove", 240, 260, { buttons: 1 });
    key("Escape");
    pointer("pointerup", 240, 260);
    expect(calls("select").length).toBe(2);
  });

  it("walks with the arrow keys and tells where it is", async () => {
    await mount();
    expect(key("ArrowRight")).toBe(false);
    expect(store.current.peek()).toBe(1);
    key("ArrowUp");
    expect(store.current.peek()).toBe(3);
    expect(calls("say").at(-1)![1]).toContain("Row 3, given cat");
    key("ArrowUp");
    expect(calls("say").at(-1)![1]).toBe("No row further up.");
  });

  it("leaves other keys and modified keys to the widget", async () => {
    await mount();
    expect(key("Enter")).toBe(true);
    expect(key(" ")).toBe(true);
    expect(key("f", { ctrlKey: true })).toBe(true);
    expect(key("f")).toBe(false);
  });

  it("lets the page scroll unless it has focus", async () => {
    await mount();
    const wheel = (): boolean =>
      stage().dispatchEvent(new WheelEvent("wheel", { deltaY: 40, bubbles: true, cancelable: true }));
    expect(wheel()).toBe(true);
    stage().focus();
    expect(wheel()).toBe(false);
  });

  it("follows the pointer and shows a tooltip", async () => {
    await mount();
    await act(() => pointer("pointermove", 225, 251));
    expect(store.hover.peek()).toBe(4);
    expect(host.querySelector(".ls-plot-tip")!.textContent).toContain("cat");
    await act(() => pointer("pointerleave", 0, 0));
    expect(store.hover.peek()).toBeNull();
    expect(host.querySelector(".ls-plot-tip")).toBeNull();
  });

  it("filters by a click on the legend", async () => {
    await mount();
    await act(() => host.querySelector<HTMLElement>('.ls-legend-item[data-code="1"]')!.click());
    expect(store.filters.peek().given).toBe(1);
  });

  it("says once what a hole in a mark means, and filters to such rows", async () => {
    const current = Uint16Array.of(0, 1, UNLABELLED, UNLABELLED, 0);
    store = makeStore(makeTable(POINTS, { current }), ["cat", "dog"]);
    await mount();
    const named = (): string[] =>
      [...host.querySelectorAll('.ls-legend-item[data-code="65535"]')].map((one) => one.textContent!);
    const color = (by: ColorBy): unknown =>
      act(() => {
        store.colorBy.value = by;
      });
    for (const by of ["suggested", "suspicion", "state", "column:age"] as const) {
      await color(by);
      expect(named(), by).toEqual(["no label2"]);
    }
    await act(() => host.querySelector<HTMLElement>('.ls-legend-item[data-code="65535"]')!.click());
    expect(store.filters.peek().current).toBe(UNLABELLED);
    await color("current");
    expect(named()).toEqual(["unlabelled2"]);
    await color("state");
    await act(() => {
      store.veil.value = "labels";
    });
    expect(named()).toEqual(["label hidden2"]);
    await act(() => store.set(makeTable(POINTS)));
    expect(named()).toEqual([]);
  });

  it("folds a thousand classes into a list with a search", async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    store = makeStore(makeTable(POINTS), names);
    await mount();
    expect(host.querySelectorAll(".ls-legend-item").length).toBeLessThan(20);
    await act(() => host.querySelector<HTMLElement>(".ls-legend-more")!.click());
    // Only what is in view exists; the rest is told by number.
    const options = (): Element[] => [...host.querySelectorAll(".ls-legend-option")];
    expect(options().length).toBeLessThan(40);
    expect(options()[0]!.getAttribute("aria-setsize")).toBe("1000");
    const field = host.querySelector<HTMLInputElement>(".ls-legend-all input")!;
    const press = (name: string, more: KeyboardEventInit = {}): unknown =>
      act(
        () => void field.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, ...more })),
      );
    await press("ArrowDown");
    await press("Enter");
    expect(store.filters.peek().given).toBe(1);
    await press("ArrowDown");
    await press("Enter", { shiftKey: true });
    expect(store.filters.peek().column[":given"]).toEqual(new Set([1, 2]));
    expect(options()[2]!.getAttribute("aria-selected")).toBe("true");
    field.value = "999";
    await act(() => void field.dispatchEvent(new InputEvent("input", { bubbles: true })));
    expect(options().length).toBe(1);
    await press("Escape");
    expect(host.querySelector(".ls-legend-all")).toBeNull();
  });

  it("counts in the legend what passes", async () => {
    await mount();
    expect(host.querySelector('.ls-legend-item[data-code="0"] em')!.textContent).toBe("5");
  });

  it("colors by a column once it has come and filters its range by key", async () => {
    await mount();
    await act(() => {
      store.colorBy.value = "column:age";
    });
    expect(host.textContent).toContain("age is on its way");
    await act(() => {
      store.column.value = {
        info: { name: "age", kind: "numeric", n_missing: 1 },
        kind: "numeric",
        values: Float32Array.of(0, 10, 20, 30, Number.NaN),
      };
    });
    const lower = host.querySelector<HTMLElement>(".ls-legend-handle")!;
    expect(lower.getAttribute("aria-label")).toBe("Least age shown");
    expect(host.textContent).toContain("missing 1");
    await act(async () => {
      lower.dispatchEvent(new KeyboardEvent("keydown", { key: "PageUp", bubbles: true }));
      await new Promise((done) => requestAnimationFrame(done));
    });
    const filter = store.filters.peek().column.age as { min: number; max: number };
    expect(filter.min).toBeCloseTo(6);
    expect(filter.max).toBe(30);
  });

  it("walks by neighbor, rank and class, and tells where it is", async () => {
    store = makeStore(
      makeTable(POINTS, { suspicion: Uint8Array.of(1, 9, 3, 4, 5), current: Uint16Array.of(0, 1, 0, 1, 0) }),
      ["cat", "dog"],
    );
    await mount();
    key("Home");
    store.neighborsOf.value = [3, 2].map((row) => ({ row, code: 0, distance: 1 }));
    key(".");
    expect(store.current.peek()).toBe(3);
    expect(calls("say").at(-1)![1]).toContain("neighbor 1 of 2 of row 1, top right of the map");
    // The neighbors of the row that one is on now do not matter before the walk ends.
    store.neighborsOf.value = [{ row: 0, code: 0, distance: 1 }];
    key(".");
    expect(store.current.peek()).toBe(2);
    key(".");
    expect(store.current.peek()).toBe(1);
    key(",");
    expect(store.current.peek()).toBe(2);
    key("j");
    expect(store.current.peek()).toBe(0);
    expect(calls("say").at(-1)![1]).toContain("suspicion < 1 %, 5 of 5");
    key("PageDown");
    expect(store.current.peek()).toBe(1);
    expect(calls("say").at(-1)![1]).toContain("class 2 of 2");
  });

  it("zooms to the selection with z and says when there is none", async () => {
    await mount();
    key("z");
    expect(calls("say").at(-1)![1]).toBe("Nothing is selected to zoom to.");
    store.selection.value = { mask: Uint8Array.of(0, 0, 0, 1, 1), count: 2 };
    key("z");
    expect(calls("say").at(-1)![1]).toBe("Zoomed to the selection.");
  });

  it("stops everything when it is taken away", async () => {
    await mount();
    const root = host.querySelector<HTMLElement>(".ls-plot")!;
    const kept = stage();
    await act(() => render(null, host));
    const frames = root.dataset.frames;
    store.touch();
    kept.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    await new Promise((done) => requestAnimationFrame(done));
    expect(root.dataset.frames).toBe(frames);
    expect(store.current.peek()).toBeNull();
  });

  it("leaves nothing behind after 50 mounts", async () => {
    const added = vi.spyOn(EventTarget.prototype, "addEventListener");
    const observed = vi.spyOn(ResizeObserver.prototype, "observe");
    const let_go = vi.spyOn(ResizeObserver.prototype, "disconnect");
    for (let k = 0; k < 50; k++) {
      await mount();
      await act(() => render(null, host));
      host.remove();
    }
    expect(let_go.mock.calls.length).toBe(observed.mock.calls.length);
    // What is not taken away by Preact with its elements ends with a signal.
    const open = added.mock.calls.filter(([, , options]) => {
      const signal = typeof options === "object" && options !== null ? options.signal : undefined;
      return signal !== undefined && !signal.aborted;
    });
    expect(open).toEqual([]);
    const frames = store.calls.length;
    store.touch();
    await new Promise((done) => requestAnimationFrame(done));
    expect(store.calls.length).toBe(frames);
  });
});
