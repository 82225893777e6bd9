/** How long somebody looked at a page: breaks and hidden tabs are taken out, and told apart. */

/** Without a key or a pointer for longer than this, nobody is there. */
export const IDLE_MS = 60_000;

export class PageClock {
  private active = 0;
  private idle = 0;
  private hidden = false;

  constructor(
    private last: number,
    private readonly limit = IDLE_MS,
  ) {}

  /** Somebody is there: a key, a pointer, the wheel. */
  touch(now: number): void {
    const gap = Math.max(0, now - this.last);
    const spent = this.hidden ? 0 : Math.min(gap, this.limit);
    this.active += spent;
    this.idle += gap - spent;
    this.last = Math.max(this.last, now);
  }

  /** The tab went out of sight, or came back. */
  show(shown: boolean, now: number): void {
    this.touch(now);
    this.hidden = !shown;
  }

  /** Seconds up to now. */
  read(now: number): { seconds: number; idle: number } {
    this.touch(now);
    return { seconds: this.active / 1000, idle: this.idle / 1000 };
  }
}

const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel", "scroll"] as const;

/** Keeps a clock going by what happens in an element and to the tab; returns what stops it. */
export function watch(element: HTMLElement, clock: () => PageClock | undefined): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  for (const sign of SIGNS)
    element.addEventListener(sign, () => clock()?.touch(performance.now()), {
      signal,
      capture: true,
      passive: true,
    });
  document.addEventListener(
    "visibilitychange",
    () => clock()?.show(document.visibilityState !== "hidden", performance.now()),
    { signal },
  );
  return () => stop.abort();
}
