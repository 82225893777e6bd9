// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import fc from "fast-check";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Gallery } from "../../src/gallery/Gallery";
import { mixed, PAGE_SIZE, planPage } from "../../src/gallery/pages";
import { createStore } from "../../src/store/create";
import type { PageAnswer, Store } from "../../src/store/types";
import { FakeModel, makePicture, settle } from "../store/fake";
import { type Eyes, openEyes } from "./eyes";

const N = 90;
const CONTROL = 89;
let host: HTMLElement;
let store: Store;
let answers: PageAnswer[];
let opened: number[][];
let eyes: Eyes;

const list = (): HTMLElement => host.querySelector<HTMLElement>(".ls-pages")!;
const cards = (): HTMLElement[] => [...host.querySelectorAll<HTMLElement>(".ls-page-card")];
const done = (): HTMLButtonElement => host.querySelector<HTMLButtonElement>("[data-action=page-done]")!;
const rows = (): number[] => cards().map((card) => Number(card.dataset.row));
const unseen = (): number[] => rows().filter((row) => cardOf(row).dataset.unseen !== undefined);
const cardOf = (row: number): HTMLElement =>
  host.querySelector<HTMLElement>(`.ls-page-card[data-row="${row}"]`)!;
const active = (): number => Number(host.querySelector<HTMLElement>(".ls-page-card.current")!.dataset.row);

async function key(name: string): Promise<void> {
  await act(() => {
    list().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  });
  await act(() => settle());
}

/** Another page, before anything of it is in view. */
async function again(): Promise<void> {
  await eyes.see();
  await act(() => {
    store.filters.value = { ...store.filters.value };
  });
  await act(() => settle(5));
}

beforeEach(async () => {
  answers = [];
  opened = [];
  eyes = openEyes();
  const given = Array.from({ length: N }, (_, row) => row % 3);
  const suggested = Array.from({ length: N }, (_, row) => (row % 2 === 0 ? 1 : row % 3));
  const flags = Array.from({ length: N }, (_, row) => (row % 2 === 0 ? 1 : 0));
  const model = new FakeModel({ _picture: makePicture({ n: N, flags, given, suggested }) });
  store = {
    ...createStore(model),
    card: (row) =>
      signal({ card: { row, id: String(row), caption: `text ${row}` }, url: null, loading: false }),
    pageControl: async (rows) => {
      opened.push([...rows]);
      return { token: `t${opened.length}`, control: { row: CONTROL, suggested: 1 } } as never;
    },
    pageDone: async (answer) => {
      answers.push(answer);
      return answer.wrong.has(CONTROL);
    },
  };
  Object.defineProperty(store, "canDecide", { value: { value: true, peek: () => true } });
  host = document.createElement("div");
  document.body.append(host);
  store.pageMode.value = true;
  await act(() => render(<Gallery store={store} />, host));
  await act(() => settle(5));
});

afterEach(() => {
  act(() => render(null, host));
  host.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("a plan of a page", () => {
  it("holds undecided rows of one label, as they come in the queue", () => {
    const plan = planPage(store, "suggested", 10)!;
    const { suggested } = store.table.peek();
    expect(plan.rows).toHaveLength(10);
    expect(plan.rows.every((row) => suggested[row] === plan.label)).toBe(true);
    const places = plan.rows.map((row) => store.visible.peek().indexOf(row));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const all = [...suggested].filter((code) => code === plan.label).length;
    expect(plan.left).toBe(all - 10);
  });

  it("is nothing once all is decided", () => {
    store.table.peek().state.fill(2);
    expect(planPage(store, "given")).toBeNull();
  });

  it("hides the control anywhere among the rows, once", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(50), { minLength: 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (rows, at) => {
          const all = mixed(rows, 77, () => at);
          expect(all.filter((row) => row !== 77)).toEqual(rows);
          expect(all.filter((row) => row === 77)).toHaveLength(1);
        },
      ),
    );
  });
});

