import { describe, expect, it } from "vitest";
import { filterChips } from "../../src/panels/filters";
import { ago, decimal, likely, nameOf, percent, rows, shortPath, words } from "../../src/panels/format";
import { sentence } from "../../src/panels/inspector/History";
import { splitAt } from "../../src/panels/inspector/Media";
import { isApple, keyGroups, withMod } from "../../src/panels/keys";
import { errorsLeft, workload } from "../../src/panels/ProgressBar";
import { matches, newClass } from "../../src/panels/palette/match";
import type { JournalEvent } from "../../src/protocol";
import { type Filters, UNLABELLED } from "../../src/store/types";
import { progressSentence, readable } from "../../src/store/words";
import { NOTHING, PROGRESS } from "./fake";

describe("sentences with names in them", () => {
  const aside = (text: string) => `\u2068${text}\u2069`;

  it("keep a number beside a name that is written from right to left", () => {
    expect(readable("The model gives כלב גדול 97% and the given label قطة 1%.")).toBe(
      `The model gives ${aside("כלב גדול")} 97% and the given label ${aside("قطة")} 1%.`,
    );
    expect(readable("The model gives 5 over 99% and the given label 2 under 1%.")).toBe(
      "The model gives 5 over 99% and the given label 2 under 1%.",
    );
  });

  it("are not turned around by a name", () => {
    expect(readable("given \u202Ecat 1%")).toBe("given \uFFFDcat 1%");
  });
});

describe("numbers", () => {
  it("never rounds to a certainty", () => {
    expect([0, 0.001, 0.5, 0.996, 0.999, 1].map(percent)).toEqual([
      "0 %",
      "< 1 %",
      "50 %",
      "> 99 %",
      "> 99 %",
      "100 %",
    ]);
    expect(percent(Number.NaN)).toBe("–");
    expect([0, 1, 3, 128, 253, 254, 255].map(likely)).toEqual([
      "< 1 %",
      "< 1 %",
      "1 %",
      "50 %",
      "99 %",
      "> 99 %",
      "> 99 %",
    ]);
  });

  it("writes counts, decimals, times and names", () => {
    expect([rows(1), rows(1234)]).toEqual(["1 row", "1,234 rows"]);
    expect([decimal(0.62), decimal(1)]).toEqual([".62", "1.00"]);
    expect([0, 5, 300, 7200, 172800].map((s) => ago(0, s * 1000))).toEqual([
      "just now",
      "5 s ago",
      "5 min ago",
      "2 h ago",
      "2 days ago",
    ]);
    expect(nameOf(["a"], UNLABELLED)).toBe("no label");
    expect(words("most_suspicious")).toBe("most suspicious");
    expect(shortPath("/data/ann/.labelscope/d.jsonl")).toBe(".labelscope/d.jsonl");
  });
});

describe("progress", () => {
  it("counts each decision once", () => {
    const progress = { ...PROGRESS, reviewed: 40, relabelled: 30, flagged: 118, flagged_left: 81 };
    expect(workload(progress)).toEqual({ done: 40, total: 121, changed: 30 });
    expect(progressSentence(progress)).toBe("40 reviewed, 81 suspects left.");
    const helped = { ...progress, by_machine: 7, relabelled: 45 };
    expect(workload(helped)).toEqual({ done: 47, total: 128, changed: 45 });
    expect(progressSentence(helped)).toBe("40 reviewed, 7 decided by a method, 81 suspects left.");
    const hasty = { ...progress, taken_over: 9 };
    expect(workload(hasty)).toEqual({ done: 49, total: 130, changed: 30 });
    expect(progressSentence(hasty)).toBe("40 reviewed, 9 accepted in one go, 81 suspects left.");
  });

  it("estimates what is left, never below zero", () => {
    const noise = { value: 0.05, low: 0.04, high: 0.06, level: 0.95, measured: false };
    const progress = { ...PROGRESS, n_labeled: 1000, relabelled: 20, excluded: 5 };
    expect(errorsLeft(progress, noise)).toEqual({ left: 25, half: 10 });
    expect(errorsLeft({ ...progress, relabelled: 90 }, noise)?.left).toBe(0);
    expect(errorsLeft(progress, null)).toBeNull();
  });
});

