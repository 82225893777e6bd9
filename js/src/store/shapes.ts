/** The part of the store about columns, rescoring, stopping, controls and checks. Actions toast their own errors. */
import type { ReadonlySignal, Signal } from "@preact/signals";
import type {
  Acceptance,
  Check,
  CheckState,
  ColumnInfo,
  Completion,
  Control,
  ControlAnswer,
  Detail,
  Gate,
  JournalEvent,
  LabelValue,
  LeftEstimate,
  PageControl,
  PlanPage,
  PlanState,
  Preview,
  Reveal,
  SavedFilter,
  Tags,
} from "../protocol";
import type { Veil } from "./sight";
import type { Table } from "./types";

export type { Veil } from "./sight";

/** Values of a column of all rows; NaN, or UNLABELLED (65535) among codes, is missing. */
export type ColumnData =
  | { info: ColumnInfo; kind: "numeric"; values: Float32Array | Float64Array }
  | { info: ColumnInfo; kind: "categorical"; codes: Uint16Array };

/** A range of a numeric column (ends included), or the codes of a categorical one that pass. */
export type ColumnFilter = { min: number; max: number } | ReadonlySet<number>;

export type Sort = "queue" | "suspicion" | "pair" | "similar";
export type Group = "none" | "suggested" | "given";

/** What became of a query: rows found, or what is wrong with it and where. */
export type QueryOutcome =
  | { ok: true; rows: number }
  | { ok: false; message: string; hint: string; position: number | null };

export interface Spectrogram {
  mime: string;
  url: string;
}

export interface PageAnswer {
  rows: readonly number[];
  /** rows that are wrong and the label each should have */
  wrong: ReadonlyMap<number, LabelValue>;
  mean: "suggested" | "given";
  seconds: number;
  idle?: number;
  token: string;
}

/** The plan, and the page that was opened; both null without one. */
export interface Planned {
  plan: PlanState | null;
  open: PlanPage | null;
}

export interface ReviewStore {
  /** columns of the user's frame and facts about rows, as far as the kernel told them */
  readonly columnInfos: ReadonlySignal<ColumnInfo[]>;
  /** asks for the values once; null until they are there, and for text columns. ":reviewer" is always there */
  columnOf(name: string): ReadonlySignal<ColumnData | null>;
  readonly canQuery: ReadonlySignal<boolean>;
  readonly savedFilters: ReadonlySignal<SavedFilter[]>;
  readonly gate: ReadonlySignal<Gate | null>;
  readonly estimate: ReadonlySignal<LeftEstimate | null>;
  readonly reveal: ReadonlySignal<Reveal>;
  /** rescore after each edit */
  readonly live: ReadonlySignal<boolean>;
  /** a rescore was asked for and its scores have not come */
  readonly rescoring: ReadonlySignal<boolean>;
  readonly controlRate: ReadonlySignal<number>;
  /** how many wrong suggestions were accepted among controls; null before the first */
  readonly acceptance: ReadonlySignal<Acceptance | null>;
  /** the last control that was answered, and the warning once somebody nods through; panels show both */
  readonly answered: ReadonlySignal<(ControlAnswer & { row: number }) | null>;
  readonly noticed: ReadonlySignal<string | null>;
  /** rows whose suspicion just moved; empty again after three seconds */
  readonly moved: ReadonlySignal<ReadonlySet<number>>;
  /** for the store itself: nothing in the page may look different because of it */
  readonly control: ReadonlySignal<Control | null>;
  /**
   * What is taken out of `table`, `detail`, `card` and the columns of methods before a reader has answered: nowhere
   * more than this, and of this row. Views need it for words and for nothing else.
   */
  readonly veil: ReadonlySignal<Veil>;
  veiled(row: number): Veil;
  /** the table with nothing taken out, for sums over all rows; never for a row of its own */
  readonly whole: ReadonlySignal<Table>;
  /** code to show as the suggestion of a row; UNLABELLED: none, or none to show yet */
  suggestedOf(row: number): number;
  readonly sort: Signal<Sort>;
  readonly group: Signal<Group>;
  /** the row that `sort: "similar"` compares with */
  readonly similarTo: ReadonlySignal<number | null>;
  /** by which a plan was withdrawn last, or came back */
  readonly planEvent: ReadonlySignal<JournalEvent | null>;
  /** a grid of cards on which untouched means agreed */
  readonly pageMode: Signal<boolean>;
  /** neighbors of the current row in feature space, nearest first */
  readonly neighborsOf: ReadonlySignal<(Detail["neighbors"][number] & { kind?: "pull" | "push" })[]>;

  /* actions; a promise that gives null has told why -------------------------------------------------------- */
  rescore(): void;
  setGate(at: number): void;
  setOptions(options: { controlRate?: number; reveal?: Reveal; live?: boolean }): void;
  check(given: LabelValue, suggested: LabelValue, precision: number): Promise<Check | null>;
  checkState(token: string): Promise<CheckState | null>;
  acceptRest(token: string): Promise<boolean>;
  preview(rows: number[], to: LabelValue): Promise<Preview | null>;
  pageControl(rows: number[], mean: "suggested" | "given"): Promise<PageControl | null>;
  /** false when the control of the page was passed over, or it could not be saved */
  pageDone(answer: PageAnswer): Promise<boolean>;
  /** where one is in the review plan, and a page of the plan `of`, by default the next one */
  plan(of: string, page: number | null): Promise<Planned | null>;
  takeSeat(plan: string, reviewer: string): Promise<boolean>;
  withdrawPlan(plan: string): void;
  /** all rows by similarity, nearest first; also sorts `visible` by it when asked to */
  similar(row: number, sort?: boolean): Promise<Uint32Array | null>;
  /** filters by a query; an empty text takes the filter away */
  query(text: string): Promise<QueryOutcome>;
  complete(text: string, cursor: number): Promise<{ items: Completion[]; from: number } | null>;
  filterColumn(name: string, filter: ColumnFilter | null): void;
  saveFilter(name: string, query: string): void;
  dropFilter(name: string): void;
  acceptSet(row: number, labels: LabelValue[]): void;
  tag(tags: Tags, rows?: number[]): void;
  spectrogram(row: number, width: number, height: number): Promise<Spectrogram | null>;
  exemplars(code: number, n: number): Promise<number[] | null>;
  /** one HTML file in which a colleague reviews without a kernel: written, and downloaded */
  packet(): void;
}
