// @vitest-environment happy-dom
/** Pages of a review plan, against a kernel that keeps count as the real one does. */
import { signal } from "@preact/signals";
import axe from "axe-core";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Gallery } from "../../src/gallery/Gallery";
import { nextPage } from "../../src/gallery/pages";
import { uiOf } from "../../src/panels/ui";
import type { PlanPage, PlanState } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import type { PageAnswer, Store } from "../../src/store/types";
import { FakeModel, makePicture, settle } from "../store/fake";
import { type Eyes, openEyes } from "./eyes";

const N = 30;
const CONTROL = 29;
const CATS = 0;
let host: HTMLElement;
let store: Store;
let model: FakeModel;
let state: PlanState;
let pages: PlanPage[];
let answers: PageAnswer[];
let asked: [string, number | null][];
let refuse: boolean;
let offline: boolean;
let none: boolean;
let eyes: Eyes;

const one = <T extends HTMLElement>(selector: string): T => host.querySelector<T>(selector)!;
const text = (): string => one(".ls-gallery").textContent ?? "";
const rows = (): number[] =>
  [...host.querySelectorAll<HTMLElement>(".ls-page-card")].map((card) => Number(card.dataset.row));
const click = async (selector: string): Promise<void> => {
  await act(() => one(selector).click());
  await act(() => settle(5));
};

async function key(...names: string[]): Promise<void> {
  for (const name of names) {
    await act(() => {
      one(".ls-pages").dispatchEvent(
        new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }),
      );
    });
    await act(() => settle(5));
  }
}

/** Agrees to the whole page, but for the control. */
async function close(): Promise<void> {
  if (rows().includes(CONTROL)) await click(`[data-row="${CONTROL}"]`);
  await eyes.rest();
  await key("Enter", "Enter");
}

function pageOf(page: number, own: number[], more: Partial<PlanPage> = {}): PlanPage {
  const all = { label: CATS, labels: own.map(() => CATS), others: own.map(() => 1), left_out: 0, marks: [] };
  return { page, token: `t${page}`, rows: own, control: null, ...all, ...more };
}

function kernel(page: number | null): { plan: PlanState | null; open: PlanPage | null } {
  if (none) return { plan: null, open: null };
  const at = page ?? state.done.indexOf(false);
  return { plan: structuredClone(state), open: state.mine === null ? null : (pages[at] ?? null) };
}

async function show(): Promise<void> {
  await act(() => {
    store.pageMode.value = true;
    render(<Gallery store={store} />, host);
  });
  await act(() => settle(5));
}

beforeEach(() => {
  eyes = openEyes();
  [answers, asked, refuse, offline, none] = [[], [], false, false, false];
  pages = [
    pageOf(0, [3, 1, 7]),
    pageOf(1, [5, 9], { left_out: 2, control: { row: CONTROL, suggested: "cat" } }),
    // Row 3 stands here once more.
    pageOf(2, [3, 8], { label: -1, labels: [CATS, 2], others: [1, -1] }),
  ];
  state = {
    id: "p1",
    mean: "suggested",
    put: true,
    first: true,
    mine: "ada",
    seats: [
      { name: "ada", pages: 3, holder: "" },
      { name: "bob", pages: 1, holder: "bob" },
    ],
    done: [false, false, false],
    end: null,
  };
  model = new FakeModel({ _picture: makePicture({ n: N }) });
  store = {
    ...createStore(model),
    canQuery: signal(true),
    canDecide: signal(true),
    connection: signal("live"),
    progress: signal({ n: N, reviewed: 0 } as never),
    card: (row) =>
      signal({ card: { row, id: String(row), caption: `text ${row}` }, url: null, loading: false }),
    plan: async (of, page) => {
      asked.push([of, page]);
      return offline ? null : kernel(page);
    },
    takeSeat: async (_, reviewer) => {
      state.mine = reviewer;
      return true;
    },
    pageDone: async (answer) => {
      answers.push(answer);
      if (refuse) return false;
      state.done[Number(answer.token.slice(1))] = true;
      if (state.done.every(Boolean)) state.end ??= { others: [0, 0], own: [3, 4], differ: [3] };
      return true;
    },
    pageControl: async () => ({ token: "made", control: null }),
  };
  host = document.createElement("div");
  document.body.append(host);
});

