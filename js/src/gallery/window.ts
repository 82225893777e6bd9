/** Which cards exist: pure arithmetic of a virtual grid. Lengths in CSS pixels. */
import type { MediaKind } from "../protocol";

/** The DOM never holds more cards than this, whatever the scroll and the size of the view. */
export const MAX_CARDS = 200;
export const GAP = 8;
export const PAD = 10;
/** Browsers lose precision or clip elements taller than this; taller lists scroll in proportion. */
export const MAX_HEIGHT = 8_000_000;
const OVERSCAN = 2;

export interface CardSize {
  minWidth: number;
  height: number;
}

export const CARD_SIZES: Record<MediaKind, CardSize> = {
  image: { minWidth: 104, height: 110 },
  text: { minWidth: 200, height: 92 },
  audio: { minWidth: 150, height: 92 },
  table: { minWidth: 180, height: 118 },
  features: { minWidth: 150, height: 118 },
};

export interface GridShape {
  columns: number;
  rows: number;
  /** distance from row to row */
  stride: number;
  /** of all rows, as if none were left out */
  full: number;
  /** of the element that scrolls */
  height: number;
}

export function gridShape(width: number, items: number, size: CardSize): GridShape {
  const room = Math.max(0, width - 2 * PAD);
  const columns = Math.max(1, Math.floor((room + GAP) / (size.minWidth + GAP)));
  const rows = Math.ceil(items / columns);
  const stride = size.height + GAP;
  const full = rows === 0 ? 0 : 2 * PAD + rows * stride - GAP;
  return { columns, rows, stride, full, height: Math.min(full, MAX_HEIGHT) };
}

/** Content pixels per scrolled pixel: 1 except for lists too tall for a browser. */
function ratio(shape: GridShape, view: number): number {
  const scrolls = shape.height - view;
  return scrolls <= 0 ? 1 : Math.max(1, (shape.full - view) / scrolls);
}

/** Where the content's top lies in the scrolled element. */
export function contentTop(shape: GridShape, scroll: number, view: number): number {
  return scroll * ratio(shape, view);
}

export interface GridWindow {
  /** first and one past the last row of cards that exist */
  from: number;
  to: number;
  /** add to a row's place in the content to get its place in the scrolled element */
  shift: number;
}

export function gridWindow(shape: GridShape, scroll: number, view: number): GridWindow {
  const top = contentTop(shape, Math.max(0, scroll), view);
  const most = Math.max(1, Math.floor(MAX_CARDS / shape.columns));
  const first = Math.max(0, Math.min(shape.rows - 1, Math.floor((top - PAD) / shape.stride)));
  const last = Math.min(shape.rows, Math.ceil((top + view) / shape.stride) + 1);
  let from = Math.max(0, first - OVERSCAN);
  let to = Math.min(shape.rows, Math.max(last, first + 1) + OVERSCAN);
  if (to - from > most) {
    from = first;
    to = Math.min(shape.rows, from + most);
  }
  return { from, to: Math.max(from, to), shift: Math.round(scroll - top) };
}

/** Scroll offset that shows a card with as little movement as can be; null when it is in view already. */
export function scrollFor(shape: GridShape, index: number, scroll: number, view: number): number | null {
  const row = Math.floor(index / shape.columns);
  const top = PAD + row * shape.stride - GAP;
  const bottom = PAD + (row + 1) * shape.stride;
  const k = ratio(shape, view);
  const at = scroll * k;
  if (top < at) return Math.max(0, top / k);
  if (bottom > at + view) return Math.min(Math.max(0, shape.height - view), (bottom - view) / k);
  return null;
}

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Positions of the cards that a box, in content coordinates, touches. */
export function cardsInBox(
  shape: GridShape,
  width: number,
  items: number,
  size: CardSize,
  box: Box,
): number[] {
  const step = (width - 2 * PAD + GAP) / shape.columns;
  const [left, right] = [Math.min(box.x0, box.x1), Math.max(box.x0, box.x1)];
  const [top, bottom] = [Math.min(box.y0, box.y1), Math.max(box.y0, box.y1)];
  const found: number[] = [];
  const firstRow = Math.max(0, Math.floor((top - PAD) / shape.stride));
  const lastRow = Math.min(shape.rows - 1, Math.floor((bottom - PAD) / shape.stride));
  for (let row = firstRow; row <= lastRow; row++) {
    const y = PAD + row * shape.stride;
    if (bottom < y || top > y + size.height) continue;
    for (let column = 0; column < shape.columns; column++) {
      const x = PAD + column * step;
      const index = row * shape.columns + column;
      if (index < items && right >= x && left <= x + step - GAP) found.push(index);
    }
  }
  return found;
}
