/** Finding points by place. Linear scans: 2 ms for a million points, so no index has to be kept up to date. */
import type { Table } from "../store/types";
import { type Camera, toMap, UNIT } from "./camera";

/** Row nearest to (px, py) within `radius` CSS pixels among those that pass; of equals the more suspicious. */
export function nearest(
  table: Table,
  passing: Uint8Array,
  camera: Camera,
  at: readonly [px: number, py: number],
  radius: number,
): number | null {
  const { x, y, suspicion } = table;
  if (x === null || y === null) return null;
  const [u, v] = toMap(camera, at[0], at[1]);
  const cx = u * UNIT;
  const cy = v * UNIT;
  const reach = (radius / camera.scale) * UNIT;
  let best = -1;
  let least = reach * reach;
  for (let row = 0; row < x.length; row++) {
    const dx = x[row]! - cx;
    const dy = y[row]! - cy;
    const d = dx * dx + dy * dy;
    if (d > least || passing[row] === 0) continue;
    if (d === least && best >= 0 && suspicion[row]! <= suspicion[best]!) continue;
    least = d;
    best = row;
  }
  return best < 0 ? null : best;
}

export type Direction = "left" | "right" | "up" | "down";
const AXES: Record<Direction, readonly [number, number]> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, 1],
  down: [0, -1],
};

/**
 * The next row in a direction: near, and not far off the straight line. Steps are at least `step` CSS pixels, so
 * that a walk through a crowd gets somewhere; zooming in makes the steps finer.
 */
export function walk(
  table: Table,
  passing: Uint8Array,
  camera: Camera,
  from: number,
  direction: Direction,
  step = 3,
): number | null {
  const { x, y } = table;
  if (x === null || y === null) return null;
  const [ux, uy] = AXES[direction];
  const x0 = x[from]!;
  const y0 = y[from]!;
  const least = Math.max(1, (step / camera.scale) * UNIT);
  let best = -1;
  let cost = Infinity;
  for (let row = 0; row < x.length; row++) {
    const dx = x[row]! - x0;
    const dy = y[row]! - y0;
    const along = dx * ux + dy * uy;
    if (along < least || along >= cost || passing[row] === 0) continue;
    const aside = Math.abs(dx * uy - dy * ux);
    // Within 60° of the direction; going aside counts double.
    if (aside > 1.73 * along || along + 2 * aside >= cost) continue;
    cost = along + 2 * aside;
    best = row;
  }
  return best < 0 ? null : best;
}
