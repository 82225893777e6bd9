/** The two canvases of a plot and the renderer that fills the lower one; draws what it is told, when it is told. */
import type { RendererName } from "../store/types";
import type { Camera } from "./camera";
import { Density } from "./density";
import { drawOverlay, type Marked } from "./overlay";
import { RasterRenderer } from "./raster";
import { deviceSize, type Frame, type Renderer } from "./renderer";
import { gpuKnown, withoutGpu } from "./shared";
import { openWebgl2 } from "./webgl2";

const LOOK_MS = 2000;
/** Fewer points than this are drawn on the CPU in a few milliseconds: no context is opened for them. */
const MANY = 150_000;
/** A 2D canvas beyond this many pixels a side is slow or refused. */
const MAX_SIDE = 8192;

export class Surface {
  /** CSS pixels */
  width = 0;
  height = 0;
  dpr = 1;
  private wanted: RendererName = "raster";
  private cancelLook: () => void = () => undefined;
  private readonly density = new Density();
  private readonly raster = new RasterRenderer(this.density);
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

  choose(name: RendererName, points: number): void {
    const wanted = name === "auto" && points < MANY ? "raster" : name;
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.use(wanted);
  }

  private use(name: RendererName): void {
    this.cancelLook();
    if (this.chosen !== this.raster) this.chosen.dispose();
    this.chosen = this.raster;
    if (name === "raster") return;
    if (name === "auto" && !gpuKnown()) this.lookLater();
    else this.chosen = openWebgl2(name, this.density, this.changed) ?? this.raster;
  }

  /** The first picture does not wait for the graphics card: it is looked for once the page has time. */
  private lookLater(): void {
    const look = (): void => {
      if (withoutGpu()) return;
      this.use("auto");
      this.changed();
    };
    if (typeof requestIdleCallback === "function") {
      const handle = requestIdleCallback(look, { timeout: LOOK_MS });
      this.cancelLook = () => cancelIdleCallback(handle);
    } else {
      const timer = setTimeout(look, LOOK_MS);
      this.cancelLook = () => clearTimeout(timer);
    }
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

  drawOverlay(frame: Frame, marked: Marked): void {
    if (this.overlayPen !== null) drawOverlay(this.overlayPen, frame, marked);
  }

  dispose(): void {
    this.cancelLook();
    if (this.chosen !== this.raster) this.chosen.dispose();
    this.raster.dispose();
    this.density.dispose();
    // Gives the pixels back at once instead of at the next collection.
    for (const canvas of [this.points, this.overlay]) {
      canvas.width = 0;
      canvas.height = 0;
    }
  }
}
