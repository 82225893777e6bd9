// @vitest-environment happy-dom
import fc from "fast-check";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Gallery } from "../../src/gallery/Gallery";
import { mixed, PAGE_SIZE, planPage } from "../../src/gallery/pages";
import { createStore } from "../../src/store/create";
import type { PageAnswer, Store } from "../../src/store/types";
import { FakeModel, makePicture, settle } from "../store/fake";

const N = 90;
const CONTROL = 89;
let host: HTMLElement;
let store: Store;
let answers: PageAnswer[];
let opened: number[][];

const list = (): HTMLElement => host.querySelector<HTMLElement>(".ls-pages")!;
const cards = (): HTMLElement[] => [...host.querySelectorAll<HTMLElement>(".ls-page-card")];
const done = (): HTMLButtonElement => host.querySelector<HTMLButtonElement>("[data-action=page-done]")!;

async function key(name: string): Promise<void> {
  await act(() => {
    list().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  });
  await act(() => settle());
}

beforeEach(async () => {
  answers = [];
  opened = [];
  const given = Array.from({ length: N }, (_, row) => row % 3);
  const suggested = Array.from({ length: N }, (_, row) => (row % 2 === 0 ? 1 : row % 3));
  const flags = Array.from({ length: N }, (_, row) => (row % 2 === 0 ? 1 : 0));
  const model = new FakeModel({ _picture: makePicture({ n: N, flags, given, suggested }) });
  store = {
    ...createStore(model),
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
    await vi.waitFor(() => expect(done().disabled).toBe(false));
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
    await key("Enter");
    await key(" ");
    expect(done().textContent).not.toContain("yes");
  });

  it("cannot be saved before its cards have come: small as they are then, all would seem to fit", async () => {
    const late = document.createElement("img");
    Object.defineProperty(late, "complete", { value: false, configurable: true });
    list().append(late);
    await act(() => {
      store.filters.value = { ...store.filters.value };
    });
    await act(() => settle(5));
    list().append(late);
    expect(done().disabled).toBe(true);
    await key("End");
    expect(done().disabled).toBe(true);
    Object.defineProperty(late, "complete", { value: true });
    await act(() => void late.dispatchEvent(new Event("load")));
    expect(done().disabled).toBe(false);
  });

  it("cannot be saved before all cards were in view", async () => {
    vi.spyOn(HTMLElement.prototype, "scrollHeight", "get").mockReturnValue(900);
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(300);
    await act(() => {
      store.filters.value = { ...store.filters.value };
    });
    await act(() => settle(5));
    expect(done().disabled).toBe(true);
    await key("Enter");
    await key("Enter");
    expect(answers).toHaveLength(0);
    list().scrollTop = 600;
    await act(() => void list().dispatchEvent(new Event("scroll")));
    expect(done().disabled).toBe(false);
  });

  it("leaves cards open, and gives marked ones the label typed", async () => {
    const [first, second] = cards().map((card) => Number(card.dataset.row));
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
