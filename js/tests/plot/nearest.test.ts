import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Camera, toScreen, UNIT } from "../../src/plot/camera";
import { nearest, walk } from "../../src/plot/nearest";
import { makeTable } from "./fixtures";

const camera: Camera = { cx: 0.5, cy: 0.5, scale: 400, width: 500, height: 400 };
const place = fc.integer({ min: 0, max: UNIT });
const points = fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 60 });
const all = (n: number): Uint8Array => new Uint8Array(n).fill(1);

describe("nearest", () => {
  it("agrees with measuring every point on screen", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 400 }), (ps, x, y) => {
        const distance = ps.map(([u, v]) => {
          const [px, py] = toScreen(camera, u / UNIT, v / UNIT);
          return Math.hypot(px - x, py - y);
        });
        const least = Math.min(...distance);
        const row = nearest(makeTable(ps), all(ps.length), camera, [x, y], 30);
        if (least > 30.001) expect(row).toBeNull();
        else if (least < 29.999) expect(Math.abs(distance[row!]! - least)).toBeLessThan(1e-6);
      }),
    );
  });

  it("leaves out filtered rows and prefers the more suspicious of equals", () => {
    const table = makeTable(
      [
        [100, 100],
        [100, 100],
        [100, 100],
      ],
      { suspicion: Uint8Array.of(3, 9, 5) },
    );
    const at = toScreen(camera, 100 / UNIT, 100 / UNIT);
    expect(nearest(table, all(3), camera, at, 5)).toBe(1);
    expect(nearest(table, Uint8Array.of(1, 0, 1), camera, at, 5)).toBe(2);
    expect(nearest(table, new Uint8Array(3), camera, at, 5)).toBeNull();
  });

  it("finds nothing before there is a map", () => {
    expect(nearest(makeTable([[1, 1]], { x: null, y: null }), all(1), camera, [0, 0], 99)).toBeNull();
  });
});

describe("walk", () => {
  it("goes only in its direction and only to rows that pass", () => {
    fc.assert(
      fc.property(points, fc.constantFrom("left", "right", "up", "down" as const), (ps, direction) => {
        const table = makeTable(ps);
        const passing = Uint8Array.from(ps, (_, row) => Number(row % 3 !== 1));
        const row = walk(table, passing, camera, 0, direction);
        if (row === null) return;
        const [dx, dy] = [ps[row]![0] - ps[0]![0], ps[row]![1] - ps[0]![1]];
        const along = { left: -dx, right: dx, up: dy, down: -dy }[direction];
        expect(passing[row]).toBe(1);
        expect(along).toBeGreaterThan(0);
        expect(Math.max(Math.abs(dx), Math.abs(dy))).toBeLessThanOrEqual(1.73 * along);
      }),
    );
  });

  it("walks along a row of points and stops at its end", () => {
    const table = makeTable(Array.from({ length: 5 }, (_, i) => [10000 * (i + 1), 30000]));
    const way: (number | null)[] = [0];
    while (way.at(-1) !== null) way.push(walk(table, all(5), camera, way.at(-1)!, "right"));
    expect(way).toEqual([0, 1, 2, 3, 4, null]);
    expect(walk(table, all(5), camera, 2, "up")).toBeNull();
  });
});
