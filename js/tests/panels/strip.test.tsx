// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { BottomStrip } from "../../src/panels/index";
import { act, click, draw, get, press } from "./draw";
import { fakeStore, fakeTable, NOTHING, type Start } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const cells = () => [...drawn.root.querySelectorAll<HTMLElement>(".ls-cell")];

function start(options: Start = {}): void {
  store = fakeStore(options);
  drawn = draw(<BottomStrip store={store} />);
}
afterEach(() => drawn.end());

describe("the matrix", () => {
  it("counts suspects and filters by a click, off again by another", () => {
    start();
    // given seven (1) → suggested six (2)
    const cell = cells()[1 * 3 + 2]!;
    expect(cell.textContent).toBe("1");
    expect(cell.getAttribute("aria-label")).toBe("given seven, suggested six: 1 row");
    click(cell);
    expect(store.filters.value).toEqual({ ...NOTHING, given: 1, suggested: 2, flaggedOnly: true });
    expect(cell.getAttribute("aria-pressed")).toBe("true");
    click(cell);
    expect(store.filters.value).toEqual(NOTHING);
  });

  it("is one stop for Tab and is walked by arrows", () => {
    start();
    expect(cells().filter((cell) => cell.tabIndex === 0)).toHaveLength(1);
    cells()[0]!.focus();
    press(cells()[0]!, "ArrowRight");
    press(cells()[1]!, "ArrowDown");
    expect(drawn.root.activeElement).toBe(cells()[4]);
    press(cells()[4]!, "End");
    expect(drawn.root.activeElement).toBe(cells()[5]);
    expect(cells().filter((cell) => cell.tabIndex === 0)).toEqual([cells()[5]]);
    click(cells()[0]!); // empty: nothing to show
    expect(store.filters.value).toEqual(NOTHING);
  });

  it("turns to the changes made, and follows them", () => {
    start();
    click(q("[title='Show given → now instead']"));
    expect(drawn.root.textContent).toContain("No label was changed yet.");
    store.table.value.current[1] = 2;
    act(() => {
      store.version.value++;
    });
    click(cells()[5]!);
    expect(store.filters.value).toEqual({ ...NOTHING, given: 1, current: 2 });
  });

  it("shows the worst twelve of a thousand classes, and the rest as a list", () => {
    const n = 2000;
    const given = Array.from({ length: n }, (_, row) => row % 1000);
    const table = fakeTable(
      given,
      given.map((code) => (code + 1) % 1000),
      given.map((_, row) => row),
    );
    start({ table, classes: Array.from({ length: 1000 }, (_, k) => `class ${k}`) });
    expect(cells()).toHaveLength(144);
    click(q("[title='Show all 1,000 classes']"));
    expect(cells()).toHaveLength(0);
    const pairs = drawn.root.querySelectorAll<HTMLElement>(".ls-pairs button");
    expect(pairs).toHaveLength(400);
    expect(drawn.root.textContent).toContain("and 600 pairs with fewer rows");
    click(pairs[0]!);
    expect(store.filters.value).toMatchObject({ given: 0, suggested: 1, flaggedOnly: true });
  });
});

describe("the histogram", () => {
  it("says where the gate is, what is above it, and what is under the pointer", () => {
    start();
    const picture = q(".ls-hist");
    expect(picture.getAttribute("aria-label")).toContain("3 above the gate, about 3 of them wrong.");
    expect(q(".ls-gate").textContent).toBe("gate .90");
    act(() => {
      drawn.root.querySelectorAll(".ls-bar")[28]!.dispatchEvent(new Event("pointerenter"));
    });
    expect(q(".ls-hist + .ls-footnote").textContent).toContain("3 rows, 3 above the gate, 0 decided");
  });

  it("promises nothing where suspicion is no probability or nothing is flagged", () => {
    start({ meta: { hasProbability: false } });
    expect(q(".ls-hist + .ls-footnote").textContent).toBe("3 above the gate.");
    drawn.end();
    start({ table: fakeTable([0], [0], []) });
    expect(drawn.root.textContent).toContain("Nothing is suspicious enough");
    expect(drawn.root.querySelector(".ls-gate")).toBeNull();
  });
});

describe("so far", () => {
  const noiseRate = { value: 0.051, low: 0.042, high: 0.06, level: 0.95, measured: false };

  it("shows counts, the estimate and that it is one", () => {
    start({
      meta: { noiseRate },
      progress: { reviewed: 37, relabelled: 29, kept: 7, unsure: 1, per_100: 78.4 },
    });
    const stat = (name: string) => q(`[data-stat=${name}]`).textContent;
    expect([stat("relabelled"), stat("kept"), stat("unsure"), stat("per_100")]).toEqual([
      "29",
      "7",
      "1 · 0",
      "78",
    ]);
    expect(stat("noise")).toBe("5.1 % (4.2–6.0)");
    expect(drawn.root.textContent).toContain("model estimate");
    expect(drawn.root.querySelector("[data-stat=by_machine]")).toBeNull();
    act(() => {
      store.progress.value = { ...store.progress.peek(), by_machine: 4_000 };
    });
    expect(stat("by_machine")).toBe("4,000");
    expect(drawn.root.querySelector("[data-stat=taken_over]")).toBeNull();
    act(() => {
      store.progress.value = { ...store.progress.peek(), taken_over: 300 };
    });
    expect(stat("taken_over")).toBe("300");
  });

  it("says where decisions are kept", () => {
    start();
    expect(drawn.root.textContent).toContain("in memory only: pass journal=…");
    act(() => {
      store.journal.value = "/data/ann/.labelscope/d.jsonl";
      store.savedAt.value = Date.now() - 3000;
    });
    expect(drawn.root.textContent).toMatch(/saved to \.labelscope\/d\.jsonl · \d s ago/);
    act(() => {
      store.unsaved.value = 2;
    });
    expect(drawn.root.textContent).toContain("saving…");
    act(() => {
      store.connection.value = "offline";
      store.canDecide.value = false;
    });
    expect(drawn.root.textContent).toContain("nothing can be saved");
  });
});
