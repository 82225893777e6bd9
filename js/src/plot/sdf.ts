/** Signed distances (device pixels, negative inside) of the marks; the GLSL in shaders.ts says the same. */

/** r: radius of the circle with about the same area; y grows downward; shape as in palette.SHAPES */
export function shapeDistance(shape: number, x: number, y: number, r: number): number {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  switch (shape) {
    case 1:
      return Math.max(ax, ay) - 0.886 * r;
    case 2:
      return Math.max(y, 0.866 * ax - 0.5 * y) - 0.777 * r;
    case 3:
      return Math.SQRT1_2 * (ax + ay) - 0.886 * r;
    case 4:
      return Math.min(Math.max(ax - 1.1 * r, ay - 0.42 * r), Math.max(ax - 0.42 * r, ay - 1.1 * r));
    case 5:
      return Math.max(-y, 0.866 * ax + 0.5 * y) - 0.777 * r;
    case 6: {
      const p = Math.SQRT1_2 * Math.abs(x + y);
      const q = Math.SQRT1_2 * Math.abs(x - y);
      return Math.min(Math.max(p - 1.1 * r, q - 0.42 * r), Math.max(p - 0.42 * r, q - 1.1 * r));
    }
    default:
      return Math.hypot(x, y) - r;
  }
}

/** Radius of the hole in a hollow mark, as a share of the mark's; round, so that thin shapes have one, too. */
export const HOLE = 0.55;

export function ringDistance(x: number, y: number, radius: number, width: number): number {
  return Math.abs(Math.hypot(x, y) - radius) - width / 2;
}

function segmentDistance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** Distance to the two strokes of a check mark of the given size around the origin. */
export function tickDistance(x: number, y: number, size: number): number {
  return Math.min(
    segmentDistance(x, y, -1.9 * size, 0, -0.5 * size, 1.5 * size),
    segmentDistance(x, y, -0.5 * size, 1.5 * size, 2.2 * size, -1.7 * size),
  );
}

/** Share of a pixel that is covered, from the distance of its center. */
export function coverage(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance));
}
