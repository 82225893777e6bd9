/** Multi-select as in a file manager, as a function of the click and where the last one was. */
import type { Store } from "../store/types";

export interface Modifiers {
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

/** Remembers the anchor: the card that a Shift-click counts from. */
export class Chooser {
  private anchor: number | null = null;
  /** where the last choice left the cursor: once it has gone on by itself, it is what counts */
  private left: number | null = null;

  constructor(private readonly store: Store) {}

  /** A click on the card of a row. */
  click(row: number, { shiftKey, ctrlKey, metaKey }: Modifiers): void {
    const { store } = this;
    const toggles = ctrlKey || metaKey;
    if (shiftKey) this.range(row, toggles);
    else if (toggles) {
      const chosen = store.selection.peek().mask[row] === 1;
      store.select([row], chosen ? "subtract" : "add");
      this.anchor = row;
    } else {
      store.select([row], "replace");
      this.anchor = row;
    }
    this.moveTo(row);
  }

  /** Shift with an arrow key: the range from the anchor to the new current row. */
  extendTo(row: number): void {
    this.range(row, false);
    this.moveTo(row);
  }

  all(): void {
    const { store } = this;
    store.select(store.visible.peek(), "replace");
    this.tell();
  }

  /** Cards under a rubber band. */
  box(rows: readonly number[], { shiftKey, ctrlKey, metaKey }: Modifiers): void {
    this.store.select(rows, shiftKey || ctrlKey || metaKey ? "add" : "replace");
    this.tell();
  }

  private moveTo(row: number): void {
    this.store.setCurrent(row);
    this.left = row;
    this.tell();
  }

  private range(row: number, add: boolean): void {
    const visible = this.store.visible.peek();
    const current = this.store.current.peek();
    if (this.anchor === null || current !== this.left) this.anchor = current ?? row;
    const from = visible.indexOf(this.anchor);
    const to = visible.indexOf(row);
    const [low, high] = from < 0 ? [to, to] : from < to ? [from, to] : [to, from];
    if (low < 0) return;
    this.store.select(visible.subarray(low, high + 1), add ? "add" : "replace");
  }

  private tell(): void {
    const { count } = this.store.selection.peek();
    this.store.say(`${count.toLocaleString("en-US")} selected.`);
  }
}
