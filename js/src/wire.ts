/** What goes to and fro about columns, rescoring, stopping, controls and checks; see protocol.ts for the messages. */
import type { LabelValue, Progress, WireRows } from "./protocol";

/** A column of the user's frame, or a fact about rows such as the reviewer. Names are untrusted text. */
export interface ColumnInfo {
  name: string;
  kind: "numeric" | "categorical" | "text";
  /** what the numbers or categories were; dates travel as milliseconds since 1970 */
  format?: "number" | "integer" | "date" | "boolean" | "text";
  n_missing: number;
  min?: number;
  max?: number;
  /** most frequent first, at most 1,000 */
  categories?: string[];
  counts?: number[];
}

/** Errors that are probably left, with an interval that stays valid however often one looks. */
export interface LeftEstimate {
  left: number;
  low: number;
  high: number;
  level: number;
  measured: boolean;
  looks: number;
  random_looks: number;
  per_minute: number | null;
  next_100: number;
  /** [looks, errors found], at most 100 points */
  effort: [number, number][];
  /** rows in it that methods decided about or that were accepted in one go, looks by chance at such, or none */
  unseen?: number;
  unseen_looks?: number;
  assumed?: boolean;
  advice: string;
}

export interface Gate {
  at: number;
  /** 64 bins of suspicion over 0…1 */
  counts: number[];
  /** fitted densities scaled to counts; empty when the two cannot be told apart */
  clean: number[];
  wrong: number[];
  n_above: number;
  expected_right: number;
}

export interface SavedFilter {
  name: string;
  query: string;
}

export type Reveal = "at_once" | "after_answer";

/** A row that the page shows next like any other; what it is for is told with its answer only. */
export interface Control {
  id: string;
  row: number;
  /** null: no suggestion is shown */
  suggested: LabelValue;
}

export interface Acceptance {
  wrong_accepted: number;
  n: number;
  low: number;
  high: number;
}

export type ControlVerdict = "accept" | "keep" | "relabel" | "unsure";

/** Answer to `control_answer`. */
export interface ControlAnswer {
  passed: boolean;
  kind: string;
  acceptance: Acceptance | null;
  /** said once, when somebody nods through */
  noticed?: string | null;
}

export interface Check {
  token: string;
  given: LabelValue;
  suggested: LabelValue;
  precision: number;
  /** rows to look at, drawn at random from the cell */
  rows: number[];
  k: number;
  n: number;
  /** such as "29 of 29" */
  needed: string;
  expected_wrong: number;
}

export interface CheckState {
  checked: number;
  right: number;
  /** one-sided 95 % bound of the share that is right */
  lower: number;
  precision: number;
  ready: boolean;
  expected_wrong: number;
  n_rest: number;
  /** rows to check next, after a miss */
  more?: number[];
}

export interface Preview {
  n: number;
  changes: number;
  already: number;
  /** rows whose suggestion is neither their label nor the new one */
  contradict: number;
  /** at most 200 of them */
  contradicting?: number[];
  /** at most 12 rows that look unlike the rest, farthest first */
  odd: number[];
  /** [code, rows] */
  by_current: [number, number][];
}

export interface Completion {
  label: string;
  insert: string;
  kind: string;
}

export interface Tags {
  severity?: "minor" | "major" | "borderline" | null;
  category?: string | null;
}

export interface PageDone {
  name: "page_done";
  rows: WireRows;
  wrong: Record<string, LabelValue>;
  mean: "suggested" | "given";
  seconds: number;
  /** seconds besides, in which nobody was there */
  idle?: number;
  token: string;
}

/** The control of a grid page on which untouched means agreed: `row` must be marked wrong. Null: none is due. */
export interface PageControl {
  token: string;
  control: { row: number; suggested: LabelValue } | null;
}

export interface NoiseRate {
  value: number;
  low: number;
  high: number;
  level: number;
  measured: boolean;
}

interface Sent {
  buffer: number;
  dtype: string;
}

/**
 * After a rescore, to every page. Dense: columns of all n rows. Sparse: `rows` (uint32) says which rows the columns
 * hold, the others stay. `seq` grows; a page drops what is older than what it shows.
 */
export interface Scores {
  type: "scores";
  seq: number;
  rows: Sent | null;
  suspicion: Sent;
  suggested: Sent;
  flags: Sent;
  /** all rows in the order of the queue; null: the order is frozen */
  order: Sent | null;
  /** at most 200 rows whose suspicion changed by more than .1, most first */
  moved: number[];
  n_moved: number;
  noise_rate: NoiseRate | null;
  estimate: LeftEstimate | null;
  gate: Gate | null;
  progress: Progress;
  ms: number;
}
