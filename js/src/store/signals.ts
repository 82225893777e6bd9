/** State about columns, rescoring, stopping and controls; one object, so that `Core` stays short. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  Acceptance,
  Ballot,
  ColumnInfo,
  Control,
  ControlAnswer,
  Gate,
  JournalEvent,
  LeftEstimate,
  Reveal,
  SavedFilter,
} from "../protocol";
import type { ColumnData, Group, Sort } from "./shapes";

const NONE: ReadonlySet<number> = new Set();

export class ReviewSignals {
  readonly columnInfos = signal<ColumnInfo[]>([]);
  readonly canQuery = signal(false);
  readonly scorers = signal<readonly string[]>([]);
  readonly savedFilters = signal<SavedFilter[]>([]);
  readonly gate = signal<Gate | null>(null);
  readonly estimate = signal<LeftEstimate | null>(null);
  readonly reveal = signal<Reveal>("at_once");
  readonly live = signal(false);
  readonly rescoring = signal(false);
  readonly controlRate = signal(0);
  readonly acceptance = signal<Acceptance | null>(null);
  readonly answered = signal<(ControlAnswer & { row: number }) | null>(null);
  readonly noticed = signal<string | null>(null);
  readonly moved = signal<ReadonlySet<number>>(NONE);
  readonly control = signal<Control | null>(null);
  /** where the reviewer goes on after the control */
  readonly resume = signal<number | null>(null);
  readonly sort = signal<Sort>("queue");
  readonly group = signal<Group>("none");
  readonly similarTo = signal<number | null>(null);
  readonly similarOrder = signal<Uint32Array | null>(null);
  readonly planEvent = signal<JournalEvent | null>(null);
  readonly pageMode = signal(false);
  /** several people vote: digits answer the ballot of the current row */
  readonly voting = signal(false);
  readonly ballot = signal<Ballot | null>(null);
  /** they must not know which of the two labels is the given one; so it is until a ballot says otherwise */
  readonly blind = computed(() => this.voting.value && this.ballot.value?.blind !== false);
  private readonly own = new Set<string>();
  private readonly columns = new Map<string, ReadonlySignal<ColumnData | null>>();

  /** The values of a column; the signal exists from the first question on. */
  column(name: string): ReadonlySignal<ColumnData | null> {
    let found = this.columns.get(name);
    if (found === undefined) {
      found = signal<ColumnData | null>(null);
      this.columns.set(name, found);
    }
    return found;
  }

  setColumn(name: string, data: ColumnData): void {
    if (!this.own.has(name)) (this.column(name) as Signal<ColumnData | null>).value = data;
  }

  isOwn(name: string): boolean {
    return this.own.has(name);
  }

  /** A column that the page works out itself. */
  useColumn(name: string, data: ReadonlySignal<ColumnData | null>): void {
    this.own.add(name);
    this.columns.set(name, data);
  }
}
