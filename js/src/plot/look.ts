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

/** A point has this many square pixels to itself where the full sizes below look right. */
const ROOMY = 170;
const RING_ROOMY = 1700;

const smoothstep = (low: number, high: number, t: number): number => {
  const k = Math.min(1, Math.max(0, (t - low) / (high - low)));
  return k * k * (3 - 2 * k);
};

export interface Crowd {
  /** points drawn, and those of them with a ring */
  points: number;
  rings: number;
  /** CSS pixels of the stage */
  area: number;
  /** camera scale over the fitted scale */
  zoom: number;
}

/** Points shrink and become more transparent where they crowd: zoomed out, the picture reads as a density. */
export function lookFor({ points, rings, area, zoom }: Crowd): Look {
  const room = Math.sqrt(area / (ROOMY * Math.max(1, points))) * zoom;
  const ringRoom = Math.sqrt(area / (RING_ROOMY * Math.max(1, rings))) * zoom;
  // Steps of 4 % keep the sprite caches alive while zooming.
  const step = (value: number): number => 2 ** (Math.round(Math.log2(value) * 16) / 16);
  const size = step(room < 1 ? Math.max(0.3, room) : Math.min(1.9, room ** 0.4));
  const thin = step(Math.min(1, Math.max(0.2, room ** 0.42)));
  // Flagged points lie on top: where they crowd too, they must not hide the classes below.
  const ringAlpha = step(Math.min(1, Math.max(0.04, ringRoom ** 1.25)));
  const radius = new Float32Array(LEVELS);
  const alpha = new Float32Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const heat = smoothstep(0.3, 0.75, (level + 0.5) / LEVELS);
    radius[level] = Math.max(0.75, (2.3 + 1.3 * heat) * size);
    alpha[level] = 0.6 * thin + (0.95 * Math.sqrt(thin) - 0.6 * thin) * heat * ringAlpha;
  }
  return {
    radius,
    alpha,
    dimAlpha: 0.4 * thin,
    selectedAlpha: 0.95,
    ringGap: Math.max(0.9, 2 * size),
    ringWidth: Math.max(0.8, Math.min(1.7, 1.4 * size)),
    ringAlpha,
    outlineGap: Math.max(0.7, 1.7 * Math.min(1.2, size)),
    outlineWidth: Math.max(0.8, Math.min(1.6, 1.25 * size)),
    tick: Math.max(0.55, Math.min(1.25, size)),
    key: `${size.toFixed(4)}/${thin.toFixed(4)}/${ringAlpha.toFixed(4)}`,
  };
}
