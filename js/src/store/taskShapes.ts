/** The part of the store about tags, numbers, and attributes beside the class. Actions toast their own errors. */
import type { ReadonlySignal } from "@preact/signals";
import type {
  AcceptPreview,
  Check,
  Conditionals,
  Fix,
  LabelValue,
  Proposal,
  Side,
  SimilarFixes,
  TagCount,
  TagCut,
  Task,
} from "../protocol";

export interface Proposed {
  row: number;
  fix: Fix;
  proposals: Proposal[];
}

export interface TaskStore {
  readonly task: ReadonlySignal<Task>;
  /** tags, or attributes beside the class */
  readonly tags: ReadonlySignal<readonly string[]>;
  /** names of all scores, where there are several */
  readonly scorers: ReadonlySignal<readonly string[]>;
  /** 1, 0 or -1 a tag, as it is now; read `version` as well. Not to be changed */
  tagsOf(row: number): Int8Array;
  /** the tags of a set, or null for what is no set */
  tagsIn(label: LabelValue): ReadonlySet<string> | null;
  /** what a person calls a label */
  wordsOf(label: LabelValue): string;
  /** the set of a row with some tags put in and others taken out, as a label */
  setWith(row: number, added: readonly string[], removed: readonly string[]): LabelValue;
  /** these stay on the row; attributes of one row ask what follows from it */
  addTags(tags: readonly string[], rows?: number[]): Promise<boolean>;
  removeTags(tags: readonly string[], rows?: number[]): Promise<boolean>;
  /** what the last fix of a row makes likely; nothing changes until it is taken up */
  readonly proposed: ReadonlySignal<Proposed | null>;
  acceptProposals(variables: readonly string[]): Promise<boolean>;
  dismissProposals(): void;
  /** what accepting the suggestions of rows would change, and what stays as decided */
  acceptPreview(rows: number[]): Promise<AcceptPreview | null>;
  similarFixes(rows: number[], row: number, fix: Fix): Promise<(SimilarFixes & { alike: number[] }) | null>;
  fixSimilar(rows: number[], row: number, fix: Fix): Promise<boolean>;
  tagCounts(): Promise<TagCount[] | null>;
  tagCut(tag: string, side: Side, threshold: number): Promise<(TagCut & { found: number[] }) | null>;
  tagCheck(tag: string, side: Side, threshold: number, precision: number): Promise<Check | null>;
  conditionals(): Promise<Conditionals | null>;
}
