import fc from "fast-check";
import { expect, it } from "vitest";
import { parseHex, rgbToLab } from "../../src/plot/color";
import { buildLut, colorIndex, coloringOf, quantize, robustRange, STEPS } from "../../src/plot/coloring";
import { numericRamp } from "../../src/plot/palette";
import { UNLABELLED } from "../../src/store/types";
import { makeTable } from "./fixtures";

const table = makeTable([
  [1, 1],
  [2, 2],
  [3, 3],
]);
const info = { name: "age", kind: "numeric" as const, n_missing: 0 };

it("keeps a few extremes from flattening all other values", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 7 ? 1e9 : i / 1000));
  const [low, high] = robustRange(values);
  expect(low).toBeGreaterThanOrEqual(0);
  expect(high).toBeLessThan(1.01);
});

it("has a range for any column, constant and empty ones too", () => {
  fc.assert(
    fc.property(fc.array(fc.float(), { maxLength: 50 }), (list) => {
      const values = Float32Array.from(list);
      const [low, high] = robustRange(values);
      expect(high).toBeGreaterThan(low);
      const codes = quantize(values, low, high);
      values.forEach((value, row) => {
        if (Number.isNaN(value)) expect(codes[row]).toBe(STEPS);
        else expect(codes[row]).toBeLessThan(STEPS);
      });
    }),
  );
});

it("draws a missing value in another color and shape than zero", () => {
  const values = Float32Array.of(0, Number.NaN, 5);
  const coloring = coloringOf(table, "column:age", 2, { info, kind: "numeric", values });
  const lut = buildLut(coloring, false, [138, 148, 163]);
  const [zero, missing] = [colorIndex(coloring, 0), colorIndex(coloring, 1)];
  expect(zero).toBe(0);
  expect(missing).toBe(STEPS);
  expect(lut.colors[zero]).not.toBe(lut.colors[missing]);
  expect(lut.shapes[zero]).not.toBe(lut.shapes[missing]);
});

it("is gray while the column is on its way, and for missing categories", () => {
  const waiting = coloringOf(table, "column:age", 2, null);
  expect(waiting.kind).toBe("waiting");
  expect(buildLut(waiting, false, [0, 0, 0]).colors.length).toBe(1);
  const codes = Uint16Array.of(0, 1, UNLABELLED);
  const city = { info: { ...info, categories: ["a", "b"] }, kind: "categorical" as const, codes };
  const coloring = coloringOf(table, "column:city", 2, city);
  expect(colorIndex(coloring, 2)).toBe(2);
  expect(buildLut(coloring, true, [0, 0, 0]).shapes[2]).toBe(6);
});

it.each([true, false])("has a ramp of even steps in lightness (dark: %s)", (dark) => {
  const lightness = Array.from({ length: 9 }, (_, k) => rgbToLab(parseHex(numericRamp(k / 8, dark)))[0]);
  const steps = lightness.slice(1).map((value, k) => value - lightness[k]!);
  const mean = steps.reduce((p, q) => p + q, 0) / steps.length;
  for (const step of steps) expect(Math.abs(step / mean - 1)).toBeLessThan(0.35);
  expect(Math.sign(mean)).toBe(dark ? 1 : -1);
});
