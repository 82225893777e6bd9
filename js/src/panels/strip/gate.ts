/** The arithmetic of the gate: where it is, what is above it, and the curves of the fitted mixture. */
import type { Gate } from "../../protocol";
import { FLAGGED, type Table } from "../../store/types";

/** One step of an arrow key; PageUp and PageDown make ten. */
export const STEP = 0.01;

export function clampGate(at: number): number {
  return Math.round(1000 * Math.min(1, Math.max(0, at))) / 1000;
}

const KEYS: Record<string, (at: number) => number> = {
  ArrowLeft: (at) => at - STEP,
  ArrowDown: (at) => at - STEP,
  ArrowRight: (at) => at + STEP,
  ArrowUp: (at) => at + STEP,
  PageDown: (at) => at - 10 * STEP,
  PageUp: (at) => at + 10 * STEP,
  Home: () => 0,
  End: () => 1,
};

/** Where a key moves the gate to; null for keys that do not. */
export function gateKey(key: string, at: number): number | null {
  const move = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  return move === undefined ? null : clampGate(move(at));
}

/** Rows at each of the 256 steps of suspicion, summed from the top: above[k] rows have at least k / 255. */
export function countsAbove({ n, suspicion }: Pick<Table, "n" | "suspicion">): Uint32Array {
  const above = new Uint32Array(257);
  for (let row = 0; row < n; row++) above[suspicion[row]!]! += 1;
  for (let k = 255; k >= 0; k--) above[k]! += above[k + 1]!;
  return above;
}

/** Rows above a gate while it is dragged; the kernel says it again when it is let go. */
export function aboveAt(above: Uint32Array, at: number): number {
  return above[Math.min(255, Math.max(0, Math.round(at * 255)))]!;
}

/** Sum of a fitted density above a gate, for "about how many of them are right". Linear within a bin. */
function massAbove(density: readonly number[], at: number): number {
  const place = at * density.length;
  const bin = Math.floor(place);
  let sum = (density[bin] ?? 0) * (1 - (place - bin));
  for (let k = bin + 1; k < density.length; k++) sum += density[k]!;
  return sum;
}

/**
 * How many rows above a gate have a right label, from the fitted mixture; null where it could not be fitted. At the
 * kernel's own gate its own figure is used.
 */
export function expectedRight(gate: Gate, at: number, nAbove: number): number | null {
  if (Math.abs(at - gate.at) < 1e-6) return Number.isFinite(gate.expected_right) ? gate.expected_right : null;
  if (gate.clean.length === 0 || gate.wrong.length === 0) return null;
  const clean = massAbove(gate.clean, at);
  const wrong = massAbove(gate.wrong, at);
  return clean + wrong > 0 ? (nAbove * clean) / (clean + wrong) : 0;
}

/** SVG path of a density over a box of 100 × 100; `top` is the height of the box in rows. */
export function curve(density: readonly number[], top: number): string {
  const { length } = density;
  return density
    .map((value, k) => {
      const x = (100 * (k + 0.5)) / length;
      // taller than the box is left to leave it at the top
      const y = 100 - Math.min(300, (100 * value) / top);
      return `${k === 0 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`;
    })
    .join("");
}

/** The gate where the kernel told none: the least suspicious of the flagged rows. */
export function lowestFlagged({ n, suspicion, flags }: Table): number | null {
  let lowest = 256;
  for (let row = 0; row < n; row++)
    if (flags[row]! & FLAGGED && suspicion[row]! < lowest) lowest = suspicion[row]!;
  return lowest === 256 ? null : lowest / 255;
}
