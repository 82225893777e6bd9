// @vitest-environment happy-dom
/** What the inspector says beyond the first version: numbers, people, examples, severity, hidden suggestions. */
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Inspector, uiOf } from "../../src/panels/index";
import { sentence } from "../../src/panels/inspector/History";
import type { JournalEvent } from "../../src/protocol";
import { act, click, draw, get } from "./draw";
import { choose, fakeDetail, fakeStore } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const text = () => drawn.root.textContent ?? "";

const DETAIL = fakeDetail(1, {
  candidates: [
    { code: 2, probability: 0.83 },
    { code: 1, probability: 0.12 },
  ],
  neighbors: [
    { row: 2, code: 1, distance: 0.1 },
    { row: 3, code: 2, distance: 0.2 },
    { row: 4, code: 2, distance: 0.2 },
    { row: 0, code: 0, distance: 0.3 },
  ],
  threshold: { code: 2, passed_by: 0.138 },
  surely_not: [{ code: 0, probability: 0.0004 }],
  annotators: [{ name: "<b>ann</b>", code: 2 }],
  tags: { severity: "major", category: "upside down" },
});

beforeEach(() => {
  vi.useFakeTimers();
  store = fakeStore();
  store.detail.value = DETAIL;
  store.exemplars = vi.fn(async (code: number) => (code === 1 ? [2, 1] : [3, 4]));
  drawn = draw(<Inspector store={store} />);
});
afterEach(() => {
  drawn.end();
  vi.useRealTimers();
});

describe("the evidence", () => {
  it("gives the numbers after the words", () => {
    const facts = [...drawn.root.querySelectorAll(".ls-facts > div")].map((line) => line.textContent);
    expect(facts).toEqual([
      "thresholdsix passed by .14",
      "rivalsix 83 % to 12 %",
      "neighbors1 for2 against1 neither",
    ]);
    expect(q("[aria-label=Why]").textContent!.indexOf("nearest neighbors")).toBeLessThan(
      q("[aria-label=Why]").textContent!.indexOf("threshold"),
    );
  });

  it("names people as text, and what the row surely is not", () => {
    expect(q("[aria-label=Annotators]").textContent).toContain("<b>ann</b>");
    expect(drawn.root.querySelector("[aria-label=Annotators] b")).toBeNull();
    expect(q(".ls-surely").textContent).toBe("surely notone");
  });

  it("follows edits of the neighbors", () => {
    store.table.value.current[4] = 1;
    act(() => {
      store.version.value++;
    });
    expect(text()).toContain("2 for1 against");
  });

  it("says the severity and opens its dialog", () => {
    const chip = q("[data-action=severity]");
    expect(chip.getAttribute("aria-label")).toBe("Severity: major · upside down");
    click(chip);
    expect(uiOf(store).sheet.value).toEqual({ kind: "severity" });
  });

  it("opens the dialog of several labels", () => {
    click(q("[data-action=several]"));
    expect(uiOf(store).sheet.value).toEqual({ kind: "several", row: 1 });
  });
});

describe("sure examples", () => {
  it("come for both classes once the row rests, are asked for once, and become current by a click", async () => {
    expect(store.exemplars).not.toHaveBeenCalled();
    await act(async () => void (await vi.advanceTimersByTimeAsync(200)));
    expect(vi.mocked(store.exemplars).mock.calls.map(([code]) => code)).toEqual([1, 2]);
    const lines = [...drawn.root.querySelectorAll<HTMLElement>(".ls-examples")];
    // row 1 itself is no example for row 1
    expect(
      lines.map((line) => [...line.querySelectorAll<HTMLElement>("button")].map((b) => b.dataset.row)),
    ).toEqual([["2"], ["3", "4"]]);
    click(q(".ls-example"));
    expect(store.setCurrent).toHaveBeenCalledWith(2);
    act(() => {
      store.current.value = 3; // given six, suggested seven: both are known
    });
    await act(async () => void (await vi.advanceTimersByTimeAsync(200)));
    expect(store.exemplars).toHaveBeenCalledTimes(2);
  });

  it("are not asked for by fast fingers", async () => {
    act(() => {
      store.current.value = 3;
    });
    await act(async () => void (await vi.advanceTimersByTimeAsync(50)));
    act(() => {
      store.current.value = null;
    });
    await act(async () => void (await vi.advanceTimersByTimeAsync(500)));
    expect(store.exemplars).not.toHaveBeenCalled();
  });
});

describe("answer before reveal", () => {
  // what the store hands out then is tested in tests/veil
  it("says that the suggestion is hidden until the row is decided", () => {
    act(() => {
      store.reveal.value = "after_answer";
    });
    expect(text()).toContain("the suggestion shows after you decided");
    for (const gone of [".ls-why", ".ls-facts", ".ls-sure"])
      expect(drawn.root.querySelector(gone), gone).toBeNull();
    expect(q(".ls-labels").textContent).not.toContain("six");
    expect(drawn.root.querySelector(".ls-neighbor.against")).toBeNull();
    expect(q("[data-action=accept]").hasAttribute("disabled")).toBe(true);
    expect(q("[data-action=accept]").textContent).not.toContain("six");
    store.table.value.state[1] = 2;
    act(() => {
      store.version.value++;
    });
    expect(q(".ls-why").textContent).toContain("nearest neighbors");
    expect(q("[data-action=accept]").textContent).toContain("six");
  });
});

describe("a candidate", () => {
  it("of several rows asks first", () => {
    act(() => choose(store, [1, 3]));
    store.targets = () => [1, 3];
    click(q(".ls-candidate"));
    expect(store.relabel).not.toHaveBeenCalled();
    expect(uiOf(store).sheet.value).toEqual({ kind: "preview", rows: [1, 3], code: 2 });
  });
});

describe("sound", () => {
  it("is seen as a spectrogram once the row rests", async () => {
    drawn.end();
    store = fakeStore({ meta: { media: "audio" } });
    store.spectrogram = vi.fn(async () => ({ mime: "image/png", url: "blob:s" }));
    store.card = () => signal(null);
    drawn = draw(<Inspector store={store} />);
    await act(async () => void (await vi.advanceTimersByTimeAsync(300)));
    expect(store.spectrogram).toHaveBeenCalledTimes(1);
    expect(q(".ls-spectrogram img").getAttribute("src")).toBe("blob:s");
    expect(q(".ls-spectrogram img").getAttribute("alt")).toContain("Spectrogram of row 1");
  });
});

it("tells tags and sets of labels in the history", () => {
  const event = { rows: [1], before: ["a"], after: ["a"], data: {} } as unknown as JournalEvent;
  const says = (kind: string, data: object) => sentence({ ...event, kind, data: { ...data } }, 1);
  expect(says("accepted_set", { labels: ["a", "b"] })).toBe("several labels are right: a, b");
  expect(says("tagged", { tags: { severity: "minor", category: "blur" } })).toBe(
    "tagged minor, category blur",
  );
  expect(says("tagged", { tags: { severity: null } })).toBe("tagged no severity");
  expect(says("tagged", { tags: ["x", "y"] })).toBe("tagged x, y");
});
