/** Lines from a mistake to the middles of its two classes: where they end, when there are any, and how they are drawn. */
import type { Signal } from "@preact/signals";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { fitTo, toScreen, UNIT } from "../../src/plot/camera";
import { centersOf, middleOf } from "../../src/plot/centers";
import type { Inks } from "../../src/plot/look";
import { drawCenters } from "../../src/plot/overlay";
import { classColor } from "../../src/plot/palette";
import type { MistakeRow } from "../../src/protocol";
import type { Store } from "../../src/store/types";
import { type FakeStore, makeStore, makeTable } from "./fixtures";

const NAMES = ["cat", "dog", "eel"];
const CURRENT = Uint16Array.of(0, 0, 0, 1, 1);
let store: FakeStore;

const centers = () => centersOf(store as unknown as Store);

function judge(row: number, given: string | null, ...predictions: (string | number)[]): void {
  (store.mistakes.on as Signal<boolean>).value = true;
  (store.current as Signal<number | null>).value = row;
  const cases = predictions.map((prediction) => ({ prediction, open: true, models: ["vit"] }));
  (store.mistakes.found as Signal<MistakeRow | null>).value = { row, given, cases } as unknown as MistakeRow;
}

beforeEach(() => {
  const points: [number, number][] = [
    [0, 0],
    [1000, 3000],
    [3000, 1000],
    [UNIT, UNIT],
    [UNIT, 0],
  ];
  store = makeStore(makeTable(points, { current: CURRENT.slice() }), NAMES);
});

describe("the middle of a class", () => {
  it("is the mean of its rows, but for the one that is looked at", () => {
    const point = fc.tuple(fc.nat(UNIT), fc.nat(UNIT));
    fc.assert(
      fc.property(fc.array(fc.tuple(point, fc.nat(2)), { minLength: 1 }), fc.nat(), (rows, some) => {
        const but = some % rows.length;
        const table = makeTable(
          rows.map(([at]) => at),
          { current: Uint16Array.from(rows, ([, code]) => code) },
        );
        const own = rows.filter(([, code], row) => code === 1 && row !== but).map(([at]) => at);
        const found = middleOf(table, 1, but);
        expect(found === null).toBe(own.length === 0);
        for (const axis of [0, 1] as const)
          if (found !== null)
            expect(found[axis] * own.length * UNIT).toBeCloseTo(
              own.reduce((sum, at) => sum + at[axis], 0),
              3,
            );
      }),
    );
  });
});

describe("what the current mistake is between", () => {
  it("is the middle of its given and of its predicted class", () => {
    judge(0, "cat", "dog", "eel");
    expect(centers()).toEqual([
      { x: 2000 / UNIT, y: 2000 / UNIT, code: 0, name: "cat", given: true },
      { x: 1, y: 0.5, code: 1, name: "dog", given: false },
    ]);
  });

  it("follows the case and the labels, and leaves out what is no class or has no other row", () => {
    judge(3, "dog", "eel", "cat", "zebra");
    expect(centers().map(({ name, y }) => [name, y])).toEqual([["dog", 0]]);
    store.mistakes.at.value = 1;
    expect(centers().map(({ name }) => name)).toEqual(["dog", "cat"]);
    store.mistakes.at.value = 2;
    expect(centers()).toHaveLength(1);
    store.table.peek().current[0] = 2;
    store.touch();
    store.mistakes.at.value = 0;
    expect(centers().map(({ name, y }) => [name, y])).toEqual([
      ["dog", 0],
      ["eel", 0],
    ]);
  });

  it("is nothing in other queues, without a case, on another row and without a map", () => {
    judge(0, "cat", "dog");
    (store.current as Signal<number | null>).value = 1;
    expect(centers()).toEqual([]);
    judge(0, "cat");
    expect(centers()).toEqual([]);
    judge(0, "cat", "dog");
    expect(centers()).toHaveLength(2);
    (store.mistakes.on as Signal<boolean>).value = false;
    expect(centers()).toEqual([]);
    judge(0, "cat", "dog");
    store.set(makeTable([[0, 0]], { x: null, y: null }));
    expect(centers()).toEqual([]);
  });
});

it("draws a solid line to the given class and a dashed one to the predicted, and names both", () => {
  judge(0, "cat", "dog");
  const camera = fitTo({ left: 0, right: 1, bottom: 0, top: 1 }, 400, 300);
  const calls: [string, ...unknown[]][] = [];
  const pen = new Proxy({} as Record<string, unknown>, {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        calls.push([name, ...args]),
    set: (_, name: string, value) => calls.push([name, value]) > 0,
  }) as unknown as CanvasRenderingContext2D;
  const inks = { panel: [255, 255, 255], ink: [1, 2, 3] } as unknown as Inks;
  drawCenters(pen, { camera, inks }, { centers: centers(), dark: false }, [7, 9]);
  const of = (name: string) => calls.filter(([call]) => call === name).map(([, ...args]) => args);
  const ends = centers().map(({ x, y }) => toScreen(camera, x, y));
  expect(of("moveTo")).toEqual(Array(4).fill([7, 9]));
  expect(of("lineTo")).toEqual([ends[0], ends[0], ends[1], ends[1]]);
  // Each has a seam, which is solid; the dash is taken back for what comes next.
  expect(of("setLineDash").map(([dash]) => (dash as number[]).length)).toEqual([0, 0, 0, 0, 2, 0]);
  expect(of("arc").map(([x, y]) => [x, y])).toEqual(ends);
  expect(of("strokeStyle").flat()).toEqual(
    expect.arrayContaining([classColor(0, false), classColor(1, false)]),
  );
  expect(of("fillText").map(([text]) => String(text).replace(/[\u2068\u2069]/g, ""))).toEqual([
    "cat · given",
    "dog · predicted",
  ]);
});
