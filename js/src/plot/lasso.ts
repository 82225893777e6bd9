/** Selecting by area: the outline becomes a pixel mask once, then each point is one look-up (not a polygon test). */
import { type Camera, UNIT } from "./camera";

/** 0/1 for each CSS pixel of the outline's bounding box. */
export interface AreaMask {
  left: number;
  top: number;
  width: number;
  height: number;
  data: Uint8Array;
}

/** Points further than this outside of the stage are of no use; also bounds the mask's memory. */
const LIMIT = 8192;

/** Fills the closed polygon (flat x, y list in CSS pixels) by the nonzero rule, sampled at pixel centers. */
export function polygonMask(path: readonly number[]): AreaMask {
  const xs = path.filter((_, i) => i % 2 === 0).map((v) => Math.min(LIMIT, Math.max(-LIMIT, v)));
  const ys = path.filter((_, i) => i % 2 === 1).map((v) => Math.min(LIMIT, Math.max(-LIMIT, v)));
  const none = { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) };
  if (ys.length < 3) return none;
  const left = Math.floor(Math.min(...xs));
  const top = Math.floor(Math.min(...ys));
  const width = Math.ceil(Math.max(...xs)) - left;
  const height = Math.ceil(Math.max(...ys)) - top;
  if (width <= 0 || height <= 0) return none;
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) fillRow(data, row, width, left, crossings(xs, ys, top + row + 0.5));
  return { left, top, width, height, data };
}

/** Where the outline crosses a horizontal line, sorted, with the direction of the crossing. */
function crossings(xs: number[], ys: number[], y: number): [x: number, turn: number][] {
  const found: [number, number][] = [];
  for (let i = 0, j = ys.length - 1; i < ys.length; j = i++) {
    const from = ys[j]!;
    const to = ys[i]!;
    if (from <= y === to <= y) continue;
    found.push([xs[j]! + ((y - from) / (to - from)) * (xs[i]! - xs[j]!), to > from ? 1 : -1]);
  }
  return found.sort((p, q) => p[0] - q[0]);
}

function fillRow(
  data: Uint8Array,
  row: number,
  width: number,
  left: number,
  found: [number, number][],
): void {
  let winding = 0;
  for (let k = 0; k + 1 < found.length; k++) {
    winding += found[k]![1];
    if (winding === 0) continue;
    // Pixels whose center lies between the two crossings.
    const begin = Math.max(0, Math.ceil(found[k]![0] - left - 0.5));
    const end = Math.min(width, Math.ceil(found[k + 1]![0] - left - 0.5));
    if (end > begin) data.fill(1, row * width + begin, row * width + end);
  }
}

export function boxPath(x0: number, y0: number, x1: number, y1: number): number[] {
  return [x0, y0, x1, y0, x1, y1, x0, y1];
}

/** Rows that pass the filters and lie in the area, as a 0/1 mask over all rows. */
export function rowsInArea(
  x: Uint16Array,
  y: Uint16Array,
  passing: Uint8Array,
  camera: Camera,
  area: AreaMask,
): { mask: Uint8Array; count: number } {
  const mask = new Uint8Array(x.length);
  const { width, height, data } = area;
  const a = camera.scale / UNIT;
  const bx = camera.width / 2 - camera.cx * camera.scale - area.left;
  const by = camera.height / 2 + camera.cy * camera.scale - area.top;
  let count = 0;
  for (let row = 0; row < mask.length; row++) {
    const px = Math.floor(a * x[row]! + bx);
    if (px < 0 || px >= width) continue;
    const py = Math.floor(by - a * y[row]!);
    if (py < 0 || py >= height) continue;
    if (data[py * width + px] === 1 && passing[row] === 1) {
      mask[row] = 1;
      count += 1;
    }
  }
  return { mask, count };
}