describe("a page", () => {
  it("shows its cards and the control alike", () => {
    expect(cards()).toHaveLength(Math.min(PAGE_SIZE, opened[0]!.length) + 1);
    const control = host.querySelector<HTMLElement>(`[data-row="${CONTROL}"]`)!;
    const other = cards().find((card) => card !== control)!;
    expect([...control.attributes].map((a) => a.name)).toEqual([...other.attributes].map((a) => a.name));
    expect(control.className.replace(" current", "")).toBe(other.className.replace(" current", ""));
  });

  it("is saved by Enter twice, untouched cards agreed", async () => {
    await act(() => host.querySelector<HTMLElement>(`[data-row="${CONTROL}"]`)!.click());
    await eyes.rest();
    await key("Enter");
    expect(answers).toHaveLength(0);
    expect(done().textContent).toContain("yes");
    await key("Enter");
    expect(answers).toHaveLength(1);
    const [answer] = answers as [PageAnswer];
    expect(answer.token).toBe("t1");
    expect([...answer.wrong.keys()]).toEqual([CONTROL]);
    expect([...answer.rows].sort((a, b) => a - b)).toEqual([...opened[0]!, CONTROL].sort((a, b) => a - b));
    expect(opened).toHaveLength(2);
  });

  it("asks again after a mark was changed", async () => {
    await eyes.rest();
    await key("Enter");
    expect(done().textContent).toContain("yes");
    await key(" ");
    expect(done().textContent).not.toContain("yes");
  });

  it("is saved once each card was in view, in any order, and marks those that were not", async () => {
    await again();
    const all = rows();
    const half = all.slice(0, 12);
    expect(unseen()).toEqual(all);
    await eyes.see(...half);
    await eyes.rest();
    expect(unseen()).toEqual(all.slice(12));
    expect(host.querySelector("[data-action=next-unseen]")!.textContent).toContain("13 not seen yet");
    await key("Enter");
    await key("Enter");
    expect(answers).toHaveLength(0);
    expect(done().textContent).not.toContain("yes");
    await eyes.see(...all.slice(12));
    await eyes.rest();
    expect(unseen()).toEqual([]);
    expect(host.querySelector("[data-action=next-unseen]")).toBeNull();
    expect(store.announcement.value).toContain("All cards were seen");
    expect(done().disabled).toBe(false);
  });

  it("counts no card between here and the end when somebody jumps there", async () => {
    await again();
    const all = rows();
    await eyes.see(...all.slice(0, 6));
    await eyes.rest();
    await key("End");
    await eyes.see(...all.slice(-6));
    await eyes.rest();
    expect(unseen()).toEqual(all.slice(6, -6));
    expect(done().disabled).toBe(true);
  });

  it("counts no card that only passes by, or of which a part is in view", async () => {
    await again();
    const [first, second, third] = rows() as [number, number, number];
    for (let pass = 0; pass < 4; pass++) {
      await eyes.see(first);
      await eyes.see();
    }
    await eyes.see(first);
    await eyes.rest(1);
    expect(unseen()).toContain(first);
    await eyes.see();
    await eyes.glimpse(second, { height: 60 });
    await eyes.glimpse(third, { width: 40 });
    await eyes.rest();
    expect(unseen()).toEqual(rows());
    await eyes.glimpse(second, { height: 110 });
    await eyes.rest();
    expect(unseen()).not.toContain(second);
  });

  it("counts a card that fills a view that is smaller than it", async () => {
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(60);
    await again();
    const [first] = rows() as [number];
    await eyes.glimpse(first, { height: 40 });
    await eyes.rest();
    expect(unseen()).toContain(first);
    await eyes.glimpse(first, { height: 60 });
    await eyes.rest();
    expect(unseen()).not.toContain(first);
  });

  it("counts a card only once its picture has come", async () => {
    await again();
    const [first, second] = rows() as [number, number];
    const late = document.createElement("img");
    Object.defineProperty(late, "complete", { value: false, configurable: true });
    cardOf(first).append(late);
    const grey = document.createElement("span");
    grey.className = "ls-skeleton";
    cardOf(second).append(grey);
    await eyes.see(first, second);
    await eyes.rest();
    expect(unseen()).toEqual(rows());
    Object.defineProperty(late, "complete", { value: true });
    grey.remove();
    await eyes.rest();
    expect(unseen()).toEqual(rows().slice(2));
  });

  it("counts nothing while the tab is hidden", async () => {
    await again();
    const hidden = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    await eyes.see(...rows());
    await eyes.rest();
    expect(unseen()).toEqual(rows());
    hidden.mockReturnValue("visible");
    await eyes.rest();
    expect(unseen()).toEqual([]);
  });

  it("leads by key and by button to the next card that was not seen, and starts over with the next page", async () => {
    await again();
    const all = rows();
    await eyes.see(...all.slice(0, 5), ...all.slice(8, 20));
    await eyes.rest();
    const visits: number[] = [];
    for (let step = 0; step < 9; step++) {
      await key("v");
      visits.push(active());
    }
    const left = [...all.slice(5, 8), ...all.slice(20)];
    expect(visits).toEqual([...left, left[0]]);
    expect(store.announcement.value).toBe(`Row ${left[0]}. 8 not seen yet.`);
    await act(() => host.querySelector<HTMLElement>("[data-action=next-unseen]")!.click());
    expect(active()).toBe(left[1]);
    expect(document.activeElement).toBe(list());
    await eyes.see(...all);
    await eyes.rest();
    await eyes.see();
    await key("Enter");
    await key("Enter");
    expect(answers).toHaveLength(1);
    expect(unseen()).toEqual(rows());
    expect(done().disabled).toBe(true);
  });

  it("turns by the lines that fit", async () => {
    vi.spyOn(HTMLElement.prototype, "offsetTop", "get").mockImplementation(function (this: HTMLElement) {
      return Math.floor(cards().indexOf(this) / 4) * 140;
    });
    const all = rows();
    await key("PageDown");
    expect(active()).toBe(all[8]);
    await key("PageDown");
    await key("PageDown");
    await key("PageDown");
    expect(active()).toBe(all.at(-1));
    await key("PageUp");
    expect(active()).toBe(all[all.length - 9]);
  });

  it("leaves cards open, and gives marked ones the label typed", async () => {
    const [first, second] = cards().map((card) => Number(card.dataset.row));
    await eyes.rest();
    await key("o");
    await key("ArrowRight");
    await key(" ");
    const input = host.querySelector<HTMLInputElement>(`[data-row="${second}"] input`)!;
    input.value = store.classNames.peek()[2]!;
    await act(() => void input.dispatchEvent(new Event("change", { bubbles: true })));
    await key("Enter");
    await key("Enter");
    const [answer] = answers as [PageAnswer];
    expect(answer.rows).not.toContain(first);
    expect(answer.wrong.get(second!)).toBe(store.classes.peek()[2]);
  });

  it("refuses a label that is no class in place", async () => {
    await key(" ");
    const input = host.querySelector<HTMLInputElement>(".ls-page-label input")!;
    input.value = "no such class";
    await act(() => void input.dispatchEvent(new Event("change", { bubbles: true })));
    expect(input.getAttribute("aria-invalid")).toBe("true");
  });

  it("lets no key decide about a card elsewhere", async () => {
    const exclude = vi.spyOn(store, "exclude");
    const heard = vi.fn();
    host.addEventListener("keydown", heard);
    for (const name of ["x", "u", "1", "n"]) await key(name);
    expect(exclude).not.toHaveBeenCalled();
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("the head of the gallery", () => {
  it("orders and groups the cards", async () => {
    await act(() => {
      store.pageMode.value = false;
    });
    const select = host.querySelector<HTMLSelectElement>(`[data-action="sort"]`)!;
    const choose = async (value: string): Promise<void> => {
      select.value = value;
      await act(() => void select.dispatchEvent(new Event("change", { bubbles: true })));
    };
    await choose("group:given");
    const codes = [...store.visible.peek()].map((row) => store.table.peek().given[row]);
    expect(codes.filter((code, i) => i > 0 && code !== codes[i - 1])).toHaveLength(2);
    await choose("suspicion");
    expect([store.sort.peek(), store.group.peek()]).toEqual(["suspicion", "none"]);
  });
});
