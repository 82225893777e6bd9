/** What both renderers implement. */
import type { Camera } from "./camera";
import type { DrawList, Lut } from "./drawlist";
import type { Inks, Look } from "./look";
import type { Plan } from "./plan";

export interface Frame {
  readonly camera: Camera;
  /** device pixels per CSS pixel */
  readonly dpr: number;
  readonly list: DrawList;
  readonly lut: Lut;
  readonly look: Look;
  readonly plan: Plan;
  readonly inks: Inks;
  /** draw every stride-th point: a rough picture while the view moves, 1 = all */
  readonly stride: number;
}

export interface Picture {
  /** one pixel 0xAABBGGRR; signed, because V8 keeps 32-bit integers in registers only when they are */
  data: Int32Array;
  width: number;
  height: number;
}

/** Paints the panel's color and the density where there is one; see density.ts. */
export interface Backdrop {
  paint(frame: Frame, picture: Picture, margin: number): void;
}

export interface Renderer {
  readonly name: "webgl2" | "raster";
  /** Fills the whole target; false when nothing could be drawn (context lost). */
  draw(frame: Frame, target: CanvasRenderingContext2D): boolean;
  dispose(): void;
}

/**
 * Drawn beyond the edge (CSS pixels), so that points whose center lies just outside still show. Twice the reach of
 * the largest mark: the raster stamps whole marks only.
 */
export const MARGIN = 36;

export function deviceSize(camera: Camera, dpr: number): { width: number; height: number; margin: number } {
  return {
    width: Math.max(1, Math.round(camera.width * dpr)),
    height: Math.max(1, Math.round(camera.height * dpr)),
    margin: Math.ceil(MARGIN * dpr),
  };
}

/** Device position = a * (0…65535) + b, in the picture with its margin; y grows downward. */
export function deviceTransform(
  camera: Camera,
  dpr: number,
): { ax: number; bx: number; ay: number; by: number } {
  const { width, height, margin } = deviceSize(camera, dpr);
  const a = (camera.scale * dpr) / 65535;
  return {
    ax: a,
    bx: width / 2 + margin - camera.cx * camera.scale * dpr,
    ay: -a,
    by: height / 2 + margin + camera.cy * camera.scale * dpr,
  };
}
