import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitTo } from "../../src/plot/camera";
import { buildLut, coloringOf } from "../../src/plot/coloring";
import { countInto, Density, opacities } from "../../src/plot/density";
import { buildDrawList } from "../../src/plot/drawlist";
import { type Inks, lookFor } from "../../src/plot/look";
import { planFor, roomFor, strideFor } from "../../src/plot/plan";
import { deviceSize, type Frame, type Picture } from "../../src/plot/renderer";
import { FLAGGED, type Table } from "../../src/store/types";
import { makeTable } from "./fixtures";

const inks: Inks = {
  panel: [255, 255, 255],
  ink: [0, 0, 0],
  ink3: [138, 148, 163],
  accent: [0, 0, 255],
  ok: [0, 128, 0],
  ring: [255, 0, 0],
};

/** Points on a line of a few cells, so that they crowd. */
function crowd(n: number, change: Partial<Table> = {}): Table {
  const points = Array.from({ length: n }, (_, i): [number, number] => [
    20000 + (i % 50) * 500,
    30000 + (i % 7) * 90,
  ]);
  return makeTable(points, change);
}

function frameOf(
  table: Table,
  change: { selected?: Uint8Array; passing?: Uint8Array; dpr?: number; stride?: number } = {},
) {
  const camera = fitTo({ left: 0, right: 1, bottom: 0, top: 1 }, 90, 90);
  const selected = change.selected ?? new Uint8Array(table.n);
  const passing = change.passing ?? new Uint8Array(table.n).fill(1);
  const coloring = coloringOf(table, "given", 3, null);
  const list = buildDrawList(table, { coloring, selected, passing });
  const plan = planFor(list, 8100, 1);
  const look = lookFor({ room: roomFor(table.n, 8100, 1), density: plan.density });
  const lut = buildLut(coloring, false, inks.ink3);
  const frame: Frame = {
    camera,
    dpr: change.dpr ?? 1,
    list,
    lut,
    look,
    plan,
    inks,
    stride: change.stride ?? 1,
  };
  return frame;
}

function paint(frame: Frame): Picture {
  const { width, height } = deviceSize(frame.camera, frame.dpr);
  const picture = { data: new Int32Array(width * height), width, height };
  new Density().paint(frame, picture, 0);
  return picture;
}

const ink = ({ data }: Picture): number => {
  let sum = 0;
  for (const word of data) sum += 765 - (word & 255) - ((word >> 8) & 255) - ((word >> 16) & 255);
  return sum;
};

describe("density", () => {
  it("counts each point once, in the color of its class", () => {
    const table = crowd(6000, { given: new Uint16Array(6000).fill(1) });
    const frame = frameOf(table);
    expect(frame.plan.density).toBe(1);
    const grid = { width: 92, height: 92, cell: 1, sums: new Float32Array(4 * 92 * 92) };
    countInto(grid, frame);
    let weight = 0;
    let red = 0;
    for (let k = 0; k < grid.sums.length; k += 4) {
      weight += grid.sums[k]!;
      red += grid.sums[k + 1]!;
    }
    expect(weight).toBe(6000);
    expect(red / weight).toBeCloseTo(0xe6);
  });

  it("paints nothing where nothing is, and keeps the panel's color there", () => {
    const picture = paint(frameOf(crowd(6000)));
    expect(picture.data[0]).toBe(-1);
    expect(ink(picture)).toBeGreaterThan(0);
  });

  it("is darker where more points are, never darker than their color", () => {
    const table = opacities(1000, 1, 2);
    for (let k = 1; k < table.length; k++) expect(table[k]!).toBeGreaterThanOrEqual(table[k - 1]!);
    expect(table[0]).toBe(0);
    expect(table.at(-1)!).toBeLessThanOrEqual(1);
  });

  it("dims rows that do not pass, and fades the others beside a large selection", () => {
    const table = crowd(6000);
    const plain = ink(paint(frameOf(table)));
    expect(ink(paint(frameOf(table, { passing: new Uint8Array(6000) })))).toBeLessThan(plain);
    // Rows come by turns to 50 places, so the first half of the places is selected.
    const selected = Uint8Array.from({ length: 6000 }, (_, i) => Number(i % 50 < 25));
    const picture = paint(frameOf(table, { selected }));
    const half = (from: number, to: number): number => {
      let sum = 0;
      for (let y = 0; y < 90; y++)
        for (let x = from; x < to; x++) sum += 255 - (picture.data[y * 90 + x]! & 255);
      return sum;
    };
    const middle = Math.round(24 + ((20000 + 24.5 * 500) / 65535) * 42);
    expect(half(0, middle)).toBeGreaterThan(1.3 * half(middle, 90));
  });

  it("looks about the same from a sample as from all", () => {
    const all = ink(paint(frameOf(crowd(20000))));
    const some = ink(paint(frameOf(crowd(20000), { stride: 3 })));
    expect(some / all).toBeGreaterThan(0.7);
    expect(some / all).toBeLessThan(1.3);
  });

  it("fills the whole picture on dense screens", () => {
    const one = ink(paint(frameOf(crowd(6000))));
    const two = ink(paint(frameOf(crowd(6000), { dpr: 2 })));
    expect(two / one).toBeGreaterThan(3);
    expect(two / one).toBeLessThan(5.5);
  });
});

describe("plan", () => {
  it("draws every point once, as a density or by itself, most suspicious rings by themselves", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 100, max: 1e6, noNaN: true }),
        fc.double({ min: 0.5, max: 50, noNaN: true }),
        (n, every, area, zoom) => {
          const table = crowd(n, {
            flags: Uint8Array.from({ length: n }, (_, i) => (i % every === 0 ? FLAGGED : 0)),
            suggested: new Uint16Array(n).fill(2),
          });
          const selected = Uint8Array.from({ length: n }, (_, i) => Number(i % 5 === 0));
          const list = buildDrawList(table, {
            coloring: coloringOf(table, "given", 3, null),
            selected,
            passing: new Uint8Array(n).fill(1),
          });
          const plan = planFor(list, area, zoom);
          const drawn = new Uint8Array(n);
          for (const { from, to } of plan.batches) for (let i = from; i < to; i++) drawn[i]! |= 1;
          for (const { from, to } of plan.heaps) for (let i = from; i < to; i++) drawn[i]! |= 2;
          expect(drawn.every((how) => how > 0)).toBe(true);
          if (plan.density === 0) expect(plan.heaps).toEqual([]);
          if (plan.density === 1) expect(drawn.every((how) => how < 3)).toBe(true);
        },
      ),
    );
  });

  it("hands over from density to points as one zooms in", () => {
    const list = buildDrawList(crowd(5000), {
      coloring: coloringOf(crowd(5000), "given", 3, null),
      selected: new Uint8Array(5000),
      passing: new Uint8Array(5000).fill(1),
    });
    let last = 1;
    for (let zoom = 1; zoom < 20; zoom *= 1.1) {
      const { density } = planFor(list, 9000, zoom);
      expect(density).toBeLessThanOrEqual(last);
      expect(last - density).toBeLessThan(0.35);
      last = density;
    }
    expect(last).toBe(0);
  });

  it("samples by primes", () => {
    expect([strideFor(10, 20), strideFor(50, 20), strideFor(90, 20), strideFor(1e6, 20)]).toEqual([
      1, 3, 5, 61,
    ]);
  });
});
