// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Plot } from "../../src/plot/Plot";
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
    expect(host.querySelectorAll("[data-action]").length).toBe(4);
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

  it("folds a thousand classes into a list with a search", async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    store = makeStore(makeTable(POINTS), names);
    await mount();
    expect(host.querySelectorAll(".ls-legend-item").length).toBeLessThan(20);
    await act(() => host.querySelector<HTMLElement>(".ls-legend-more")!.click());
    expect(host.querySelectorAll(".ls-legend-list .ls-legend-item").length).toBe(1000);
    const field = host.querySelector<HTMLInputElement>(".ls-legend-all input")!;
    field.value = "999";
    await act(() => void field.dispatchEvent(new InputEvent("input", { bubbles: true })));
    expect(host.querySelectorAll(".ls-legend-list .ls-legend-item").length).toBe(1);
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
});
