import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labDistance, labToRgb, parseHex, rgbToLab, toHex } from "../../src/plot/color";
import { classColor, classShape, ramp, SHAPES, shapePath, stateColor } from "../../src/plot/palette";

const lab = (hex: string) => rgbToLab(parseHex(hex));

describe("colors", () => {
  it("survive the way to OKLab and back", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, byte, (r, g, b) => {
        expect(labToRgb(rgbToLab([r, g, b]))).toEqual([r, g, b]);
        expect(parseHex(toHex([r, g, b]))).toEqual([r, g, b]);
      }),
    );
  });

  it("start with Okabe-Ito and are always hex", () => {
    expect([0, 1, 2, 5].map((code) => classColor(code, false))).toEqual([
      "#0072B2",
      "#E69F00",
      "#009E73",
      "#D55E00",
    ]);
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 65535 }), fc.boolean(), (code, dark) =>
        /^#[0-9a-f]{6}$/i.test(classColor(code, dark)),
      ),
    );
  });

  it.each([false, true])("tell the first classes apart (dark: %s)", (dark) => {
    for (let p = 0; p < 24; p++)
      for (let q = 0; q < p; q++) {
        const distance = labDistance(lab(classColor(p, dark)), lab(classColor(q, dark)));
        expect(distance, `${p} and ${q}`).toBeGreaterThan(p < 10 ? 0.05 : 0.025);
      }
  });

  it("show on their ground", () => {
    for (let code = 0; code < 200; code++) {
      expect(lab(classColor(code, false))[0]).toBeLessThan(0.85);
      expect(lab(classColor(code, true))[0]).toBeGreaterThan(0.42);
    }
  });

  it("differ from 168 others in color or shape", () => {
    const seen = new Set(
      Array.from({ length: 168 }, (_, code) => classColor(code, false) + classShape(code)),
    );
    expect(seen.size).toBe(168);
  });
});

describe("ramp", () => {
  it.each([false, true])("rises evenly and away from the ground (dark: %s)", (dark) => {
    const steps = Array.from({ length: 33 }, (_, i) => lab(ramp(i / 32, dark)));
    const lengths = steps.slice(1).map((to, i) => labDistance(steps[i]!, to));
    const mean = lengths.reduce((sum, one) => sum + one, 0) / lengths.length;
    for (const one of lengths) expect(Math.abs(one - mean)).toBeLessThan(0.6 * mean);
    for (let i = 1; i < steps.length; i++)
      expect((steps[i]![0] - steps[i - 1]![0]) * (dark ? 1 : -1)).toBeGreaterThan(-0.004);
  });

  it("takes any number", () => {
    expect(ramp(-3, false)).toBe(ramp(0, false));
    expect(ramp(7, true)).toBe(ramp(1, true));
    expect(ramp(Number.NaN, true)).toBe(ramp(0, true));
  });
});

it("has a path for each shape and a color for each state", () => {
  for (const shape of SHAPES) expect(shapePath(shape)).toMatch(/^M.*Z$/);
  expect(new Set([0, 1, 2, 3, 4, 5].map((state) => stateColor(state, false))).size).toBe(6);
  expect(stateColor(99, false)).toBe(stateColor(0, false));
});
