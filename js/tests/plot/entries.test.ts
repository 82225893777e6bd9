import { expect, it } from "vitest";
import { countMarks, countText, legendEntries } from "../../src/plot/entries";
import { chosenCodes, chosenRange, setRange, toggleCode } from "../../src/plot/legendFilter";
import { columnScale, numberText, suspicionScale } from "../../src/plot/scale";
import { NO_FILTERS } from "../../src/store/ranking";
import { type ColorBy, type ColumnData, FLAGGED, UNLABELLED } from "../../src/store/types";
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
    suspicion: Uint8Array.of(0, 51, 102, 255),
  },
);
const city: ColumnData = {
  info: { name: "city", kind: "categorical", n_missing: 1, categories: ["Ulm", "Bern"] },
  kind: "categorical",
  codes: Uint16Array.of(1, UNLABELLED, 0, 1),
};
const passing = Uint8Array.of(1, 0, 1, 1);

function entries(colorBy: ColorBy, column: ColumnData | null = null) {
  return legendEntries(table, { colorBy, names: ["cat", "dog"], column, passing, dark: false });
}

function texts(colorBy: ColorBy, column: ColumnData | null = null): [string, string][] {
  return entries(colorBy, column).map((entry) => [entry.name, countText(entry)]);
}

it("counts the rows that pass and all rows of what the coloring shows", () => {
  expect(texts("given")).toEqual([
    ["cat", "1"],
    ["dog", "1 / 2"],
    ["unlabelled", "1"],
  ]);
  expect(texts("current")).toEqual([
    ["cat", "2"],
    ["dog", "0 / 1"],
    ["unlabelled", "1"],
  ]);
  expect(texts("state").slice(0, 3)).toEqual([
    ["unreviewed", "2"],
    ["relabelled", "1"],
    ["kept", "0 / 1"],
  ]);
  expect(texts("suspicion")).toEqual([]);
  expect(countMarks(table)).toEqual({ differs: 2, edited: 1, hollow: 1 });
  expect(entries("given").map(({ shape }) => shape)).toEqual(["circle", "square", "hollow"]);
  expect(entries("current").at(-1)!.shape).toBe("hollow");
});

it("counts categories of a column, missing ones apart", () => {
  expect(texts("column:city")).toEqual([]);
  expect(texts("column:city", city)).toEqual([
    ["Ulm", "1"],
    ["Bern", "2"],
    ["missing", "0 / 1"],
  ]);
});

it("shows one class with a click, several with Shift, and all again", () => {
  const one = toggleCode(NO_FILTERS, "given", 1, false);
  expect(one).toEqual({ ...NO_FILTERS, given: 1 });
  expect(toggleCode(one, "given", 1, false)).toEqual(NO_FILTERS);
  const two = toggleCode(one, "given", 0, true);
  expect(two.given).toBeNull();
  expect(chosenCodes(two, "given")).toEqual(new Set([0, 1]));
  expect(toggleCode(two, "given", 1, true)).toEqual({ ...NO_FILTERS, given: 0 });
  expect(toggleCode(two, "given", 2, false)).toEqual({ ...NO_FILTERS, given: 2 });
});

it("keeps the filter of a column called given apart from the one of given labels", () => {
  const both = toggleCode(toggleCode(NO_FILTERS, "column:given", 3, false), "given", 1, false);
  expect(chosenCodes(both, "column:given")).toEqual(new Set([3]));
  expect(chosenCodes(both, "given")).toEqual(new Set([1]));
  expect(toggleCode(both, "column:given", 3, false)).toEqual({ ...NO_FILTERS, given: 1 });
});

it("sets and clears a range", () => {
  const some = setRange(NO_FILTERS, "column:age", { min: 1, max: 2 });
  expect(chosenRange(some, "column:age")).toEqual({ min: 1, max: 2 });
  expect(setRange(some, "column:age", null)).toEqual(NO_FILTERS);
});

it("scales numbers and tells the missing from zero", () => {
  const info = { name: "age", kind: "numeric" as const, n_missing: 1 };
  const values = Float32Array.of(0, Number.NaN, 4, 8);
  const scale = columnScale({ info, kind: "numeric", values }, passing)!;
  expect(scale).toMatchObject({ missing: 1, total: 3, passing: 3, least: 0, most: 8 });
  expect(scale.bins.reduce((p, q) => p + q, 0)).toBe(3);
  expect(suspicionScale(table, passing)).toMatchObject({ total: 4, passing: 3, missing: 0, low: 0, high: 1 });
  expect(columnScale(city, passing)).toBeNull();
});

it("writes numbers shortly", () => {
  expect(numberText(0, "number")).toBe("0");
  expect(numberText(0.12345, "number")).toBe("0.123");
  expect(numberText(1234567, "integer")).toBe("1,234,567");
  expect(numberText(1.5e-7, "number")).toBe("1.5e-7");
  expect(numberText(Date.UTC(2024, 1, 29), "date")).toBe("2024-02-29");
  expect(numberText(Number.NaN, "number")).toBe("–");
});
