/** Keeps the picture of one plot in step with the store: watches signals, asks for frames, draws them. */
import { effect, signal } from "@preact/signals";
import type { Combine, Store, Table } from "../store/types";
import { boundsOf, toScreen, UNIT } from "./camera";
import { buildDrawList, buildLut, type DrawList, type Lut } from "./drawlist";
import { readInks } from "./inks";
import { polygonMask, rowsInArea } from "./lasso";
import { type Inks, type Look, lookFor } from "./look";
import { nearest } from "./nearest";
import { COLORS, DATA, OVERLAY, Scheduler, VIEW } from "./scheduler";
import { Surface } from "./surface";
import { View } from "./view";

/** A full frame slower than this is replaced by a sample of the points while the view moves. */
const SLOW_MS = 70;
/** Aim of such a sampled frame. */
const SMOOTH_MS = 45;
/** The theme may reach the page's styles a moment after the signal. */
const THEME_LAG_MS = 80;
/** A plot that has no size by then (in a folded tab) does not keep the widget from being ready. */
const HIDDEN_MS = 400;

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
  private path: readonly number[] | null = null;
  private measured: Uint16Array | null = null;
  private list: DrawList = { words: new Uint32Array(0), count: -1, rings: 0 };
  private lut: Lut | null = null;
  private inks: Inks | null = null;
  private frames = 0;
  private announced = false;
  private stride = 1;
  private fullMs = 0;
  private themeTimer: ReturnType<typeof setTimeout> | undefined;
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
    this.watchStore();
    this.watchSize();
  }

  get table(): Table {
    return this.store.table.peek();
  }

  /** The mask of rows that pass; all pass while the store is between two tables. */
  get passing(): Uint8Array {
    const mask = this.store.passing.peek();
    return mask.length === this.table.n ? mask : new Uint8Array(this.table.n).fill(1);
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
    if (x === null || y === null) return;
    const { mask, count } = rowsInArea(x, y, this.passing, this.view.camera, polygonMask(path));
    this.store.select(mask, how);
    this.store.say(`${count === 1 ? "1 row" : `${count.toLocaleString("en-US")} rows`} ${DONE[how]}.`);
  }

  dispose(): void {
    this.scheduler.stop();
    this.view.dispose();
    clearTimeout(this.themeTimer);
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
    watch(DATA, () => [store.table.value, store.version.value, store.selection.value, store.passing.value]);
    watch(DATA | COLORS, () => [
      store.colorBy.value,
      store.classes.value,
      store.dark.value,
      store.highContrast.value,
    ]);
    watch(OVERLAY, () => [store.hover.value, store.detail.value]);
    watch(VIEW, () => this.surface.choose(store.renderer.value));
    watch(OVERLAY, () => {
      const row = store.current.value;
      if (row !== null && !this.view.fitted.peek()) this.reveal(row);
    });
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
      this.prepare(dirty);
      this.drawPoints();
    }
    const frame = { ...this.settings(), colorBy: this.store.colorBy.peek() };
    this.surface.drawOverlay(frame, this.marked());
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
    this.stride = this.view.moving && this.fullMs > SLOW_MS ? Math.ceil(this.fullMs / SMOOTH_MS) : 1;
    const began = performance.now();
    const drew = this.surface.draw({ ...this.settings(), list: this.list, stride: this.stride });
    const took = performance.now() - began;
    if (this.stride === 1) this.fullMs = took;
    this.view.heavy = this.fullMs > SLOW_MS;
    const { dataset } = this.parts.root;
    if (drew !== null) dataset.renderer = drew;
    dataset.ms = took.toFixed(1);
  }

  private settings() {
    return {
      camera: this.view.camera,
      dpr: this.surface.dpr,
      inks: this.inks!,
      look: this.currentLook(),
      lut: this.lut!,
    };
  }

  /** Rebuilds what the frame is drawn from, as far as it is out of date. */
  private prepare(dirty: number): void {
    const { table, store } = this;
    if (table.x !== null && table.y !== null && this.measured !== table.x) {
      this.measured = table.x;
      this.view.setBounds(boundsOf(table.x, table.y));
    }
    const dark = store.dark.peek();
    const colorBy = store.colorBy.peek();
    const classes = store.classes.peek().length;
    this.inks = readInks(this.stage, dark, this.surface.context);
    if (dirty & COLORS || this.lut === null) {
      this.lut = buildLut(colorBy, classes, dark, this.inks.ink3);
      this.checkTheme();
    }
    if (dirty & DATA || this.list.count < 0) {
      const { mask } = store.selection.peek();
      const selected = mask.length === table.n ? mask : new Uint8Array(table.n);
      this.list = buildDrawList(table, { colorBy, classes, selected, passing: this.passing });
    }
  }

  /** Looks once more at the theme's colors and draws again if they came late. */
  private checkTheme(): void {
    const seen = JSON.stringify(this.inks);
    clearTimeout(this.themeTimer);
    this.themeTimer = setTimeout(() => {
      const now = readInks(this.stage, this.store.dark.peek(), this.surface.context);
      if (JSON.stringify(now) !== seen) this.scheduler.invalidate(COLORS);
    }, THEME_LAG_MS);
  }

  private currentLook(): Look {
    const { width, height } = this.view.camera;
    const { count, rings } = this.list;
    return lookFor({ points: count, rings, area: width * height, zoom: this.view.zoomed });
  }

  private marked() {
    const current = this.store.current.peek();
    const detail = this.store.detail.peek();
    const neighbors = detail !== null && detail.row === current ? detail.neighbors.map((one) => one.row) : [];
    return { table: this.table, current, hover: this.store.hover.peek(), neighbors, path: this.path };
  }
}
