/** Keeps the picture of one plot in step with the store: watches signals, asks for frames, draws them. */
import { computed, effect, signal } from "@preact/signals";
import type { Combine, Store, Table } from "../store/types";
import { type Bounds, toScreen, UNIT } from "./camera";
import { centersOf } from "./centers";
import { ellipsesOf } from "./ellipses";
import { Flashes } from "./flash";
import { polygonMask, rowsInArea } from "./lasso";
import { nearest } from "./nearest";
import type { Marked } from "./overlay";
import { strideFor } from "./plan";
import type { Frame } from "./renderer";
import { coloringColumn, passingOf, Scene } from "./scene";
import { COLORS, DATA, OVERLAY, Scheduler, VIEW } from "./scheduler";
import { Surface } from "./surface";
import { View } from "./view";

/** A full frame slower than this is replaced by a sample of the points while the view moves. */
const SLOW_MS = 26;
/** Aim of such a sampled frame. */
const SMOOTH_MS = 16;
/** A sampled frame slower than this: the view jumps instead of flying. */
const HEAVY_MS = 60;
/** The theme may reach the page's styles a moment after the signal. */
const THEME_LAG_MS = 80;
/** A plot that has no size by then (in a folded tab) does not keep the widget from being ready. */
const HIDDEN_MS = 400;

/** Rows from which on a new list of points takes longer than a frame. */
const MANY = 20_000;

const DONE: Record<Combine, string> = {
  replace: "selected",
  add: "added to the selection",
  subtract: "taken from the selection",
};

export interface Parts {
  /** carries data-frames and data-renderer */
  root: HTMLElement;
  stage: HTMLElement;
  points: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
}

export class PlotController {
  /** row under the pointer and its place, for the tooltip */
  readonly tip = signal<{ row: number; x: number; y: number } | null>(null);
  readonly view: View;
  readonly stage: HTMLElement;
  private readonly surface: Surface;
  private readonly scene: Scene;
  private readonly flashes: Flashes;
  private readonly centers = computed(() => centersOf(this.store));
  private path: readonly number[] | null = null;
  private frames = 0;
  private announced = false;
  private stride = 1;
  private fullMs = 0;
  private shown: Frame | null = null;
  private themeTimer: ReturnType<typeof setTimeout> | undefined;
  private dataTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly scheduler: Scheduler;
  private readonly undo: (() => void)[] = [];

  constructor(
    readonly store: Store,
    private readonly parts: Parts,
  ) {
    this.stage = parts.stage;
    this.scheduler = new Scheduler((dirty, time) => this.frame(dirty, time));
    this.surface = new Surface(parts.points, parts.overlay, () => this.scheduler.invalidate(VIEW));
    this.view = new View(
      () => this.scheduler.invalidate(VIEW),
      () => this.stride > 1 && this.scheduler.invalidate(VIEW),
    );
    this.flashes = new Flashes(() => this.scheduler.invalidate(OVERLAY));
    this.scene = new Scene(store, parts.stage, this.view, () => this.surface.context);
    this.watchStore();
    this.watchSize();
  }

  get table(): Table {
    return this.store.table.peek();
  }

  get passing(): Uint8Array {
    return passingOf(this.store);
  }

  screenOf(row: number): [x: number, y: number] | null {
    const { x, y } = this.table;
    if (x === null || y === null || row >= x.length) return null;
    return toScreen(this.view.camera, x[row]! / UNIT, y[row]! / UNIT);
  }

  inView(row: number, inset = 0): boolean {
    const at = this.screenOf(row);
    if (at === null) return false;
    const { width, height } = this.view.camera;
    return at[0] >= inset && at[1] >= inset && at[0] <= width - inset && at[1] <= height - inset;
  }

  /** Moves the view when a row lies outside of it. */
  reveal(row: number): void {
    const at = this.screenOf(row);
    if (at !== null && this.view.ready && !this.inView(row, 8)) this.view.center(at);
  }

  nearest(x: number, y: number, radius: number): number | null {
    return nearest(this.table, this.passing, this.view.camera, [x, y], radius);
  }

  showHover(row: number | null): void {
    const at = row === null ? null : this.screenOf(row);
    if (this.store.hover.peek() !== row) this.store.hover.value = row;
    if (row === null || at === null) this.tip.value = null;
    else if (this.tip.peek()?.row !== row) this.tip.value = { row, x: at[0], y: at[1] };
  }

  /** Outline of a running lasso or box; null when it ended. */
  drawPath(path: readonly number[] | null): void {
    this.path = path;
    this.scheduler.invalidate(OVERLAY);
  }

  selectPath(path: readonly number[], how: Combine): void {
    const { x, y } = this.table;
    if (x === null || y === null || !this.view.ready) return;
    const { mask, count } = rowsInArea(x, y, this.passing, this.view.camera, polygonMask(path));
    this.store.select(mask, how);
    this.store.say(`${count === 1 ? "1 row" : `${count.toLocaleString("en-US")} rows`} ${DONE[how]}.`);
  }

  /** Flies to the selected rows, or to the current one when none is selected; false when there is neither. */
  zoomToSelection(): boolean {
    const { x, y, n } = this.table;
    const { mask, count } = this.store.selection.peek();
    const current = this.store.current.peek();
    if (x === null || y === null || (count === 0 && current === null)) return false;
    const bounds: Bounds = { left: 1, right: 0, bottom: 1, top: 0 };
    const include = (row: number): void => {
      bounds.left = Math.min(bounds.left, x[row]! / UNIT);
      bounds.right = Math.max(bounds.right, x[row]! / UNIT);
      bounds.bottom = Math.min(bounds.bottom, y[row]! / UNIT);
      bounds.top = Math.max(bounds.top, y[row]! / UNIT);
    };
    if (count === 0) include(current!);
    else for (let row = 0; row < n; row++) if (mask[row] === 1) include(row);
    this.view.frameOn(bounds);
    return true;
  }

