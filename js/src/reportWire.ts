/** What goes to and fro about reports, queues, votes and what is drawn over the map. All strings are untrusted text. */
import type { LabelValue, WireRows } from "./protocol";

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
}

export interface ReportAction {
  do: "queue" | "color" | "bulk" | "ask_teacher";
  /** of the queue, the column or the plan */
  name: string;
  label: string;
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
  /** "exclude", "new_class", "vote", or "report:" and the name of a report */
  actions: string[];
}

/** A change of many rows that a method proposes. */
export interface BulkPlan {
  title: string;
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

/** Which expert answers for a row of a group, in `detail`. */
export interface Expert {
  used: "local" | "global";
  agree: boolean;
  local: number;
  global: number;
  local_label: string;
  global_label: string;
}

export type MethodCommand =
  /** makes a proposed change for the rows that were not left out; one step */
  | { name: "accept_bulk"; rows: WireRows; plan: string }
  /** calls the teacher that was given in the notebook about the rows of the last plan */
  | { name: "ask_teacher" }
  | { name: "vote"; row: number; answer: VoteAnswer }
  /** puts the gate back to where it was fitted */
  | { name: "reset_gate" };

export type MethodRequest =
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
  | { name: "ballot"; row: number };
