import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CARD_SIZES,
  cardsInBox,
  contentTop,
  GAP,
  gridShape,
  gridWindow,
  MAX_CARDS,
  MAX_HEIGHT,
  PAD,
  scrollFor,
} from "../../src/gallery/window";

const cases = fc.record({
  width: fc.integer({ min: 0, max: 4_000 }),
  view: fc.integer({ min: 1, max: 3_000 }),
  items: fc.integer({ min: 0, max: 5_000_000 }),
  size: fc.constantFrom(...Object.values(CARD_SIZES)),
  where: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("virtual window", () => {
  it("never holds more cards than allowed and never leaves the list", () => {
    fc.assert(
      fc.property(cases, ({ width, view, items, size, where }) => {
        const shape = gridShape(width, items, size);
        expect(shape.height).toBeLessThanOrEqual(MAX_HEIGHT);
        const scroll = where * Math.max(0, shape.height - view);
        const { from, to } = gridWindow(shape, scroll, view);
        expect((to - from) * shape.columns).toBeLessThanOrEqual(MAX_CARDS + shape.columns - 1);
        if (shape.columns <= MAX_CARDS) expect((to - from) * shape.columns).toBeLessThanOrEqual(MAX_CARDS);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(shape.rows);
      }),
    );
  });

  it("covers the view, at the ends of a list too tall for a browser as well", () => {
    fc.assert(
      fc.property(cases, ({ width, view, items, size, where }) => {
        const shape = gridShape(width, items, size);
        const scroll = where * Math.max(0, shape.height - view);
        const { from, to, shift } = gridWindow(shape, scroll, view);
        if (items === 0 || (view / shape.stride + 6) * shape.columns > MAX_CARDS) return;
        const top = contentTop(shape, scroll, view);
        const bottom = Math.min(top + view, shape.full);
        expect(PAD + from * shape.stride - GAP).toBeLessThanOrEqual(Math.max(PAD, top) + 1);
        expect(PAD + to * shape.stride).toBeGreaterThanOrEqual(bottom - PAD - 1);
        expect(Math.abs(shift - (scroll - top))).toBeLessThanOrEqual(0.5);
      }),
    );
  });

  it("scrolls a card into view, and not when it is there", () => {
    fc.assert(
      fc.property(cases, fc.nat(), ({ width, items, size, where }, pick) => {
        const view = 400;
        const shape = gridShape(width, items, size);
        if (items === 0) return;
        const index = pick % items;
        const scroll = where * Math.max(0, shape.height - view);
        const to = scrollFor(shape, index, scroll, view) ?? scroll;
        const top = contentTop(shape, to, view);
        const row = Math.floor(index / shape.columns);
        const y = PAD + row * shape.stride;
        expect(y).toBeGreaterThanOrEqual(top - 2);
        expect(y + size.height).toBeLessThanOrEqual(top + view + 2);
        const again = scrollFor(shape, index, to, view);
        expect(again === null || Math.abs(again - to) < 1).toBe(true);
      }),
    );
  });

  it("finds the cards that a box touches", () => {
    const size = CARD_SIZES.image;
    const shape = gridShape(464, 10, size);
    expect(shape.columns).toBe(4);
    const all = { x0: 0, y0: 0, x1: 464, y1: 5_000 };
    expect(cardsInBox(shape, 464, 10, size, all)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const corner = { x0: 130, y0: 130, x1: 20, y1: 20 };
    expect(cardsInBox(shape, 464, 10, size, corner)).toEqual([0, 1, 4, 5]);
    expect(cardsInBox(shape, 464, 10, size, { x0: 0, y0: 0, x1: 5, y1: 5 })).toEqual([]);
  });
});
