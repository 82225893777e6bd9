/** What changes with every pointer move is drawn on a second canvas, so that the points need not be drawn again. */

import { type Table, UNLABELLED } from "../store/types";
import { type Camera, toScreen, UNIT } from "./camera";
import type { Rgb } from "./color";
import { codesFor, type Lut } from "./drawlist";
import type { Inks, Look } from "./look";
import { SHAPES, shapePath } from "./palette";

export interface Marked {
  table: Table;
  current: number | null;
  hover: number | null;
  /** rows that are truly near to the current one, however the map places them */
  neighbors: readonly number[];
  /** outline of the running lasso or box in CSS pixels, flat x, y list */
  path: readonly number[] | null;
}

export interface OverlayFrame {
  camera: Camera;
  dpr: number;
  inks: Inks;
  look: Look;
  lut: Lut;
  colorBy: Parameters<typeof codesFor>[1];
}

const css = ([r, g, b]: Rgb, alpha = 1): string => `rgba(${r},${g},${b},${alpha})`;
const shapes = new Map<number, Path2D>();

function place(frame: OverlayFrame, table: Table, row: number): [number, number] | null {
  if (table.x === null || table.y === null || row >= table.n) return null;
  return toScreen(frame.camera, table.x[row]! / UNIT, table.y[row]! / UNIT);
}

/** Color index of one row, as in the draw list. */
function indexOf(frame: OverlayFrame, table: Table, row: number): number {
  const codes = codesFor(table, frame.colorBy);
  if (codes !== null) return Math.min(codes[row] ?? UNLABELLED, frame.lut.colors.length - 1);
  return frame.colorBy === "state" ? table.state[row]! : table.suspicion[row]!;
}

function circle(pen: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.stroke();
}

function drawMark(
  pen: CanvasRenderingContext2D,
  frame: OverlayFrame,
  table: Table,
  row: number,
  r: number,
): void {
  const at = place(frame, table, row);
  if (at === null) return;
  const index = indexOf(frame, table, row);
  const shape = frame.lut.shapes[index]!;
  let path = shapes.get(shape);
  if (path === undefined) {
    path = new Path2D(shapePath(SHAPES[shape]!));
    shapes.set(shape, path);
  }
  const word = frame.lut.colors[index]!;
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

function drawNeighbors(
  pen: CanvasRenderingContext2D,
  frame: OverlayFrame,
  marked: Marked,
  at: [number, number],
): void {
  pen.lineWidth = 1;
  pen.strokeStyle = css(frame.inks.ink, 0.38);
  for (const row of marked.neighbors) {
    const to = place(frame, marked.table, row);
    if (to === null) continue;
    pen.beginPath();
    pen.moveTo(at[0], at[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
    circle(pen, to[0], to[1], 3.2);
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

export function drawOverlay(pen: CanvasRenderingContext2D, frame: OverlayFrame, marked: Marked): void {
  const { camera, dpr, inks, look } = frame;
  pen.setTransform(dpr, 0, 0, dpr, 0, 0);
  pen.clearRect(0, 0, camera.width, camera.height);
  const r = look.radius[look.radius.length - 1]!;
  const { current, hover, table } = marked;
  const at = current === null ? null : place(frame, table, current);
  if (at !== null && current !== null) {
    drawNeighbors(pen, frame, marked, at);
    const radius = Math.max(3.4, r);
    const ring = radius + 5.2;
    pen.strokeStyle = css(inks.panel, 0.9);
    pen.lineWidth = 4.6;
    circle(pen, at[0], at[1], ring);
    pen.strokeStyle = css(inks.accent);
    pen.lineWidth = 2.4;
    circle(pen, at[0], at[1], ring);
    drawMark(pen, frame, table, current, radius);
  }
  if (hover !== null && hover !== current) {
    const spot = place(frame, table, hover);
    if (spot !== null) {
      const radius = Math.max(3.6, r + 0.8);
      drawMark(pen, frame, table, hover, radius);
      pen.strokeStyle = css(inks.ink);
      pen.lineWidth = 1.5;
      circle(pen, spot[0], spot[1], radius + 3);
    }
  }
  if (marked.path !== null && marked.path.length >= 4) drawPath(pen, inks, marked.path);
}
