import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { breaking, ruleFilters, ruleOf } from "../../src/panels/concepts/rule";
import { distance } from "../../src/panels/palette/match";
import { fitting, readTyped, refusal } from "../../src/panels/tags/box";
import { countAbove, heights, tailGroups } from "../../src/panels/tags/tail";
import type { TagCount } from "../../src/protocol";
import { NO_FILTERS } from "../../src/store/ranking";

const tag = (name: string, given: number): TagCount => ({
  tag: name,
  given,
  current: given,
  missing_histogram: [],
  spurious_histogram: [],
  estimated: null,
});

describe("tags by frequency", () => {
  it("fall into many, medium and few, most frequent first", () => {
    const found = tailGroups([tag("a", 3), tag("b", 101), tag("c", 100), tag("d", 20), tag("e", 19)]);
    expect(found.map(({ share, tags }) => [share, tags.map((one) => one.tag)])).toEqual([
      ["many", ["b"]],
      ["medium", ["c", "d"]],
      ["few", ["e", "a"]],
    ]);
  });
});

describe("rows above a cut", () => {
  it("are those of whole bins, and a part of the one that is cut", () => {
    const bins = [10, 20, 30, 40];
    expect([0, 0.25, 0.5, 0.75, 1].map((at) => countAbove(bins, at))).toEqual([100, 90, 70, 40, 0]);
    expect(countAbove(bins, 0.875)).toBe(20);
  });

  it("never grow when the threshold does", () => {
    const bins = fc.array(fc.nat(50), { minLength: 20, maxLength: 20 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(bins, share, share, (counts, a, b) => {
        expect(countAbove(counts, Math.max(a, b))).toBeLessThanOrEqual(countAbove(counts, Math.min(a, b)));
      }),
    );
  });

  it("are drawn from 0 to 1", () => {
    for (const height of heights([5000, 3, 0, 1, 2])) expect(height >= 0 && height <= 1).toBe(true);
  });
});

describe("the tag box", () => {
  const tags = ["joy", "sad one", "joyless", "enjoyment", "C / D"];

  it("completes from the beginning of names and words, and of nothing else than tags", () => {
    expect(fitting(tags, "joy")).toEqual(["joy", "joyless", "enjoyment"]);
    expect(fitting(tags, "one")[0]).toBe("sad one");
    expect(fitting(tags, "d")[0]).toBe("C / D");
    expect(fitting(tags, "happiness")).toEqual([]);
    expect(refusal(tags, " happiness ")).toBe("“happiness” is not among the 5 tags.");
    expect(fitting(tags, "", ["sad one"])[0]).toBe("sad one");
  });

  it("takes tags out with a minus in front", () => {
    expect(readTyped("-joy")).toEqual({ out: true, text: "joy" });
    expect(readTyped(" − sad one")).toEqual({ out: true, text: "sad one" });
    expect(readTyped("joy-ful")).toEqual({ out: false, text: "joy-ful" });
  });
});

describe("rules of a class", () => {
  it("are what most of its rows have; the others break them", () => {
    expect([ruleOf(0.9), ruleOf(0.5), ruleOf(0.1)]).toEqual([1, 1, 0]);
    expect([breaking(0.9, 40, 37), breaking(0.1, 40, 3)]).toEqual([3, 3]);
  });

  it("filter to the rows that break them, and back", () => {
    const on = ruleFilters(NO_FILTERS, 2, "wings", 0.9);
    expect(on.current).toBe(2);
    expect(on.column["attribute: wings"]).toEqual(new Set([1]));
    const other = ruleFilters(on, 1, "fins", 0.1);
    expect(Object.keys(other.column)).toEqual(["attribute: fins"]);
    expect(other.column["attribute: fins"]).toEqual(new Set([0]));
    expect(ruleFilters(on, 2, "wings", 0.9)).toEqual(NO_FILTERS);
  });
});

describe("steps of a taxonomy", () => {
  it("are counted over the levels that two classes share", () => {
    expect(distance("animal / cat", "animal / dog")).toBe(2);
    expect(distance("animal / cat / tabby", "animal / cat")).toBe(1);
    expect(distance("animal / cat", "vehicle / car")).toBe(4);
    expect(distance("cat", "dog")).toBeNull();
  });
});
