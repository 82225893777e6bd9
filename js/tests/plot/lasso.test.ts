import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Camera, toScreen, UNIT } from "../../src/plot/camera";
import { boxPath, polygonMask, rowsInArea } from "../../src/plot/lasso";

/** Reference: winding number of a point. */
function inside(path: number[], x: number, y: number): boolean {
  let winding = 0;
  for (let i = 0; i < path.length; i += 2) {
    const [x0, y0] = [path[i]!, path[i + 1]!];
    const [x1, y1] = [path[(i + 2) % path.length]!, path[(i + 3) % path.length]!];
    if (y0 <= y === y1 <= y) continue;
    if (x0 + ((y - y0) / (y1 - y0)) * (x1 - x0) > x) winding += y1 > y0 ? 1 : -1;
  }
  return winding !== 0;
}

/** Distance of a point to the closest edge: a center on the line itself is either's. */
function toEdge(path: number[], x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < path.length; i += 2) {
    const [x0, y0] = [path[i]!, path[i + 1]!];
    const [dx, dy] = [path[(i + 2) % path.length]! - x0, path[(i + 3) % path.length]! - y0];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
    nearest = Math.min(nearest, Math.hypot(x - x0 - along * dx, y - y0 - along * dy));
  }
  return nearest;
}

describe("polygonMask", () => {
  it("agrees with the winding number at every pixel center", () => {
    const corner = fc.double({ min: -20, max: 60, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(corner, corner), { minLength: 3, maxLength: 12 }), (corners) => {
        const path = corners.flat();
        const mask = polygonMask(path);
        for (let py = 0; py < mask.height; py++)
          for (let px = 0; px < mask.width; px++) {
            const [x, y] = [mask.left + px + 0.5, mask.top + py + 0.5];
            if (toEdge(path, x, y) < 1e-6) continue;
            expect(mask.data[py * mask.width + px] === 1).toBe(inside(path, x, y));
          }
      }),
      { numRuns: 60 },
    );
  });

  it("is empty for fewer than three corners or no area", () => {
    expect(polygonMask([1, 1, 5, 5]).data.length).toBe(0);
    expect(polygonMask([1, 1, 1, 1, 1, 1]).data.length).toBe(0);
  });

  it("stays small when the pointer ran far off", () => {
    expect(polygonMask([0, 0, 1e9, 0, 0, 10]).width).toBeLessThanOrEqual(8192);
  });
});

describe("rowsInArea", () => {
  const camera: Camera = { cx: 0.5, cy: 0.5, scale: 400, width: 500, height: 400 };
  const place = fc.integer({ min: 0, max: UNIT });

  it("finds exactly the passing rows in a box", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(place, place, fc.boolean()), { maxLength: 80 }), (points) => {
        const x = Uint16Array.from(points, (p) => p[0]);
        const y = Uint16Array.from(points, (p) => p[1]);
        const passing = Uint8Array.from(points, (p) => Number(p[2]));
        const found = rowsInArea(x, y, passing, camera, polygonMask(boxPath(100, 80, 300, 260)));
        points.forEach(([u, v, passes], row) => {
          const place = toScreen(camera, u / UNIT, v / UNIT);
          // A point on the border of a pixel is either's.
          if (place.some((at) => Math.abs(at - Math.round(at)) < 1e-6)) return;
          const [px, py] = place.map(Math.floor) as [number, number];
          const expected = passes && px >= 100 && px < 300 && py >= 80 && py < 260;
          expect(found.mask[row] === 1).toBe(expected);
        });
        expect(found.count).toBe(found.mask.reduce((sum, one) => sum + one, 0));
      }),
    );
  });

  it("finds nothing with an empty outline", () => {
    const found = rowsInArea(Uint16Array.of(5), Uint16Array.of(5), Uint8Array.of(1), camera, polygonMask([]));
    expect(found).toEqual({ mask: new Uint8Array(1), count: 0 });
  });
});