  dispose(): void {
    this.scheduler.stop();
    this.view.dispose();
    clearTimeout(this.themeTimer);
    clearTimeout(this.dataTimer);
    for (const undo of this.undo) undo();
    this.surface.dispose();
  }

  private watchStore(): void {
    const { store } = this;
    const watch = (what: number, read: () => void): void => {
      const stop = effect(() => {
        read();
        this.scheduler.invalidate(what);
      });
      this.undo.push(stop);
    };
    watch(DATA, () => [store.table.value, store.version.value, store.passing.value]);
    this.undo.push(effect(() => this.selectionChanged(store.selection.value.mask.length)));
    watch(DATA | COLORS, () => [
      store.colorBy.value,
      coloringColumn(store),
      store.classes.value,
      store.dark.value,
      store.highContrast.value,
    ]);
    watch(OVERLAY, () => [store.hover.value, store.neighborsOf.value, this.centers.value]);
    watch(OVERLAY, () => [store.methods.overlay.value, store.methods.overlayOn.value]);
    watch(OVERLAY, () => this.flashes.start(store.moved.value, performance.now()));
    watch(VIEW, () => this.surface.choose(store.renderer.value, store.table.value.n));
    watch(OVERLAY, () => {
      const row = store.current.value;
      if (row !== null && !this.view.fitted.peek()) this.reveal(row);
    });
  }

  /** The kernel hears of a selection by a timer: with many rows the picture, which takes longer, comes after that. */
  private selectionChanged(n: number): void {
    clearTimeout(this.dataTimer);
    if (n < MANY) this.scheduler.invalidate(DATA);
    else this.dataTimer = setTimeout(() => this.scheduler.invalidate(DATA));
  }

  private watchSize(): void {
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = this.stage;
      // A hidden tab has no size; the last picture is kept for when it shows again.
      if (width === 0 || height === 0) return;
      if (!this.surface.measure(width, height, globalThis.devicePixelRatio || 1)) return;
      const first = !this.view.ready;
      this.view.resize(width, height);
      // A resized canvas is empty: draw before the browser paints it.
      this.frame(first ? DATA | COLORS | VIEW : VIEW, performance.now());
    };
    const observer = new ResizeObserver(measure);
    observer.observe(this.stage);
    measure();
    const hidden = setTimeout(() => this.announce(), HIDDEN_MS);
    const stop = new AbortController();
    const follow = (): void => {
      const media = globalThis.matchMedia?.(`(resolution: ${globalThis.devicePixelRatio || 1}dppx)`);
      media?.addEventListener("change", () => [measure(), follow()], { once: true, signal: stop.signal });
    };
    follow();
    this.undo.push(
      () => observer.disconnect(),
      () => clearTimeout(hidden),
      () => stop.abort(),
    );
  }

  private frame(dirty: number, time: number): void {
    if (!this.view.ready) return;
    this.view.advance(time);
    if (dirty & (DATA | COLORS | VIEW)) {
      this.scene.prepare(dirty);
      if (dirty & COLORS) this.checkTheme();
      // Two short tasks instead of a long one: keys and wheel get in between.
      if (dirty & DATA && this.shown !== null && this.table.n >= MANY) {
        this.scheduler.invalidate(VIEW);
        return;
      }
      this.drawPoints();
    }
    this.drawOverlay(time);
    this.frames += 1;
    this.parts.root.dataset.frames = String(this.frames);
    this.announce();
  }

  private announce(): void {
    if (this.announced) return;
    this.announced = true;
    this.store.drawn();
  }

  private drawPoints(): void {
    this.stride = this.view.moving && this.fullMs > SLOW_MS ? strideFor(this.fullMs, SMOOTH_MS) : 1;
    const began = performance.now();
    this.shown = this.scene.frame(this.surface.dpr, this.stride);
    const drew = this.surface.draw(this.shown);
    const took = performance.now() - began;
    if (this.stride === 1) this.fullMs = took;
    this.view.heavy = took > HEAVY_MS;
    const { dataset } = this.parts.root;
    if (drew !== null) dataset.renderer = drew;
    dataset.ms = took.toFixed(1);
    dataset.points = String(Math.ceil(this.shown.list.count / this.stride));
  }

  /** Looks once more at the theme's colors and draws again if they came late. */
  private checkTheme(): void {
    clearTimeout(this.themeTimer);
    this.themeTimer = setTimeout(() => this.scene.stale && this.scheduler.invalidate(COLORS), THEME_LAG_MS);
  }

  private drawOverlay(time: number): void {
    if (this.shown === null) return;
    const { store } = this;
    const current = store.current.peek();
    const marked: Marked = {
      table: this.table,
      coloring: this.scene.coloring!,
      current,
      hover: store.hover.peek(),
      neighbors: current === null ? [] : store.neighborsOf.peek(),
      centers: this.centers.peek(),
      dark: store.dark.peek(),
      flash: this.flashes.at(time),
      ellipses: ellipsesOf(store),
      path: this.path,
    };
    this.surface.drawOverlay(this.shown, marked);
  }
}
