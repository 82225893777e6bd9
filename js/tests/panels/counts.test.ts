import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effectOf, rowsOf } from "../../src/panels/inspector/selection";
import { bins, confusions, worstClasses } from "../../src/panels/strip/counts";
import { fakeTable, UNLABELLED } from "./fake";

describe("confusions", () => {
  const table = fakeTable([0, 0, 0, 1, 1, UNLABELLED], [1, 1, 2, 0, 1, 0], [0, 1, 3, 5]);

  it("counts suspects against the suggestion", () => {
    const found = confusions(table, 3, "suggested");
    expect(found.pairs).toEqual([
      { given: 0, other: 1, count: 2 },
      { given: 1, other: 0, count: 1 },
    ]);
    expect(found.total).toBe(3);
    expect(found.at(0, 1)).toBe(2);
    expect(found.at(0, 2)).toBe(0); // row 2 is below the gate
  });

  it("counts all changed rows against the current label", () => {
    const edited = { ...table, current: Uint16Array.of(0, 0, 2, 2, 1, 1) };
    expect(confusions(edited, 3, "current").pairs).toEqual([
      { given: 0, other: 2, count: 1 },
      { given: 1, other: 2, count: 1 },
    ]);
  });

  it("handles more classes than a dense table holds, and classes added late", () => {
    const found = confusions(fakeTable([2999, 5], [7, 5000], [0, 1]), 3000, "suggested");
    expect(found.at(2999, 7)).toBe(1);
    expect(found.at(5, 5000)).toBe(1);
    const late = confusions(fakeTable([0, 1], [9, 9], [0, 1]), 2, "suggested");
    expect(late.at(0, 9)).toBe(1);
    expect(late.total).toBe(2);
  });

  it("names the classes with most confusions, in order", () => {
    const found = confusions(
      fakeTable([5, 5, 5, 9, 9, 1], [3, 3, 3, 3, 3, 2], [0, 1, 2, 3, 4, 5]),
      10,
      "suggested",
    );
    expect(worstClasses(found, 10, 3)).toEqual([3, 5, 9]);
    expect(worstClasses(found, 3, 12)).toEqual([0, 1, 2]);
  });
});

describe("bins", () => {
  it("counts rows, suspects and decisions and finds the gate", () => {
    const table = fakeTable([0, 0, 0, 0], [1, 1, 1, 0], [0, 1], [255, 204, 10, 0]);
    table.state[1] = 2;
    const found = bins(table);
    expect([...found.all].reduce((sum, value) => sum + value)).toBe(4);
    expect(found.flagged[31]).toBe(1);
    expect(found.done[25]).toBe(1);
    expect(found.gate).toBeCloseTo(0.8);
    expect(found.nFlagged).toBe(2);
    expect(found.expected).toBeCloseTo(1.8);
  });

  it("has no gate when nothing is flagged", () => {
    expect(bins(fakeTable([0], [0], [])).gate).toBeNull();
    expect(bins(fakeTable([], [], [])).top).toBe(1);
  });
});

it("counts above a gate as a plain loop does, wherever it is", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ value: fc.nat(255), flag: fc.nat(1), state: fc.nat(5) })),
      fc.option(fc.nat(255)),
      (rows, level) => {
        const zeros = rows.map(() => 0);
        const table = fakeTable(
          zeros,
          zeros,
          [],
          rows.map(({ value }) => value),
        );
        rows.forEach(({ flag, state }, row) => {
          table.flags[row] = flag;
          table.state[row] = state;
        });
        const found = bins(table, level === null ? null : level / 255);
        const above = rows.filter(({ value, flag }) => (level === null ? flag === 1 : value >= level));
        const sum = (values: Uint32Array): number => values.reduce((total, value) => total + value, 0);
        expect(found.nFlagged).toBe(above.length);
        expect([sum(found.all), sum(found.flagged)]).toEqual([rows.length, above.length]);
        expect(sum(found.done)).toBe(above.filter(({ state }) => state !== 0).length);
        expect(found.expected).toBeCloseTo(above.reduce((total, { value }) => total + value / 255, 0));
      },
    ),
  );
});

describe("the effect of a relabel", () => {
  const table = fakeTable([0, 1, 1, 2], [0, 2, 1, UNLABELLED], []);

  it("counts changes and contradicted suggestions", () => {
    expect(effectOf(table, [0, 1, 2, 3], 2)).toEqual({ changes: 3, same: 1, contradicts: 2 });
    expect(effectOf(table, [0, 1, 2, 3], null)).toEqual({ changes: 4, same: 0, contradicts: 3 });
  });

  it("reads rows from a mask", () => {
    expect([...rowsOf(Uint8Array.of(0, 1, 0, 1), 2)]).toEqual([1, 3]);
    expect([...rowsOf(Uint8Array.of(0, 1), 5)]).toEqual([1]);
  });
});

it("counts 100,000 rows of 1,000 classes well within a frame or two", () => {
  const n = 100_000;
  const given = Array.from({ length: n }, (_, row) => row % 1000);
  const suggested = given.map((code, row) => (row % 20 === 0 ? (code + 1) % 1000 : code));
  const table = fakeTable(
    given,
    suggested,
    given.map((_, row) => row),
  );
  const start = performance.now();
  confusions(table, 1000, "suggested");
  bins(table);
  expect(performance.now() - start).toBeLessThan(250);
});
