/** The camera of one plot and how it moves: zoom, pan, fit, flights between views. */
import { signal } from "@preact/signals";
import { type Bounds, between, type Camera, fitTo, keepInside, panBy, resized, zoomAt } from "./camera";
import { prefersStillness } from "./scheduler";

const FLIGHT_MS = 200;
const CLOSEST = 24;
/** Still for this long: the view has settled. */
const SETTLE_MS = 130;

interface Flight {
  from: Camera;
  to: Camera;
  began: number | null;
}

export class View {
  camera: Camera = { cx: 0.5, cy: 0.5, scale: 1, width: 0, height: 0 };
  /** the whole map is in view and follows the size of the stage */
  readonly fitted = signal(true);
  /** between the first move and a rest of SETTLE_MS */
  moving = false;
  /** frames take long: jump instead of flying */
  heavy = false;
  private bounds: Bounds = { left: 0, right: 1, bottom: 0, top: 1 };
  private flight: Flight | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly moved: () => void,
    private readonly settled: () => void,
  ) {}

  get ready(): boolean {
    return this.camera.width > 0 && this.camera.height > 0;
  }

  /** the part of the map that holds points */
  get extent(): Bounds {
    return this.bounds;
  }

  get whole(): Camera {
    return fitTo(this.bounds, this.camera.width, this.camera.height);
  }

  /** 1 = the whole map in view, 2 = twice as large … */
  get zoomed(): number {
    return this.camera.scale / this.whole.scale;
  }

  setBounds(bounds: Bounds): void {
    this.bounds = bounds;
    if (this.ready && this.fitted.peek()) this.camera = this.whole;
  }

  resize(width: number, height: number): void {
    const first = !this.ready;
    this.flight = null;
    this.camera = resized(this.camera, width, height);
    if (first || this.fitted.peek()) this.camera = this.whole;
  }

  fit(): void {
    this.fitted.value = true;
    this.fly(this.whole);
  }

  /** Zooms around a place of the stage, its middle by default. */
  zoom(factor: number, at?: readonly [x: number, y: number], animate = false): void {
    const base = animate && this.flight !== null ? this.flight.to : this.camera;
    const [x, y] = at ?? [base.width / 2, base.height / 2];
    const next = keepInside(zoomAt(base, x, y, factor, 0.5 * this.whole.scale), this.bounds);
    this.fitted.value = false;
    if (animate) this.fly(next);
    else this.jump(next);
  }

  pan(dx: number, dy: number): void {
    this.fitted.value = false;
    this.jump(keepInside(panBy(this.camera, dx, dy), this.bounds));
  }

  /** Brings a part of the map into view, at most CLOSEST times as large as when all of it is. */
  frameOn(bounds: Bounds): void {
    const whole = this.whole;
    const target = fitTo(bounds, this.camera.width, this.camera.height);
    const scale = Math.min(target.scale, whole.scale * CLOSEST);
    const middle = [(bounds.left + bounds.right) / 2, (bounds.bottom + bounds.top) / 2] as const;
    this.fitted.value = false;
    this.fly(
      scale < target.scale ? { ...target, scale, cx: middle[0], cy: middle[1] } : { ...target, scale },
    );
  }

  /** Brings a place of the stage to its middle. */
  center(at: readonly [x: number, y: number]): void {
    const { width, height } = this.camera;
    this.fitted.value = false;
    this.fly(keepInside(panBy(this.camera, width / 2 - at[0], height / 2 - at[1]), this.bounds));
  }

  /** One frame further on a flight. */
  advance(time: number): void {
    const flight = this.flight;
    if (flight === null) return;
    flight.began ??= time;
    const t = Math.min(1, (time - flight.began) / FLIGHT_MS);
    this.camera = t >= 1 ? flight.to : between(flight.from, flight.to, 1 - (1 - t) ** 3);
    if (t >= 1) this.flight = null;
    this.touch();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.flight = null;
  }

  private jump(camera: Camera): void {
    this.flight = null;
    this.camera = camera;
    this.touch();
  }

  private fly(to: Camera): void {
    if (!this.ready || this.heavy || prefersStillness()) {
      this.jump(to);
      return;
    }
    this.flight = { from: this.camera, to, began: null };
    this.touch();
  }

  private touch(): void {
    this.moving = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.moving = false;
      this.settled();
    }, SETTLE_MS);
    this.moved();
  }
}
