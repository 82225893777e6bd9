/** Frames on demand: nothing runs while nothing changes. */

export const DATA = 1;
export const COLORS = 2;
export const VIEW = 4;
export const OVERLAY = 8;

export class Scheduler {
  private request = 0;
  private dirty = 0;

  /** `frame` gets what changed since the last one */
  constructor(private readonly frame: (dirty: number, time: number) => void) {}

  invalidate(what: number): void {
    this.dirty |= what;
    if (this.request === 0) this.request = requestAnimationFrame(this.run);
  }

  stop(): void {
    cancelAnimationFrame(this.request);
    this.request = -1;
  }

  private readonly run = (time: number): void => {
    this.request = 0;
    const dirty = this.dirty;
    this.dirty = 0;
    this.frame(dirty, time);
  };
}

export function prefersStillness(): boolean {
  return globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
