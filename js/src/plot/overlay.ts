/** What changes with every pointer move is drawn on a second canvas, so that the points need not be drawn again. */

import type { Table } from "../store/types";
import { toScreen, UNIT } from "./camera";
import type { Center } from "./centers";
import type { Rgb } from "./color";
import { type Coloring, colorIndex } from "./coloring";
import { drawEllipses, type Ellipses, write } from "./ellipses";
import type { Flash } from "./flash";
import type { Inks } from "./look";
import { classColor, SHAPES, shapePath } from "./palette";
import type { Frame } from "./renderer";

export interface Marked {
  table: Table;
  coloring: Coloring;
  current: number | null;
  hover: number | null;
  /** rows that are truly near to the current one, however the map places them */
  neighbors: readonly { row: number; kind?: "pull" | "push" }[];
  /** middles of the classes that the current mistake is between */
  centers: readonly Center[];
  dark: boolean;
  /** rows that just moved */
  flash: Flash | null;
  /** an ellipse a class, when they are shown */
  ellipses: Ellipses | null;
  /** outline of the running lasso or box in CSS pixels, flat x, y list */
  path: readonly number[] | null;
}

const css = ([r, g, b]: Rgb, alpha = 1): string => `rgba(${r},${g},${b},${alpha})`;
const shapes = new Map<number, Path2D>();

function place(frame: Frame, table: Table, row: number): [number, number] | null {
  if (table.x === null || table.y === null || row >= table.n) return null;
  return toScreen(frame.camera, table.x[row]! / UNIT, table.y[row]! / UNIT);
}

function circle(pen: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.stroke();
}

function drawMark(
  pen: CanvasRenderingContext2D,
  frame: Frame,
  { table, coloring }: Marked,
  row: number,
  r: number,
): void {
  const at = place(frame, table, row);
  if (at === null) return;
  const index = colorIndex(coloring, row);
  const shape = frame.lut.shapes[index] ?? 0;
  let path = shapes.get(shape);
  if (path === undefined) {
    path = new Path2D(shapePath(SHAPES[shape]!));
    shapes.set(shape, path);
  }
  const word = frame.lut.colors[index] ?? 0;
  pen.save();
  pen.translate(at[0], at[1]);
  pen.scale(r / 8, r / 8);
  pen.fillStyle = css([word & 255, (word >> 8) & 255, (word >> 16) & 255]);
  pen.strokeStyle = css(frame.inks.panel);
  pen.lineWidth = (2.4 * 8) / r;
  pen.stroke(path);
  pen.fill(path);
  pen.restore();
}

/** Solid or dashed; a light seam below keeps it apart from the points. */
function drawLine(
  pen: CanvasRenderingContext2D,
  inks: Inks,
  from: readonly [number, number],
  to: readonly [number, number],
  solid: boolean,
): void {
  for (const seam of [true, false]) {
    pen.setLineDash(solid || seam ? [] : [4, 3]);
    pen.lineWidth = seam ? 3 : 1.2;
    pen.strokeStyle = seam ? css(inks.panel, 0.6) : css(inks.ink, solid ? 0.62 : 0.78);
    pen.beginPath();
    pen.moveTo(from[0], from[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
  }
  pen.setLineDash([]);
}

/** Lines to the middles of two classes: solid to the given one, dashed to the predicted one. */
export function drawCenters(
  pen: CanvasRenderingContext2D,
  { camera, inks }: Pick<Frame, "camera" | "inks">,
  { centers, dark }: Pick<Marked, "centers" | "dark">,
  at: readonly [number, number],
): void {
  for (const { x, y, code, name, given } of centers) {
    const to = toScreen(camera, x, y);
    drawLine(pen, inks, at, to, given);
    pen.lineWidth = 2.4;
    pen.strokeStyle = classColor(code, dark);
    circle(pen, to[0], to[1], 6);
    const says = `\u2068${name}\u2069 · ${given ? "given" : "predicted"}`;
    write(pen, says, to[0], to[1] + 15, css(inks.panel, 0.85), css(inks.ink));
  }
}

/** Lines to the true neighbors: solid to those with the same label, or that pull, dashed to the others. */
function drawNeighbors(
  pen: CanvasRenderingContext2D,
  frame: Frame,
  marked: Marked,
  from: number,
  at: [number, number],
): void {
  const { current } = marked.table;
  for (const { row, kind } of marked.neighbors) {
    const to = place(frame, marked.table, row);
    if (to === null) continue;
    const same = kind === undefined ? current[row] === current[from] : kind === "pull";
    drawLine(pen, frame.inks, at, to, same);
  }
  for (const { row } of marked.neighbors) {
    drawMark(pen, frame, marked, row, 3.2);
    const to = place(frame, marked.table, row);
    if (to === null) continue;
    pen.strokeStyle = css(frame.inks.ink, 0.7);
    pen.lineWidth = 1;
    circle(pen, to[0], to[1], 4.8);
  }
}

function drawFlash(pen: CanvasRenderingContext2D, frame: Frame, table: Table, flash: Flash): void {
  const ease = 1 - (1 - flash.age) ** 3;
  pen.lineWidth = 2;
  pen.strokeStyle = css(frame.inks.accent, 0.9 * (1 - flash.age));
  for (const row of flash.rows) {
    const at = place(frame, table, row);
    if (at !== null) circle(pen, at[0], at[1], 4 + 11 * ease);
  }
}

function drawPath(pen: CanvasRenderingContext2D, inks: Inks, path: readonly number[]): void {
  pen.beginPath();
  for (let i = 0; i + 1 < path.length; i += 2) pen.lineTo(path[i]!, path[i + 1]!);
  pen.closePath();
  pen.fillStyle = css(inks.accent, 0.08);
  pen.fill();
  pen.strokeStyle = css(inks.accent);
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 4]);
  pen.stroke();
  pen.setLineDash([]);
}

export function drawOverlay(pen: CanvasRenderingContext2D, frame: Frame, marked: Marked): void {
  const { camera, dpr, inks, look } = frame;
  pen.setTransform(dpr, 0, 0, dpr, 0, 0);
  pen.clearRect(0, 0, camera.width, camera.height);
  const r = look.radius[look.radius.length - 1]!;
  const { current, hover, table } = marked;
  const at = current === null ? null : place(frame, table, current);
  if (marked.ellipses !== null) drawEllipses(pen, frame, marked.ellipses);
  if (marked.flash !== null) drawFlash(pen, frame, table, marked.flash);
  if (at !== null && current !== null) {
    drawNeighbors(pen, frame, marked, current, at);
    drawCenters(pen, frame, marked, at);
    const radius = Math.max(3.4, r);
    const ring = radius + 5.2;
    pen.strokeStyle = css(inks.panel, 0.9);
    pen.lineWidth = 4.6;
    circle(pen, at[0], at[1], ring);
    pen.strokeStyle = css(inks.accent);
    pen.lineWidth = 2.4;
    circle(pen, at[0], at[1], ring);
    drawMark(pen, frame, marked, current, radius);
  }
  if (hover !== null && hover !== current) {
    const spot = place(frame, table, hover);
    if (spot !== null) {
      const radius = Math.max(3.6, r + 0.8);
      drawMark(pen, frame, marked, hover, radius);
      pen.strokeStyle = css(inks.ink);
      pen.lineWidth = 1.5;
      circle(pen, spot[0], spot[1], radius + 3);
    }
  }
  if (marked.path !== null && marked.path.length >= 4) drawPath(pen, inks, marked.path);
}
