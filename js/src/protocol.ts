/** The wire between the kernel and the page. Mirrors labelscope/widget/messages.py; contract traces check both. */

import type { Expert, JudgeStrip, MethodCommand, MethodRequest, ReportState } from "./reportWire";
import type { TaskCard, TaskCommand, TaskDetail, TaskFacts, TaskRequest } from "./taskWire";
import type {
  ColumnInfo,
  ControlVerdict,
  Gate,
  LeftEstimate,
  NoiseRate,
  PageDone,
  Reveal,
  SavedFilter,
  Scores,
  Tags,
} from "./wire";

export type * from "./reportWire";
export type * from "./taskWire";
export type * from "./wire";

export const PROTOCOL = 1;

/** A label value as JSON; null means unlabelled. */
export type LabelValue = string | number | boolean | null;

export type EventKind =
  | "relabelled"
  | "kept"
  | "unsure"
  | "excluded"
  | "accepted_set"
  | "tagged"
  | "noted"
  | "reverted"
  | "tags_added"
  | "tags_removed"
  | "proposed"
  | (string & {});

/** One line of the journal, on disk and on the wire alike. */
export interface JournalEvent {
  kind: EventKind;
  id: string;
  batch: string;
  at: string;
  reviewer: string;
  source: string;
  rows: number[];
  before: LabelValue[];
  after: LabelValue[];
  suspicion: number[];
  data: Record<string, unknown>;
}

export type MediaKind = "image" | "text" | "audio" | "table" | "features";

/**
 * Trait `_picture`: enough to draw without a kernel. At most 50,000 points; when n is larger, `rows` says which.
 * Binary values are little-endian typed arrays that arrive as DataView (or base64-decoded ArrayBuffer views).
 */
export interface Picture extends TaskFacts {
  protocol: number;
  n: number;
  name: string;
  media: MediaKind;
  classes: LabelValue[];
  /** display names, same length as classes */
  class_names: string[];
  /** instead of classes where there are very many: float64 numbers, or JSON text */
  class_values?: DataView;
  /** given attributes beside the class, in a packet */
  attributes?: DataView;
  summary: string;
  notices: { code: string; message: string; hint: string; rows: number[] }[];
  has_probability: boolean;
  noise_rate: NoiseRate | null;
  /** null when the picture holds all n rows in order; else uint32 row positions */
  rows: DataView | null;
  columns: Columns;
  /** what cards of the first rows show, so that a saved notebook has a gallery: row -> card */
  cards: Card[];
}

export interface Columns {
  /** uint16, 0…65535 over the map's bounding square; null while the map is being made */
  x: DataView | null;
  y: DataView | null;
  /** uint8 up to 254 classes (255 = unlabelled), uint16 up to 65,534 (65535), else uint32 (4294967295) */
  given: DataView;
  suggested: DataView;
  /** uint8, suspicion * 255 rounded */
  suspicion: DataView;
  /** uint8 bits: 1 flagged, 2 has broken media, 4 in a duplicate set */
  flags: DataView;
}

/** Trait `_edits`: the rows with a decision, so that a saved notebook shows current labels. */
export interface Edits {
  /** of `current`, where it is not uint16 */
  dtype?: "uint32";
  /** uint32 rows, uint16 current codes (65535 = unlabelled), uint8 states */
  rows: DataView;
  current: DataView;
  state: DataView;
  /** classes that were added during review, after Picture.classes */
  new_classes: LabelValue[];
  progress: Progress;
}

export interface Progress {
  n: number;
  n_labeled: number;
  /** rows with a decision, by the last one: a person looked at the row */
  reviewed: number;
  /** a method decided: a teacher, judges, a propagation */
  by_machine: number;
  /** a person accepted suggestions of several rows in one go */
  taken_over: number;
  relabelled: number;
  kept: number;
  unsure: number;
  excluded: number;
  flagged: number;
  flagged_left: number;
  per_100: number;
}

/** What one gallery card shows besides its thumbnail. All strings are untrusted text. */
export interface Card extends TaskCard {
  row: number;
  id: string;
  caption: string;
  /** text media: up to 2,000 characters */
  text?: string;
  /** table and features media: named values, already formatted, at most 12 */
  record?: [string, string][];
  /** seconds, for audio */
  duration?: number;
  /** audio envelope for the card, 64 values in 0…255 */
  wave?: number[];
  /** true when the media of this row cannot be read */
  broken?: boolean;
}

/** Answer to the `detail` request: everything the inspector shows about one row. */
export interface Detail extends Card, TaskDetail {
  suspicion: number;
  suggested: LabelValue;
  rank: number;
  reasons: string[];
  /** most likely first; codes into classes */
  candidates: { code: number; probability: number }[];
  neighbors: { row: number; code: number; distance: number }[];
  scorers: { name: string; suspicion: number; flagged: boolean | null }[];
  history: JournalEvent[];
  note: string;
  /** the least likely classes, least likely first; at most 8, only where there are 4 classes or more */
  surely_not?: { code: number; probability: number }[];
  /** the class threshold that the row passed, and by how much */
  threshold?: { code: number; passed_by: number } | null;
  annotators?: { name: string; code: number }[];
  /** texts of the nearest rows */
  similar_text?: string[];
  tags?: Tags & Record<string, unknown>;
  expert?: Expert;
  judges?: JudgeStrip;
}

/* ---- page -> kernel ------------------------------------------------------------------------------------------ */

/**
 * Rows travel as a JSON list when there are at most 1,000, else as `{ buffer: k }`: the k-th binary buffer of the
 * message, uint32 little-endian.
 */
