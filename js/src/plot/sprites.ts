/** Marks drawn once and stamped many times by the CPU raster: coverage in 4 × 4 positions within a pixel. */
import { LEVELS, type Look } from "./look";
import { coverage, HOLE, ringDistance, shapeDistance, tickDistance } from "./sdf";

export const PHASES = 4;
/**
 * kinds: 0…6 fills by shape, 7…13 the same dimmed, 19…25 selected, 26…32 faint, 33…39 faint and dimmed, from 48 on the
 * same fills hollow, and:
 */
export const DIM_FILL = 7;
export const RING_MARK = 14;
export const OUTLINE = 15;
export const OUTLINE_RINGED = 16;
export const TICK_HALO = 17;
export const TICK_MARK = 18;
export const SELECTED_FILL = 19;
export const FAINT_FILL = 26;
export const FAINT_DIM = 33;
/** Added to the kind of a fill. */
export const HOLLOW_FILL = 48;
const KINDS = 88;
const PER_KIND = LEVELS * PHASES * PHASES;

/** Offset of the tick from the point's center, to the upper right, beside the radius. */
export const TICK_GAP = 1.6;

export class SpriteSheet {
  /** begin and end of each sprite in `pool`; begin -1 = not drawn yet */
  readonly begin = new Int32Array(KINDS * PER_KIND).fill(-1);
  readonly end = new Int32Array(KINDS * PER_KIND);
  /** entries: offset from the sprite's corner (in pixels of the target) << 9 | opacity 0…256 */
  pool = new Int32Array(1 << 15);
  /** a sprite's corner lies this many pixels left of and above the point's pixel */
  readonly half: number;
  private used = 0;
  /** the lowest level that looks the same: many do at both ends */
  private readonly twins: number[];

  constructor(
    readonly look: Look,
    readonly dpr: number,
    /** pixels in a row of the target */
    readonly pitch: number,
  ) {
    const widest =
      Math.max(...look.radius) + look.ringGap + look.ringWidth + look.outlineGap + look.outlineWidth;
    const { radius, alpha } = look;
    this.twins = Array.from(radius, (r, level) =>
      radius.findIndex((other, k) => other === r && alpha[k] === alpha[level]),
    );
    this.half = Math.ceil(
      (Math.max(widest, Math.max(...look.radius) + TICK_GAP + 4.5 * look.tick) + 1) * dpr,
    );
  }

  static key(kind: number, level: number, phaseX: number, phaseY: number): number {
    return kind * PER_KIND + ((level << 4) | (phaseY << 2) | phaseX);
  }

  /** Draws the sprite of a key into the pool. */
  make(key: number): void {
    const kind = Math.floor(key / PER_KIND);
    const level = (key >> 4) & (LEVELS - 1);
    const twin = this.twins[level]!;
    if (twin !== level) {
      const other = key + ((twin - level) << 4);
      if (this.begin[other]! < 0) this.make(other);
      this.begin[key] = this.begin[other]!;
      this.end[key] = this.end[other]!;
      return;
    }
    const cx = this.half + ((key & 3) + 0.5) / PHASES;
    const cy = this.half + (((key >> 2) & 3) + 0.5) / PHASES;
    const side = 2 * this.half + 1;
    if (this.used + side * side > this.pool.length) this.grow(side * side);
    this.begin[key] = this.used;
    const reach = this.reach(kind, level);
    const last = side - 1;
    const [left, right] = [Math.max(0, Math.floor(cx - reach)), Math.min(last, Math.ceil(cx + reach))];
    const [top, bottom] = [Math.max(0, Math.floor(cy - reach)), Math.min(last, Math.ceil(cy + reach))];
    for (let py = top; py <= bottom; py++) {
      for (let px = left; px <= right; px++) {
        const a = Math.round(256 * this.opacity(kind, level, px + 0.5 - cx, py + 0.5 - cy));
        if (a > 0) this.pool[this.used++] = ((py * this.pitch + px) << 9) | a;
      }
    }
    this.end[key] = this.used;
  }

  /** No pixel further than this from the point's center is touched (in device pixels). */
  private reach(kind: number, level: number): number {
    const { look, dpr, half } = this;
    const r = look.radius[level]! * dpr;
    if (kind === TICK_HALO || kind === TICK_MARK) return half;
    if (kind < RING_MARK || kind >= SELECTED_FILL) return 1.6 * r + 1;
    return r + (look.ringGap + look.ringWidth + look.outlineGap + look.outlineWidth) * dpr + 1;
  }

  private opacity(kind: number, level: number, x: number, y: number): number {
    const { look, dpr } = this;
    const r = look.radius[level]! * dpr;
    if (kind >= HOLLOW_FILL)
      return this.opacity(kind - HOLLOW_FILL, level, x, y) * coverage(HOLE * r - Math.hypot(x, y));
    if (kind < DIM_FILL) return look.alpha[level]! * coverage(shapeDistance(kind, x, y, r));
    if (kind < RING_MARK) return look.dimAlpha * coverage(shapeDistance(kind - DIM_FILL, x, y, r));
    if (kind >= FAINT_DIM)
      return look.faint * look.dimAlpha * coverage(shapeDistance(kind - FAINT_DIM, x, y, r));
    if (kind >= FAINT_FILL)
      return look.faint * look.alpha[level]! * coverage(shapeDistance(kind - FAINT_FILL, x, y, r));
    if (kind >= SELECTED_FILL)
      return look.selectedAlpha * coverage(shapeDistance(kind - SELECTED_FILL, x, y, r));
    const ring = r + look.ringGap * dpr;
    if (kind === RING_MARK) return look.ringAlpha * coverage(ringDistance(x, y, ring, look.ringWidth * dpr));
    if (kind <= OUTLINE_RINGED) {
      const inner = kind === OUTLINE ? r : ring;
      return coverage(ringDistance(x, y, inner + look.outlineGap * dpr, look.outlineWidth * dpr));
    }
    const away = (look.radius[level]! + TICK_GAP) * dpr;
    const distance = tickDistance(x - away, y + away, look.tick * dpr);
    return coverage(distance - (kind === TICK_HALO ? 1.7 : 0.75) * look.tick * dpr);
  }

  private grow(need: number): void {
    const bigger = new Int32Array(Math.max(this.pool.length * 2, this.used + need));
    bigger.set(this.pool);
    this.pool = bigger;
  }
}
