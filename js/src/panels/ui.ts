/** What is open in the panels of a store. It lives in this page only; keys and buttons both set it. */
import { type Signal, signal } from "@preact/signals";
import type { Check, CheckState, Fix, Side, SimilarFixes } from "../protocol";
import type { Store } from "../store/types";

/** A change of many rows that is asked before it is made. */
export type Edit =
  | { kind: "tag"; tag: string; value: 0 | 1 }
  | { kind: "number"; value: number }
  | { kind: "fix"; row: number; fix: Fix; changes: SimilarFixes["changes"] };

export interface Cut {
  tag: string;
  side: Side;
  threshold: number;
}

export type Sheet =
  /** one label for many rows */
  | { kind: "preview"; rows: number[]; code: number }
  | { kind: "many"; rows: number[]; edit: Edit }
  /** the box in which tags are typed */
  | { kind: "tags" }
  | { kind: "tag-check"; cut: Cut; n: number }
  | { kind: "several"; row: number }
  | { kind: "severity" }
  /** a change of many rows that a method proposes */
  | { kind: "plan"; plan: string }
  | { kind: "check"; given: number; suggested: number };

/** A check of a cell that goes on: rows drawn at random are looked at like any others. */
export interface Run {
  check: Check;
  given: number;
  suggested: number;
  /** the tag that is checked, instead of a cell; and the rows that were answered */
  tag?: Cut;
  done?: ReadonlySet<number>;
  /** what the kernel said last */
  state: CheckState | null;
}

export interface Ui {
  readonly sheet: Signal<Sheet | null>;
  readonly run: Signal<Run | null>;
  /** the popover with the query box */
  readonly filters: Signal<boolean>;
  /** cell of the matrix that a check is offered for: the chosen one, or the one that was walked to */
  readonly cell: Signal<{ given: number; suggested: number } | null>;
  /** where the gate is being moved to, until the kernel has set it */
  readonly gateAt: Signal<number | null>;
  /** the tag whose cuts are shown */
  readonly tag: Signal<string | null>;
  /** the reports at the side are open */
  readonly reports: Signal<boolean>;
}

const kept = new WeakMap<Store, Ui>();

export function uiOf(store: Store): Ui {
  let ui = kept.get(store);
  if (ui === undefined) {
    ui = {
      sheet: signal(null),
      run: signal(null),
      filters: signal(false),
      cell: signal(null),
      gateAt: signal(null),
      tag: signal(null),
      reports: signal(false),
    };
    kept.set(store, ui);
  }
  return ui;
}

/** Under an open dialog rows must not change. */
export function dialogOpen(store: Store): boolean {
  return store.helpOpen.peek() || store.palette.peek() !== null || uiOf(store).sheet.peek() !== null;
}
