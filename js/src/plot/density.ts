/**
 * Where points crowd they are counted into cells of about a pixel: the mix of their colors gives the hue, the
 * logarithm of their number the opacity. Costs little more for five million points than for one.
 */
import { pack, type Rgb } from "./color";
import type { Lut } from "./drawlist";
import type { Inks } from "./look";
import type { Heap } from "./plan";
import { deviceSize, deviceTransform, type Frame, type Picture } from "./renderer";

/** Opacity of a lone point, and of the densest places. */
const LONE = 0.34;
const FULL = 0.97;
/** Share of the cells that are as opaque as it gets. */
const BRIGHTEST = 0.01;
const TABLE = 2048;
/** The table of opacities has so many steps a point. */
const FINE = 8;
/** How much a point of each kind counts. */
const WEIGHT: Record<Heap["as"], number> = { dimmed: 0.12, faded: 0.4, plain: 1, selected: 4 };
/** How far the color of a point of each kind goes towards another one: the panel's for those beside a selection. */
const MIXED: Record<Heap["as"], readonly [ink: "panel" | "accent", share: number]> = {
  dimmed: ["panel", 0],
  faded: ["panel", 0.62],
  plain: ["panel", 0],
  selected: ["accent", 0.14],
};

/** Color of each index as three floats, already times its weight. */
export function tintsOf(lut: Lut, as: Heap["as"], inks: Pick<Inks, "panel" | "accent">): Float32Array {
  const words = as === "dimmed" ? lut.dimmed : lut.colors;
  const tints = new Float32Array(words.length * 3);
  const [ink, share] = MIXED[as];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    for (let j = 0; j < 3; j++)
      tints[3 * i + j] = WEIGHT[as] * (((word >>> (8 * j)) & 255) * (1 - share) + inks[ink][j]! * share);
  }
  return tints;
}

interface Grid {
  /** cells in a row and rows of cells, with an empty border of one */
  width: number;
  height: number;
  /** device pixels a side of a cell */
  cell: number;
  /** per cell: weight and the weighted sums of red, green and blue */
  sums: Float32Array;
}

/** Counts every stride-th point of the heaps. */
export function countInto(grid: Grid, frame: Frame): void {
  const { list, lut, inks, stride, plan, dpr } = frame;
  const { margin } = deviceSize(frame.camera, dpr);
  const t = deviceTransform(frame.camera, dpr);
  const { sums, width, height, cell } = grid;
  sums.fill(0);
  const ax = t.ax / cell;
  const ay = t.ay / cell;
  const bx = (t.bx - margin) / cell + 1;
  const by = (t.by - margin) / cell + 1;
  const words = new Int32Array(list.words.buffer, list.words.byteOffset, list.words.length);
  for (const heap of plan.heaps) {
    const tints = tintsOf(lut, heap.as, inks);
    const weight = WEIGHT[heap.as];
    for (let i = 2 * heap.from; i < 2 * heap.to; i += 2 * stride) {
      const place = words[i]!;
      const x = (ax * (place & 0xffff) + bx) | 0;
      if (x < 1 || x >= width - 1) continue;
      const y = (ay * (place >>> 16) + by) | 0;
      if (y < 1 || y >= height - 1) continue;
      const tint = 3 * (words[i + 1]! & 0xffff);
      const at = (y * width + x) << 2;
      sums[at]! += weight;
      sums[at + 1]! += tints[tint]!;
      sums[at + 2]! += tints[tint + 1]!;
      sums[at + 3]! += tints[tint + 2]!;
    }
  }
}

/** Weight around a cell, with the kernel ½ 1 ½ in both directions. */
function blurred(sums: Float32Array, at: number, row: number): number {
  const line = (k: number): number => 0.5 * sums[k - 4]! + sums[k]! + 0.5 * sums[k + 4]!;
  return 0.5 * line(at - row) + line(at) + 0.5 * line(at + row);
}

/** The weight from which on cells are as opaque as it gets: the brightest hundredth of those that are not empty. */
export function fullWeight({ sums, width, height }: Grid): number {
  const counts = new Uint32Array(256);
  let n = 0;
  for (let y = 1; y < height - 1; y += 2)
    for (let x = 1 + ((y >> 1) % 3); x < width - 1; x += 3) {
      const weight = blurred(sums, (y * width + x) << 2, width << 2);
      if (weight === 0) continue;
      n += 1;
      counts[Math.min(255, Math.max(0, Math.round(8 * Math.log2(weight) + 16)))]!++;
    }
  let above = 0;
  for (let k = 255; k >= 0; k--) {
    above += counts[k]!;
    if (above > BRIGHTEST * n) return 2 ** ((k - 16) / 8);
  }
  return 1;
}

