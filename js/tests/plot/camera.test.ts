import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  between,
  boundsOf,
  type Camera,
  fitTo,
  keepInside,
  MAX_SCALE,
  PADDING,
  panBy,
  resized,
  toMap,
  toScreen,
  zoomAt,
} from "../../src/plot/camera";

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const camera: fc.Arbitrary<Camera> = fc.record({
  cx: unit,
  cy: unit,
  scale: fc.double({ min: 50, max: 1e5, noNaN: true }),
  width: fc.integer({ min: 50, max: 3000 }),
  height: fc.integer({ min: 50, max: 3000 }),
});
const close = (a: number, b: number, within = 1e-6): void => {
  expect(Math.abs(a - b)).toBeLessThan(within * Math.max(1, Math.abs(a), Math.abs(b)));
};

describe("camera", () => {
  it("goes to the screen and back", () => {
    fc.assert(
      fc.property(camera, unit, unit, (c, u, v) => {
        const [p, q] = toMap(c, ...toScreen(c, u, v));
        close(p, u);
        close(q, v);
      }),
    );
  });

  it("draws larger y further up", () => {
    fc.assert(fc.property(camera, (c) => toScreen(c, 0.5, 0.6)[1] < toScreen(c, 0.5, 0.5)[1]));
  });

  it("keeps the point under the cursor when zooming", () => {
    fc.assert(
      fc.property(camera, unit, unit, fc.double({ min: 0.2, max: 5, noNaN: true }), (c, p, q, factor) => {
        const [x, y] = [p * c.width, q * c.height];
        const before = toMap(c, x, y);
        const after = toMap(zoomAt(c, x, y, factor, 1), x, y);
        close(after[0], before[0]);
        close(after[1], before[1]);
      }),
    );
  });

  it("pans by screen pixels and stays within its limits", () => {
    fc.assert(
      fc.property(
        camera,
        fc.integer({ min: -99, max: 99 }),
        fc.integer({ min: -99, max: 99 }),
        (c, dx, dy) => {
          const [x, y] = toScreen(c, 0.3, 0.4);
          const [p, q] = toScreen(panBy(c, dx, dy), 0.3, 0.4);
          close(p, x + dx, 1e-5);
          close(q, y + dy, 1e-5);
        },
      ),
    );
    const c: Camera = { cx: 9, cy: -9, scale: 100, width: 100, height: 100 };
    const kept = keepInside(c, { left: 0, right: 1, bottom: 0, top: 1 });
    expect(kept.cx).toBeLessThanOrEqual(1.25);
    expect(kept.cy).toBeGreaterThanOrEqual(-0.25);
    expect(zoomAt(c, 0, 0, 1e9, 1).scale).toBe(MAX_SCALE);
  });

  it("fits all points inside the padding", () => {
    const points = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 })),
      {
        minLength: 1,
        maxLength: 50,
      },
    );
    fc.assert(
      fc.property(
        points,
        fc.integer({ min: 200, max: 2000 }),
        fc.integer({ min: 200, max: 2000 }),
        (ps, w, h) => {
          const x = Uint16Array.from(ps, (p) => p[0]);
          const y = Uint16Array.from(ps, (p) => p[1]);
          const c = fitTo(boundsOf(x, y), w, h);
          for (const [u, v] of ps) {
            const [px, py] = toScreen(c, u / 65535, v / 65535);
            expect(px).toBeGreaterThanOrEqual(PADDING.left - 0.01);
            expect(px).toBeLessThanOrEqual(w - PADDING.right + 0.01);
            expect(py).toBeGreaterThanOrEqual(PADDING.top - 0.01);
            expect(py).toBeLessThanOrEqual(h - PADDING.bottom + 0.01);
          }
        },
      ),
    );
  });

  it("has bounds for a map without points", () => {
    expect(boundsOf(new Uint16Array(0), new Uint16Array(0))).toEqual({
      left: 0,
      right: 1,
      bottom: 0,
      top: 1,
    });
  });

  it("flies from the one view to the other", () => {
    fc.assert(
      fc.property(camera, camera, (from, to) => {
        const [begin, end] = [between(from, to, 0), between(from, to, 1)];
        close(begin.scale, from.scale);
        close(begin.cx, from.cx, 1e-4);
        close(end.scale, to.scale);
        close(end.cy, to.cy, 1e-4);
      }),
    );
  });

  it("shows the same share of the map after a resize", () => {
    const c: Camera = { cx: 0.4, cy: 0.6, scale: 300, width: 400, height: 300 };
    expect(resized(c, 800, 600)).toEqual({ ...c, scale: 600, width: 800, height: 600 });
  });
});
