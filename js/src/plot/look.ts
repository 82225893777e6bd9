/** Sizes and opacities of one frame, computed once on the CPU so that both renderers draw the same picture. */
import type { Rgb } from "./color";

/** Suspicion is drawn in this many steps. */
export const LEVELS = 16;

/** Colors of the theme that the plot needs. */
export interface Inks {
  panel: Rgb;
  ink: Rgb;
  ink3: Rgb;
  accent: Rgb;
  ok: Rgb;
  ring: Rgb;
}

/** Lengths in CSS pixels. */
export interface Look {
  /** by level of suspicion */
  readonly radius: Float32Array;
  readonly alpha: Float32Array;
  /** factor of the opacity of batches that fade into the density */
  readonly faint: number;
  readonly dimAlpha: number;
  readonly selectedAlpha: number;
  readonly ringGap: number;
  readonly ringWidth: number;
  readonly ringAlpha: number;
  readonly outlineGap: number;
  readonly outlineWidth: number;
  readonly tick: number;
  /** changes exactly when a length or opacity changes: key of the sprite caches */
  readonly key: string;
}

export const smoothstep = (low: number, high: number, t: number): number => {
  const k = Math.min(1, Math.max(0, (t - low) / (high - low)));
  return k * k * (3 - 2 * k);
};

export interface Crowd {
  /** 1: points have the room that they need; see plan.ts */
  room: number;
  /** weight of the density that is drawn below (0…1) */
  density: number;
}

/** No mark is smaller than this share of its full size: below that the density takes over. */
const LEAST = 0.42;

/** Points shrink and become more transparent where they crowd; what is still too close is drawn as a density. */
export function lookFor({ room, density }: Crowd): Look {
  // Steps of 4 % keep the sprite caches alive while zooming.
  const step = (value: number): number => 2 ** (Math.round(Math.log2(value) * 16) / 16);
  const size = step(room < 1 ? Math.max(LEAST, room) : Math.min(1.9, room ** 0.4));
  const thin = step(Math.min(1, Math.max(0.3, room ** 0.42)));
  const faint = Math.round((1 - density) * 32) / 32;
  const radius = new Float32Array(LEVELS);
  const alpha = new Float32Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const heat = smoothstep(0.3, 0.75, (level + 0.5) / LEVELS);
    radius[level] = Math.max(0.9, (2.3 + 1.3 * heat) * size);
    alpha[level] = 0.6 * thin + (0.95 * Math.sqrt(thin) - 0.6 * thin) * heat;
  }
  return {
    radius,
    alpha,
    faint,
    dimAlpha: 0.4 * thin,
    selectedAlpha: 0.95,
    ringGap: Math.max(0.9, 2 * size),
    ringWidth: Math.max(0.9, Math.min(1.7, 1.4 * size)),
    ringAlpha: step(Math.min(1, Math.max(0.6, room ** 0.3))),
    outlineGap: Math.max(0.7, 1.7 * Math.min(1.2, size)),
    outlineWidth: Math.max(0.8, Math.min(1.6, 1.25 * size)),
    tick: Math.max(0.55, Math.min(1.25, size)),
    key: `${size.toFixed(4)}/${thin.toFixed(4)}/${faint.toFixed(4)}`,
  };
}