describe("filter chips", () => {
  const names = ["a", "b", "c"];
  it("shows a cell of the matrix as one chip that takes all of it away", () => {
    const chips = filterChips({ ...NOTHING, given: 0, suggested: 2, flaggedOnly: true }, names);
    expect(chips.map((chip) => chip.text)).toEqual(["given a → c"]);
    expect(chips[0]!.without).toEqual({ given: null, suggested: null, flaggedOnly: false });
  });

  it("shows every other filter by itself", () => {
    const mask = new Uint8Array(3);
    const filters = { ...NOTHING, suggested: 1, state: 3, flaggedOnly: true, search: { query: "x", mask } };
    expect(filterChips(filters, names).map((chip) => chip.text)).toEqual([
      "suggested b",
      "unsure",
      "suspects",
      "“x”",
    ]);
    expect(filterChips({ ...NOTHING, given: 0, current: 1 }, names).map((chip) => chip.text)).toEqual([
      "given a → b",
    ]);
    const all = { ...NOTHING, given: 0, suggested: 1, current: 2 };
    expect(filterChips(all, names).map((chip) => chip.text)).toEqual(["given a → b", "now c"]);
    expect(filterChips({ ...NOTHING, given: 1 }, names)[0]!.without).toEqual({ given: null });
    expect(filterChips(NOTHING, names)).toEqual([]);
  });

  it("says what methods know by their own names, and of how many rows it is true", () => {
    const boolean = { kind: "categorical", format: "boolean", n_missing: 0 } as const;
    const infos = [
      { name: ":experts disagree", ...boolean, categories: ["yes", "no"], counts: [1_204, 6] },
      { name: ":gate state", ...boolean, format: "text" as const, categories: ["reliable"], counts: [3] },
      { name: "sold", ...boolean, categories: ["yes", "no"], counts: [1, 2] },
    ];
    const text = (column: Filters["column"]) => filterChips({ ...NOTHING, column }, names, infos)[0]!.text;
    expect(text({ ":experts disagree": new Set([0]) })).toBe("experts disagree · 1,204");
    expect(text({ ":experts disagree": new Set([1]) })).toBe("experts disagree no");
    expect(text({ ":gate state": new Set([0]) }), "not the class of that code").toBe("gate state reliable");
    expect(text({ sold: new Set([0]) })).toBe("sold yes");
  });
});

describe("labels that fit what is typed", () => {
  const names = ["cat", "sports car", "caracal", "scar", "dog"];
  it("puts candidates first when nothing is typed", () => {
    expect(matches(names, [4, 1], "").map((option) => [option.name, option.digit])).toEqual([
      ["dog", 1],
      ["sports car", 2],
      ["cat", 0],
      ["caracal", 0],
      ["scar", 0],
    ]);
  });

  it("ranks whole, start, word, inside, letters in order", () => {
    expect(matches(names, [], "car").map((option) => option.name)).toEqual(["caracal", "sports car", "scar"]);
    expect(matches(names, [], "spcr").map((option) => option.name)).toEqual(["sports car"]);
    expect(matches(names, [], "CAT")[0]!.name).toBe("cat");
    expect(matches(names, [], "zebra")).toEqual([]);
  });

  it("makes a new class of the kind of the others", () => {
    expect(newClass(["a", "b"], ["a", "b"], " c ")).toEqual({ value: "c" });
    expect(newClass(["a"], ["a"], "a")).toBeNull();
    expect(newClass([0, 1], ["zero", "one"], "2")).toEqual({ value: 2 });
    expect(newClass([0, 1], ["zero", "one"], "1")).toBeNull();
    expect(newClass([0, 1], ["0", "1"], "1.5")).toHaveProperty("problem");
    expect(newClass([0, 1], ["0", "1"], "dog")).toHaveProperty("problem");
    expect(newClass([true, false], ["True", "False"], "maybe")).toHaveProperty("problem");
  });
});

describe("text", () => {
  it("is split at the words searched for", () => {
    expect(splitAt("A cat, a Cat", "cat").map((part) => [part.text, part.hit])).toEqual([
      ["A ", false],
      ["cat", true],
      [", a ", false],
      ["Cat", true],
    ]);
    const hits = (text: string, query: string) =>
      splitAt(text, query).flatMap((part) => (part.hit ? [part.text] : []));
    expect(hits("good and bad", "bad good")).toEqual(["good", "bad"]);
    expect(hits("good and bad", '"and bad"')).toEqual(["and bad"]);
    expect(hits("aaa", "a aa")).toEqual(["a", "a", "a"]);
    expect(splitAt("İstanbul", "i")).toEqual([{ text: "İstanbul", hit: false }]);
    expect(splitAt("abc", " ")).toEqual([{ text: "abc", hit: false }]);
  });

  it("says what an event did to a row", () => {
    const event: JournalEvent = {
      kind: "relabelled",
      id: "1",
      batch: "1",
      at: "",
      reviewer: "ann",
      source: "",
      rows: [4, 7],
      before: ["a", null],
      after: ["b", "b"],
      suspicion: [],
      data: {},
    };
    expect(sentence(event, 7)).toBe("relabelled no label → b, with 1 more");
    expect(sentence({ ...event, kind: "kept", rows: [4], after: [] }, 4)).toBe("kept a");
    expect(sentence({ ...event, kind: "noted", rows: [4], data: { text: "<b>" } }, 4)).toBe("noted “<b>”");
    expect(sentence({ ...event, kind: "invented" }, 4)).toBe("invented");
  });
});

describe("keys", () => {
  it("are written for the machine they are pressed on", () => {
    expect(isApple("Mozilla/5.0 (Macintosh; Intel Mac OS X)")).toBe(true);
    expect(isApple("Mozilla/5.0 (X11; Linux)")).toBe(false);
    expect([withMod("Z", true, true), withMod("Z", true, false)]).toEqual(["⇧⌘Z", "Shift Ctrl Z"]);
    expect(keyGroups(false).flatMap((group) => group.rows).length).toBeGreaterThan(15);
  });
});
