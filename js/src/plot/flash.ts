/** Rows that just moved light up for a moment. */
import { prefersStillness } from "./scheduler";

export const FLASH_MS = 1400;
/** More rings than this say nothing. */
const MOST = 200;

export interface Flash {
  rows: readonly number[];
  /** 0 = just begun, 1 = over */
  age: number;
}

export class Flashes {
  private rows: readonly number[] = [];
  private began = 0;

  constructor(private readonly again: () => void) {}

  start(rows: ReadonlySet<number>, now: number): void {
    if (rows.size === 0 || prefersStillness()) return;
    this.rows = [...rows].slice(0, MOST);
    this.began = now;
    this.again();
  }

  /** What to draw now; asks for the next frame while anything is left. */
  at(now: number): Flash | null {
    if (this.rows.length === 0) return null;
    const age = (now - this.began) / FLASH_MS;
    if (age >= 1) {
      this.rows = [];
      return null;
    }
    this.again();
    return { rows: this.rows, age: Math.max(0, age) };
  }
}
