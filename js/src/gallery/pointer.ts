/** Pointer on the grid: clicks choose, dragging draws a rubber band. Touch scrolls, as everywhere. */
import type { Box } from "./window";

const THRESHOLD = 5;
const EDGE = 28;
const AUTO_SCROLL = 14;

export interface Band {
  box: Box;
  /** rows of the dragged-over cards */
  rows: Set<number>;
}

interface Wiring {
  scroller: HTMLElement;
  /** content coordinates of a place on the screen */
  toContent(x: number, y: number): { x: number; y: number };
  rowsIn(box: Box): number[];
  show(band: Band | null): void;
  done(rows: number[], event: PointerEvent): void;
}

export class RubberBand {
  private start: { x: number; y: number; clientX: number; clientY: number; id: number } | null = null;
  private last: PointerEvent | null = null;
  private dragging = false;
  private frame = 0;
  private readonly stop = new AbortController();
  /** true right after a drag: the click that the browser sends then means nothing */
  swallowClick = false;

  constructor(private readonly wiring: Wiring) {
    const { scroller } = wiring;
    const options = { signal: this.stop.signal };
    scroller.addEventListener("pointerdown", (event) => this.down(event), options);
    scroller.addEventListener("pointermove", (event) => this.move(event), options);
    scroller.addEventListener("pointerup", (event) => this.up(event), options);
    scroller.addEventListener("pointercancel", () => this.cancel(), options);
  }

  /** Escape while dragging; false when nothing was dragged. */
  cancel(): boolean {
    const was = this.dragging;
    this.start = null;
    this.dragging = false;
    cancelAnimationFrame(this.frame);
    if (was) this.wiring.show(null);
    return was;
  }

  dispose(): void {
    this.cancel();
    this.stop.abort();
  }

  private down(event: PointerEvent): void {
    this.swallowClick = false;
    if (event.button !== 0 || event.pointerType === "touch") return;
    const { scroller } = this.wiring;
    const box = scroller.getBoundingClientRect();
    if (event.clientX - box.left > scroller.clientWidth) return;
    if (event.target instanceof Element && event.target.closest("button")) return;
    const { x, y } = this.wiring.toContent(event.clientX, event.clientY);
    this.start = { x, y, clientX: event.clientX, clientY: event.clientY, id: event.pointerId };
  }

  private move(event: PointerEvent): void {
    const { start } = this;
    if (start === null || event.pointerId !== start.id) return;
    this.last = event;
    if (!this.dragging) {
      if (Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < THRESHOLD) return;
      this.dragging = true;
      this.wiring.scroller.setPointerCapture?.(event.pointerId);
      this.follow();
    }
    this.draw(event);
  }

  private draw(event: PointerEvent): void {
    const box = this.boxTo(event);
    this.wiring.show({ box, rows: new Set(this.wiring.rowsIn(box)) });
  }

  private boxTo(event: PointerEvent): Box {
    const { x, y } = this.wiring.toContent(event.clientX, event.clientY);
    return { x0: this.start!.x, y0: this.start!.y, x1: x, y1: y };
  }

  /** At the upper and lower edge the grid scrolls along. */
  private follow(): void {
    const step = (): void => {
      if (!this.dragging || this.last === null) return;
      const { scroller } = this.wiring;
      const { top, bottom } = scroller.getBoundingClientRect();
      const by =
        this.last.clientY < top + EDGE ? -AUTO_SCROLL : this.last.clientY > bottom - EDGE ? AUTO_SCROLL : 0;
      if (by !== 0) {
        const before = scroller.scrollTop;
        scroller.scrollTop += by;
        if (scroller.scrollTop !== before) this.draw(this.last);
      }
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  private up(event: PointerEvent): void {
    const { start } = this;
    if (start === null || event.pointerId !== start.id) return;
    const rows = this.dragging ? this.wiring.rowsIn(this.boxTo(event)) : null;
    this.cancel();
    if (rows === null) return;
    this.swallowClick = true;
    this.wiring.done(rows, event);
  }
}
