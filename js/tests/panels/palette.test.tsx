// @vitest-environment happy-dom
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Palette } from "../../src/panels/index";
import { completed, matches } from "../../src/panels/palette/match";
import { LINE, windowOf } from "../../src/panels/palette/window";
import { act, draw, get, press, type } from "./draw";
import { fakeDetail, fakeStore } from "./fake";

const TREE = [
  "animal / cat",
  "animal / cow",
  "vehicle / car",
  "vehicle / cart",
  "Plant > tree > oak",
  "other",
];
const found = (typed: string) => matches(TREE, [], typed).map((option) => option.name);

describe("a taxonomy", () => {
  it("is found by its leaf first, by levels in order, and by any part", () => {
    expect(found("ca")).toEqual(["animal / cat", "vehicle / car", "vehicle / cart"]);
    expect(found("car")[0]).toBe("vehicle / car");
    expect(found("veh/ca")).toEqual(["vehicle / car", "vehicle / cart"]);
    expect(found("an / co")).toEqual(["animal / cow"]);
    expect(found("plant>oak")).toEqual(["Plant > tree > oak"]);
    expect(found("oak/plant")).toEqual([]);
    expect(found("anicow")).toEqual(["animal / cow"]); // letters in order
  });

  it("is completed by Tab one level at a time, and never beyond what all agree on", () => {
    expect(completed(TREE, "an")).toBe("animal / ");
    expect(completed(TREE, "animal / c")).toBe("animal / c");
    expect(completed(TREE, "animal / ca")).toBe("animal / cat");
    expect(completed(TREE, "pl")).toBe("Plant > ");
    expect(completed(TREE, "zzz")).toBe("zzz");
    expect(completed(TREE, "")).toBe("");
  });

  it("is never completed to what no class starts with", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
        fc.nat(),
        fc.nat(),
        (names, at, cut) => {
          const name = names[at % names.length]!;
          const typed = name.slice(0, 1 + (cut % name.length));
          const text = completed(names, typed).trimStart().toLowerCase();
          const starts = names.some((other) => other.toLowerCase().startsWith(text));
          // a completion that leads nowhere would leave an empty list; what cannot be completed stays as it was typed
          expect(starts || completed(names, typed) === typed).toBe(true);
        },
      ),
    );
  });
});

describe("classes that the row surely is not", () => {
  it("come last while nothing is typed, and are said to be", () => {
    const options = matches(["a", "b", "c", "d"], [3], "", new Set([0, 1]));
    expect(options.map(({ name, unlikely }) => [name, unlikely === true])).toEqual([
      ["d", false],
      ["c", false],
      ["a", true],
      ["b", true],
    ]);
  });
});

describe("a list of any length", () => {
  it("holds what is in sight and always the active line", () => {
    fc.assert(
      fc.property(fc.nat(400_000), fc.integer({ min: 1, max: 20_000 }), fc.nat(), (scroll, n, some) => {
        const active = some % n;
        const { from, to } = windowOf(Math.min(scroll, n * LINE), 300, n, active);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(n);
        expect(to - from).toBeLessThanOrEqual(20);
        expect(active >= from && active < to).toBe(true);
      }),
    );
  });
});

describe("with 10,000 classes", () => {
  let store: ReturnType<typeof fakeStore>;
  let drawn: ReturnType<typeof draw>;
  const field = () => get<HTMLInputElement>(drawn.root, ".ls-palette-input");
  const options = () => [...drawn.root.querySelectorAll<HTMLElement>("[role=option]")];

  beforeEach(() => {
    store = fakeStore({ classes: Array.from({ length: 10_000 }, (_, k) => `group ${k % 100} / class ${k}`) });
    store.detail.value = fakeDetail(1, { surely_not: [{ code: 5, probability: 0.0001 }] });
    drawn = draw(<Palette store={store} />);
    act(() => {
      store.palette.value = "current";
    });
  });
  afterEach(() => drawn.end());

  it("keeps a few lines in the page and says how many there are", () => {
    expect(options().length).toBeLessThan(30);
    expect(options()[0]!.getAttribute("aria-setsize")).toBe("10000");
    press(field(), "ArrowUp"); // round to the last one: surely not
    const active = drawn.root.querySelector<HTMLElement>(".ls-option.active")!;
    expect(field().getAttribute("aria-activedescendant")).toBe(active.id);
    expect(active.getAttribute("aria-posinset")).toBe("10000");
    expect(active.textContent).toContain("surely not");
  });

  it("finds one by level and number, and completes by Tab", () => {
    type(field(), "group 42 / 9942");
    expect(options()).toHaveLength(1); // nothing but the new class: levels start with "class"
    type(field(), "42/class 9942");
    expect(options()[0]!.dataset.code).toBe("new");
    type(field(), "class 9942");
    expect(options()[0]!.dataset.code).toBe("9942");
    type(field(), "gro");
    expect(press(field(), "Tab").defaultPrevented).toBe(true);
    expect(field().value).toBe("group ");
    type(field(), "class 9942");
    press(field(), "Enter");
    expect(store.relabel).toHaveBeenCalledWith("group 42 / class 9942", [1]);
  });
});
