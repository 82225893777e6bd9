import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import type { Store } from "../../store/types";
import { relabelRows } from "../bulk/preview";
import { type Effect, effectOf, rowsOf } from "../inspector/selection";
import { completed, matches, newClass, type Option } from "./match";

/** What is typed, what fits, and which line is active. */
export interface Typing {
  typed: Signal<string>;
  active: Signal<number>;
  scroll: Signal<number>;
  /** the arrows were used since something was typed */
  moved: Signal<boolean>;
  options: ReadonlySignal<Option[]>;
  problem: ReadonlySignal<string | null>;
}

export function useTyping(store: Store, row: number | null): Typing {
  const typed = useSignal("");
  const active = useSignal(0);
  const scroll = useSignal(0);
  const moved = useSignal(false);
  const added = useComputed(() => newClass(store.classes.value, store.classNames.value, typed.value));
  const unlikely = useComputed(() => {
    const detail = store.detail.value;
    const sure = row !== null && detail?.row === row ? (detail.surely_not ?? []) : [];
    return new Set(sure.map(({ code }) => code));
  });
  const options = useComputed(() => {
    const found = matches(
      store.classNames.value,
      store.keyCodes.value,
      typed.value,
      unlikely.value,
      store.task.value === "classification" ? store.meta.value.taxonomy : undefined,
    );
    const extra = added.value;
    return extra && "value" in extra
      ? [...found, { code: null, name: typed.value.trim(), digit: 0, value: extra.value }]
      : found;
  });
  const problem = useComputed(() => (added.value && "problem" in added.value ? added.value.problem : null));
  return { typed, active, scroll, moved, options, problem };
}

/** Digits type text where class names have digits in front; elsewhere they pick. */
export function digitsPick(store: Store, { typed }: Typing): boolean {
  return typed.value === "" && !store.classNames.value.some((name) => /^\d/.test(name));
}

/** Arrow keys, Tab and digits of the text field; true when the key was one of them. */
export function typingKey(
  store: Store,
  typing: Typing,
  event: KeyboardEvent,
  pick: (option: Option) => void,
): boolean {
  const { active, options, typed, moved } = typing;
  const last = options.peek().length - 1;
  const steps: Record<string, () => number> = {
    ArrowDown: () => (active.peek() >= last ? 0 : active.peek() + 1),
    ArrowUp: () => (active.peek() <= 0 ? Math.max(0, last) : active.peek() - 1),
    PageDown: () => Math.min(last, active.peek() + 8),
    PageUp: () => Math.max(0, active.peek() - 8),
  };
  if (event.isComposing) return false;
  if (Object.hasOwn(steps, event.key)) {
    active.value = steps[event.key]!();
    moved.value = true;
  } else if (event.key === "Tab" && !event.shiftKey) {
    const longer = completed(store.classNames.peek(), typed.peek());
    if (longer === typed.peek()) return false;
    type(typing, longer);
  } else if (/^[1-9]$/.test(event.key) && digitsPick(store, typing)) {
    const option = options.peek().find((found) => found.digit === Number(event.key));
    if (!option) return false;
    pick(option);
  } else return false;
  event.preventDefault();
  return true;
}

export function type(typing: Typing, text: string): void {
  typing.typed.value = text;
  typing.active.value = 0;
  typing.scroll.value = 0;
  typing.moved.value = false;
}

export interface PaletteState extends Typing {
  store: Store;
  /** the new class that is to be confirmed */
  asking: Signal<Option | null>;
  targets: ReadonlySignal<Uint32Array>;
  effect: ReadonlySignal<Effect | null>;
}

export function usePalette(store: Store, scope: "current" | "selection"): PaletteState {
  const asking = useSignal<Option | null>(null);
  const targets = useComputed(() => {
    const { mask, count } = store.selection.value;
    if (scope === "selection" && count > 0) return rowsOf(mask, count);
    const row = store.current.value;
    return row === null ? new Uint32Array() : Uint32Array.of(row);
  });
  const typing = useTyping(store, targets.value.length === 1 ? targets.value[0]! : null);
  const effect = useComputed(() => {
    store.version.value;
    const option = asking.value ?? typing.options.value[typing.active.value];
    return option ? effectOf(store.table.value, targets.value, option.code) : null;
  });
  return { ...typing, store, asking, targets, effect };
}

export function apply({ store, targets }: PaletteState, option: Option): void {
  const rows = [...targets.peek()];
  store.palette.value = null;
  if (rows.length === 0) return;
  if (option.code === null) store.relabel(option.value ?? option.name, rows, true);
  else relabelRows(store, option.code, rows);
}

export function choose(state: PaletteState, option: Option | undefined): void {
  if (!option) return;
  if (option.code === null) state.asking.value = option;
  else apply(state, option);
}