/** Opacity of k / fine points: linear up to a lone point, then by the logarithm. */
export function opacities(full: number, strength: number, fine: number): Float32Array {
  const table = new Float32Array(TABLE);
  const top = Math.log(Math.max(4, full));
  for (let k = 1; k < TABLE; k++) {
    const weight = k / fine;
    const share = weight <= 1 ? LONE * weight : LONE + (FULL - LONE) * Math.min(1, Math.log(weight) / top);
    table[k] = strength * share;
  }
  return table;
}

/** The vertical half of the blur, for one row of cells. */
function column(sums: Float32Array, line: Float32Array, y: number, row: number): boolean {
  const from = y * row;
  let some = 0;
  for (let k = 0; k < row; k += 4) {
    const weight = 0.5 * sums[from + k - row]! + sums[from + k]! + 0.5 * sums[from + k + row]!;
    line[k] = weight;
    some += weight;
    for (let j = 1; j < 4; j++)
      line[k + j] =
        weight === 0
          ? 0
          : 0.5 * sums[from + k + j - row]! + sums[from + k + j]! + 0.5 * sums[from + k + j + row]!;
  }
  return some > 0;
}

/** Colors one row of cells over the panel's color; cells without a point are left as they are. */
function paintRow(
  line: Float32Array,
  into: Int32Array,
  table: Float32Array,
  scale: number,
  panel: Rgb,
): void {
  const [pr, pg, pb] = panel;
  for (let x = 1; x < into.length - 1; x++) {
    const k = x << 2;
    const weight = 0.5 * line[k - 4]! + line[k]! + 0.5 * line[k + 4]!;
    if (weight === 0) continue;
    const step = (weight * scale + 0.5) | 0;
    const alpha = table[step < TABLE ? step : TABLE - 1]!;
    const part = alpha / weight;
    const rest = 1 - alpha;
    const r = pr * rest + part * (0.5 * line[k - 3]! + line[k + 1]! + 0.5 * line[k + 5]!);
    const g = pg * rest + part * (0.5 * line[k - 2]! + line[k + 2]! + 0.5 * line[k + 6]!);
    const b = pb * rest + part * (0.5 * line[k - 1]! + line[k + 3]! + 0.5 * line[k + 7]!);
    into[x] = -0x1000000 | ((b + 0.5) << 16) | ((g + 0.5) << 8) | (r + 0.5);
  }
}

export class Density {
  private grid: Grid = { width: 0, height: 0, cell: 1, sums: new Float32Array(0) };
  private line = new Float32Array(0);
  private cells = new Int32Array(0);

  /** Fills the picture with the panel's color and paints the density onto it. */
  paint(frame: Frame, picture: Picture, margin: number): void {
    const panel = pack(frame.inks.panel) | 0;
    picture.data.fill(panel);
    if (frame.plan.density <= 0) return;
    const grid = this.fit(picture, margin, frame.dpr);
    countInto(grid, frame);
    const full = fullWeight(grid) * frame.stride;
    // The table covers the weights up to the full one, finely where that is small.
    const fine = Math.min(FINE, (TABLE - 1) / Math.max(1, full));
    const table = opacities(full, frame.plan.density, fine);
    for (let y = 1; y < grid.height - 1; y++) {
      if (!column(grid.sums, this.line, y, grid.width << 2)) continue;
      this.cells.fill(panel);
      paintRow(this.line, this.cells, table, fine * frame.stride, frame.inks.panel);
      this.copyRow(picture, margin, y - 1);
    }
  }

  dispose(): void {
    this.grid = { width: 0, height: 0, cell: 1, sums: new Float32Array(0) };
    this.line = new Float32Array(0);
    this.cells = new Int32Array(0);
  }

  private fit(picture: Picture, margin: number, dpr: number): Grid {
    const cell = Math.max(1, Math.round(dpr));
    const width = Math.ceil((picture.width - 2 * margin) / cell) + 2;
    const height = Math.ceil((picture.height - 2 * margin) / cell) + 2;
    const { grid } = this;
    if (grid.width !== width || grid.height !== height || grid.cell !== cell) {
      this.grid = { width, height, cell, sums: new Float32Array(4 * width * height) };
      this.line = new Float32Array(4 * width + 8);
      this.cells = new Int32Array(width);
    }
    return this.grid;
  }

  private copyRow({ data, width, height }: Picture, margin: number, row: number): void {
    const { cell } = this.grid;
    const top = margin + row * cell;
    const bottom = Math.min(height - margin, top + cell);
    const right = width - margin;
    const from = top * width;
    if (cell === 1) {
      data.set(this.cells.subarray(1, right - margin + 1), from + margin);
      return;
    }
    for (let x = margin; x < right; x++) data[from + x] = this.cells[1 + Math.floor((x - margin) / cell)]!;
    for (let y = top + 1; y < bottom; y++) data.copyWithin(y * width + margin, from + margin, from + right);
  }
}
