/**
 * What the rooms of the page share. `store/` implements it; plot, gallery and panels only read signals and call actions.
 * Two kinds of state are kept apart: `Screen` lives in this page only, everything in `Labels` comes from the kernel.
 */
import type { ReadonlySignal, Signal } from "@preact/signals";
import type {
  Card,
  Command,
  Detail,
  JournalEvent,
  LabelValue,
  MediaKind,
  Progress,
  Task,
  Tree,
} from "../protocol";
import type { MethodStore } from "./methods";
import type { MistakeStore } from "./mistakes";
import type { ColumnFilter, ReviewStore } from "./shapes";
import type { CodeArray } from "./tagSets";
import type { TaskStore } from "./taskShapes";

export type * from "./shapes";
export type { CodeArray } from "./tagSets";
export type * from "./taskShapes";

export type ColorBy = "given" | "current" | "suggested" | "suspicion" | "state" | `column:${string}`;
export type Tool = "lasso" | "box" | "pan";
export type RendererName = "auto" | "webgl2" | "raster";
export type ThemeName = "auto" | "light" | "dark";
export type Combine = "replace" | "add" | "subtract";

/** Review states, equal to labelscope.review.state. */
export const STATES = ["unreviewed", "relabelled", "kept", "unsure", "excluded", "accepted_set"] as const;

/** Sources of decisions that no person took, equal to labelscope.review.sampling. */
export const MACHINES: ReadonlySet<string> = new Set(["teacher", "propagated", "judge"]);

/** Unlabelled code in every Uint16Array of codes; where there are more classes than it can tell apart, `WIDE_NONE`. */
export const UNLABELLED = 65535;
export const WIDE_NONE = 0xffff_ffff;

export function isUnlabelled(code: number): boolean {
  return code === UNLABELLED || code === WIDE_NONE || code < 0;
}

/** Row-aligned columns, all of length n; replaced as a whole (never mutated) except `current` and `state`. */
export interface Table {
  readonly n: number;
  /** map coordinates in 0…65535 or null while the map is being made; y grows upward */
  readonly x: Uint16Array | null;
  readonly y: Uint16Array | null;
  readonly given: CodeArray;
  readonly suggested: CodeArray;
  /** 0…255 */
  readonly suspicion: Uint8Array;
  readonly flags: Uint8Array;
  /** folded from events; mutated in place, `Store.version` ticks */
  readonly current: CodeArray;
  readonly state: Uint8Array;
  /** 1 while a command on the row is sent and not yet on disk */
  readonly pending: Uint8Array;
  /** 1: something is taken out of this row, see `ReviewStore.veil`; absent where nothing is taken out of any */
  readonly veiled?: Uint8Array;
}

export const FLAGGED = 1;

/** Which rows pass the filters; chips in the toolbar. */
export interface Filters {
  given: number | null;
  current: number | null;
  suggested: number | null;
  state: number | null;
  flaggedOnly: boolean;
  /** rows found by the last search, as a 0/1 mask, with its query */
  search: { query: string; mask: Uint8Array } | null;
  /** by column name */
  column: Readonly<Record<string, ColumnFilter>>;
  /** rows found by the query box, as a 0/1 mask */
  query: { text: string; mask: Uint8Array } | null;
  /** rows of one duplicate set or cluster, as a 0/1 mask */
  cluster: { name: string; mask: Uint8Array } | null;
}

export interface Toast {
  key: number;
  level: "info" | "warning" | "error";
  message: string;
  hint: string;
}

export type Connection = "connecting" | "live" | "offline";

export interface Meta {
  task: Task;
  name: string;
  media: MediaKind;
  summary: string;
  hasProbability: boolean;
  noiseRate: { value: number; low: number; high: number; level: number; measured: boolean } | null;
  notices: { code: string; message: string; hint: string; rows: number[] }[];
  taxonomy?: Tree | undefined;
}

export interface ShownCard {
  card: Card;
  /** object URL of the thumbnail; null when there is none (yet) */
  url: string | null;
  /** the kernel has not answered for this row yet; what is shown comes from the saved picture */
  loading: boolean;
}

/** Large picture, sound or text of a row. The URL is empty for media types that are not shown. */
export interface Medium {
  mime: string;
  url: string;
  data: ArrayBuffer;
  info: Record<string, unknown>;
}

