/** A small table with a map, and a store that remembers what was asked of it. */
import { computed, type Signal, signal } from "@preact/signals";
import type { Veil } from "../../src/store/sight";
import type { ColumnData, Combine, Filters, Store, Table } from "../../src/store/types";
import { fakeMethods, fakeMistakes } from "../store/parts";

export function makeTable(points: readonly [x: number, y: number][], change: Partial<Table> = {}): Table {
  const n = points.length;
  const given = new Uint16Array(n);
  return {
    n,
    x: Uint16Array.from(points, ([x]) => x),
    y: Uint16Array.from(points, ([, y]) => y),
    given,
    suggested: given.slice(),
    suspicion: new Uint8Array(n),
    flags: new Uint8Array(n),
    current: given.slice(),
    state: new Uint8Array(n),
    pending: new Uint8Array(n),
    ...change,
  };
}

export interface FakeStore extends Omit<Store, "neighborsOf" | "moved" | "selection" | "veil"> {
  calls: unknown[][];
  set(table: Table): void;
  touch(): void;
  /** what columnOf gives, whatever the name */
  column: Signal<ColumnData | null>;
  neighborsOf: Signal<{ row: number; code: number; distance: number }[]>;
  moved: Signal<ReadonlySet<number>>;
  selection: Signal<{ mask: Uint8Array; count: number }>;
  veil: Signal<Veil>;
}

const NO_FILTERS: Filters = {
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

export function makeStore(first: Table, names: string[]): FakeStore {
  const table = signal(first);
  const version = signal(0);
  const calls: unknown[][] = [];
  const selection = signal({ mask: new Uint8Array(first.n), count: 0 });
  const current = signal<number | null>(null);
  const order = computed(() =>
    Uint32Array.from({ length: table.value.n }, (_, row) => row).sort(
      (p, q) => table.value.suspicion[q]! - table.value.suspicion[p]!,
    ),
  );
  const column = signal(null);
  const store = {
    calls,
    set: (next: Table) => {
      table.value = next;
    },
    touch: () => {
      version.value += 1;
    },
    table,
    version,
    selection,
    current,
    order,
    visible: order,
    classes: signal(names),
    classNames: signal(names),
    passing: computed(() => new Uint8Array(table.value.n).fill(1)),
    known: signal(null),
    hover: signal(null),
    filters: signal(NO_FILTERS),
    colorBy: signal("given"),
    tool: signal("lasso"),
    dark: signal(false),
    highContrast: signal(false),
    renderer: signal("raster"),
    detail: signal(null),
    neighborsOf: signal([]),
    task: signal("classification"),
    canQuery: signal(true),
    methods: fakeMethods(),
    mistakes: fakeMistakes(),
    moved: signal(new Set()),
    columnOf: () => column,
    column,
    suggestedOf: (row: number) => table.value.suggested[row],
    veil: signal("none"),
    veiled: () => "none",
    select(rows: Iterable<number> | Uint8Array, how: Combine) {
      calls.push(["select", rows instanceof Uint8Array ? rows : [...rows], how]);
    },
    clearSelection: () => calls.push(["clearSelection"]),
    move(by: number) {
      const at = order.value.indexOf(current.peek() ?? -1);
      current.value = order.value[Math.max(0, at + by)] ?? null;
      calls.push(["move", by]);
    },
    setCurrent(row: number | null) {
      current.value = row;
      calls.push(["setCurrent", row]);
    },
    say: (sentence: string) => calls.push(["say", sentence]),
    drawn: () => calls.push(["drawn"]),
    card: () => signal(null),
  };
  return store as unknown as FakeStore;
}