afterEach(() => {
  act(() => render(null, host));
  host.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("the page after another one", () => {
  it("is the next that is not done, and skipped ones come at the end", () => {
    expect(nextPage([true, false, true, false], 1)).toBe(3);
    expect(nextPage([true, false, true, true], 3)).toBe(1);
    expect(nextPage([true, true], 0)).toBeNull();
    expect(nextPage([], 0)).toBeNull();
  });
});

describe("pages of a plan", () => {
  it("come in their order, and the head says which one it is", async () => {
    await show();
    expect(rows()).toEqual([3, 1, 7]);
    expect(text()).toContain("page 1 of 3 · predicted:  cat · 3 rows");
    await close();
    expect(answers[0]).toMatchObject({ rows: [3, 1, 7], mean: "suggested", token: "t0" });
    expect(answers[0]!.wrong.size).toBe(0);
    expect(text()).toContain("page 2 of 3");
    const track = one('[role="progressbar"]');
    expect([track.getAttribute("aria-valuenow"), track.getAttribute("aria-valuemax")]).toEqual(["1", "3"]);
  });

  it("show the control among the rows, and tell what was left out", async () => {
    await show();
    await close();
    expect(rows().toSorted()).toEqual([CONTROL, 5, 9]);
    expect(text()).toContain("3 rows");
    expect(text()).toContain("2 decided elsewhere, left out");
    await close();
    expect([...answers[1]!.wrong.keys()]).toEqual([CONTROL]);
  });

  it("give no copy away: a row that was decided looks as it did", async () => {
    await act(() => store.setCurrent(8));
    await show();
    expect(store.current.peek()).toBe(8);
    const before = one('[data-row="3"]').outerHTML;
    await close();
    await act(() => {
      const table = store.table.peek();
      table.state[3] = 1;
      table.current[3] = 1;
    });
    await close();
    expect(rows()).toEqual([3, 8]);
    expect(store.current.peek()).toBeNull();
    const clean = (html: string) => html.replace(/id="[^"]*"/, "");
    expect(clean(one('[data-row="3"]').outerHTML)).toBe(clean(before));
    await click('[data-row="3"]');
    // What the plan knew: not what is suggested or said by now.
    expect(one<HTMLInputElement>('[data-row="3"] input').value).toBe(store.classNames.peek()[1]);
  });

  it("have a label for each row where they are not of one class", async () => {
    state.done = [true, true, false];
    await show();
    expect(text()).toContain("predicted: each card · 2 rows");
    expect(one('[data-row="3"]').textContent).toContain("cat");
    expect(one('[data-row="8"]').textContent).toContain("eel");
    await eyes.rest();
    await key("Enter");
    expect(one("[data-action=page-done]").textContent).toContain("yes, 2 are right");
    await click('[data-row="8"]');
    expect(one<HTMLInputElement>('[data-row="8"] input').value).toBe("");
  });

  it("are skipped and come again, with the marks made so far", async () => {
    await show();
    await click('[data-row="1"]');
    await key("n");
    expect(text()).toContain("page 2 of 3");
    await key("b");
    expect(text()).toContain("page 1 of 3");
    expect(one('[data-row="1"]').dataset.mark).toBe("wrong");
    await key("b");
    expect(text()).toContain("page 1 of 3");
    await click("[data-action=page-skip]");
    await close();
    await close();
    expect(text()).toContain("page 1 of 3");
    expect(answers.map(({ token }) => token)).toEqual(["t1", "t2"]);
    const calls = asked.length;
    await key("n");
    expect(asked).toHaveLength(calls);
    await eyes.rest();
    await key("Enter", "Enter");
    expect([...answers[2]!.wrong.keys()]).toEqual([1]);
  });

  it("can be closed again with what was said on them", async () => {
    state.done[0] = true;
    pages[0] = pageOf(0, [3, 1, 7], {
      marks: [
        [1, 2],
        [3, -1],
        [7, -2],
      ],
    });
    await show();
    await key("b");
    const marks = rows().map((row) => one(`[data-row="${row}"]`).dataset.mark);
    expect(marks).toEqual(["wrong", "wrong", "open"]);
    await eyes.rest();
    await key("Enter", "Enter");
    expect(answers[0]!.rows).toEqual([3, 1]);
    expect([...answers[0]!.wrong]).toEqual([
      [1, "eel"],
      [3, null],
    ]);
  });

  it("stay with their marks when the kernel refuses them", async () => {
    refuse = true;
    state.done = [true, false, true];
    await show();
    await click('[data-row="5"]');
    await click(`[data-row="${CONTROL}"]`);
    await eyes.rest();
    await key("Enter", "Enter");
    expect(text()).toContain("page 2 of 3");
    expect(one('[data-row="5"]').dataset.mark).toBe("wrong");
    expect(one(`[data-row="${CONTROL}"]`).dataset.mark).toBe("right");
    expect(asked.at(-1)).toEqual(["p1", 1]);
  });

  it("do not follow filters, and keep the time without breaks", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    await show();
    const calls = asked.length;
    await act(() => {
      store.filters.value = { ...store.filters.peek(), search: { query: "x", mask: new Uint8Array(N) } };
    });
    await act(() => settle(5));
    expect(asked).toHaveLength(calls);
    now.mockReturnValue(130_000);
    await close();
    expect([answers[0]!.seconds, answers[0]!.idle]).toEqual([60, 70]);
  });

  it("are hidden from who must not see suggestions", async () => {
    store = { ...store, veil: signal("hint") };
    await show();
    expect(rows()).toEqual([]);
    expect(text()).toContain("Suggestions are hidden until you decide");
  });
});

describe("a plan that is withdrawn", () => {
  const toasts = () => store.toasts.value.map(({ message }) => message);

  it("gives way to other pages with a message, and undo brings it back with the marks", async () => {
    await show();
    await click('[data-row="1"]');
    none = true;
    await click("[data-action=withdraw-plan]");
    expect(model.sent.at(-1)!.content).toMatchObject({ command: { name: "plan_withdraw", plan: "p1" } });
    expect(text()).toContain("All  cat?");
    expect(host.querySelector(".ls-segments")!.textContent).toBe("suggestionslabels");
    expect(toasts()).toEqual(["The plan was withdrawn."]);
    none = false;
    await act(() => store.undo());
    await act(() => settle(5));
    expect(text()).toContain("page 1 of 3");
    expect(one('[data-row="1"]').dataset.mark).toBe("wrong");
    expect(toasts()).toEqual([]);
    expect(store.announcement.value).toContain("Page 1 of 3");
  });

  it("is told of when somebody else or another view withdraws it, and marks beside it stay", async () => {
    await show();
    none = true;
    await act(() =>
      model.tell([model.event("planned", [], [], { reviewer: "bob", data: { withdrawn: "p1" } })]),
    );
    await act(() => settle(5));
    expect(toasts()).toEqual(["bob withdrew a plan."]);
    expect(text()).toContain("All  cat?");
    const [first] = rows();
    await click(`[data-row="${first}"]`);
    await act(() => model.tell([model.event("planned", [], [], { data: { withdrawn: "p2" } })]));
    await act(() => model.tell([model.event("reverted", [], [], { data: { reverts: "b1" } })]));
    await act(() => settle(5));
    expect(one(`[data-row="${first}"]`).dataset.mark).toBe("wrong");
  });

  it("is not taken for withdrawn when a page that said nothing is closed again", async () => {
    await show();
    const calls = asked.length;
    const timed = model.event("page_timed", [], []);
    const back = { batch: timed.batch, data: { reverts: "b1" } };
    await act(() => model.tell([timed, model.event("reverted", [], [], back)]));
    await act(() => settle(5));
    expect(asked).toHaveLength(calls);
  });

  it("takes its queue along, which would make another one", async () => {
    await show();
    await act(() => {
      store.queue.value = "review_plan";
    });
    await act(() => settle(5));
    none = true;
    await click("[data-action=withdraw-plan]");
    expect(store.queue.value).toBe("most_suspicious");
  });

  it("can be withdrawn before and after its pages, but not before it is put", async () => {
    state.mine = null;
    await show();
    expect(one("[data-action=withdraw-plan]").tagName).toBe("BUTTON");
    act(() => render(null, host));
    Object.assign(state, {
      mine: "ada",
      done: [true, true, true],
      end: { others: [0, 0], own: [0, 0], differ: [] },
    });
    await show();
    await click("[data-action=withdraw-plan]");
    expect(model.sent.at(-1)!.content).toMatchObject({ command: { name: "plan_withdraw" } });
    act(() => render(null, host));
    Object.assign(state, { put: false, done: [false, false, false], end: null });
    await show();
    expect(text()).toContain("page 1 of 3");
    expect(host.querySelector("[data-action=withdraw-plan]")).toBeNull();
  });
});

describe("whose pages", () => {
  it("is asked where it is not clear, and others' cannot be taken", async () => {
    state.mine = null;
    await show();
    expect(text()).toContain("Whose pages do you take?");
    expect(one<HTMLButtonElement>('[data-seat="bob"]').disabled).toBe(true);
    expect(one('[data-seat="bob"]').textContent).toContain("taken by bob");
    expect(host.querySelector(".ls-page-card")).toBeNull();
    expect(document.activeElement).toBe(one(".ls-plan-part"));
    await click('[data-seat="ada"]');
    expect(text()).toContain("page 1 of 3");
  });
});

describe("the end of the plan", () => {
  it("tells of agreement and leads to the report and to what differs", async () => {
    state.done = [true, true, false];
    await show();
    await close();
    expect(text()).toContain("Your 3 pages are done");
    expect(text()).toContain("nobody else's answers are here yet");
    expect(text()).toContain("75 %, 3 of 4 rows");
    const openReport = vi.spyOn(store.methods, "openReport").mockResolvedValue();
    vi.spyOn(store.methods, "loadReports").mockResolvedValue();
    await click("[data-action=effort-report]");
    expect(openReport).toHaveBeenCalledWith("effort");
    expect(uiOf(store).reports.value).toBe(true);
    state.end = { others: [1, 2], own: [3, 4], differ: [3] };
    await act(() => {
      (store.progress as { value: unknown }).value = { n: N, reviewed: 5 };
    });
    await act(() => settle(5));
    expect(text()).toContain("50 %, 1 of 2 rows");
    await click("[data-action=show-differing]");
    expect([...store.visible.peek()]).toEqual([3]);
    expect(store.pageMode.value).toBe(false);
  });

  it("is left backwards, and an undo opens the page again", async () => {
    state.done = [true, true, true];
    state.end = { others: [0, 0], own: [0, 0], differ: [] };
    await show();
    await click("[data-action=page-back]");
    expect(text()).toContain("page 3 of 3");
    await close();
    expect(text()).toContain("no row came to you twice");
    state.done = [true, true, false];
    state.end = null;
    await act(() => {
      (store.progress as { value: unknown }).value = { n: N, reviewed: 4 };
    });
    await act(() => settle(5));
    expect(text()).toContain("page 3 of 3");
  });
});

it("is well structured for those who hear it, before, on and after the pages", async () => {
  const found = async (): Promise<string[]> => {
    const { violations } = await axe.run(host, { rules: { "color-contrast": { enabled: false } } });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  };
  state.mine = null;
  state.done = [true, true, false];
  await show();
  expect(await found()).toEqual([]);
  await click('[data-seat="ada"]');
  expect(await found()).toEqual([]);
  await close();
  expect(text()).toContain("pages are done");
  expect(await found()).toEqual([]);
});

describe("the grid without the plan's pages", () => {
  it("goes by the filters where there is no plan, or it is not one's own", async () => {
    none = true;
    await show();
    expect(text()).toContain("All  cat?");
    expect(text()).not.toContain("page 1");
    expect(host.querySelector(".ls-segments")!.textContent).toBe("suggestionslabels");
    act(() => render(null, host));
    none = false;
    state.first = false;
    await show();
    expect(text()).toContain("All  cat?");
    await act(() => one<HTMLButtonElement>(".ls-segments button").click());
    await act(() => settle(5));
    expect(text()).toContain("page 1 of 3");
  });

  it("says so when the plan's pages cannot be had, and asks again once it is back", async () => {
    await show();
    offline = true;
    await key("n");
    expect(text()).toContain("The pages could not be opened");
    offline = false;
    await act(() => {
      (store.connection as { value: string }).value = "busy";
      (store.connection as { value: string }).value = "live";
    });
    await act(() => settle(5));
    expect(text()).toContain("page 1 of 3");
  });

  it("turns to the plan when its queue is taken", async () => {
    none = true;
    await show();
    none = false;
    await act(() => {
      store.queue.value = "review_plan";
    });
    await act(() => settle(5));
    expect(text()).toContain("page 1 of 3");
  });
});
