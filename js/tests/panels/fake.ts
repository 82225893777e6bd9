/** A small store in memory: signals that tests set, and a list of what the panels called. */
import { computed, signal } from "@preact/signals";
import { vi } from "vitest";
import type { Detail, LabelValue, Progress } from "../../src/protocol";
import {
  type Filters,
  type Meta,
  type Store,
  type Table,
  type Toast,
  UNLABELLED,
} from "../../src/store/types";
import { fakeMethods, fakeMistakes, fakeStoreParts, fakeTaskParts } from "../store/parts";

export const NOTHING: Filters = {
  given: null,
  current: null,
  suggested: null,
  state: null,
  flaggedOnly: false,
  search: null,
  column: {},
  query: null,
  cluster: null,
};

export function fakeTable(
  given: number[],
  suggested: number[],
  flagged: number[],
  suspicion?: number[],
): Table {
  const n = given.length;
  const flags = new Uint8Array(n);
  for (const row of flagged) flags[row] = 1;
  return {
    n,
    x: null,
    y: null,
    given: Uint16Array.from(given),
    suggested: Uint16Array.from(suggested),
    suspicion: Uint8Array.from(suspicion ?? given.map((g, k) => (g === suggested[k] ? 20 : 230))),
    flags,
    current: Uint16Array.from(given),
    state: new Uint8Array(n),
    pending: new Uint8Array(n),
  };
}

export function fakeDetail(row: number, more: Partial<Detail> = {}): Detail {
  return {
    row,
    id: String(row),
    caption: "",
    suspicion: 0.96,
    suggested: "six",
    rank: 3,
    reasons: ["8 of 8 nearest neighbors are six; none shares the given label seven."],
    candidates: [
      { code: 2, probability: 0.83 },
      { code: 0, probability: 0.05 },
    ],
    neighbors: [],
    scorers: [
      { name: "confident_learning", suspicion: 0.97, flagged: true },
      { name: "neighbors", suspicion: 0.2, flagged: false },
      { name: "gate", suspicion: 0.5, flagged: null },
    ],
    history: [],
    note: "",
    ...more,
  };
}

export const PROGRESS: Progress = {
  n: 6,
  n_labeled: 6,
  reviewed: 0,
  by_machine: 0,
  taken_over: 0,
  relabelled: 0,
  kept: 0,
  unsure: 0,
  excluded: 0,
  flagged: 3,
  flagged_left: 3,
  per_100: 0,
};

const META: Meta = {
  task: "classification",
  name: "digits",
  media: "image",
  summary: "",
  hasProbability: true,
  noiseRate: null,
  notices: [],
};

export interface Start {
  classes?: LabelValue[];
  table?: Table;
  meta?: Partial<Meta>;
  progress?: Partial<Progress>;
}

const CALLS = [
  "select clearSelection setCurrent move accept keep unsure exclude relabel undo redo search exportAs note say",
  "toast dismiss drawn retry dispose",
  "rescore setGate setOptions acceptSet tag packet filterColumn saveFilter dropFilter",
]
  .join(" ")
  .split(" ");

/** Six rows of three classes, three of them suspects; every action is a spy. */
export function fakeStore(start: Start = {}) {
  const classes = signal<LabelValue[]>(start.classes ?? ["one", "seven", "six"]);
  const table = signal(start.table ?? fakeTable([0, 1, 1, 2, 2, 0], [0, 2, 1, 1, 2, 2], [1, 3, 5]));
  const n = table.value.n;
  const current = signal<number | null>(1);
  const rows = Uint32Array.from({ length: n }, (_, row) => row);
  const selection = signal({ mask: new Uint8Array(n), count: 0 });
  const parts = fakeStoreParts();
  /** only words; what is taken out of rows is tested with the store itself, in tests/veil */
  const veil = computed(() => (parts.reveal.value === "after_answer" ? "hint" : "none"));
  const veiled = (row: number) => (table.value.state[row] === 0 ? veil.value : "none");
  const own = {
    ...parts,
    ...fakeTaskParts(),
    methods: fakeMethods(),
    mistakes: fakeMistakes(),
    veil,
    veiled,
    whole: table,
    suggestedOf: (row: number): number =>
      veiled(row) === "none" ? (table.value.suggested[row] ?? UNLABELLED) : UNLABELLED,
    meta: signal<Meta>({ ...META, ...start.meta }),
    classes,
    classNames: computed(() => classes.value.map(String)),
    table,
    version: signal(0),
    selection,
    current,
    hover: signal<number | null>(null),
    order: signal(rows),
    visible: signal(rows),
    passing: signal(new Uint8Array(n).fill(1)),
    known: signal<Uint8Array | null>(null),
    filters: signal<Filters>(NOTHING),
    queue: signal("most_suspicious"),
    colorBy: signal<Store["colorBy"]["value"]>("given"),
    tool: signal("lasso" as const),
    theme: signal("auto" as const),
    dark: signal(false),
    renderer: signal("auto" as const),
    helpOpen: signal(false),
    palette: signal<null | "current" | "selection">(null),
    progress: signal<Progress>({ ...PROGRESS, ...start.progress }),
    canUndo: signal(true),
    canRedo: signal(false),
    connection: signal<"connecting" | "live" | "offline">("live"),
    journal: signal<string | null>(null),
    savedAt: signal<number | null>(null),
    exportFormats: signal(["parquet", "csv", "npy"]),
    toasts: signal<Toast[]>([]),
    announcement: signal(""),
    detail: signal<Detail | null>(fakeDetail(1)),
    keyCodes: signal([2, 0, 1]),
    ready: signal(true),
    highContrast: signal(false),
    height: signal(640),
    reviewer: signal("ann"),
    unsaved: signal(0),
    canDecide: signal(true),
    targets: () => (current.value === null ? [] : [current.value]),
    send: async () => {},
    card: () => signal(null),
    media: () => new Promise<never>(() => {}),
  };
  const spies = Object.fromEntries(CALLS.map((name) => [name, vi.fn()]));
  const store = { ...own, ...spies } as unknown as Store &
    typeof own &
    Record<string, ReturnType<typeof vi.fn>>;
  return store;
}

export function choose(store: ReturnType<typeof fakeStore>, rows: number[]): void {
  const mask = new Uint8Array(store.table.value.n);
  for (const row of rows) mask[row] = 1;
  store.selection.value = { mask, count: rows.length };
}

export { UNLABELLED };
