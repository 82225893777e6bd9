// @vitest-environment happy-dom
/** Filters by query and column, effort, options, controls. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { acceptanceText, controlSentence } from "../../src/panels/Controls";
import { inserted } from "../../src/panels/filter/QueryField";
import { filterChips } from "../../src/panels/filters";
import { Controls, Inspector, Toolbar, uiOf } from "../../src/panels/index";
import { effortCurve, leftText, paceText } from "../../src/panels/progress/left";
import type { ColumnInfo, LeftEstimate } from "../../src/protocol";
import { act, click, draw, get, press, type } from "./draw";
import { fakeStore, NOTHING } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const field = () => get<HTMLInputElement>(drawn.root, ".ls-query input");

const CAMERA: ColumnInfo = {
  name: "camera",
  kind: "categorical",
  n_missing: 1,
  categories: ["left", "<b>right</b>", ""],
  counts: [4, 1, 1],
};
const AGE: ColumnInfo = { name: "age", kind: "numeric", n_missing: 0, min: 3, max: 88 };
const TEXT: ColumnInfo = { name: "remark", kind: "text", n_missing: 0 };
const LEFT: LeftEstimate = {
  left: 38,
  low: 21,
  high: 60,
  level: 0.95,
  measured: true,
  looks: 137,
  random_looks: 24,
  per_minute: 4.2,
  next_100: 31,
  effort: [
    [0, 0],
    [137, 29],
  ],
  advice: "Go on.",
};

function start(set: (s: ReturnType<typeof fakeStore>) => void = () => {}): void {
  store = fakeStore();
  store.columnInfos.value = [CAMERA, AGE, TEXT];
  set(store);
  drawn = draw(
    <>
      <Toolbar store={store} />
      <Controls store={store} />
      <Inspector store={store} />
    </>,
  );
}
afterEach(() => {
  drawn.end();
  vi.useRealTimers();
});

describe("the query box", () => {
  const open = (): void => {
    act(() => {
      uiOf(store).filters.value = true;
    });
  };

  it("takes the focus, asks by Enter, and shows where a query is wrong", async () => {
    start();
    open();
    expect(drawn.root.activeElement).toBe(field());
    store.query = vi.fn(async () => ({
      ok: false as const,
      message: "There is no column grven.",
      hint: "Did you mean given?",
      position: 0,
    }));
    type(field(), "grven == 1");
    await act(async () => void press(field(), "Enter"));
    expect(store.query).toHaveBeenCalledWith("grven == 1");
    await vi.waitFor(() => expect(q(".ls-query-says").textContent).toContain("At character 1."));
    expect(q(".ls-query-says mark").textContent).toBe("grven == 1");
    expect(field().getAttribute("aria-invalid")).toBe("true");
    expect(field().getAttribute("aria-describedby")).toBe(q(".ls-query-says").id);
    store.query = vi.fn(async () => ({ ok: true as const, rows: 143 }));
    type(field(), "given == 1");
    expect(field().getAttribute("aria-invalid")).toBe("false");
    await act(async () => void press(field(), "Enter"));
    await vi.waitFor(() => expect(q(".ls-query-says").textContent).toBe("143 rows found"));
  });

  it("completes by arrows, Tab and Enter, and forgets answers that come too late", async () => {
    start();
    open();
    store.complete = vi.fn(async () => ({
      from: 4,
      items: [
        { label: "camera", insert: "camera ", kind: "column" },
        { label: "current", insert: "current ", kind: "label" },
      ],
    }));
    type(field(), "not c");
    await vi.waitFor(() =>
      expect(drawn.root.querySelectorAll(".ls-completions [role=option]")).toHaveLength(2),
    );
    press(field(), "ArrowDown");
    press(field(), "ArrowDown");
    expect(field().getAttribute("aria-activedescendant")).toBe(q(".ls-completions [aria-selected=true]").id);
    press(field(), "Enter");
    expect(field().value).toBe("not current ");
    press(field(), "Escape"); // only the list closes
    expect(uiOf(store).filters.value).toBe(true);
    expect(q(".ls-completions").hasAttribute("hidden")).toBe(true);
    press(field(), "Escape");
    expect(uiOf(store).filters.value).toBe(false);
    expect(drawn.root.activeElement).toBe(q("[data-action=filter]"));
  });

  it("opened by its key gives the keys back to the view", () => {
    start();
    drawn.host.focus();
    open();
    expect(drawn.root.activeElement).toBe(field());
    press(field(), "Escape");
    expect(document.activeElement).toBe(drawn.host);
    expect(drawn.root.activeElement).toBeNull();
  });

  it("follows a saved filter that is chosen, and says when it cannot be used", async () => {
    start((s) => {
      s.savedFilters.value = [{ name: "young", query: "age < 9" }];
    });
    open();
    const saved = q(".ls-saved-filters .ls-line");
    store.query = vi.fn(async (text: string) => {
      store.filters.value = { ...NOTHING, query: { text, mask: new Uint8Array(6) } };
      return { ok: true as const, rows: 2 };
    });
    await act(async () => saved.click());
    expect(store.query).toHaveBeenCalledWith("age < 9");
    expect(field().value).toBe("age < 9");
    act(() => {
      store.filters.value = NOTHING; // the chip
    });
    expect(field().value).toBe("");
    store.query = vi.fn(async () => ({ ok: false as const, message: "No age.", hint: "", position: 0 }));
    await act(async () => saved.click());
    expect(vi.mocked(store.toast).mock.calls[0]![1]).toBe("No age.");
  });

  it("puts a completion at its place", () => {
    expect(inserted("a and ca == 1", 8, 6, "camera")).toEqual(["a and camera == 1", 12]);
  });

  it("saves the query in force under a name, and forgets it", () => {
    start((s) => {
      s.filters.value = { ...NOTHING, query: { text: "age > 3", mask: new Uint8Array(6) } };
      s.savedFilters.value = [{ name: "old", query: "age < 3" }];
    });
    open();
    const name = get<HTMLInputElement>(drawn.root, "[aria-label='Name of the filter']");
    type(name, " young ");
    act(() => {
      name.form!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
    expect(store.saveFilter).toHaveBeenCalledWith("young", "age > 3");
    expect(drawn.root.querySelector(".ls-panel")).toBeNull();
    open();
    click(q("[aria-label='Forget the filter old']"));
    expect(store.dropFilter).toHaveBeenCalledWith("old");
  });
});

describe("columns", () => {
  const column = (name: string): void => {
    act(() => {
      uiOf(store).filters.value = true;
    });
    const select = get<HTMLSelectElement>(drawn.root, ".ls-panel select");
    select.value = name;
    act(() => {
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });
  };

  it("are ticked off by value, shown as text, and text columns are not offered", () => {
    start();
    column("camera");
    expect([...drawn.root.querySelectorAll("option")].map((o) => o.textContent)).not.toContain("remark");
    const values = [...drawn.root.querySelectorAll<HTMLElement>(".ls-values label")];
    expect(values.map((value) => value.textContent)).toEqual(["left4", "<b>right</b>1", "(empty)1"]);
    click(get(values[1]!, "input"));
    expect(store.filterColumn).toHaveBeenCalledWith("camera", new Set([1]));
  });

  it("are cut by a range; the whole range is no filter", () => {
    start();
    column("age");
    const [from, to] = [...drawn.root.querySelectorAll<HTMLInputElement>(".ls-range input")];
    from!.value = "10";
    act(() => {
      from!.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(store.filterColumn).toHaveBeenCalledWith("age", { min: 10, max: 88 });
    to!.value = "90";
    act(() => {
      to!.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(store.filterColumn).toHaveBeenLastCalledWith("age", null);
    vi.mocked(store.filterColumn).mockClear();
    to!.value = "";
    act(() => {
      to!.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(store.filterColumn).not.toHaveBeenCalled();
  });

  it("of two experts are one button: where they disagree, and how often", () => {
    const info = { name: ":experts disagree", kind: "categorical", format: "boolean", n_missing: 0 } as const;
    start((s) => {
      s.columnInfos.value = [{ ...info, categories: ["yes", "no"], counts: [2, 4] }];
    });
    act(() => {
      uiOf(store).filters.value = true;
    });
    const button = q("[data-action=experts-disagree]");
    expect([button.textContent, button.getAttribute("aria-pressed")]).toEqual([
      "experts disagree 2",
      "false",
    ]);
    click(button);
    expect(store.filterColumn).toHaveBeenCalledWith(":experts disagree", new Set([0]));
    act(() => {
      store.filters.value = { ...NOTHING, column: { ":experts disagree": new Set([0]) } };
    });
    expect(button.getAttribute("aria-pressed")).toBe("true");
    click(button);
    expect(store.filterColumn).toHaveBeenLastCalledWith(":experts disagree", null);
    act(() => {
      store.columnInfos.value = [{ ...info, categories: ["no"], counts: [6] }];
    });
    expect(drawn.root.querySelector("[data-action=experts-disagree]")).toBeNull();
  });

  it("are colors as well", () => {
    start();
    click(q("[data-action=color]"));
    click(q("[data-value='column:age']"));
    expect(store.colorBy.value).toBe("column:age");
    expect(q("[data-action=color]").textContent).toContain("age");
  });

  it("are chips that take one filter away and leave the others", () => {
    const filters = {
      ...NOTHING,
      column: {
        camera: new Set([0, 2]),
        age: { min: 3, max: 10 },
        ":given": new Set([1]),
        ":state": new Set([2]),
      },
      query: { text: "age > 3", mask: new Uint8Array(1) },
    };
    const chips = filterChips(filters, ["cat", "dog"], [CAMERA, AGE]);
    expect(chips.map(({ text }) => text)).toEqual([
      "age > 3",
      "camera left, (empty)",
      "age 3–10",
      "given dog",
      "state kept",
    ]);
    expect(Object.keys(chips[1]!.without.column!)).toEqual(["age", ":given", ":state"]);
  });
});

describe("what is left", () => {
  it("is said with its interval and where it comes from", () => {
    expect(leftText(LEFT)).toBe("about 38 left (21–60), measured");
    expect(leftText({ ...LEFT, measured: false, low: 38, high: 38 })).toBe("about 38 left, assumed");
    expect([paceText(4.2), paceText(12.4), paceText(1), paceText(null)]).toEqual([
      "4.2 errors a minute",
      "12 errors a minute",
      "1.0 error a minute",
      "",
    ]);
  });

  it("has a curve that ends where one is, and goes on at the expected rate", () => {
    const curve = effortCurve(LEFT)!;
    expect([curve.looks, curve.found]).toEqual([137, 29]);
    expect(curve.next.from.x).toBeCloseTo((100 * 137) / 237);
    expect(curve.next.y).toBeLessThan(curve.next.from.y);
    expect(effortCurve({ ...LEFT, effort: [[0, 0]] })).toBeNull();
  });

  it("opens the effort with the advice", () => {
    start((s) => {
      s.estimate.value = LEFT;
    });
    const button = q("[data-action=effort]");
    expect(button.getAttribute("aria-label")).toContain("about 38 left (21–60), measured");
    click(button);
    const panel = q(".ls-panel");
    expect(panel.getAttribute("role")).toBe("dialog");
    expect(panel.textContent).toContain("24 of your 137 looks");
    expect(panel.textContent).toContain("Go on.");
    expect(get(panel as HTMLElement, "svg").getAttribute("aria-label")).toContain(
      "29 errors found in 137 looks",
    );
    press(panel, "Escape");
    expect(drawn.root.querySelector(".ls-panel")).toBeNull();
    expect(drawn.root.activeElement).toBe(button);
  });
});

describe("options and ranking", () => {
  it("are set by the kernel's word, not by the box", () => {
    start();
    click(q("[data-action=options]"));
    const [live, reveal] = [...drawn.root.querySelectorAll<HTMLInputElement>(".ls-switch input")];
    click(live!);
    click(reveal!);
    expect(vi.mocked(store.setOptions).mock.calls).toEqual([[{ live: true }], [{ reveal: "after_answer" }]]);
    const rate = get<HTMLSelectElement>(drawn.root, ".ls-switch select");
    rate.value = "0";
    act(() => {
      rate.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(store.setOptions).toHaveBeenLastCalledWith({ controlRate: 0 });
  });

  it("rank again by the button, not while that goes on", () => {
    start();
    click(q("[data-action=rerank]"));
    expect(store.rescore).toHaveBeenCalledTimes(1);
    act(() => {
      store.rescoring.value = true;
    });
    expect(q("[data-action=rerank]").getAttribute("aria-busy")).toBe("true");
    expect(q("[data-action=rerank]").hasAttribute("disabled")).toBe(true);
  });

  it("make the packet from the export menu", () => {
    start();
    click(q("[data-action=export]"));
    click(q("[data-value=packet]"));
    expect(store.packet).toHaveBeenCalled();
    expect(store.exportAs).not.toHaveBeenCalled();
  });
});

describe("controls", () => {
  it("are told after the answer, quietly, for a while", () => {
    vi.useFakeTimers();
    start();
    expect(drawn.root.querySelector(".ls-answered")).toBeNull();
    act(() => {
      store.answered.value = { row: 4, passed: false, kind: "planted_suggestion", acceptance: null };
    });
    expect(q(".ls-answered").getAttribute("role")).toBe("status");
    expect(q(".ls-answered").textContent).toContain("Row 4: That was a check: the suggestion was wrong");
    expect(q(".ls-answered").textContent).toContain("No label changed.");
    act(() => {
      vi.advanceTimersByTime(6000);
    });
    expect(drawn.root.querySelector(".ls-answered")).toBeNull();
  });

  it("have a sentence for every kind", () => {
    for (const kind of ["planted_suggestion", "known_label", "hidden_suggestion", "other"])
      for (const passed of [true, false])
        expect(controlSentence({ kind, passed })).toMatch(/^That was a check.+\.$/);
  });

  it("warn of nodding through with the interval, until it was read", () => {
    start();
    act(() => {
      store.noticed.value = "Suggestions are accepted without a look.";
      store.acceptance.value = { wrong_accepted: 7, n: 8, low: 0.529, high: 0.98 };
    });
    const warning = q(".ls-warning");
    expect(warning.getAttribute("role")).toBe("alert");
    expect(warning.textContent).toContain(
      "7 of 8 wrong suggestions were accepted: 88 %, between 53 % and 98 %",
    );
    click(q("[data-action=reveal-after]"));
    expect(store.setOptions).toHaveBeenCalledWith({ reveal: "after_answer" });
    expect(drawn.root.querySelector(".ls-warning")).toBeNull();
    act(() => {
      store.noticed.value = "Again.";
    });
    expect(q(".ls-warning").textContent).toContain("Again.");
    expect(acceptanceText({ wrong_accepted: 0, n: 0, low: 0, high: 1 })).toContain("0 of 0");
  });
});
