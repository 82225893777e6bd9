// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runAction } from "../../src/input/run";
import { Inspector, QueueBar, Toolbar } from "../../src/panels/index";
import { baseName, queueLabel } from "../../src/panels/queues/queue";
import { setVoting } from "../../src/panels/vote/vote";
import { onScreen } from "../../src/plot/ellipses";
import type { Store } from "../../src/store/types";
import { act, click, draw, get } from "../panels/draw";
import { choose, fakeDetail, fakeStore } from "../panels/fake";

const QUEUES = [
  { name: "most_suspicious", label: "most suspicious", hint: "", ready: true, why: "", actions: [] },
  { name: "gate", label: "above the gate", hint: "", ready: true, why: "", actions: ["report:gate"] },
  {
    name: "foreign",
    label: "belongs to no class",
    hint: "far from every class",
    ready: true,
    why: "",
    actions: ["exclude", "new_class"],
  },
  { name: "spread", label: "spread labels", hint: "", ready: false, why: "All have a label.", actions: [] },
  {
    name: "elicitation",
    label: "to verify",
    hint: "",
    ready: true,
    why: "",
    actions: ["report:plan_budget"],
  },
];

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const real = () => store as unknown as Store;
const q = (selector: string) => get(drawn.root, selector);

beforeEach(() => {
  store = fakeStore();
  store.methods.queues.value = QUEUES;
  drawn = draw(
    <>
      <Toolbar store={real()} />
      <QueueBar store={real()} />
      <Inspector store={real()} />
    </>,
  );
});
afterEach(() => drawn.end());

const queue = (name: string) =>
  act(() => {
    store.queue.value = name;
  });

describe("the menu of queues", () => {
  it("picks one, and says why another cannot be had", () => {
    click(q("[data-action=queue]"));
    const off = q("[data-value=spread]");
    expect(off.getAttribute("aria-disabled")).toBe("true");
    expect(off.textContent).toContain("All have a label.");
    click(off);
    expect(store.queue.value).toBe("most_suspicious");
    click(q("[data-value=foreign]"));
    expect(store.queue.value).toBe("foreign");
  });

  it("names queues with a size, and those of one scorer", () => {
    expect(queueLabel(real(), "elicitation:1200")).toBe("to verify, 1,200");
    expect(queueLabel(real(), "score:margin")).toBe("by margin");
    expect([baseName("elicitation:9"), baseName("score:a:1")]).toEqual(["elicitation", "score:a:1"]);
  });
});

describe("the bar of a queue", () => {
  it("is not there for the usual ones", () => {
    for (const name of ["most_suspicious", "gate", "unknown"]) {
      queue(name);
      expect(drawn.root.querySelector(".ls-queuebar")).toBeNull();
    }
  });

  it("calls foreign rows out of scope, or makes a class of the selection", () => {
    queue("foreign");
    click(q("[data-action=out-of-scope]"));
    expect(store.exclude).toHaveBeenCalledOnce();
    act(() => choose(store, [1, 3]));
    expect(q("[data-action=new-class]").textContent).toContain("2 rows");
    click(q("[data-action=new-class]"));
    expect(store.palette.value).toBe("selection");
  });

  it("asks for the order again once decisions rest", async () => {
    vi.useFakeTimers();
    const reorder = vi.fn(async () => undefined);
    store.methods.reorder = reorder;
    queue("foreign");
    for (const reviewed of [1, 2])
      act(() => {
        store.progress.value = { ...store.progress.value, reviewed };
      });
    await act(async () => void (await vi.advanceTimersByTimeAsync(2000)));
    expect(reorder).toHaveBeenCalledTimes(1);
    vi.useRealTimers();
  });

  it("shows only what the queue lists, and all again", () => {
    queue("elicitation:2");
    act(() => {
      store.methods.listed.value = 2;
    });
    click(q("[data-action=only-queue]"));
    expect([...store.filters.value.cluster!.mask]).toEqual([1, 1, 0, 0, 0, 0]);
    click(q("[data-action=only-queue]"));
    expect(store.filters.value.cluster).toBeNull();
  });
});

describe("votes", () => {
  beforeEach(() => {
    act(() => {
      setVoting(real(), true);
      store.methods.ballot.value = {
        row: 1,
        labels: ["six", "seven"],
        exemplars: [[0], [2]],
        blind: true,
        answer: "both",
        left: 3,
      };
    });
  });

  it("hide what would lead them", () => {
    expect(store.queue.value).toBe("validation");
    const text = q(".ls-inspector-flow").textContent ?? "";
    expect(text).toContain("in random order · 3 left");
    expect(text).not.toContain("likely wrong");
    expect(drawn.root.querySelector(".ls-labels")).toBeNull();
    expect(q("[data-vote=both]").getAttribute("aria-pressed")).toBe("true");
  });

  it("are given by digits, which relabel nothing then", () => {
    const vote = vi.fn(async () => undefined);
    store.methods.vote = vote;
    for (const place of [0, 1, 2, 3, 4]) runAction({ do: "digit", place }, real(), drawn.root);
    expect(vote.mock.calls.flat()).toEqual(["first", "second", "both", "neither", "unsure"]);
    runAction({ do: "digit", place: 5 }, real(), drawn.root);
    expect(store.say).toHaveBeenCalledWith("No vote is on that key.");
    expect(store.relabel).not.toHaveBeenCalled();
    act(() => setVoting(real(), false));
    expect(store.queue.value).toBe("most_suspicious");
    runAction({ do: "digit", place: 0 }, real(), drawn.root);
    expect(store.relabel).toHaveBeenCalledOnce();
  });
});

it("shows which expert answers, and whether they agree", () => {
  const expert = { used: "local", agree: false, local: 0.8, global: 0.61 } as const;
  act(() => {
    store.detail.value = fakeDetail(1, { expert: { ...expert, local_label: "six", global_label: "one" } });
  });
  const badge = q("[data-expert=local]");
  expect(badge.textContent).toContain("L .80 · G .61");
  expect(badge.textContent).toContain("experts disagree");
  expect(badge.title).toContain("global: one .61");
});

describe("ellipses", () => {
  const camera = { cx: 0.5, cy: 0.5, scale: 100, width: 200, height: 200 };
  const at = (covariance: [[number, number], [number, number]]) =>
    onScreen({ code: 0, mean: [0.6, 0.7], covariance, n: 9, tail: false, from: [] }, camera);

  it("lie where their class is, two deviations wide", () => {
    const { x, y, a, b } = at([
      [0.04, 0],
      [0, 0.01],
    ]);
    expect([x, y].map(Math.round)).toEqual([110, 80]);
    expect([a, b].map(Math.round)).toEqual([40, 20]);
  });

  it("turn with the covariance, y going down on the screen", () => {
    expect(
      at([
        [0.02, 0.01],
        [0.01, 0.02],
      ]).angle,
    ).toBeCloseTo(-Math.PI / 4);
    expect(
      at([
        [0.01, 0],
        [0, 0.04],
      ]).angle,
    ).toBeCloseTo(-Math.PI / 2);
  });
});