export interface Store extends ReviewStore, TaskStore {
  /** reports, queues, votes and ellipses */
  readonly methods: MethodStore;
  /** predictions outside the labels, and what is said of them */
  readonly mistakes: MistakeStore;
  readonly meta: ReadonlySignal<Meta>;
  /** class values and display names; grows when a class is added in review */
  readonly classes: ReadonlySignal<LabelValue[]>;
  readonly classNames: ReadonlySignal<string[]>;
  readonly table: ReadonlySignal<Table>;
  /** ticks on each change of table.current / state / pending */
  readonly version: ReadonlySignal<number>;
  /** 0/1 mask of length n and its count; replaced as a whole */
  readonly selection: ReadonlySignal<{ mask: Uint8Array; count: number }>;
  readonly current: ReadonlySignal<number | null>;
  readonly hover: Signal<number | null>;
  /** rows in the order of the queue (all n), and those of them that pass the filters (what the gallery shows) */
  readonly order: ReadonlySignal<Uint32Array>;
  readonly visible: ReadonlySignal<Uint32Array>;
  /** 0/1 mask of rows whose columns are here; null when all are. The others come by message */
  readonly known: ReadonlySignal<Uint8Array | null>;
  /** 0/1 mask of rows that pass the filters */
  readonly passing: ReadonlySignal<Uint8Array>;
  readonly filters: Signal<Filters>;
  readonly queue: Signal<string>;
  readonly colorBy: Signal<ColorBy>;
  readonly tool: Signal<Tool>;
  readonly theme: Signal<ThemeName>;
  /** theme in effect */
  readonly dark: ReadonlySignal<boolean>;
  readonly renderer: Signal<RendererName>;
  readonly helpOpen: Signal<boolean>;
  /** which relabel palette is open: for the current row or for the whole selection */
  readonly palette: Signal<null | "current" | "selection">;
  readonly progress: ReadonlySignal<Progress>;
  readonly canUndo: ReadonlySignal<boolean>;
  readonly canRedo: ReadonlySignal<boolean>;
  readonly connection: ReadonlySignal<Connection>;
  readonly journal: ReadonlySignal<string | null>;
  readonly savedAt: ReadonlySignal<number | null>;
  readonly exportFormats: ReadonlySignal<string[]>;
  readonly toasts: ReadonlySignal<Toast[]>;
  /** last sentence for the live region */
  readonly announcement: ReadonlySignal<string>;
  /** details of the current row; null while loading */
  readonly detail: ReadonlySignal<Detail | null>;
  /** codes on the digit keys: candidates of the current row first, then classes by order; at most 9 */
  readonly keyCodes: ReadonlySignal<number[]>;

  /* actions ------------------------------------------------------------------------------------------------ */
  select(rows: Iterable<number> | Uint8Array, how: Combine): void;
  clearSelection(): void;
  setCurrent(row: number | null): void;
  /** move along `visible` by a number of cards; keeps inside */
  move(by: number): void;
  /** rows an action applies to: the selection when it has more than one row or the current one is not set, else current */
  targets(): number[];
  send(command: Command): Promise<void>;
  accept(rows?: number[]): void;
  keep(rows?: number[]): void;
  unsure(rows?: number[]): void;
  exclude(rows?: number[]): void;
  /** `source`: what the label was taken over from, such as "suggestion"; by default the reader's own idea */
  relabel(to: LabelValue, rows?: number[], newClass?: boolean, source?: string): void;
  undo(): void;
  redo(): void;
  search(query: string): void;
  exportAs(format: string): void;
  note(row: number, text: string): void;
  say(sentence: string): void;
  toast(level: Toast["level"], message: string, hint?: string): void;
  dismiss(key: number): void;
  /** ask for cards (batched by page); resolves from an LRU. The thumbnail is an object URL or null. */
  card(row: number, size: number): ReadonlySignal<ShownCard | null>;
  media(row: number, size: number): Promise<Medium>;
  /** called by the view that owns the plot once the first picture is drawn */
  drawn(): void;
  /** true once a first picture was drawn */
  readonly ready: ReadonlySignal<boolean>;
  /** the host or the reader asks for more contrast */
  readonly highContrast: ReadonlySignal<boolean>;
  /** CSS pixels of the whole view, from `_options` */
  readonly height: ReadonlySignal<number>;
  readonly reviewer: ReadonlySignal<string>;
  /** commands sent that the kernel has not answered yet */
  readonly unsaved: ReadonlySignal<number>;
  /** false while no decision can be taken (no kernel) */
  readonly canDecide: ReadonlySignal<boolean>;
  /** ask the kernel once more whether it is there */
  retry(): void;
  dispose(): void;
}

export interface FoldedEvents {
  events: JournalEvent[];
}
