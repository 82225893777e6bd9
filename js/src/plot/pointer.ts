/** Mouse, pen and touch on the stage: hover, click, lasso, box, pan, pinch, wheel. */
import type { Combine } from "../store/types";
import type { PlotController } from "./controller";
import { boxPath } from "./lasso";

/** Moving less than this (CSS pixels) is a click. */
const CLICK = 4;
const HOVER_RADIUS = 14;
const CLICK_RADIUS = 12;
/** Lasso corners closer than this are left out. */
const LASSO_STEP = 2;

type Kind = "lasso" | "box" | "pan";
interface Gesture {
  kind: Kind;
  pointer: number;
  start: [number, number];
  last: [number, number];
  path: number[];
  modifiers: Combine;
  far: boolean;
}

const combine = (event: { shiftKey: boolean; altKey: boolean }): Combine =>
  event.altKey ? "subtract" : event.shiftKey ? "add" : "replace";

export class Pointers {
  /** Space is held over the plot: dragging pans */
  spaceHeld = false;
  /** a drag happened while Space was held */
  spaceUsed = false;
  inside = false;
  private gesture: Gesture | null = null;
  private readonly touches = new Map<number, [number, number]>();
  private readonly stop = new AbortController();

  constructor(
    private readonly plot: PlotController,
    /** the wheel was turned over the plot without focus: the page scrolls, the plot says why */
    private readonly onUnfocusedWheel: () => void,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      passive = true,
    ): void => plot.stage.addEventListener(type, listener, { signal: this.stop.signal, passive });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.cancel(event.pointerId));
    on("pointerleave", () => this.leave());
    on("dblclick", (event) => this.doubleClick(event));
    on("wheel", (event) => this.wheel(event), false);
    // The middle button would start the browser's own scrolling.
    on("mousedown", (event) => event.button === 1 && event.preventDefault(), false);
  }

  /** True while a lasso or box was running and is now given up. */
  abandon(): boolean {
    if (this.gesture === null) return false;
    this.end();
    return true;
  }

  dispose(): void {
    this.stop.abort();
    this.touches.clear();
  }

  private at(event: MouseEvent): [number, number] {
    const box = this.plot.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private get focused(): boolean {
    const root = this.plot.stage.getRootNode() as Document | ShadowRoot;
    return root.activeElement === this.plot.stage;
  }

  private down(event: PointerEvent): void {
    if (event.button > 1) return;
    const at = this.at(event);
    const { stage, store } = this.plot;
    // Focus by pointer shows a hairline, focus by keyboard the full ring.
    stage.dataset.pointer = "";
    stage.focus({ preventScroll: true });
    this.touches.set(event.pointerId, at);
    this.plot.showHover(null);
    if (this.touches.size > 1) {
      this.end();
      return;
    }
    try {
      stage.setPointerCapture(event.pointerId);
    } catch {
      // Pointers made by scripts cannot be captured; the gesture works inside of the stage all the same.
    }
    const tool = store.tool.peek();
    const kind: Kind = event.button === 1 || this.spaceHeld ? "pan" : tool;
    if (this.spaceHeld) this.spaceUsed = true;
    const modifiers = combine(event);
    this.gesture = {
      kind,
      pointer: event.pointerId,
      start: at,
      last: at,
      path: [...at],
      modifiers,
      far: false,
    };
  }

  private move(event: PointerEvent): void {
    const at = this.at(event);
    this.inside = true;
    if (this.touches.size === 2 && this.touches.has(event.pointerId)) {
      this.pinch(event.pointerId, at);
      return;
    }
    if (this.touches.has(event.pointerId)) this.touches.set(event.pointerId, at);
    const gesture = this.gesture;
    if (gesture === null) {
      if (event.pointerType !== "touch" && event.buttons === 0)
        this.plot.showHover(this.plot.nearest(at[0], at[1], HOVER_RADIUS));
      return;
    }
    if (gesture.pointer !== event.pointerId) return;
    if (!gesture.far && Math.hypot(at[0] - gesture.start[0], at[1] - gesture.start[1]) < CLICK) return;
    gesture.far = true;
    if (gesture.kind === "pan") {
      this.plot.stage.dataset.cursor = "panning";
      this.plot.view.pan(at[0] - gesture.last[0], at[1] - gesture.last[1]);
      gesture.last = at;
    } else if (gesture.kind === "box") {
      gesture.path = boxPath(...gesture.start, ...at);
      this.plot.drawPath(gesture.path);
    } else {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const one of events.length > 0 ? events : [event]) this.corner(gesture, this.at(one));
      this.plot.drawPath(gesture.path);
    }
  }

  private corner(gesture: Gesture, at: [number, number]): void {
    if (Math.hypot(at[0] - gesture.last[0], at[1] - gesture.last[1]) < LASSO_STEP) return;
    gesture.path.push(...at);
    gesture.last = at;
  }

  private up(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    const gesture = this.gesture;
    if (gesture === null || gesture.pointer !== event.pointerId) return;
    const at = this.at(event);
    this.end();
    // A modifier counts when it was held at either end of the gesture.
    const how = gesture.modifiers === "replace" ? combine(event) : gesture.modifiers;
    if (!gesture.far) {
      if (event.button === 0) this.click(at, how);
    } else if (gesture.kind !== "pan") {
      if (gesture.kind === "lasso") this.corner(gesture, at);
      this.plot.selectPath(gesture.path, how);
    }
  }

  private click(at: [number, number], how: Combine): void {
    const { store } = this.plot;
    const row = this.plot.nearest(at[0], at[1], CLICK_RADIUS);
    if (row === null) {
      if (how === "replace" && store.selection.peek().count > 0) store.clearSelection();
      return;
    }
    const chosen = store.selection.peek().mask[row] === 1;
    // Shift toggles, Alt only takes away.
    const turn: Combine = how === "add" && chosen ? "subtract" : how;
    store.select([row], turn);
    if (turn !== "subtract") store.setCurrent(row);
  }

  private doubleClick(event: MouseEvent): void {
    const { view } = this.plot;
    if (view.fitted.peek()) view.zoom(2.5, this.at(event), true);
    else view.fit();
  }

  private wheel(event: WheelEvent): void {
    if (!this.focused) {
      if (!event.ctrlKey) this.onUnfocusedWheel();
      return;
    }
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 120 : 1;
    // A pinch on a touchpad comes as Ctrl+wheel with small steps.
    const speed = event.ctrlKey ? 0.012 : 0.0022;
    const turn = Math.max(-240, Math.min(240, event.deltaY * lines));
    this.plot.showHover(null);
    this.plot.view.zoom(Math.exp(-turn * speed), this.at(event));
  }

  private pinch(pointer: number, at: [number, number]): void {
    const other = [...this.touches].find(([id]) => id !== pointer)?.[1];
    const before = this.touches.get(pointer);
    if (other === undefined || before === undefined) return;
    const middle = (p: [number, number]): [number, number] => [(p[0] + other[0]) / 2, (p[1] + other[1]) / 2];
    const apart = (p: [number, number]): number => Math.max(8, Math.hypot(p[0] - other[0], p[1] - other[1]));
    const from = middle(before);
    const to = middle(at);
    this.touches.set(pointer, at);
    this.plot.view.pan(to[0] - from[0], to[1] - from[1]);
    this.plot.view.zoom(apart(at) / apart(before), to);
  }

  private cancel(pointer: number): void {
    this.touches.delete(pointer);
    this.end();
  }

  private leave(): void {
    this.inside = false;
    if (this.gesture === null) this.plot.showHover(null);
  }

  private end(): void {
    this.gesture = null;
    delete this.plot.stage.dataset.cursor;
    this.plot.drawPath(null);
  }
}
