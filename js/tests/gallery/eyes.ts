/** What is in the viewport and for how long, said by the test: there is no layout here. */
import { act } from "preact/test-utils";
import { vi } from "vitest";
import { LOOK_MS } from "../../src/gallery/seen";
import { settle } from "../store/fake";

type Box = { width: number; height: number };

const CARD: Box = { width: 120, height: 130 };

export interface Eyes {
  /** these cards are in view, and no others */
  see(...rows: number[]): Promise<void>;
  /** so much of a card is in view */
  glimpse(row: number, part: Partial<Box>): Promise<void>;
  /** long enough for what is in view to count; no time passes otherwise */
  rest(looks?: number): Promise<void>;
}

/** All cards are in view until the test says otherwise. */
export function openEyes(all = true): Eyes {
  const parts = new Map<number, Box>();
  let open = all;
  const observers = new Set<Fake>();
  class Fake {
    private readonly targets = new Set<Element>();
    constructor(private readonly tell: (entries: unknown[]) => void) {
      observers.add(this);
    }
    observe(target: Element): void {
      this.targets.add(target);
      queueMicrotask(() => this.targets.has(target) && this.tell([entryOf(target)]));
    }
    unobserve(target: Element): void {
      this.targets.delete(target);
    }
    disconnect(): void {
      this.targets.clear();
    }
    report(): void {
      this.tell([...this.targets].map(entryOf));
    }
  }
  const entryOf = (target: Element) => ({
    target,
    boundingClientRect: CARD,
    intersectionRect: open
      ? CARD
      : (parts.get(Number((target as HTMLElement).dataset.row)) ?? { width: 0, height: 0 }),
  });
  vi.stubGlobal("IntersectionObserver", Fake);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(400);
  const later = globalThis.setTimeout;
  let looks: (() => void)[] = [];
  vi.stubGlobal("setTimeout", (run: () => void, ms?: number) =>
    ms === LOOK_MS ? looks.push(run) : later(run, ms),
  );
  const report = (): Promise<void> =>
    act(async () => {
      for (const one of observers) one.report();
      await settle(5);
    }) as Promise<void>;
  return {
    see: (...rows) => {
      open = false;
      parts.clear();
      for (const row of rows) parts.set(row, CARD);
      return report();
    },
    glimpse: (row, part) => {
      open = false;
      parts.set(row, { ...CARD, ...part });
      return report();
    },
    rest: (times = 2) =>
      act(async () => {
        for (let look = 0; look < times; look++) {
          const due = looks;
          looks = [];
          for (const run of due) run();
          await settle(2);
        }
      }) as Promise<void>,
  };
}
