import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildLut, coloringOf } from "../../src/plot/coloring";
import { buildDrawList, DIM, HOLLOW, RING, SELECTED, TICK } from "../../src/plot/drawlist";
import { LEVELS, lookFor } from "../../src/plot/look";
import { lutTexels } from "../../src/plot/webgl2";
import { FLAGGED, type Table, UNLABELLED, WIDE_NONE } from "../../src/store/types";
import { makeTable } from "./fixtures";

const code = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(UNLABELLED));
const byte = fc.integer({ min: 0, max: 255 });
const place = fc.integer({ min: 0, max: 65535 });
const row = fc.record({
  x: place,
  y: place,
  given: code,
  current: code,
  suggested: code,
  suspicion: byte,
  flags: fc.integer({ min: 0, max: 7 }),
  state: fc.integer({ min: 0, max: 5 }),
  selected: fc.integer({ min: 0, max: 1 }),
  passing: fc.integer({ min: 0, max: 1 }),
});
type Row = Parameters<Parameters<typeof row.map>[0]>[0];

function tableOf(rows: Row[]): Table {
  return makeTable(
    rows.map((r) => [r.x, r.y]),
    {
      given: Uint16Array.from(rows, (r) => r.given),
      current: Uint16Array.from(rows, (r) => r.current),
      suggested: Uint16Array.from(rows, (r) => r.suggested),
      suspicion: Uint8Array.from(rows, (r) => r.suspicion),
      flags: Uint8Array.from(rows, (r) => r.flags),
      state: Uint8Array.from(rows, (r) => r.state),
    },
  );
}

function expectedWords(r: Row, index: number): string {
  const ring = r.flags & FLAGGED && r.suggested !== r.current ? RING : 0;
  const tick = r.state === 1 || r.state === 5 ? TICK : 0;
  const hollow = r.current === UNLABELLED ? HOLLOW : 0;
  const bits = ring | tick | hollow | (r.selected ? SELECTED : 0) | (r.passing ? 0 : DIM);
  return [r.x, r.y, index, r.suspicion, bits].join();
}

describe("draw list", () => {
  it.each(["given", "current", "suggested", "suspicion", "state"] as const)(
    "has every row once, in order of layer and suspicion (%s)",
    (colorBy) => {
      fc.assert(
        fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
          const table = tableOf(rows);
          const list = buildDrawList(table, {
            coloring: coloringOf(table, colorBy, 5, null),
            selected: Uint8Array.from(rows, (r) => r.selected),
            passing: Uint8Array.from(rows, (r) => r.passing),
          });
          const drawn: string[] = [];
          let last = -1;
          for (let i = 0; i < list.count; i++) {
            const [place, style] = [list.words[2 * i]!, list.words[2 * i + 1]!];
            const [suspicion, bits] = [(style >>> 16) & 255, style >>> 24];
            drawn.push([place & 0xffff, place >>> 16, style & 0xffff, suspicion, bits].join());
            expect(i).toBeGreaterThanOrEqual(
              list.starts[bits & SELECTED ? 3 : bits & DIM ? 0 : bits & RING ? 2 : 1]!,
            );
            const layer = bits & SELECTED ? 3 : bits & DIM ? 0 : bits & RING ? 2 : 1;
            expect(layer * 256 + suspicion).toBeGreaterThanOrEqual(last);
            last = layer * 256 + suspicion;
          }
          const index = (r: Row): number =>
            Math.min(5, colorBy === "suspicion" || colorBy === "state" ? 0 : r[colorBy]);
          const expected = rows.map((r) =>
            expectedWords(
              r,
              colorBy === "suspicion" ? r.suspicion : colorBy === "state" ? r.state : index(r),
            ),
          );
          expect(drawn.sort()).toEqual(expected.sort());
        }),
      );
    },
  );

  it("is empty before there is a map", () => {
    const table = makeTable([[1, 2]], { x: null, y: null });
    const one = new Uint8Array(1);
    const coloring = coloringOf(table, "given", 1, null);
    expect(buildDrawList(table, { coloring, selected: one, passing: one }).count).toBe(0);
  });
});