export type WireRows = number[] | { buffer: number };

export type Command =
  | { name: "relabel"; rows: WireRows; to: LabelValue; new_class?: boolean; source?: string }
  | { name: "accept"; rows: WireRows }
  | { name: "keep"; rows: WireRows }
  | { name: "unsure"; rows: WireRows }
  | { name: "exclude"; rows: WireRows }
  | { name: "note"; row: number; text: string }
  | { name: "undo" }
  | { name: "redo" }
  | { name: "accept_set"; row: number; labels: LabelValue[]; new_class?: boolean }
  | { name: "tag"; rows: WireRows; tags: Tags }
  | { name: "set_gate"; at: number }
  /** relabels all unchecked rows of a checked cell; error "bound_not_met" while the bound is below the precision */
  | { name: "accept_rest"; token: string }
  /** one batch for a page of the grid; `wrong` maps a row to its label; errors "control_failed", "plan_withdrawn" */
  | PageDone
  | { name: "control_answer"; id: string; row: number; verdict: ControlVerdict; to?: LabelValue }
  | { name: "set_options"; control_rate?: number; reveal?: Reveal; live?: boolean }
  | { name: "save_filter"; filter: string; query: string }
  | { name: "drop_filter"; filter: string }
  | MethodCommand
  | TaskCommand;

export type Request =
  /** reply: JSON {cards: Card[]} and one image buffer a card in `thumbs` order; an empty buffer = no thumbnail */
  | { name: "cards"; rows: number[]; size: number }
  /** reply: Detail */
  | { name: "detail"; row: number }
  /** reply: {mime, width?, height?, rate?} + one buffer (image/webp or png, audio/wav) */
  | { name: "media"; row: number; size: number }
  /** reply: {listed?} + buffer uint32 rows, in the order of the queue; of more than 50,000 the first 20,000 */
  | { name: "queue"; policy: string }
  /** reply: {} + buffer of uint32 rows whose caption, id or text contains the query */
  | { name: "search"; query: string }
  /**
   * reply: {columns: {x:{buffer:0,dtype:"uint16"}, …}} + buffers; full columns when the picture was a sample. Where
   * `suggested` has {rows: {buffer}} it holds those rows only; in all others it is the given label.
   */
  | { name: "columns" }
  /** writes beside the notebook and returns the same bytes: {path, filename, mime, rows} + one buffer */
  | { name: "export"; format: string }
  /** reply: {}; a `scores` message to all pages follows */
  | { name: "rescore" }
  | { name: "gate" }
  | { name: "estimate" }
  | { name: "check"; given: LabelValue; suggested: LabelValue; precision: number }
  | { name: "check_state"; token: string }
  | { name: "preview"; rows: WireRows; to: LabelValue }
  /** reply: {} + buffer uint32 rows, nearest first */
  | { name: "similar"; row: number }
  /** reply: {info, dtype} + buffer: float32/float64 (NaN = missing) or uint16 codes into categories (65535 = missing) */
  | { name: "column"; column: string }
  /** reply: {rows: count} + buffer uint32 rows; an error carries `position` */
  | { name: "query"; text: string }
  /** reply: {items, from} */
  | { name: "complete"; text: string; cursor: number }
  /** reply: {mime} + PNG bytes */
  | { name: "spectrogram"; row: number; width: number; height: number }
  /** reply: {rows}: most surely of a class */
  | { name: "exemplars"; code: number; n: number }
  /** reply: PageControl; draws the control of a page of the grid */
  | { name: "page_control"; rows: WireRows; mean: "suggested" | "given" }
  /** reply: {path, filename, mime} + the bytes of one HTML file */
  | { name: "packet" }
  | MethodRequest
  | TaskRequest;

export type PageMessage =
  | { type: "hello"; id: string; protocol: number }
  | { type: "command"; id: string; command: Command }
  | { type: "request"; id: string; request: Request };

/* ---- kernel -> page ------------------------------------------------------------------------------------------ */

/** Answer to `hello`. */
export interface Welcome extends TaskFacts {
  protocol: number;
  events: JournalEvent[];
  progress: Progress;
  journal: string | null;
  reviewer: string;
  can_undo: boolean;
  can_redo: boolean;
  export_formats: string[];
  /** true when Columns in the picture are a sample or the map was not ready: ask `columns` */
  more: boolean;
  columns: ColumnInfo[];
  /** names of all scores, where there are several */
  scorers?: string[];
  control_rate: number;
  can_query: boolean;
  gate: Gate | null;
  estimate: LeftEstimate | null;
  reveal: Reveal;
  live: boolean;
  saved_filters: SavedFilter[];
}

export type KernelMessage =
  /** every hello, command and request gets exactly one reply or error with its id */
  | { type: "reply"; id: string; data: Record<string, unknown> }
  | { type: "error"; id: string; code: string; message: string; hint: string; position?: number }
  /** after each append, to every page: fold these; `saved` is true once they are on disk (false: in memory only) */
  | {
      type: "events";
      events: JournalEvent[];
      progress: Progress;
      can_undo: boolean;
      can_redo: boolean;
      saved: boolean;
    }
  | { type: "notice"; code: string; message: string; hint: string; level: "info" | "warning" | "error" }
  | Scores
  | ({ type: "report" } & ReportState)
  /** options or saved filters changed, or the columns of a large frame were read: to every page */
  | {
      type: "options";
      control_rate: number;
      reveal: Reveal;
      live: boolean;
      saved_filters: SavedFilter[];
      columns?: ColumnInfo[];
    };
