// @vitest-environment happy-dom
/** The pane in which predictions are judged: by keys alone, with states for nothing, waiting and trouble. */
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runAction } from "../../src/input/run";
import type { Action } from "../../src/input/table";
import { Inspector, QueueBar } from "../../src/panels/index";
import { keyGroups } from "../../src/panels/keys";
import { queueLabel } from "../../src/panels/queues/queue";
import type { MistakeCase, MistakeRow, Said } from "../../src/protocol";
import type { Store } from "../../src/store/types";
import { act, click, draw, get } from "../panels/draw";
import { fakeStore } from "../panels/fake";

const ONE: MistakeCase = {
  prediction: "six",
  models: ["vit", "soup"],
  category: "spurious",
  exemplars: [3],
  open: true,
  mine: null,
  others: 0,
  opinions: [],
  disputed: false,
  settled: null,
};
const ROW: MistakeRow = {
  row: 1,
  given: "seven",
  labels: ["seven", "one"],
  unclear: [],
  exemplars: [2],
  cases: [ONE],
  severities: {
    fine_grained: "minor",
    fine_grained_oov: "minor",
    spurious: "major",
    non_prototypical: "minor",
    other: "minor",
  },
  busy: false,
  total: 9,
  left: 4,
  to_discuss: 2,
  next: 5,
};
const QUEUE = {
  name: "mistakes",
  label: "mistakes",
  hint: "predictions outside the labels",
  ready: true,
  why: "",
  actions: ["discuss", "report:mistakes"],
};

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
let say: ReturnType<typeof vi.fn>;
const real = () => store as unknown as Store;
const q = (selector: string) => get(drawn.root, selector);
const text = () => q(".ls-mistake").textContent ?? "";
const run = (action: Action) => act(() => runAction(action, real(), drawn.root));
const press = (key: number) => run({ do: "digit", place: key - 1 });
const show = (more: Partial<MistakeRow>) =>
  act(() => {
    store.mistakes.found.value = { ...ROW, ...more };
  });

beforeEach(() => {
  store = fakeStore();
  say = vi.fn(async () => undefined);
  store.mistakes.say = say as unknown as typeof store.mistakes.say;
  store.mistakes.on.value = true;
  store.queue.value = "mistakes";
  store.methods.queues.value = [QUEUE];
  store.mistakes.found.value = ROW;
  drawn = draw(
    <>
      <QueueBar store={real()} />
      <Inspector store={real()} />
    </>,
  );
});
afterEach(() => drawn.end());

it("shows who predicts what, the label set in words, and nothing that would lead", () => {
  expect(text()).toContain("right seven");
  expect(text()).toContain("also right: one");
  expect(text()).toContain("predicted six");
  expect(text()).toContain("by vit, soup");
  expect(text()).toContain("4 left");
  const examples = [...drawn.root.querySelectorAll(".ls-examples")].map((e) => e.getAttribute("aria-label"));
  expect(examples).toEqual(["Sure examples of seven", "Sure examples of six"]);
  expect(q(".ls-inspector-flow").textContent).not.toContain("likely wrong");
  expect(drawn.root.querySelector("[data-action=accept]")).toBeNull();
});

