/** What goes to and fro about reports, queues, votes and what is drawn over the map. All strings are untrusted text. */
import type { ReportPlot } from "./judgeWire";
import type { LabelValue, PageControl, WireRows } from "./protocol";

export type * from "./judgeWire";

export interface ReportInfo {
  name: string;
  title: string;
  about: string;
  ready: boolean;
  /** what it still needs, in words */
  missing: string;
}

export interface ReportOption {
  name: string;
  label: string;
  kind: "number" | "range" | "choice" | "toggle" | "text";
  value: string | number | boolean;
  choices: [value: string, label: string][];
  low: number;
  high: number;
  /** 1: whole numbers; 0: any */
  step: number;
  hint: string;
}

/** Key of the rows that a number stands for; null where it counts none. */
export type RowsKey = string | null;

export interface ReportTable {
  header: string[];
  rows: string[][];
  caption: string;
  numeric: boolean[];
  rows_of: RowsKey[][];
}

export interface ReportLine {
  title: string;
  x: string;
  y: string;
  points: [number, number][];
  mark: [number, number] | null;
}

export interface ReportSection {
  heading: string;
  paragraphs: string[];
  figures: [name: string, value: string, key: RowsKey][];
  tables: ReportTable[];
  line?: ReportLine;
  plot?: ReportPlot;
}

export interface ReportAction {
  do: "queue" | "color" | "bulk" | "ask_teacher" | "slice";
  /** of the queue, the column, the plan or the regression set */
  name: string;
  label: string;
  /** of a regression set: models that fail on each of its rows */
  min_models?: number;
}

export interface Report {
  title: string;
  sections: ReportSection[];
  options: ReportOption[];
  actions: ReportAction[];
}

/** How far a report is; `report` once it is done. A message of type "report" has the same fields, without it. */
export interface ReportState {
  job: string;
  name: string;
  state: "running" | "done" | "failed" | "canceled";
  what: string;
  done: number;
  /** 0: not known */
  total: number;
  seconds: number;
  report?: Report;
}

export interface QueueInfo {
  name: string;
  label: string;
  hint: string;
  ready: boolean;
  /** why it cannot be had now */
  why: string;
  /** "exclude", "new_class", "vote", "discuss", or "report:" and the name of a report */
  actions: string[];
}

/** A change of many rows that a method proposes. */
export interface BulkPlan {
  title: string;
  /** rows are left out of the clean data, and `by_class` counts them by the label that they have */
  drop?: boolean;
  n: number;
  changes: number;
  by_class: [code: number, rows: number][];
  /** at most 12 rows of which the method is least sure */
  odd: number[];
  expected_wrong: number;
}

export interface Ellipse {
  code: number;
  /** in units of the map's square, y upward */
  mean: [number, number];
  covariance: [[number, number], [number, number]];
  n: number;
  tail: boolean;
  /** classes that it borrows its shape from */
  from: [code: number, weight: number][];
}

export interface Overlay {
  classes: Ellipse[];
  /** classes left out */
  more: number;
  says: string;
}

export type VoteAnswer = "first" | "second" | "both" | "neither" | "unsure";

export interface Ballot {
  row: number;
  labels: [LabelValue, LabelValue];
  exemplars: [number[], number[]];
  blind: boolean;
  answer: VoteAnswer | null;
  /** rows that this person still has to vote on */
  left: number;
}

export type Verdict = "correct" | "wrong" | "unclear" | "problematic";
export type MistakeCategory = "fine_grained" | "fine_grained_oov" | "spurious" | "non_prototypical" | "other";
export type MistakeSeverity = "major" | "minor" | "borderline";

/** What one person, or the panel, says of a prediction; category and severity only of wrong ones. */
export interface Said {
  verdict: Verdict;
  category: MistakeCategory | null;
  severity: MistakeSeverity | null;
}

/** A prediction of a row that is outside its labels. */
export interface MistakeCase {
  prediction: LabelValue;
  models: string[];
  /** the likely one; empty without features, or while it is looked for */
  category: MistakeCategory | "";
  /** how bad it is likely, by kind, and why; absent until people's severities teach that */
  likely?: Record<MistakeCategory, { severity: MistakeSeverity; why: string }>;
  /** surest rows of the predicted class */
  exemplars: number[];
  /** still to be judged by this person; or, of a discussion, to be settled */
  open: boolean;
  mine: Said | null;
  /** others who judged it; what they and the panel say comes only once one has judged it oneself */
  others: number;
  opinions: (Said & { reviewer: string })[];
  disputed: boolean;
  settled: Said | null;
}

