import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gap, scaleOf, ticks } from "../../src/panels/target/axis";
import { binOf, cellRange, gridOf } from "../../src/panels/target/grid";
import { fieldText, numberText, parseNumber } from "../../src/panels/target/number";
import { TargetAxis } from "../../src/panels/target/TargetAxis";
import type { Target } from "../../src/protocol";

describe("a typed number", () => {
  it.each([
    ["12", 12],
    [" -3.5 ", -3.5],
    ["−3,5", -3.5],
    [".5", 0.5],
    ["2.", 2],
    ["1e3", 1000],
    ["1 000 000", 1_000_000],
    ["0,125", 0.125],
    ["12,25", 12.25],
    ["1234,567", 1234.567],
  ])("%s is %d", (typed, value) => {
    expect(parseNumber(typed)).toEqual({ value });
  });

  it.each([
    "",
    "  ",
    "about twelve",
    "1,000",
    "-12,345",
    "1.2.3",
    "0x10",
    "Infinity",
    "NaN",
    "1e999",
    "1,2,3",
  ])("%s is asked about", (typed) => {
    expect(parseNumber(typed)).toHaveProperty("problem");
  });

  it("is what the field was filled with, to the last bit", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const found = parseNumber(fieldText(value));
        expect("value" in found && found.value === value).toBe(true);
      }),
    );
  });

  it("shows six digits", () => {
    expect([1.23456789, -2, 0, 12_345_678, 0.00001].map(numberText)).toEqual([
      "1.23457",
      "−2",
      "0",
      "1.235e7",
      "1.000e-5",
    ]);
    expect([numberText(null), fieldText(null)]).toEqual(["–", ""]);
  });
});

const target: Target = {
  given: 4,
  current: 4,
  suggested: 9,
  low: 8,
  high: 10,
  density: { from: 0, to: 8, counts: [1, 2] },
  neighbors: [],
};

describe("the axis", () => {
  it("holds all targets and everything that is said of the row", () => {
    const scale = scaleOf(target)!;
    expect([scale.low, scale.high]).toEqual([0, 10]);
    expect([-5, 0, 5, 10, 99].map((value) => scale.at(value))).toEqual([0, 0, 0.5, 1, 1]);
    const none = {
      ...target,
      given: null,
      current: null,
      suggested: null,
      low: null,
      high: null,
      density: null,
    };
    expect(scaleOf(none)).toBeNull();
    expect(TargetAxis({ target: none })).toBeNull();
  });

  it("has round ticks inside", () => {
    expect(ticks(0, 10)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(-0.3, 0.3)).toEqual([-0.2, 0, 0.2]);
    expect(ticks(3, 3)).toEqual([3]);
  });

  it("says how far the suggestion is", () => {
    expect(gap(target)).toBe(5);
    expect(gap({ current: null, suggested: 1 })).toBeNull();
  });
});

describe("given against suggested", () => {
  it("counts every row that has both numbers, agreeing ones on the diagonal", () => {
    const given = [0, 10, 10, Number.NaN, 5];
    const suggested = [0, 10, 0, 3, Number.NaN];
    const grid = gridOf(given, suggested, [1, 1, 1, 1, 1], 5, 5);
    expect([grid.low, grid.high, grid.total]).toEqual([0, 10, 3]);
    expect([grid.counts[0], grid.counts[24], grid.counts[4]]).toEqual([1, 1, 1]);
    expect(gridOf(given, suggested, [1, 0, 1, 1, 1], 5, 5).total).toBe(2);
  });

  it("has cells whose range holds what is counted in them", () => {
    const some = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(some, (values) => {
        const grid = gridOf(
          values,
          [...values].reverse(),
          values.map(() => 1),
          7,
          4,
        );
        values.forEach((value, k) => {
          const other = values[values.length - 1 - k]!;
          const at = binOf(other, grid.low, grid.high, 4) * 7 + binOf(value, grid.low, grid.high, 7);
          const { given, suggested } = cellRange(grid, at);
          const slack = 1e-9 * (1 + grid.high - grid.low);
          expect(value >= given[0] - slack && value <= given[1] + slack).toBe(true);
          expect(other >= suggested[0] - slack && other <= suggested[1] + slack).toBe(true);
        });
      }),
    );
  });
});
