import { describe, expect, it } from "vitest";
import {
  type ChipView,
  changesOf,
  changesText,
  chipViews,
  conceptChip,
  digitOf,
  isSuggestion,
  keptOrder,
  markOf,
} from "../../src/panels/tags/chips";
import type { Held, TagChip } from "../../src/protocol";

const chip = (tag: string, given: Held, more: Partial<TagChip> = {}): TagChip => ({
  tag,
  given,
  current: given,
  probability: null,
  missing: 0,
  spurious: 0,
  ...more,
});

describe("what a tag looks like", () => {
  it.each<[string, TagChip, Held, string[] | null, string]>([
    ["given and fitting", chip("joy", 1, { spurious: 0.1 }), 1, ["joy"], "solid"],
    ["given and not suggested", chip("joy", 1, { spurious: 0.4 }), 1, [], "struck"],
    ["given, more likely wrong", chip("joy", 1, { spurious: 0.6 }), 1, null, "struck"],
    ["given, more likely right", chip("joy", 1, { spurious: 0.4 }), 1, null, "solid"],
    ["suggested", chip("joy", 0, { missing: 0.3 }), 0, ["joy"], "ghost"],
    ["more likely missing", chip("joy", 0, { missing: 0.5 }), 0, null, "ghost"],
    ["less likely missing", chip("joy", 0, { missing: 0.49 }), 0, null, "off"],
    ["suggested, but somebody decided", chip("joy", 0), 0, ["joy"], "off"],
    ["not suggested, but somebody kept it", chip("joy", 1), 1, [], "solid"],
    ["taken away", chip("joy", 1), 0, null, "dropped"],
    ["unknown", chip("joy", -1), -1, null, "unknown"],
    ["unknown and probably there", chip("joy", -1, { missing: 0.8 }), -1, null, "ghost"],
    ["accepted a moment ago", chip("joy", 0, { missing: 0.8 }), 1, ["joy"], "solid"],
  ])("%s", (_, given, now, suggested, mark) => {
    expect(markOf(given, now, suggested === null ? null : new Set(suggested))).toBe(mark);
  });

  it("shows how sure a suggestion is, of the side that it is about", () => {
    const chips = [chip("a", 1, { spurious: 0.9 }), chip("b", 0, { missing: 0.7 }), chip("c", 1)];
    const views = chipViews(chips, new Set(["b", "c"]), () => undefined);
    expect(views).toEqual([
      { tag: "a", mark: "struck", share: 0.9 },
      { tag: "b", mark: "ghost", share: 0.7 },
      { tag: "c", mark: "solid", share: null },
    ]);
    expect(views.map(isSuggestion)).toEqual([true, true, false]);
    expect(changesOf(views)).toEqual({ added: ["b"], removed: ["a"] });
    expect(changesText(views)).toBe("+ b, − a");
    expect(changesText([...views, { tag: "d", mark: "ghost", share: 1 }])).toBe("3 changes");
  });

  it("takes an attribute that is there as probably wrong, another one as probably missing", () => {
    const of = (current: Held) =>
      conceptChip({ name: "wings", given: 0, current, probability: 0.5, suspicion: 0.8 });
    expect([of(1).missing, of(1).spurious]).toEqual([0, 0.8]);
    expect([of(0).missing, of(0).spurious]).toEqual([0.8, 0]);
    expect(of(-1).missing).toBe(0.8);
  });
});

describe("digits", () => {
  const view = (tag: string): ChipView => ({ tag, mark: "off", share: null });

  it("keep their tags after a decision reorders the answer of the kernel", () => {
    const first = keptOrder(undefined, ["a", "b", "c"].map(view));
    const names = first.map(({ tag }) => tag);
    expect(keptOrder(names, ["c", "a", "d", "b"].map(view)).map(({ tag }) => tag)).toEqual([
      "a",
      "b",
      "c",
      "d",
    ]);
  });

  it("are nine, and begin after those of the classes", () => {
    expect([0, 8, 9].map((place) => digitOf(place, 0))).toEqual([1, 9, 0]);
    expect([0, 3, 4].map((place) => digitOf(place, 5))).toEqual([6, 9, 0]);
  });
});
