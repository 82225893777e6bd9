// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { FLASH_MS, Flashes } from "../../src/plot/flash";

afterEach(() => vi.restoreAllMocks());

it("lights up for a moment and asks for frames only while it does", () => {
  const again = vi.fn();
  const flashes = new Flashes(again);
  expect(flashes.at(0)).toBeNull();
  flashes.start(new Set([3, 5]), 100);
  expect(flashes.at(100)).toEqual({ rows: [3, 5], age: 0 });
  expect(flashes.at(100 + FLASH_MS / 2)!.age).toBeCloseTo(0.5);
  expect(again).toHaveBeenCalledTimes(3);
  expect(flashes.at(100 + FLASH_MS)).toBeNull();
  expect(again).toHaveBeenCalledTimes(3);
});

it("stays still for those who want no motion", () => {
  vi.spyOn(globalThis, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
  const again = vi.fn();
  const flashes = new Flashes(again);
  flashes.start(new Set([1]), 0);
  expect(flashes.at(1)).toBeNull();
  expect(again).not.toHaveBeenCalled();
});

it("shows at most 200 of very many rows", () => {
  const flashes = new Flashes(() => undefined);
  flashes.start(new Set(Array.from({ length: 5000 }, (_, row) => row)), 0);
  expect(flashes.at(1)!.rows.length).toBe(200);
});
