// @vitest-environment happy-dom
/** Tags, numbers and attributes as they are drawn: names, roles, keys, and what clicks ask for. */
import axe from "axe-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runAction } from "../../src/input/run";
import { BottomStrip, CheckBar, Inspector, Sheets, uiOf } from "../../src/panels/index";
import type { Detail, TagCount } from "../../src/protocol";
import type { Store } from "../../src/store/types";
import { act, click, draw, get, press, type } from "../panels/draw";
import { fakeDetail, fakeStore } from "../panels/fake";
import { settle } from "../store/fake";

type Fake = ReturnType<typeof fakeStore>;
let end: () => void = () => undefined;
let root: ShadowRoot;
let store: Fake;
afterEach(() => end());

function start(
  task: Store["task"]["value"],
  detail: Partial<Detail>,
  more: (store: Fake) => void = () => undefined,
) {
  store = fakeStore({ meta: { task, media: "features" } });
  store.task.value = task;
  store.tags.value = ["anger", "fear", "joy"];
  store.detail.value = fakeDetail(1, detail);
  store.addTags = vi.fn(async () => true);
  store.removeTags = vi.fn(async () => true);
  more(store);
  const drawn = draw(
    <>
      <CheckBar store={store} />
      <Inspector store={store} />
      <BottomStrip store={store} />
      <Sheets store={store} />
    </>,
  );
  ({ root, end } = drawn);
}

