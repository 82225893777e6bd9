import { expect, it } from "vitest";
import { countMarks, filterOf, legendEntries, toggleFilter } from "../../src/plot/entries";
import { FLAGGED, UNLABELLED } from "../../src/store/types";
import { makeTable } from "./fixtures";

const table = makeTable(
  [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ],
  {
    given: Uint16Array.of(0, 1, 1, UNLABELLED),
    current: Uint16Array.of(0, 1, 0, UNLABELLED),
    suggested: Uint16Array.of(1, 1, 0, 0),
    flags: Uint8Array.of(FLAGGED, 0, FLAGGED, FLAGGED),
    state: Uint8Array.of(0, 2, 1, 0),
  },
);

it("counts what the coloring shows", () => {
  const counts = (by: Parameters<typeof legendEntries>[1]) =>
    legendEntries(table, by, ["cat", "dog"], false).map((entry) => [entry.name, entry.count]);
  expect(counts("given")).toEqual([
    ["cat", 1],
    ["dog", 2],
    ["unlabelled", 1],
  ]);
  expect(counts("current")).toEqual([
    ["cat", 2],
    ["dog", 1],
    ["unlabelled", 1],
  ]);
  expect(counts("state").slice(0, 3)).toEqual([
    ["unreviewed", 2],
    ["relabelled", 1],
    ["kept", 1],
  ]);
  expect(counts("suspicion")).toEqual([]);
  expect(countMarks(table)).toEqual({ differs: 2, edited: 1 });
});

it("toggles the filter of the coloring", () => {
  const none = { given: null, current: null, suggested: null, state: null, flaggedOnly: true, search: null };
  const on = toggleFilter(none, "given", 1);
  expect(on).toEqual({ ...none, given: 1 });
  expect(toggleFilter(on, "given", 1)).toEqual(none);
  expect(filterOf("suspicion")).toBeNull();
  expect(filterOf("suggested")).toBe("suggested");
});
