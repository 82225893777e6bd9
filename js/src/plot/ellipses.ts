/** Over the points: an ellipse a class, lines to those that a small class borrows its shape from, and tail marks. */
import type { Ellipse } from "../protocol";
import type { Store } from "../store/types";
import { type Camera, toScreen } from "./camera";
import { classColor } from "./palette";
import type { Frame } from "./renderer";

/** Deviations from the mean. */
export const REACH = 2;

export interface Ellipses {
  classes: readonly Ellipse[];
  names: readonly string[];
  dark: boolean;
  /** classes that are filtered to; null: all */
  only: ReadonlySet<number> | null;
}

export interface Drawn {
  x: number;
  y: number;
  /** half axes in CSS pixels, and the angle of the longer one, clockwise on the screen */
  a: number;
  b: number;
  angle: number;
}

/** An ellipse of some deviations around a mean, on the screen. */
export function onScreen({ mean, covariance }: Ellipse, camera: Camera, reach = REACH): Drawn {
  const [[p, q], [, r]] = covariance;
  const middle = (p + r) / 2;
  const spread = Math.hypot((p - r) / 2, q);
  const [x, y] = toScreen(camera, mean[0], mean[1]);
  return {
    x,
    y,
    a: reach * Math.sqrt(Math.max(0, middle + spread)) * camera.scale,
    b: reach * Math.sqrt(Math.max(0, middle - spread)) * camera.scale,
    // y goes downward on the screen
    angle: -Math.atan2(2 * q, p - r) / 2,
  };
}

export function ellipsesOf(store: Store): Ellipses | null {
  const { overlay, overlayOn } = store.methods;
  const found = overlay.peek();
  if (!overlayOn.peek() || found === null) return null;
  const { given, current, suggested } = store.filters.peek();
  const chosen = [given, current, suggested].filter((code) => code !== null);
  return {
    classes: found.classes,
    names: store.classNames.peek(),
    dark: store.dark.peek(),
    only: chosen.length === 0 ? null : new Set(chosen),
  };
}

export function drawEllipses(pen: CanvasRenderingContext2D, frame: Frame, shown: Ellipses): void {
  const { camera, inks } = frame;
  const css = (ink: readonly number[], alpha: number): string => `rgba(${ink.join(",")},${alpha})`;
  const at = new Map(shown.classes.map((one) => [one.code, onScreen(one, camera)]));
  const visible = shown.classes.filter(({ code }) => shown.only === null || shown.only.has(code));
  for (const { code, from } of visible) {
    const own = at.get(code)!;
    for (const [lender, weight] of from) {
      const other = at.get(lender);
      if (other === undefined) continue;
      pen.beginPath();
      pen.moveTo(other.x, other.y);
      pen.lineTo(own.x, own.y);
      pen.setLineDash([2, 4]);
      pen.lineWidth = 1 + 2 * weight;
      pen.strokeStyle = css(inks.ink, 0.55);
      pen.stroke();
    }
  }
  for (const one of visible) {
    const { x, y, a, b, angle } = at.get(one.code)!;
    const color = classColor(one.code, shown.dark);
    pen.beginPath();
    pen.ellipse(x, y, Math.max(3, a), Math.max(3, b), angle, 0, 2 * Math.PI);
    pen.setLineDash([]);
    pen.lineWidth = 4;
    pen.strokeStyle = css(inks.panel, 0.75);
    pen.stroke();
    pen.setLineDash(one.from.length > 0 ? [6, 4] : []);
    pen.lineWidth = 1.8;
    pen.strokeStyle = color;
    pen.stroke();
    pen.setLineDash([]);
    const name = shown.names[one.code] ?? `class ${one.code}`;
    write(pen, one.tail ? `${name} · tail` : name, x, y, css(inks.panel, 0.85), css(inks.ink, 1));
  }
}

/** Text with a seam that keeps it apart from the points. */
export function write(
  pen: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  seam: string,
  ink: string,
): void {
  pen.font = "600 11px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.strokeStyle = seam;
  pen.strokeText(text, x, y);
  pen.fillStyle = ink;
  pen.fillText(text, x, y);
}
