/** Tags of a row as chips: what it has, what it probably lacks, what it probably has wrongly. */
import type { Concept, Detail, Held, TagChip } from "../../protocol";
import { CLASS_DIGITS } from "../../store/digits";
import type { Store } from "../../store/types";
import { isHidden } from "../inspector/selection";

/** solid: has it; ghost: probably lacks it; struck: probably has it wrongly; dropped: was given, is not there now. */
export type Mark = "solid" | "ghost" | "struck" | "dropped" | "unknown" | "off";

export interface ChipView {
  tag: string;
  mark: Mark;
  /** how probable the suggestion is; null where there is none to show */
  share: number | null;
}

/** Of what nobody suggests, this much is still worth a chip. */
const MAYBE = 0.1;
const SURE = 0.5;
const DIGITS = 9;

export function markOf(chip: TagChip, current: Held, suggested: ReadonlySet<string> | null): Mark {
  const { tag, missing, spurious } = chip;
  if (current === 1) {
    const out = suggested === null ? spurious >= SURE : !suggested.has(tag);
    // Nothing is left of the suspicion once somebody decided about the tag.
    return spurious > 0 && out ? "struck" : "solid";
  }
  const into = suggested === null ? missing >= SURE : suggested.has(tag);
  if (missing > 0 && into) return "ghost";
  if (chip.given === 1) return "dropped";
  return current === -1 ? "unknown" : "off";
}

/** Chips in the order of the kernel: given ones, then the others by how probably they are missing. */
export function chipViews(
  chips: readonly TagChip[],
  suggested: ReadonlySet<string> | null,
  heldNow: (tag: string) => Held | undefined,
): ChipView[] {
  return chips.map((chip) => {
    const mark = markOf(chip, heldNow(chip.tag) ?? chip.current, suggested);
    const share =
      mark === "struck" ? chip.spurious : mark === "solid" || mark === "dropped" ? null : chip.missing;
    return { tag: chip.tag, mark, share };
  });
}

/** An attribute as a chip: suspected where it is there, it is probably wrong, else probably missing. */
export function conceptChip({ name, given, current, suspicion }: Concept): TagChip {
  const has = current === 1;
  return {
    tag: name,
    given,
    current,
    probability: null,
    missing: has ? 0 : suspicion,
    spurious: has ? suspicion : 0,
  };
}

/** Keeps the order of before, so that a digit never means another tag after a decision; new ones follow. */
export function keptOrder(before: readonly string[] | undefined, views: readonly ChipView[]): ChipView[] {
  if (before === undefined) return [...views];
  const place = new Map(before.map((tag, k) => [tag, k]));
  const at = (view: ChipView, k: number): number => place.get(view.tag) ?? before.length + k;
  return views
    .map((view, k) => ({ view, at: at(view, k) }))
    .sort((a, b) => a.at - b.at)
    .map(({ view }) => view);
}

export interface RowChips {
  views: ChipView[];
  /** place of the first chip among the digits */
  first: number;
}

const NONE: RowChips = { views: [], first: 0 };
const orders = new WeakMap<Store, Map<number, string[]>>();
const KEPT = 300;

function remembered(store: Store, row: number, views: ChipView[]): ChipView[] {
  let known = orders.get(store);
  if (known === undefined) {
    known = new Map();
    orders.set(store, known);
  }
  const ordered = keptOrder(known.get(row), views);
  if (known.size > KEPT) known.delete(known.keys().next().value!);
  known.set(
    row,
    ordered.map(({ tag }) => tag),
  );
  return ordered;
}

function heldBy(store: Store, row: number): (tag: string) => Held | undefined {
  store.version.value;
  const held = store.tagsOf(row);
  const names = store.tags.value;
  const place = new Map(names.map((name, column) => [name, column]));
  return (tag) => held[place.get(tag) ?? -1] as Held | undefined;
}

function setChips(store: Store, row: number, detail: Detail): ChipView[] {
  const heldNow = heldBy(store, row);
  const chips = [...(detail.chips ?? [])];
  const known = new Set(chips.map(({ tag }) => tag));
  for (const tag of store.tags.value)
    if (!known.has(tag) && heldNow(tag) === 1)
      chips.push({ tag, given: 0, current: 1, probability: null, missing: 0, spurious: 0 });
  return chipViews(chips, store.tagsIn(detail.suggested), heldNow);
}

/** The chips of a row, in the order of their digits; empty while they are on their way. */
export function rowChips(store: Store, row: number): RowChips {
  const detail = store.detail.value;
  if (detail === null || detail.row !== row) return NONE;
  if (store.task.value === "multilabel") {
    // What was shown once stays, so that refusing one does not move the digits of the others.
    const before = new Set(orders.get(store)?.get(row) ?? []);
    const shown = setChips(store, row, detail).filter(
      ({ tag, mark, share }) =>
        before.has(tag) || (mark !== "off" && mark !== "unknown") || (share ?? 0) >= MAYBE,
    );
    return { views: remembered(store, row, shown), first: 0 };
  }
  if (store.task.value !== "concepts") return NONE;
  const all = detail.concepts ?? [];
  const wanted = all.some(({ suggested }) => suggested == null)
    ? null
    : new Set(all.filter(({ suggested }) => suggested === 1).map(({ name }) => name));
  const views = chipViews(all.map(conceptChip), wanted, heldBy(store, row));
  const hidden = isHidden(store, row);
  const loud = (view: ChipView): number => (view.mark === "ghost" || view.mark === "struck" ? 0 : 1);
  const sorted = [...views].sort(
    (a, b) => loud(a) - loud(b) || (loud(a) === 0 ? (b.share ?? 0) - (a.share ?? 0) : 0),
  );
  // Before the answer there is no order worth remembering.
  return { views: hidden ? sorted : remembered(store, row, sorted), first: CLASS_DIGITS };
}

/** Digit of a chip; 0 for those beyond. */
export function digitOf(place: number, first: number): number {
  return place + first < DIGITS ? place + first + 1 : 0;
}

export function isSuggestion({ mark }: ChipView): boolean {
  return mark === "ghost" || mark === "struck";
}

/** What accepting everything would do. */
export function changesOf(views: readonly ChipView[]): { added: string[]; removed: string[] } {
  const named = (mark: Mark) => views.filter((view) => view.mark === mark).map(({ tag }) => tag);
  return { added: named("ghost"), removed: named("struck") };
}

/** "+ fear, − joy", or how many. */
export function changesText(views: readonly ChipView[]): string {
  const { added, removed } = changesOf(views);
  const all = [...added.map((tag) => `+ ${tag}`), ...removed.map((tag) => `− ${tag}`)];
  return all.length > 2 ? `${all.length} changes` : all.join(", ");
}
