/**
 * Keys pressed faster than the candidates come: a digit waits for those of its row, and what is pressed after it waits
 * its turn. So nothing is lost, and a digit never means one label now and another a moment later.
 */
import { effect } from "@preact/signals";
import type { Store } from "../store/types";
import type { Action } from "./keymap";

const MOST = 50;

export class KeyLine {
  private waiting: Action[] = [];
  private readonly stop: () => void;

  constructor(
    private readonly store: Store,
    private readonly run: (action: Action) => void,
  ) {
    this.stop = effect(() => {
      store.keyCodes.value;
      store.current.value;
      store.detail.value;
      store.mistakes.found.value;
      store.mistakes.sending.value;
      store.mistakes.problem.value;
      if (store.connection.value === "offline") this.drop();
      else if (this.waiting.length > 0) queueMicrotask(() => this.drain());
    });
  }

  take(action: Action): void {
    if (this.waiting.length === 0 && this.ready(action)) this.run(action);
    else if (action.do === "clear") this.drop();
    else if (this.waiting.length < MOST) {
      this.waiting.push(action);
      if (this.waiting.length === 1) this.store.say("Waits for the candidates of this row.");
    }
  }

  dispose(): void {
    this.stop();
    this.waiting = [];
  }

  private ready(action: Action): boolean {
    const { keyCodes, current, classes, connection, task, detail } = this.store;
    const judging = action.do === "digit" || action.do === "accept" || action.do === "settle";
    if (judging && this.store.mistakes.on.peek()) return this.store.mistakes.ready();
    if (action.do !== "digit" && action.do !== "refuse") return true;
    if (task.peek() === "regression" || connection.peek() === "offline" || current.peek() === null)
      return true;
    // Digits of tags mean the chips of the row, which come with its details.
    if (task.peek() === "multilabel") return detail.peek()?.row === current.peek();
    if (keyCodes.peek().length > 0) return true;
    return current.peek() === null || classes.peek().length === 0 || connection.peek() === "offline";
  }

  private drain(): void {
    while (this.waiting.length > 0 && this.ready(this.waiting[0]!)) this.run(this.waiting.shift()!);
  }

  private drop(): void {
    const dropped = this.waiting.length;
    if (dropped === 0) return;
    this.waiting = [];
    this.store.toast(
      "warning",
      `${dropped} ${dropped === 1 ? "key that waited for candidates was" : "keys that waited for candidates were"} dropped.`,
      "These rows are not decided.",
    );
  }
}