describe("keys", () => {
  it("give a verdict at once, and relabel nothing", () => {
    for (const key of [1, 3, 4]) press(key);
    expect(say.mock.calls.map(([said]) => (said as Said).verdict)).toEqual([
      "correct",
      "unclear",
      "problematic",
    ]);
    press(5);
    expect(store.say).toHaveBeenLastCalledWith("No verdict is on that key.");
    run({ do: "accept" });
    expect(store.say).toHaveBeenLastCalledWith("1 to 4 judge the prediction.");
    expect(store.relabel).not.toHaveBeenCalled();
    expect(store.accept).not.toHaveBeenCalled();
  });

  it("ask for kind and severity after wrong, the likely ones chosen, and save them with Enter", () => {
    press(2);
    expect(say).not.toHaveBeenCalled();
    expect(store.say).toHaveBeenLastCalledWith("wrong, spurious cue, major. Enter saves.");
    expect(q("[data-vote=spurious]").getAttribute("aria-pressed")).toBe("true");
    expect(q("[data-vote=major]").getAttribute("aria-pressed")).toBe("true");
    press(1);
    expect(q("[data-vote=minor]").getAttribute("aria-pressed")).toBe("true");
    press(8);
    press(3);
    expect(q("[data-vote=borderline]").getAttribute("aria-pressed")).toBe("true");
    press(9);
    expect(store.say).toHaveBeenLastCalledWith("Nothing is on that key.");
    run({ do: "accept" });
    expect(say).toHaveBeenCalledExactlyOnceWith({
      verdict: "wrong",
      category: "spurious",
      severity: "borderline",
    });
  });

  it("say why a severity is likely, once others taught that", () => {
    press(2);
    expect(text()).not.toContain("of 9 mistakes");
    const why = "7 of 9 mistakes of this kind were <b>minor</b>.";
    const likely = { spurious: { severity: "minor", why } } as never;
    show({ cases: [{ ...ONE, likely }] });
    expect(text()).toContain(why);
  });

  it("save no kind where none is likely, and go back with Escape", () => {
    show({ cases: [{ ...ONE, category: "" }], busy: true });
    press(2);
    expect(text()).toContain("looking for the likely kind…");
    run({ do: "clear" });
    expect(drawn.root.querySelector(".ls-kind")).toBeNull();
    expect(store.clearSelection).not.toHaveBeenCalled();
    press(2);
    run({ do: "accept" });
    expect(say).toHaveBeenCalledWith({ verdict: "wrong", category: null, severity: null });
  });

  it("start from what was said before", () => {
    const mine = { verdict: "wrong", category: "other", severity: "borderline" } as const;
    show({ cases: [{ ...ONE, open: false, mine, opinions: [{ ...mine, reviewer: "ada" }] }] });
    expect(q("[data-vote=wrong]").getAttribute("aria-pressed")).toBe("true");
    press(2);
    expect(q("[data-vote=other]").getAttribute("aria-pressed")).toBe("true");
    expect(q("[data-vote=borderline]").getAttribute("aria-pressed")).toBe("true");
  });

  it("walk to the other prediction of the row", () => {
    show({ cases: [ONE, { ...ONE, prediction: "<b>one</b>", models: ["soup"] }] });
    run({ do: "case" });
    expect(text()).toContain("predicted <b>one</b>");
    expect(text()).toContain("by soup");
    expect(store.say).toHaveBeenLastCalledWith("<b>one</b>, 2 of 2.");
    run({ do: "case" });
    expect(store.mistakes.at.value).toBe(0);
    show({});
    run({ do: "case" });
    expect(store.say).toHaveBeenLastCalledWith("There is no other prediction.");
  });

  it("are all in the help", () => {
    const group = keyGroups().find(({ title }) => title === "In the queue of mistakes")!;
    expect(group.rows.flatMap(({ keys }) => keys)).toEqual(
      expect.arrayContaining(["1", "4", "5", "6", "8", "Enter", "v", "d", "y"]),
    );
  });

  it("do nothing of it in other queues", () => {
    act(() => {
      store.mistakes.on.value = false;
    });
    press(1);
    expect(store.relabel).toHaveBeenCalledOnce();
    for (const name of ["discuss", "settle", "case"] as const) run({ do: name });
    expect(store.queue.value).toBe("mistakes");
    expect(say).not.toHaveBeenCalled();
  });
});

it("gives the keys to the view when it comes up, and the focus of a pressed button to Save", () => {
  expect(drawn.root.activeElement).toBeNull();
  expect(document.activeElement).toBe(drawn.host);
  q("[data-vote=wrong]").focus();
  click(q("[data-vote=wrong]"));
  expect(drawn.root.activeElement).toBe(q("[data-action=save-kind]"));
  click(q("[data-action=save-kind]"));
  expect(say).toHaveBeenCalledWith({ verdict: "wrong", category: "spurious", severity: "major" });
});