export interface MistakeRow {
  row: number;
  given: LabelValue;
  /** labels that are right, those that the review added included; and those of which nobody is sure */
  labels: LabelValue[];
  unclear: LabelValue[];
  /** surest rows of the given label */
  exemplars: number[];
  cases: MistakeCase[];
  /** how bad a mistake of a category mostly is */
  severities: Record<MistakeCategory, MistakeSeverity>;
  /** likely categories are still looked for: ask again */
  busy: boolean;
  /** cases in all, left for this person, and that people differ on */
  total: number;
  left: number;
  to_discuss: number;
  /** the next row with something to do */
  next: number | null;
}

/** Which expert answers for a row of a group, in `detail`. */
export interface Expert {
  used: "local" | "global";
  agree: boolean;
  local: number;
  global: number;
  local_label: string;
  global_label: string;
}

/** A plan's reviewer; `holder` is somebody else who has these pages. */
export interface Seat {
  name: string;
  pages: number;
  holder: string;
}

/** Where this person is in a review plan. */
export interface PlanState {
  id: string;
  mean: "suggested" | "given";
  /** it is in force, and can be withdrawn; else the queue or a report only made it */
  put: boolean;
  /** pages of the plan come first when the grid is opened */
  first: boolean;
  /** whose pages this person takes; null: not settled */
  mine: string | null;
  seats: Seat[];
  /** for each of these pages, whether it is done */
  done: boolean[];
  /** once all are: rows that got the same answer, of those answered twice; and rows that did not */
  end: { others: [same: number, n: number]; own: [same: number, n: number]; differ: number[] } | null;
}

/** A page of a plan. Nothing in it tells copies from others. */
export interface PlanPage extends PageControl {
  page: number;
  /** code that all rows have in common; -1: each its own */
  label: number;
  rows: number[];
  /** codes that untouched rows say, and what they may be instead; -1: not known */
  labels: number[];
  others: number[];
  /** rows that were decided about elsewhere */
  left_out: number;
  /** where the page was closed before: rows that were not agreed to. -1: wrong, -2: left open */
  marks: [row: number, code: number][];
}

export type MethodCommand =
  /** takes the pages of one of the plan's reviewers */
  | { name: "plan_seat"; plan: string; reviewer: string }
  /** takes the plan out of force; a step to undo */
  | { name: "plan_withdraw"; plan: string }
  /** makes a proposed change for the rows that were not left out; one step */
  | { name: "accept_bulk"; rows: WireRows; plan: string }
  /** calls the teacher that was given in the notebook about the rows of the last plan */
  | { name: "ask_teacher" }
  | { name: "vote"; row: number; answer: VoteAnswer }
  /** `settled`: what the panel agreed on. Saying the same again changes nothing */
  | ({ name: "judge_mistake"; row: number; prediction: LabelValue; settled: boolean } & Said)
  /** puts the gate back to where it was fitted */
  | { name: "reset_gate" };

export type MethodRequest =
  /** reply: {plan: PlanState | null, open: PlanPage | null}: page of the plan `of`, else the first that is not done */
  | { name: "plan"; queue: boolean; of: string; page: number | null }
  /** reply: {reports: ReportInfo[]} */
  | { name: "reports" }
  /** reply: ReportState; a message of type "report" follows while it is not done */
  | { name: "report"; report: string; options: Record<string, string | number | boolean> }
  | { name: "report_state"; report: string; job: string }
  | { name: "report_cancel"; job: string }
  /** reply: {rows: count} + buffer uint32 rows */
  | { name: "report_rows"; report: string; key: string }
  /** reply: {filename, mime} + the bytes of one HTML file */
  | { name: "report_file"; report: string }
  /** reply: BulkPlan + buffer uint32 rows; changes nothing */
  | { name: "bulk"; plan: string }
  /** reply: {queues: QueueInfo[]} */
  | { name: "queues" }
  /** reply: Overlay */
  | { name: "overlay" }
  /** reply: Ballot */
  | { name: "ballot"; row: number }
  /** reply: MistakeRow */
  | { name: "mistake"; row: number; discuss: boolean }
  /**
   * Writes a regression set beside the notebook and returns the same bytes: {path, filename, mime, rows, query,
   * builders, min_models} + one buffer. `query` finds its rows; null where these are very many. `min_models` 0: all.
   */
  | { name: "major_slice"; slice: string; min_models: number };
