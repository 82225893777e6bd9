/** The two canvases of a plot and the renderer that fills the lower one; draws what it is told, when it is told. */
import type { RendererName } from "../store/types";
import type { Camera } from "./camera";
import { drawOverlay, type Marked, type OverlayFrame } from "./overlay";
import { RasterRenderer } from "./raster";
import { deviceSize, type Frame, type Renderer } from "./renderer";
import { openWebgl2 } from "./webgl2";

/** A 2D canvas beyond this many pixels a side is slow or refused. */
const MAX_SIDE = 8192;

export class Surface {
  /** CSS pixels */
  width = 0;
  height = 0;
  dpr = 1;
  private readonly raster = new RasterRenderer();
  private chosen: Renderer = this.raster;
  private readonly pen: CanvasRenderingContext2D | null;
  private readonly overlayPen: CanvasRenderingContext2D | null;

  constructor(
    readonly points: HTMLCanvasElement,
    readonly overlay: HTMLCanvasElement,
    /** the context was lost or restored */
    private readonly changed: () => void,
  ) {
    this.pen = points.getContext("2d", { alpha: false });
    // On the CPU: little is drawn here, and a cleared accelerated canvas at times shows what it held before.
    this.overlayPen = overlay.getContext("2d", { willReadFrequently: true });
  }

  /** Text color parser and measurer for those who need a context. */
  get context(): CanvasRenderingContext2D | null {
    return this.overlayPen;
  }

  choose(name: RendererName): void {
    if (this.chosen !== this.raster) this.chosen.dispose();
    this.chosen = (name === "raster" ? null : openWebgl2(name, this.changed)) ?? this.raster;
  }

  /** Fits the canvases to the stage; true when anything changed. */
  measure(width: number, height: number, dpr: number): boolean {
    const ratio = Math.min(dpr, MAX_SIDE / Math.max(1, width, height));
    if (width === this.width && height === this.height && ratio === this.dpr) return false;
    this.width = width;
    this.height = height;
    this.dpr = ratio;
    const size = deviceSize({ width, height } as Camera, ratio);
    for (const canvas of [this.points, this.overlay]) {
      canvas.width = size.width;
      canvas.height = size.height;
    }
    return true;
  }

  /** Name of the renderer that drew: the raster steps in while a WebGL context is lost. */
  draw(frame: Frame): Renderer["name"] | null {
    if (this.pen === null) return null;
    if (this.chosen.draw(frame, this.pen)) return this.chosen.name;
    this.raster.draw(frame, this.pen);
    return this.raster.name;
  }

  drawOverlay(frame: OverlayFrame, marked: Marked): void {
    if (this.overlayPen !== null) drawOverlay(this.overlayPen, frame, marked);
  }

  dispose(): void {
    if (this.chosen !== this.raster) this.chosen.dispose();
    this.raster.dispose();
    // Gives the pixels back at once instead of at the next collection.
    for (const canvas of [this.points, this.overlay]) {
      canvas.width = 0;
      canvas.height = 0;
    }
  }
}
