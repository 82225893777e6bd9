/** What goes to and fro about sets of tags, numbers, and attributes beside a class. Names are untrusted text. */
import type { LabelValue, WireRows } from "./protocol";

export type Task = "classification" | "multilabel" | "regression" | "concepts";

/** What a page must know of the task; in the picture, in `hello` and in `columns`. */
export interface TaskFacts {
  task?: Task;
  /** tags, or attributes beside the class */
  tags?: string[];
  /** whether the labels can say of one tag of a row that it is unknown */
  tags_unknown?: boolean;
  /** in the picture only */
  taxonomy?: Tree;
}

/** What is above each class, or tag: its place, -1 for nothing. Then what is above them and none itself, by name. */
export interface Tree {
  parents: number[];
  upper: string[];
}

/** 1 present, 0 absent, -1 unknown */
export type Held = 1 | 0 | -1;

export interface TagChip {
  tag: string;
  given: Held;
  current: Held;
  probability: number | null;
  /** 0 once somebody decided about the tag */
  missing: number;
  spurious: number;
}

export interface Concept {
  name: string;
  given: Held;
  current: Held;
  probability: number | null;
  suspicion: number;
  /** what accepting makes of it; null where the audit suggests no attributes */
  suggested?: Held | null;
}

export interface Density {
  from: number;
  to: number;
  counts: number[];
}

export interface TargetNeighbor {
  row: number;
  value: number;
  /** has about the target of the row, or another one */
  kind: "pull" | "push";
  weight: number;
}

export interface Target {
  given: number | null;
  current: number | null;
  suggested: number | null;
  low: number | null;
  high: number | null;
  density: Density | null;
  neighbors: TargetNeighbor[];
}

/** What cards say besides their media. */
export interface TaskCard {
  chips?: TagChip[];
  value?: number | null;
  suggested_value?: number | null;
}

export interface TaskDetail {
  target?: Target;
  concepts?: Concept[];
}

export type Fix = Record<string, LabelValue>;

export interface Proposal {
  /** name of an attribute, or "class" */
  variable: string;
  kind: "class" | "attribute";
  old: LabelValue;
  new: LabelValue;
  p_old: number;
  p_new: number;
}

export type Side = "missing" | "spurious";

export interface TagCount {
  tag: string;
  given: number;
  current: number;
  /** 20 bins over 0…1, of rows without the tag, or with it */
  missing_histogram: number[];
  spurious_histogram: number[];
  estimated: number | null;
}

export interface TagCut {
  tag: string;
  side: Side;
  threshold: number;
  rows: number;
  expected_wrong: number;
}

export interface Conditionals {
  attributes: string[];
  /** a list a class, in the order of codes */
  probabilities: number[][];
  /** rows of the class whose attribute is known, and that have it */
  rows: number[][];
  present: number[][];
}

export interface SimilarFixes {
  rows: number;
  changes: { variable: string; kind: "class" | "attribute"; new: LabelValue; rows: number }[];
}

export type TaskCommand =
  | { name: "add_tags" | "remove_tags"; rows: WireRows; tags: string[] }
  | { name: "accept_proposals"; row: number; variables: string[] }
  /** gives rows that hold the wrong pattern of a fixed row the same fix; one step */
  | { name: "fix_similar"; rows: WireRows; row: number; fix: Fix };

/** What accepting the suggestions of several rows does. */
export interface AcceptPreview {
  n: number;
  changes: number;
  without: number;
  /** tags that stay as somebody decided, against the suggestion, and their rows */
  stay: [string, number][];
}

export type TaskRequest =
  /** reply: {tags: TagCount[]} */
  | { name: "tag_counts" }
  /** reply: TagCut + buffer uint32 rows; changes nothing */
  | { name: "accept_tag_cut"; tag: string; side: Side; threshold: number }
  /** reply: Check; like `check`, of a tag */
  | { name: "tag_check"; tag: string; side: Side; threshold: number; precision: number }
  /** reply: Conditionals */
  | { name: "conditionals" }
  /** reply: {row, proposals: Proposal[]}; they are noted in the journal */
  | { name: "propagate"; row: number; fix: Fix }
  /** reply: SimilarFixes + buffer uint32 rows; changes nothing */
  | { name: "similar_fixes"; rows: WireRows; row: number; fix: Fix }
  /** reply: AcceptPreview; changes nothing */
  | { name: "accept_preview"; rows: WireRows };
