/** The wire between the kernel and the page. Mirrors labelscope/widget/messages.py; contract traces check both. */

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
export interface Picture {
  protocol: number;
  n: number;
  name: string;
  media: MediaKind;
  classes: LabelValue[];
  /** display names, same length as classes */
  class_names: string[];
  summary: string;
  notices: { code: string; message: string; hint: string; rows: number[] }[];
  has_probability: boolean;
  noise_rate: { value: number; low: number; high: number; level: number; measured: boolean } | null;
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
  /** uint8 when there are at most 254 classes (255 = unlabelled), else uint16 (65535 = unlabelled) */
  given: DataView;
  suggested: DataView;
  /** uint8, suspicion * 255 rounded */
  suspicion: DataView;
  /** uint8 bits: 1 flagged, 2 has broken media, 4 in a duplicate set */
  flags: DataView;
}

/** Trait `_edits`: the rows with a decision, so that a saved notebook shows current labels. */
export interface Edits {
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
  reviewed: number;
  relabelled: number;
  kept: number;
  unsure: number;
  excluded: number;
  flagged: number;
  flagged_left: number;
  per_100: number;
}

/** What one gallery card shows besides its thumbnail. All strings are untrusted text. */
export interface Card {
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
export interface Detail extends Card {
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
  | { name: "redo" };

export type Request =
  /** reply: JSON {cards: Card[]} and one image buffer a card in `thumbs` order; an empty buffer = no thumbnail */
  | { name: "cards"; rows: number[]; size: number }
  /** reply: Detail */
  | { name: "detail"; row: number }
  /** reply: {mime, width?, height?, rate?} + one buffer (image/webp or png, audio/wav) */
  | { name: "media"; row: number; size: number }
  /** reply: {} + buffer uint32 rows, in the order of the queue */
  | { name: "queue"; policy: string }
  /** reply: {} + buffer of uint32 rows whose caption, id or text contains the query */
  | { name: "search"; query: string }
  /** reply: {columns: {x:{buffer:0,dtype:"uint16"}, …}} + buffers; full columns when the picture was a sample */
  | { name: "columns" }
  /** writes beside the notebook and returns the same bytes: {path, filename, mime, rows} + one buffer */
  | { name: "export"; format: string };

export type PageMessage =
  | { type: "hello"; id: string; protocol: number }
  | { type: "command"; id: string; command: Command }
  | { type: "request"; id: string; request: Request };

/* ---- kernel -> page ------------------------------------------------------------------------------------------ */

/** Answer to `hello`. */
export interface Welcome {
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
}

export type KernelMessage =
  /** every hello, command and request gets exactly one reply or error with its id */
  | { type: "reply"; id: string; data: Record<string, unknown> }
  | { type: "error"; id: string; code: string; message: string; hint: string }
  /** after each append, to every page: fold these; `saved` is true once they are on disk (false: in memory only) */
  | {
      type: "events";
      events: JournalEvent[];
      progress: Progress;
      can_undo: boolean;
      can_redo: boolean;
      saved: boolean;
    }
  | { type: "notice"; code: string; message: string; hint: string; level: "info" | "warning" | "error" };
