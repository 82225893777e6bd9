/** Where the plot looks: map coordinates in 0…1 (y upward) to CSS pixels of the stage (y downward). */

export interface Camera {
  /** map coordinates in the middle of the stage */
  readonly cx: number;
  readonly cy: number;
  /** CSS pixels per map unit (the map's whole side is one unit) */
  readonly scale: number;
  readonly width: number;
  readonly height: number;
}

export interface Bounds {
  left: number;
  right: number;
  bottom: number;
  top: number;
}

/** Free space around the fitted map; the toolbar lies over the top. */
export const PADDING = { top: 50, right: 24, bottom: 20, left: 24 };
/** Closest zoom: one step of the 16-bit coordinates is then eight pixels. */
export const MAX_SCALE = 8 * 65535;
export const UNIT = 65535;

export function boundsOf(x: Uint16Array, y: Uint16Array): Bounds {
  let left = UNIT;
  let right = 0;
  let bottom = UNIT;
  let top = 0;
  for (let i = 0; i < x.length; i++) {
    const u = x[i]!;
    const v = y[i]!;
    if (u < left) left = u;
    if (u > right) right = u;
    if (v < bottom) bottom = v;
    if (v > top) top = v;
  }
  if (right < left) return { left: 0, right: 1, bottom: 0, top: 1 };
  return { left: left / UNIT, right: right / UNIT, bottom: bottom / UNIT, top: top / UNIT };
}

/** The whole map inside the padding; the aspect stays 1:1, so distances on screen mean the same in x and y. */
export function fitTo(bounds: Bounds, width: number, height: number): Camera {
  const roomX = Math.max(40, width - PADDING.left - PADDING.right);
  const roomY = Math.max(40, height - PADDING.top - PADDING.bottom);
  const spanX = Math.max(1e-3, bounds.right - bounds.left);
  const spanY = Math.max(1e-3, bounds.top - bounds.bottom);
  const scale = Math.min(roomX / spanX, roomY / spanY, MAX_SCALE);
  return {
    cx: (bounds.left + bounds.right) / 2 - (PADDING.left - PADDING.right) / 2 / scale,
    cy: (bounds.bottom + bounds.top) / 2 + (PADDING.top - PADDING.bottom) / 2 / scale,
    scale,
    width,
    height,
  };
}

/** u, v in 0…1 */
export function toScreen(camera: Camera, u: number, v: number): [x: number, y: number] {
  return [
    (u - camera.cx) * camera.scale + camera.width / 2,
    camera.height / 2 - (v - camera.cy) * camera.scale,
  ];
}

export function toMap(camera: Camera, x: number, y: number): [u: number, v: number] {
  return [
    (x - camera.width / 2) / camera.scale + camera.cx,
    (camera.height / 2 - y) / camera.scale + camera.cy,
  ];
}

/** Zoom so that the map point under (x, y) stays there. */
export function zoomAt(camera: Camera, x: number, y: number, factor: number, minScale: number): Camera {
  const scale = Math.min(MAX_SCALE, Math.max(minScale, camera.scale * factor));
  const [u, v] = toMap(camera, x, y);
  return {
    ...camera,
    scale,
    cx: u - (x - camera.width / 2) / scale,
    cy: v + (y - camera.height / 2) / scale,
  };
}

export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, cx: camera.cx - dx / camera.scale, cy: camera.cy + dy / camera.scale };
}

/** The middle of the stage never leaves the map, so that nobody gets lost in empty space. */
export function keepInside(camera: Camera, bounds: Bounds): Camera {
  const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
  const spare = 0.25 * Math.min(1, camera.width / camera.scale);
  return {
    ...camera,
    cx: clamp(camera.cx, bounds.left - spare, bounds.right + spare),
    cy: clamp(camera.cy, bounds.bottom - spare, bounds.top + spare),
  };
}

/** Same map point in the middle and same share of the map in view after the stage changed its size. */
export function resized(camera: Camera, width: number, height: number): Camera {
  const before = Math.min(camera.width, camera.height);
  const factor = before > 0 ? Math.min(width, height) / before : 1;
  return { ...camera, width, height, scale: Math.min(MAX_SCALE, camera.scale * factor) };
}

/** Between two cameras at t in 0…1; zoom goes in equal ratios. */
export function between(from: Camera, to: Camera, t: number): Camera {
  const scale = from.scale * (to.scale / from.scale) ** t;
  // The path of the center follows the zoom, else it runs away from the target while zooming.
  const k =
    Math.abs(to.scale - from.scale) < 1e-6 * to.scale
      ? t
      : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
  return { ...to, scale, cx: from.cx + (to.cx - from.cx) * k, cy: from.cy + (to.cy - from.cy) * k };
}
