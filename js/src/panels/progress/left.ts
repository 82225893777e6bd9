/** Errors left and the effort behind them, as words and as a curve. */
import type { LeftEstimate } from "../../protocol";
import { count } from "../format";

/** "about 38 left (21–60), measured" */
export function leftText(estimate: LeftEstimate): string {
  const { left, low, high, measured } = estimate;
  const range = rangeText({ low, high, measured });
  return `about ${count(left)} left${range === "" ? "" : ` ${range}`}, ${measured ? "measured" : "assumed"}`;
}

/** "(21–60)"; before anything was measured the interval is everything, which says nothing. */
export function rangeText({ low, high, measured }: Pick<LeftEstimate, "low" | "high" | "measured">): string {
  return !measured || Math.round(low) === Math.round(high) ? "" : `(${count(low)}–${count(high)})`;
}

/** "4.2 errors a minute"; nothing before there is a pace. */
export function paceText(perMinute: number | null): string {
  if (perMinute === null || !Number.isFinite(perMinute)) return "";
  const value = perMinute >= 10 ? count(perMinute) : perMinute.toFixed(1);
  return `${value} ${value === "1.0" || value === "1" ? "error" : "errors"} a minute`;
}

export interface Curve {
  /** path in a box of 100 × 100, y downward */
  path: string;
  /** the same, closed at the bottom */
  area: string;
  looks: number;
  found: number;
  /** end of the line that goes on at the expected rate */
  next: { x: number; y: number; from: { x: number; y: number } };
}

/** The effort curve with the next 100 looks drawn on; null before there are two points. */
export function effortCurve({ effort, next_100 }: LeftEstimate): Curve | null {
  const last = effort.at(-1);
  if (effort.length < 2 || !last || last[0] <= 0) return null;
  const [looks, found] = last;
  const width = looks + 100;
  const height = Math.max(1, found + Math.max(0, next_100)) * 1.05;
  const x = (at: number): number => (100 * at) / width;
  const y = (at: number): number => 100 - (100 * at) / height;
  const path = effort
    .map(([at, n], k) => `${k === 0 ? "M" : "L"}${x(at).toFixed(2)} ${y(n).toFixed(2)}`)
    .join("");
  const from = { x: x(looks), y: y(found) };
  const first = effort[0]!;
  return {
    path,
    area: `${path}L${from.x.toFixed(2)} 100L${x(first[0]).toFixed(2)} 100Z`,
    looks,
    found,
    next: { x: 100, y: y(found + Math.max(0, next_100)), from },
  };
}
