/**
 * What may be seen of a row before its reader has answered. The one rule is here: views get rows from which the rest
 * is taken out already, so that none of them can give it away; they ask `veiled` for words only.
 */
import { computed, type ReadonlySignal } from "@preact/signals";
import type { Card, Detail, TagChip, Target } from "../protocol";
import type { Core } from "./core";
import type { ColumnData } from "./shapes";
import { type CodeArray, FLAGGED, type ShownCard, type Table, UNLABELLED, WIDE_NONE } from "./types";

/**
 * none: all is shown; hint: not the suggestion and the suspicion; labels: nor which label it was given or has now, nor
 * what was decided about it, and whether.
 */
export type Veil = "none" | "hint" | "labels";

/** Columns that say what methods think; the others are the user's own. */
const TOLD = /^:(?!reviewer$|cluster$)|^suggested target$|^P\(/;

function without(codes: CodeArray, veiled: Uint8Array): CodeArray {
  const none = codes instanceof Uint32Array ? WIDE_NONE : UNLABELLED;
  return codes.map((code, row) => (veiled[row] === 1 ? none : code)) as CodeArray;
}

/** The table as it may be seen; `veiled` says of which rows something is left out. */
export function seenTable(table: Table, veil: Veil): Table {
  const { n, state, pending, given, current, suggested } = table;
  const veiled = new Uint8Array(n);
  for (let row = 0; row < n; row++)
    veiled[row] = veil === "labels" || state[row]! + pending[row]! === 0 ? 1 : 0;
  return {
    ...table,
    ...(veil === "labels"
      ? { given: without(given, veiled), current: without(current, veiled), state: new Uint8Array(n) }
      : {}),
    suggested: without(suggested, veiled),
    suspicion: table.suspicion.map((value, row) => (veiled[row] === 1 ? 0 : value)),
    flags: table.flags.map((value, row) => (veiled[row] === 1 ? value & ~FLAGGED : value)),
    veiled,
  };
}

/** Tags that the row has or had, without a word on whether that is right. */
function plainChips(chips: readonly TagChip[]): TagChip[] {
  return chips
    .filter(({ given, current }) => given === 1 || current === 1)
    .map((chip) => ({ ...chip, probability: null, missing: 0, spurious: 0 }));
}

function plainTarget(target: Target): Target {
  return { ...target, suggested: null, low: null, high: null, neighbors: [] };
}

/** What a row is, whatever its label: all else that the kernel says of it stays away, also what no one thought of here. */
function plainCard({ row, id, caption, text, record, duration, wave, broken, value }: Card): Card {
  const known = { row, id, caption, text, record, duration, wave, broken, value };
  return Object.fromEntries(
    Object.entries(known).filter(([, found]) => found !== undefined),
  ) as unknown as Card;
}

/** Names of files and folders often are names of classes. */
function nameless<T extends Card>(card: T, core: Core): T {
  const { media } = core.meta.peek();
  const isFile = media === "image" || media === "audio";
  return { ...card, id: String(card.row), ...(isFile ? { caption: "" } : {}) };
}

function seenCard(card: Card, veil: Veil, core: Core): Card {
  // Beside a class only doubted attributes are named.
  const ofSets = card.chips !== undefined && core.meta.peek().task === "multilabel";
  const plain = { ...plainCard(card), ...(ofSets ? { chips: plainChips(card.chips!) } : {}) };
  return veil === "labels" ? nameless(plain, core) : plain;
}

/** What others noted may name a label; one's own note stays. */
function ownNote({ history, note }: Detail, core: Core): string {
  const me = core.reviewer.peek();
  const isOwn = history.some(
    ({ kind, reviewer, data }) => kind === "noted" && reviewer === me && data.text === note,
  );
  return isOwn ? note : "";
}

function seenDetail(detail: Detail, veil: Veil, core: Core): Detail {
  const { chips, concepts, target, neighbors, note } = detail;
  const plain: Detail = {
    ...plainCard(detail),
    suspicion: 0,
    suggested: null,
    rank: 0,
    reasons: [],
    candidates: [],
    neighbors,
    scorers: [],
    history: [],
    note,
    ...(chips ? { chips: plainChips(chips) } : {}),
    ...(concepts ? { concepts: concepts.map((one) => ({ ...one, probability: null, suspicion: 0 })) } : {}),
    ...(target ? { target: plainTarget(target) } : {}),
  };
  if (veil !== "labels") return plain;
  const nearby = neighbors.map((near) => ({ ...near, code: -1 }));
  return nameless({ ...plain, neighbors: nearby, note: ownNote(detail, core) }, core);
}

export class Sight {
  /** the thickest veil in force; not all rows need be under it */
  readonly veil: ReadonlySignal<Veil>;
  readonly table: ReadonlySignal<Table>;
  /** what rows are filtered and ordered by: suspicion, where somebody asks for it, as long as labels are shown */
  readonly filtered: ReadonlySignal<Table>;
  readonly detail: ReadonlySignal<Detail | null>;
  readonly moved: ReadonlySignal<ReadonlySet<number>>;
  private readonly cards = new WeakMap<object, ReadonlySignal<ShownCard | null>>();
  private readonly columns = new WeakMap<object, ReadonlySignal<ColumnData | null>>();

  constructor(private readonly core: Core) {
    const { review } = core;
    this.veil = computed(() =>
      review.blind.value ? "labels" : review.reveal.value === "after_answer" ? "hint" : "none",
    );
    this.table = computed(() => {
      const table = core.table.value;
      if (this.veil.value === "none") return table;
      core.version.value;
      return seenTable(table, this.veil.value);
    });
    this.filtered = computed(() => {
      const { flags, suspicion } = core.table.value;
      return this.veil.value === "hint" ? { ...this.table.value, flags, suspicion } : this.table.value;
    });
    this.detail = computed(() => {
      const detail = core.detail.value;
      const veil = detail === null ? "none" : this.veiled(detail.row);
      return detail === null || veil === "none" ? detail : seenDetail(detail, veil, core);
    });
    this.moved = computed(() => {
      const moved = review.moved.value;
      return moved.size === 0 || this.veil.value === "none"
        ? moved
        : new Set([...moved].filter((row) => this.veiled(row) === "none"));
    });
  }

  veiled(row: number): Veil {
    if (this.veil.value !== "hint") return this.veil.value;
    this.core.version.value;
    const { state, pending } = this.core.table.value;
    return state[row] === 0 && pending[row] === 0 ? "hint" : "none";
  }

  card(row: number, found: ReadonlySignal<ShownCard | null>): ReadonlySignal<ShownCard | null> {
    if (this.veil.value === "none") return found;
    let seen = this.cards.get(found);
    if (seen === undefined) {
      seen = computed(() => {
        const shown = found.value;
        const veil = this.veiled(row);
        return shown === null || veil === "none"
          ? shown
          : { ...shown, card: seenCard(shown.card, veil, this.core) };
      });
      this.cards.set(found, seen);
    }
    return seen;
  }

  /** The user's frame holds the given labels as well; they go by no name of ours. */
  private isLabel({ info }: ColumnData): boolean {
    const names = new Set(this.core.classNames.peek());
    return this.veil.value === "labels" && info.categories?.every((one) => names.has(one)) === true;
  }

  column(name: string, found: ReadonlySignal<ColumnData | null>): ReadonlySignal<ColumnData | null> {
    if (this.veil.value === "none") return found;
    let seen = this.columns.get(found);
    if (seen === undefined) {
      seen = computed(() => {
        const data = found.value;
        const { veiled } = this.table.value;
        if (data === null || veiled === undefined || !(TOLD.test(name) || this.isLabel(data))) return data;
        return data.kind === "numeric"
          ? { ...data, values: data.values.map((value, row) => (veiled[row] === 1 ? Number.NaN : value)) }
          : { ...data, codes: data.codes.map((code, row) => (veiled[row] === 1 ? UNLABELLED : code)) };
      });
      this.columns.set(found, seen);
    }
    return seen;
  }
}