async function violations(): Promise<string[]> {
  const found = await axe.run(root.querySelector<HTMLElement>(".ls-root")!, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

const key = (action: Parameters<typeof runAction>[0]) => act(() => runAction(action, store, document.body));

const CHIPS: Partial<Detail> = {
  suggested: "fear|joy",
  chips: [
    { tag: "anger", given: 1, current: 1, probability: 0.1, missing: 0, spurious: 0.9 },
    { tag: "joy", given: 1, current: 1, probability: 0.9, missing: 0, spurious: 0.1 },
    { tag: "fear", given: 0, current: 0, probability: 0.8, missing: 0.85, spurious: 0 },
  ],
};
const COUNTS: TagCount[] = ["anger", "fear", "joy"].map((tag, k) => ({
  tag,
  given: 10 * (k + 1),
  current: 10 * (k + 1),
  missing_histogram: new Array(20).fill(1),
  spurious_histogram: new Array(20).fill(2),
  estimated: 12,
}));

describe("tags", () => {
  const begin = () =>
    start("multilabel", CHIPS, (s) => {
      s.keyCodes.value = [];
      s.tagsOf = () => Int8Array.of(1, 0, 1);
      s.tagCounts = async () => COUNTS;
      s.tagCut = async (tag, side, threshold) => ({
        ...{ tag, side, threshold, rows: 2, expected_wrong: 0.4 },
        found: [2, 4],
      });
    });

  it("are chips: there, probably missing, probably wrong; digits toggle and Shift refuses", async () => {
    begin();
    const marks = [...root.querySelectorAll<HTMLElement>(".ls-tags [data-mark]")].map(
      (one) => one.dataset.mark,
    );
    expect(marks).toEqual(["struck", "solid", "ghost"]);
    expect(get(root, "[data-tag=fear] .ls-tag-main").getAttribute("aria-label")).toBe(
      "Add fear, probably missing, 85 %",
    );
    key({ do: "digit", place: 2 });
    expect(store.addTags).toHaveBeenLastCalledWith(["fear"], [1]);
    key({ do: "digit", place: 0 });
    expect(store.removeTags).toHaveBeenLastCalledWith(["anger"], [1]);
    key({ do: "refuse", place: 0 });
    expect(store.addTags).toHaveBeenLastCalledWith(["anger"], [1]);
    key({ do: "refuse", place: 2 });
    expect(store.removeTags).toHaveBeenLastCalledWith(["fear"], [1]);
    key({ do: "refuse", place: 1 });
    expect(store.say).toHaveBeenLastCalledWith("Nothing is suggested on key 2.");
    key({ do: "accept" });
    expect(store.accept).toHaveBeenCalledTimes(1);
    expect(await violations()).toEqual([]);
  });

  it("that are partly decided are accepted as far as they are left", () => {
    begin();
    act(() => {
      store.table.value.state[1] = 1;
      store.version.value += 1;
    });
    store.setWith = (_, added, removed) => `+${added} -${removed}`;
    key({ do: "accept" });
    expect(store.relabel).toHaveBeenCalledWith("+fear -anger", [1]);
  });

  it("that were decided are named before suggestions of several rows are accepted", async () => {
    begin();
    const asked = vi.fn(async () => ({
      ...{ n: 2, changes: 1, without: 0 },
      stay: [
        ["fear", 2],
        ["joy", 1],
      ] as [string, number][],
    }));
    store.acceptPreview = asked;
    const mask = new Uint8Array(store.table.value.n);
    mask[1] = mask[3] = 1;
    act(() => {
      store.selection.value = { mask, count: 2 };
    });
    await vi.waitFor(() => expect(asked).toHaveBeenLastCalledWith([1, 3]));
    await vi.waitFor(() =>
      expect(get(root, ".ls-staying").textContent).toBe(" 3 tags stay as decided: fear 2, joy 1."),
    );
    act(() => {
      store.selection.value = { mask: new Uint8Array(mask.length), count: 0 };
    });
    expect(root.querySelector(".ls-staying")).toBeNull();
  });

  it("have counts, cuts with a preview, and a check", async () => {
    begin();
    await act(() => settle(200));
    expect(get(root, "[data-tag=joy].ls-tag-line").getAttribute("aria-label")).toBe(
      "joy: 30 given, 30 now, about 12 right",
    );
    click(get(root, "[data-tag=anger].ls-tag-line"));
    await act(() => settle(200));
    const add = get(root, "[data-action=accept-missing]");
    expect(add.textContent).toBe("add to 2");
    click(get(root, "[data-action=filter-tag]"));
    expect(store.filterColumn).toHaveBeenCalledWith("tag: anger", new Set([0]));
    click(get(root, "[data-action=color-tag]"));
    expect(store.colorBy.value).toBe("column:tag: anger");
    click(add);
    expect(uiOf(store).sheet.value).toEqual({
      ...{ kind: "many", rows: [2, 4] },
      edit: { kind: "tag", tag: "anger", value: 1 },
    });
    expect(await violations()).toEqual([]);
    click(root.querySelectorAll<HTMLElement>(".ls-odd")[0]!);
    click(get(root, "[data-action=apply-many]"));
    expect(store.addTags).toHaveBeenLastCalledWith(["anger"], [4]);
    click(get(root, "[data-action=check-missing]"));
    expect(uiOf(store).sheet.value).toMatchObject({
      kind: "tag-check",
      cut: { tag: "anger", side: "missing" },
    });
    expect(await violations()).toEqual([]);
  });

  it("are typed in a box that knows no others", async () => {
    begin();
    key({ do: "palette" });
    const field = get<HTMLInputElement>(root, ".ls-tagbox input");
    type(field, "rage");
    press(field, "Enter");
    expect(store.addTags).not.toHaveBeenCalled();
    expect(store.say).toHaveBeenLastCalledWith("“rage” is not among the 3 tags.");
    type(field, "fe");
    press(field, "Tab");
    expect(field.value).toBe("fear");
    press(field, "Enter");
    expect(store.addTags).toHaveBeenLastCalledWith(["fear"], [1]);
    type(field, "joy");
    press(field, "Enter");
    expect(store.removeTags).toHaveBeenLastCalledWith(["joy"], [1]);
    expect(await violations()).toEqual([]);
  });

  it("in a check: Enter says that the tag belongs, Space that it does not", () => {
    begin();
    const check = {
      ...{ token: "t", given: null, suggested: null, precision: 0.9, rows: [1, 4], k: 2, n: 9 },
      ...{ needed: "2 of 2", expected_wrong: 1 },
    };
    const tag = { tag: "fear", side: "missing", threshold: 0.5 } as const;
    act(() => {
      uiOf(store).run.value = { check, given: -1, suggested: -1, tag, state: null };
    });
    expect(get(root, ".ls-checkbar b").textContent).toBe("Check + fear");
    key({ do: "accept" });
    expect(store.addTags).toHaveBeenLastCalledWith(["fear"], [1]);
    expect(store.setCurrent).toHaveBeenLastCalledWith(4);
    act(() => {
      store.current.value = 4;
    });
    key({ do: "keep" });
    expect(store.removeTags).toHaveBeenLastCalledWith(["fear"], [4]);
    expect(store.keep).not.toHaveBeenCalled();
  });
});

describe("numbers", () => {
  const begin = () =>
    start(
      "regression",
      {
        target: {
          ...{ given: 4, current: 4, suggested: 9.5, low: 8, high: 10 },
          density: { from: 0, to: 12, counts: [1, 4, 2] },
          neighbors: [
            { row: 2, value: 9, kind: "push", weight: 0.5 },
            { row: 3, value: 4.1, kind: "pull", weight: 0.9 },
          ],
        },
      },
      (s) => {
        s.classes.value = [4, 9.5, 7];
        s.table.value.current.fill(0);
      },
    );

  it("stand on an axis and are typed with the suggestion in front of one", async () => {
    begin();
    expect(get(root, ".ls-axis").getAttribute("aria-label")).toBe(
      "given 4, suggested 9.5, usual from 8 to 10, 1 of 2 neighbors have about this target",
    );
    const field = get<HTMLInputElement>(root, "[data-action=number]");
    expect(field.value).toBe("9.5");
    const submit = () =>
      act(() => {
        field.form!.dispatchEvent(new Event("submit", { cancelable: true }));
      });
    type(field, "much");
    submit();
    expect(get(root, "[role=alert]").textContent).toBe("“much” is not a number.");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(store.relabel).not.toHaveBeenCalled();
    type(field, "7,5");
    submit();
    expect(store.relabel).toHaveBeenCalledWith(7.5, [1]);
    click(get(root, ".ls-near [data-row='3']"));
    expect(store.setCurrent).toHaveBeenCalledWith(3);
    expect(await violations()).toEqual([]);
  });

  it("of several rows are given after a look at them", () => {
    begin();
    store.targets = () => [1, 2];
    const field = get<HTMLInputElement>(root, "[data-action=number]");
    act(() => {
      field.form!.dispatchEvent(new Event("submit", { cancelable: true }));
    });
    expect(get(root, ".ls-bulk h2").textContent).toBe("Give 2 rows the target 9.5?");
    click(get(root, "[data-action=apply-many]"));
    expect(store.relabel).toHaveBeenCalledWith(9.5, [1, 2]);
  });
});

describe("attributes", () => {
  const proposals = [
    { variable: "joy", kind: "attribute" as const, old: 0, new: 1, p_old: 0.2, p_new: 0.9 },
    { variable: "class", kind: "class" as const, old: "seven", new: "six", p_old: 0.1, p_new: 0.8 },
  ];
  const concept = (name: string, current: 1 | 0 | -1, suspicion: number) => ({
    ...{ name, given: current, current, probability: 0.5, suspicion },
  });
  const begin = () =>
    start(
      "concepts",
      { concepts: [concept("anger", 1, 0.1), concept("fear", 0, 0.9), concept("joy", 0, 0.2)] },
      (s) => {
        s.tagsOf = () => Int8Array.of(1, 0, 0);
        s.keyCodes.value = [2, 0, 1];
        s.acceptProposals = vi.fn(async () => true);
        s.conditionals = async () => ({
          attributes: ["anger", "fear", "joy"],
          probabilities: [
            [0.9, 0.1, 0.5],
            [0.2, 0.8, 0.5],
            [0.1, 0.1, 0.9],
          ],
          rows: [
            [10, 10, 10],
            [10, 10, 10],
            [10, 10, 10],
          ],
          present: [
            [9, 1, 5],
            [2, 8, 5],
            [0, 0, 9],
          ],
        });
      },
    );

  it("have the digits after those of the classes, suspected ones first", async () => {
    begin();
    const names = [...root.querySelectorAll<HTMLElement>(".ls-tags [data-tag]")].map(
      (one) => one.dataset.tag,
    );
    expect(names).toEqual(["fear", "anger", "joy"]);
    key({ do: "digit", place: 5 });
    expect(store.addTags).toHaveBeenLastCalledWith(["fear"], [1]);
    key({ do: "digit", place: 0 });
    expect(store.relabel).toHaveBeenCalledWith("six");
    expect(await violations()).toEqual([]);
  });

  it("are marked as accepting would change them, which its button says too", () => {
    start("concepts", {
      concepts: [
        { ...concept("anger", 1, 0.3), suggested: 0 },
        { ...concept("fear", 0, 0.6), suggested: 0 },
        { ...concept("joy", 0, 0.4), suggested: 1 },
      ],
    });
    const marks = ["anger", "fear", "joy"].map((tag) => get(root, `.ls-tags [data-tag=${tag}]`).dataset.mark);
    expect(marks).toEqual(["struck", "off", "ghost"]);
    expect(get(root, "[data-action=accept]").textContent).toContain(", + joy, − anger");
  });

  it("glow where a fix proposes something else, and are accepted one by one or all", async () => {
    begin();
    act(() => {
      store.proposed.value = { row: 1, fix: { fear: 1 }, proposals };
    });
    expect(get(root, ".ls-tags .glow").dataset.tag).toBe("joy");
    const lines = [...root.querySelectorAll<HTMLElement>(".ls-proposal")];
    expect(lines.map((line) => line.getAttribute("aria-label"))).toEqual([
      "Accept joy: no to yes, 20 % before, 90 % now",
      "Accept class: seven to six, 10 % before, 80 % now",
    ]);
    click(lines[1]!);
    expect(store.acceptProposals).toHaveBeenLastCalledWith(["class"]);
    key({ do: "proposals" });
    expect(store.acceptProposals).toHaveBeenLastCalledWith(["joy", "class"]);
    expect(await violations()).toEqual([]);
  });

  it("have a table of rules, whose cells show the rows that break them", async () => {
    begin();
    await act(() => settle(20));
    const cells = [...root.querySelectorAll<HTMLElement>(".ls-rules .ls-cell")];
    expect(cells[0]!.getAttribute("aria-label")).toBe("one: anger in 90 %; 1 row breaks the rule");
    expect(cells[6]!.getAttribute("aria-disabled")).toBe("true");
    press(cells[0]!, "ArrowRight");
    click(cells[0]!);
    expect(store.filters.value.current).toBe(0);
    expect(store.filters.value.column["attribute: anger"]).toEqual(new Set([1]));
    click(get(root, "[data-action=show-matrix]"));
    expect(get(root, "[data-action=show-rules]")).toBeTruthy();
  });
});