it("gives rows without a label a hole in whatever color, sets of any width alike", () => {
  const places: [number, number][] = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const none = new Uint8Array(3);
  for (const current of [Uint16Array.of(0, UNLABELLED, 1), Uint32Array.of(0, WIDE_NONE, 70_000)]) {
    const table = makeTable(places, { current });
    for (const colorBy of ["given", "suggested", "suspicion", "state", "column:x"] as const) {
      const list = buildDrawList(table, {
        coloring: coloringOf(table, colorBy, 2, null),
        selected: none,
        passing: none.map(() => 1),
      });
      const bits = [0, 1, 2].map((i) => [list.words[2 * i]! & 0xffff, list.words[2 * i + 1]! >>> 24]);
      expect(bits).toEqual([
        [1, 0],
        [3, HOLLOW],
        [5, 0],
      ]);
    }
  }
});

it("leaves out rows whose columns have not come", () => {
  const table = makeTable([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const all = new Uint8Array(3).fill(1);
  const coloring = coloringOf(table, "given", 1, null);
  const known = Uint8Array.of(0, 1, 0);
  const list = buildDrawList(table, { coloring, selected: new Uint8Array(3), passing: all, known });
  expect(list.count).toBe(1);
  expect([list.words[0]! & 0xffff, list.words[0]! >>> 16]).toEqual([3, 4]);
});

describe("colors of the list", () => {
  it("have an entry for each class and for unlabelled rows", () => {
    const lut = buildLut({ kind: "class", last: 1000 }, false, [138, 148, 163]);
    expect(lut.colors.length).toBe(1001);
    expect(lut.colors[0]).toBe(0xffb27200);
    const { texels, height } = lutTexels(lut);
    expect(texels.length).toBe(256 * height * 4);
    expect(texels.length / 4).toBeGreaterThanOrEqual(2002);
    expect([...texels.slice(0, 4)]).toEqual([0x00, 0x72, 0xb2, 0]);
    expect(texels[4 * 3 + 3]).toBe(3);
  });

  it("have 256 steps of suspicion and six states", () => {
    expect(buildLut({ kind: "suspicion", last: 255 }, true, [0, 0, 0]).colors.length).toBe(256);
    expect(buildLut({ kind: "state", last: 5 }, true, [0, 0, 0]).colors.length).toBe(6);
  });
});

describe("look", () => {
  it("grows with suspicion and shrinks in a crowd", () => {
    const few = lookFor({ room: 2, density: 0 });
    const many = lookFor({ room: 0.1, density: 1 });
    for (let level = 1; level < LEVELS; level++) {
      expect(few.radius[level]).toBeGreaterThanOrEqual(few.radius[level - 1]!);
      expect(few.alpha[level]).toBeGreaterThanOrEqual(few.alpha[level - 1]!);
    }
    expect(few.radius[LEVELS - 1]).toBeGreaterThan(few.radius[0]!);
    expect(many.radius[0]).toBeLessThan(few.radius[0]!);
    expect(many.alpha[0]).toBeLessThan(few.alpha[0]!);
    expect(many.ringAlpha).toBeLessThan(few.ringAlpha);
    expect([few.faint, many.faint]).toEqual([1, 0]);
  });

  it("has opacities within 0…1 and finite lengths for any crowd", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-4, max: 5000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (room, density) => {
          const look = lookFor({ room, density });
          for (const a of [...look.alpha, look.dimAlpha, look.ringAlpha]) {
            expect(a).toBeGreaterThan(0);
            expect(a).toBeLessThanOrEqual(1);
          }
          for (const r of look.radius) expect(r).toBeLessThan(8);
        },
      ),
    );
  });
});
