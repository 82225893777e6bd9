import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bySuspicion,
  completeOrder,
  NO_FILTERS,
  nextOpen,
  passingRows,
  visibleRows,
} from "../../src/store/ranking";
import { type Filters, type Table, UNLABELLED, WIDE_NONE } from "../../src/store/types";

function table(suspicion: number[], flags: number[]): Table {
  const n = suspicion.length;
  const codes = Uint16Array.from({ length: n }, (_, row) => row % 3);
  return {
    n,
    x: null,
    y: null,
    given: codes,
    suggested: codes.slice(),
    suspicion: Uint8Array.from(suspicion),
    flags: Uint8Array.from(flags),
    current: codes.slice(),
    state: new Uint8Array(n),
    pending: new Uint8Array(n),
  };
}

const tables = fc.array(fc.tuple(fc.nat(255), fc.nat(7)), { maxLength: 60 }).map((rows) =>
  table(
    rows.map(([s]) => s),
    rows.map(([, f]) => f),
  ),
);

describe("order", () => {
  it("puts flagged rows first, then suspicion, then the row", () => {
    fc.assert(
      fc.property(tables, (t) => {
        const rows = Array.from({ length: t.n }, (_, row) => row);
        const key = (row: number) => (t.flags[row]! & 1) * 1000 + t.suspicion[row]!;
        rows.sort((a, b) => key(b) - key(a) || a - b);
        expect(Array.from(bySuspicion(t))).toEqual(rows);
      }),
    );
  });

  it("stays a permutation whatever the kernel sends", () => {
    fc.assert(
      fc.property(tables, fc.array(fc.nat(80)), (t, sent) => {
        const order = completeOrder(Uint32Array.from(sent), bySuspicion(t));
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: t.n }, (_, row) => row));
      }),
    );
  });
});

describe("filters", () => {
  it("combine, and keep the order", () => {
    const t = table([9, 8, 7, 6, 5, 4], [0, 1, 1, 0, 1, 0]);
    const mask = passingRows(t, { ...NO_FILTERS, flaggedOnly: true, given: 1 }, null);
    expect(Array.from(mask)).toEqual([0, 1, 0, 0, 1, 0]);
    const search = { query: "x", mask: Uint8Array.from([0, 0, 0, 0, 1, 1]) };
    const found = passingRows(t, { ...NO_FILTERS, search }, Uint8Array.from([1, 1, 1, 1, 0, 1]));
    expect(Array.from(visibleRows(bySuspicion(t), found))).toEqual([5]);
    expect(passingRows(t, { ...NO_FILTERS, current: 0, state: 0, suggested: 0 }, null)[3]).toBe(1);
  });

  it("find rows without a label, however wide the codes are", () => {
    for (const current of [Uint16Array.of(0, UNLABELLED, 1), Uint32Array.of(0, WIDE_NONE, 70_000)]) {
      const t = { ...table([3, 2, 1], [0, 0, 0]), current };
      const only = (filters: Partial<Filters>) => [...passingRows(t, { ...NO_FILTERS, ...filters }, null)];
      expect(only({ current: UNLABELLED })).toEqual([0, 1, 0]);
      expect(only({ column: { ":current": new Set([0, UNLABELLED]) } })).toEqual([1, 1, 0]);
    }
  });

  it("are fast at a million rows", () => {
    const n = 1_000_000;
    const t = table(new Array(n).fill(7), new Array(n).fill(1));
    const start = performance.now();
    visibleRows(bySuspicion(t), passingRows(t, { ...NO_FILTERS, given: 1, flaggedOnly: true }, null));
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});

describe("next row without a decision", () => {
  const t = table([9, 8, 7, 6], [1, 1, 1, 1]);
  const visible = Uint32Array.from([0, 1, 2, 3]);

  it("goes on, wraps around, and ends", () => {
    t.state[1] = 2;
    t.pending[2] = 1;
    expect(nextOpen(visible, 0, t)).toBe(3);
    expect(nextOpen(visible, 3, t)).toBe(0);
    const decided = visible.find((row) => t.state[row] !== 0)!;
    const unseen = new Uint8Array(t.n);
    unseen[decided] = 1;
    const before = visible[(visible.indexOf(decided) + visible.length - 1) % visible.length]!;
    expect(nextOpen(visible, before, t)).not.toBe(decided);
    expect(nextOpen(visible, before, t, unseen)).toBe(decided);
    t.state.fill(1);
    expect(nextOpen(visible, 3, t)).toBeNull();
    expect(nextOpen(new Uint32Array(0), null, t)).toBeNull();
  });
});
