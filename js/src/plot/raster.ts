/** Draws points on the CPU: without a graphics card this is several times faster than software WebGL. */
import { pack } from "./color";
import { DIM, HOLLOW, RING, SELECTED, TICK } from "./drawlist";
import type { Look } from "./look";
import type { Batch } from "./plan";
import {
  type Backdrop,
  deviceSize,
  deviceTransform,
  type Frame,
  type Picture,
  type Renderer,
} from "./renderer";
import {
  DIM_FILL,
  FAINT_DIM,
  FAINT_FILL,
  HOLLOW_FILL,
  OUTLINE,
  OUTLINE_RINGED,
  RING_MARK,
  SELECTED_FILL,
  SpriteSheet,
  TICK_HALO,
  TICK_MARK,
} from "./sprites";

/** Stamps one sprite; rounding half up keeps many faint layers from drifting dark. */
function stamp(data: Int32Array, at: number, sheet: SpriteSheet, key: number, color: number): void {
  if (sheet.begin[key]! < 0) sheet.make(key);
  const pool = sheet.pool;
  const end = sheet.end[key]!;
  const sourceRb = color & 0xff00ff;
  const sourceG = color & 0xff00;
  for (let k = sheet.begin[key]!; k < end; k++) {
    const entry = pool[k]!;
    const to = at + (entry >> 9);
    const a = entry & 511;
    const under = data[to]!;
    const rb = under & 0xff00ff;
    const g = under & 0xff00;
    data[to] =
      -0x1000000 |
      ((rb + ((Math.imul(sourceRb - rb, a) + 0x800080) >>> 8)) & 0xff00ff) |
      ((g + ((Math.imul(sourceG - g, a) + 0x8000) >>> 8)) & 0xff00);
  }
}

/** Stamps what lies around the fill of a point: ring, outline of the selection, tick. */
function decorate(
  data: Int32Array,
  at: number,
  sheet: SpriteSheet,
  place: number,
  bits: number,
  inks: Int32Array,
): void {
  const key = (kind: number): number => SpriteSheet.key(kind, 0, 0, 0) + place;
  if (bits & RING && !(bits & DIM)) stamp(data, at, sheet, key(RING_MARK), inks[0]!);
  if (bits & SELECTED) stamp(data, at, sheet, key(bits & RING ? OUTLINE_RINGED : OUTLINE), inks[1]!);
  if (bits & TICK && !(bits & DIM)) {
    stamp(data, at, sheet, key(TICK_HALO), inks[2]!);
    stamp(data, at, sheet, key(TICK_MARK), inks[3]!);
  }
}

const signed = (words: Uint32Array): Int32Array =>
  new Int32Array(words.buffer, words.byteOffset, words.length);

/** Stamps the points of one batch onto pixels (device size plus twice the margin). */
function stampBatch(frame: Frame, picture: Picture, sheet: SpriteSheet, batch: Batch): void {
  const { list, lut, inks } = frame;
  const { data, width, height } = picture;
  const { ax, bx, ay, by } = deviceTransform(frame.camera, frame.dpr);
  const marks = Int32Array.of(pack(inks.ring), pack(inks.accent), pack(inks.panel), pack(inks.ok));
  const words = signed(list.words);
  const colors = signed(lut.colors);
  const dimmed = signed(lut.dimmed);
  const { shapes } = lut;
  const half = sheet.half;
  const right = width - half - 1;
  const bottom = height - half - 1;
  const step = 2 * frame.stride;
  const plainFill = batch.faint ? FAINT_FILL : 0;
  const dimFill = batch.faint ? FAINT_DIM : DIM_FILL;
  const decorated = batch.rings ? RING | SELECTED | TICK : TICK;
  for (let i = 2 * batch.from; i < 2 * batch.to; i += step) {
    const place = words[i]!;
    const x = ax * (place & 0xffff) + bx;
    if (x < half || x >= right) continue;
    const y = ay * (place >>> 16) + by;
    if (y < half || y >= bottom) continue;
    // Positions in quarter pixels: the low two bits choose the sprite's phase.
    const qx = (x * 4) | 0;
    const qy = (y * 4) | 0;
    const style = words[i + 1]!;
    const bits = (style >>> 24) & decorated;
    const dim = (style >>> 24) & DIM;
    const hollow = ((style >>> 24) & HOLLOW) * (HOLLOW_FILL / HOLLOW);
    const index = style & 0xffff;
    const at = ((qy >> 2) - half) * width + (qx >> 2) - half;
    // level << 4 | phase y << 2 | phase x
    const offset = ((style >>> 16) & 0xf0) | ((qy & 3) << 2) | (qx & 3);
    const kind = hollow + shapes[index]! + (bits & SELECTED ? SELECTED_FILL : dim ? dimFill : plainFill);
    stamp(data, at, sheet, kind * 256 + offset, dim ? dimmed[index]! : colors[index]!);
    if (bits !== 0) decorate(data, at, sheet, offset, bits | dim, marks);
  }
}

/** Draws a frame onto what lies in the picture already. */
export function rasterize(frame: Frame, picture: Picture, sheet: SpriteSheet): void {
  for (const batch of frame.plan.batches) stampBatch(frame, picture, sheet, batch);
}

const KEPT_SHEETS = 10;

export class RasterRenderer implements Renderer {
  readonly name = "raster";
  private image: ImageData | null = null;
  private picture: Picture | null = null;
  /** last used first */
  private sheets: SpriteSheet[] = [];

  constructor(private readonly backdrop: Backdrop) {}

  draw(frame: Frame, target: CanvasRenderingContext2D): boolean {
    const { width: inner, height: innerHeight, margin } = deviceSize(frame.camera, frame.dpr);
    const { look, dpr } = frame;
    const width = inner + 2 * margin;
    const height = innerHeight + 2 * margin;
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.picture = { data: new Int32Array(this.image.data.buffer), width, height };
    }
    const sheet = this.sheetFor(look, dpr, width);
    this.backdrop.paint(frame, this.picture!, margin);
    rasterize(frame, this.picture!, sheet);
    target.putImageData(this.image, -margin, -margin);
    return true;
  }

  dispose(): void {
    this.image = null;
    this.picture = null;
    this.sheets = [];
  }

  /** Zooming to and fro comes by the same sizes again. */
  private sheetFor(look: Look, dpr: number, pitch: number): SpriteSheet {
    const fits = (one: SpriteSheet): boolean =>
      one.look.key === look.key && one.dpr === dpr && one.pitch === pitch;
    const sheet = this.sheets.find(fits) ?? new SpriteSheet(look, dpr, pitch);
    this.sheets = [sheet, ...this.sheets.filter((one) => one !== sheet)].slice(0, KEPT_SHEETS);
    return sheet;
  }
}
