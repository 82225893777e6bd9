/** What a view tells: sentences for the live region, toasts, and timers that end with the store. */
import { signal } from "@preact/signals";
import type { Toast } from "./types";

const MAX_TOASTS = 5;
const MAX_INFOS = 2;

export class Saying {
  readonly toasts = signal<Toast[]>([]);
  readonly announcement = signal("");
  private toastKey = 0;
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();

  say(sentence: string): void {
    // The same words twice in a row would not be read again.
    this.announcement.value = sentence === this.announcement.peek() ? `${sentence}\u00a0` : sentence;
  }

  toast(level: Toast["level"], message: string, hint = ""): void {
    const same = this.toasts.peek().find((toast) => toast.message === message && toast.hint === hint);
    if (same !== undefined) return;
    this.toastKey += 1;
    const key = this.toastKey;
    const shown = [...this.toasts.peek(), { key, level, message, hint }];
    // What only informs makes room first: an error must not be pushed out by good news.
    const isInfo = (toast: Toast) => toast.level === "info";
    while (shown.length > MAX_TOASTS || shown.filter(isInfo).length > MAX_INFOS)
      shown.splice(Math.max(0, shown.findIndex(isInfo)), 1);
    this.toasts.value = shown;
  }

  /** Takes back what no longer holds. */
  retract(message: string): void {
    const left = this.toasts.peek().filter((toast) => toast.message !== message);
    if (left.length < this.toasts.peek().length) this.toasts.value = left;
  }

  dismiss(key: number): void {
    this.toasts.value = this.toasts.peek().filter((toast) => toast.key !== key);
  }

  /** A timer that ends with the store. */
  later(call: () => void, ms: number): () => void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      call();
    }, ms);
    this.timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.timers.delete(timer);
    };
  }

  protected stopTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
