/** The scale of targets: where numbers stand on it, and ticks that people can read. */
import type { Target } from "../../protocol";

export interface Scale {
  low: number;
  high: number;
  /** 0…1 */
  at(value: number): number;
}

/** From the smallest to the largest of what is shown: all targets, and what is said of this row. */
export function scaleOf(target: Target): Scale | null {
  const { given, current, suggested, low, high, density } = target;
  const values = [given, current, suggested, low, high, density?.from ?? null, density?.to ?? null];
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length === 0) return null;
  let [from, to] = [Math.min(...known), Math.max(...known)];
  if (from === to) [from, to] = [from - 1, to + 1];
  const width = to - from;
  return { low: from, high: to, at: (value) => Math.min(1, Math.max(0, (value - from) / width)) };
}

/** Round numbers inside, about `most` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(low: number, high: number, most = 5): number[] {
  const raw = (high - low) / Math.max(1, most);
  if (!(raw > 0) || !Number.isFinite(raw)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= raw)!;
  const found: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++)
    found.push(Number((k * step).toPrecision(12)));
  return found;
}

/** How far the suggestion is from the target, with its sign. */
export function gap(target: Pick<Target, "current" | "suggested">): number | null {
  const { current, suggested } = target;
  return current === null || suggested === null ? null : suggested - current;
}