it("has no serious fault for those who hear it", async () => {
  const mine = { verdict: "wrong", category: "other", severity: "major" } as const;
  const said = { ...ONE, mine, disputed: true, opinions: [{ ...mine, reviewer: "bob" }] };
  show({ cases: [said, { ...ONE, prediction: "one" }], busy: true });
  press(2);
  const found = await axe.run(q(".ls-root"), { rules: { "color-contrast": { enabled: false } } });
  expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});

describe("a panel", () => {
  const mine = { verdict: "correct", category: null, severity: null } as const;
  const bob = { reviewer: "bob", verdict: "wrong", category: "spurious", severity: "major" } as const;
  const differing: MistakeCase = {
    ...ONE,
    mine,
    others: 1,
    disputed: true,
    opinions: [{ ...mine, reviewer: "ada" }, bob],
  };

  it("shows what others say only after one's own word", () => {
    show({ cases: [{ ...ONE, others: 2 }] });
    expect(text()).toContain("Judged by 2 more; what they say shows after your verdict.");
    run({ do: "settle" });
    expect(store.say).toHaveBeenLastCalledWith("Say first what you think of it.");
    show({ cases: [differing] });
    expect(q("[aria-label=Opinions]").textContent).toBe("ada correctbob wrong, spurious cue, major");
  });

  it("settles it by key, for all", () => {
    show({ cases: [differing] });
    run({ do: "settle" });
    expect(store.mistakes.settling.value).toBe(true);
    expect(q("fieldset[aria-label='What the panel agreed on']").textContent).toContain("unclear");
    press(3);
    expect(say).toHaveBeenCalledWith({ verdict: "unclear", category: null, severity: null });
    run({ do: "clear" });
    expect(store.mistakes.settling.value).toBe(false);
    show({ cases: [{ ...differing, disputed: false, opinions: [] }] });
    run({ do: "settle" });
    expect(store.say).toHaveBeenLastCalledWith("Nobody differs on it.");
  });

  it("is listed by a switch of the queue", () => {
    expect(q("[data-action=discuss]").textContent).toContain("To discuss: 2");
    click(q("[data-action=discuss]"));
    expect(store.queue.value).toBe("mistakes:discuss");
    expect(queueLabel(real(), store.queue.value)).toBe("mistakes, to discuss");
    act(() => {
      store.mistakes.discussing.value = true;
    });
    expect(q("[data-action=discuss]").getAttribute("aria-pressed")).toBe("true");
    show({ cases: [{ ...ONE, others: 2 }] });
    expect(text()).toContain("People differ here.");
    run({ do: "discuss" });
    expect(store.queue.value).toBe("mistakes");
  });
});

describe("states", () => {
  it("says that nothing is outside the labels, and leads on", () => {
    const goOn = vi.fn();
    store.mistakes.goOn = goOn;
    show({ cases: [], total: 0, left: 0, next: null });
    expect(text()).toContain("No prediction is outside the labels.");
    press(1);
    expect(store.say).toHaveBeenLastCalledWith("No prediction of this row is outside its labels.");
    show({ cases: [] });
    expect(text()).toContain("No prediction of this row is outside its labels.");
    click(q("[data-action=next-mistake]"));
    run({ do: "accept" });
    expect(goOn).toHaveBeenCalledTimes(2);
  });

  it("waits for the row, while a verdict is on its way, and without a kernel", () => {
    show({ row: 0 });
    expect(q(".ls-mistake").getAttribute("aria-busy")).toBe("true");
    expect(text()).not.toContain("six");
    show({});
    act(() => {
      store.mistakes.sending.value = true;
    });
    expect((q("[data-vote=correct]") as HTMLButtonElement).disabled).toBe(true);
    act(() => {
      store.mistakes.sending.value = false;
      store.canDecide.value = false;
    });
    expect((q("[data-vote=correct]") as HTMLButtonElement).disabled).toBe(true);
    press(1);
    expect(say).not.toHaveBeenCalled();
  });

  it("says what is wrong, and how to mend it", () => {
    act(() => {
      store.mistakes.problem.value = { message: "There are no predictions.", hint: "view.give(models=…)" };
    });
    expect(q(".ls-mistake [role=alert]").textContent).toBe("There are no predictions.view.give(models=…)");
  });
});
