/**
 * Current labels and states as a pure function of the given labels and the events; equal to labelscope.review.state.
 *
 * Events count in the order of (at, id); a batch counts unless a later batch that counts reverts it; the last decision
 * on a row wins. `relabelled` and `kept` set the label to `after` and the state to kept where that is the given label,
 * else to relabelled. Values unknown so far become classes, in order of appearance, reverted or not. `tags_added` and
 * `tags_removed` change the set of tags that a row has by then, or its attributes beside the class.
 */
import type { JournalEvent, LabelValue } from "../protocol";
import { Attributes, type CodeArray, noLabel, type TagEdit, type Tagging, TagSets } from "./tagSets";
import { MACHINES, STATES, UNLABELLED } from "./types";

const RELABELLED = 1;
const KEPT = 2;

interface Entry {
  batch: string;
  reviewer: string;
  source: string;
  state: number;
  rows: number[];
  codes: number[] | null;
  edit: TagEdit | null;
}

/** A label value as a map key: 1, true and "1" are three labels. */
function labelKey(value: LabelValue): string {
  return `${typeof value}:${String(value)}`;
}

function before(a: JournalEvent, b: JournalEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.id < b.id);
}

export class Fold<Codes extends CodeArray = Uint16Array> {
  readonly current: Codes;
  readonly state: Uint8Array;
  private readonly sets: TagSets | null = null;
  private readonly attributes: Attributes | null = null;
  private readonly none: number;
  events: JournalEvent[] = [];
  private values: LabelValue[] = [];
  private codes = new Map<string, number>();
  private ids = new Set<string>();
  private entries: Entry[] = [];
  private firstPlace = new Map<string, number>();
  private reverters = new Map<string, string[]>();
  private inactive = new Set<string>();

  constructor(
    private readonly given: Codes,
    private readonly firstClasses: readonly LabelValue[],
    /** where to write, so that the columns of a table are folded in place */
    into: { current?: Codes; state?: Uint8Array } = {},
    tagging: Tagging | null = null,
  ) {
    this.none = noLabel(given);
    if (tagging !== null && tagging.names.length > 0) {
      const { names, unknown, attributes } = tagging;
      if (attributes === undefined) this.sets = new TagSets(names, unknown === true);
      else this.attributes = new Attributes(names, attributes);
    }
    this.current = into.current ?? (given.slice() as Codes);
    this.state = into.state ?? new Uint8Array(given.length);
    this.reset();
  }

  get classes(): readonly LabelValue[] {
    return this.values;
  }

  codeOf(value: LabelValue): number {
    return value === null ? this.none : (this.codes.get(labelKey(value)) ?? -1);
  }

  /** 1, 0 or -1 a tag of a row as it is now; empty where there are no tags. */
  tagsOf(row: number): Int8Array {
    if (this.attributes !== null) return this.attributes.values(row);
    return this.sets?.values(this.valueAt(row)) ?? new Int8Array();
  }

  isActive(batch: string): boolean {
    return this.firstPlace.has(batch) && !this.inactive.has(batch);
  }

  /** The state of one row by its last decision that counts. */
  stateOf(row: number): number {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const { batch, state, rows } = this.entries[i]!;
      if (this.inactive.has(batch) || !rows.includes(row)) continue;
      return this.settled(row, state);
    }
    return 0;
  }

  /** Who took the decision that holds, a row: codes into `names`, UNLABELLED where nobody did. */
  reviewers(): { names: string[]; codes: Uint16Array } {
    const places = new Map<string, number>();
    const codes = new Uint16Array(this.given.length).fill(UNLABELLED);
    for (const { batch, reviewer, rows } of this.entries) {
      if (this.inactive.has(batch)) continue;
      const code = places.get(reviewer) ?? places.size;
      places.set(reviewer, code);
      for (const row of rows) if (row < codes.length) codes[row] = code;
    }
    return { names: [...places.keys()], codes };
  }

  /** Where the decision that holds is nobody's look: 1 for a method's, 2 for suggestions accepted in one go. */
  unseen(): Uint8Array {
    const first = new Map<string, number>();
    const several = new Set<string>();
    for (const { batch, source, rows } of this.entries)
      if (source === "suggestion")
        for (const row of rows)
          if (!first.has(batch)) first.set(batch, row);
          else if (first.get(batch) !== row) several.add(batch);
    for (const { kind, batch } of this.events) if (kind === "page_timed") several.delete(batch);
    const found = new Uint8Array(this.given.length);
    for (const { batch, source, rows } of this.entries) {
      if (this.inactive.has(batch)) continue;
      const by = MACHINES.has(source) ? 1 : source === "suggestion" && several.has(batch) ? 2 : 0;
      for (const row of rows) if (row < found.length) found[row] = by;
    }
    return found;
  }

  /** Folds events in and returns those that are new; late ones take their place in the order. */
  apply(events: readonly JournalEvent[]): JournalEvent[] {
    const fresh: JournalEvent[] = [];
    for (const event of events) {
      if (!isEvent(event) || this.ids.has(event.id)) continue;
      this.ids.add(event.id);
      fresh.push(event);
    }
    if (fresh.length === 0) return fresh;
    fresh.sort((a, b) => (before(a, b) ? -1 : 1));
    const last = this.events.at(-1);
    let added = fresh;
    if (last !== undefined && before(fresh[0]!, last)) {
      added = [...this.events, ...fresh].sort((a, b) => (before(a, b) ? -1 : 1));
      this.reset();
      for (const event of added) this.ids.add(event.id);
    }
    // Which sets there ever were depends on what counted by then, not on how many events come at once.
    if (this.sets === null) this.take(added);
    else for (const event of added) this.take([event]);
    return fresh;
  }

  private take(added: readonly JournalEvent[]): void {
    let start = this.entries.length;
    let reverting = false;
    for (const event of added) reverting = this.admit(event) || reverting;
    const before = this.inactive;
    if (reverting && this.settleReverts()) {
      if (this.sets !== null) {
        this.foldRows(before);
        return;
      }
      this.clear();
      start = 0;
    }
    for (let i = start; i < this.entries.length; i++) this.write(this.entries[i]!);
  }

  /** Folds again the rows of batches that count now and did not, or the other way round. */
  private foldRows(before: ReadonlySet<string>): void {
    const chosen = new Uint8Array(this.given.length);
    for (const { batch, rows } of this.entries)
      if (before.has(batch) !== this.inactive.has(batch)) for (const row of rows) chosen[row] = 1;
    for (let row = 0; row < chosen.length; row++)
      if (chosen[row] === 1) {
        this.current[row] = this.given[row]!;
        this.state[row] = 0;
      }
    for (const entry of this.entries) this.write(entry, chosen);
  }

  private reset(): void {
    this.values = [...this.firstClasses];
    this.codes = new Map(this.values.map((value, code) => [labelKey(value), code]));
    this.events = [];
    this.ids = new Set();
    this.entries = [];
    this.firstPlace = new Map();
    this.reverters = new Map();
    this.inactive = new Set();
    this.clear();
  }

  private clear(): void {
    this.current.set(this.given);
    this.state.fill(0);
    this.attributes?.clear();
  }

  private admit(event: JournalEvent): boolean {
    if (!this.firstPlace.has(event.batch)) this.firstPlace.set(event.batch, this.events.length);
    this.events.push(event);
    if (event.kind === "accepted_set" && Array.isArray(event.data?.labels))
      for (const value of event.data.labels as LabelValue[]) this.code(value);
    const tags = this.sets ?? this.attributes;
    const tagging = tags !== null && (event.kind === "tags_added" || event.kind === "tags_removed");
    const state = tagging ? RELABELLED : (STATES as readonly string[]).indexOf(event.kind);
    if (state > 0 && event.rows.length > 0) {
      const labeled =
        !tagging && (state === RELABELLED || state === KEPT) && event.after?.length === event.rows.length;
      const codes = labeled ? event.after.map((value) => this.code(value)) : null;
      const edit = tagging ? tags.edit(event.data?.tags, event.kind === "tags_added" ? 1 : 0) : null;
      const reviewer = String(event.reviewer ?? "");
      const { batch, source, rows } = event;
      this.entries.push({ batch, reviewer, source, state, rows, codes, edit });
    }
    const target = event.kind === "reverted" ? event.data?.reverts : undefined;
    if (typeof target !== "string" || target === "") return false;
    const by = this.reverters.get(target);
    if (by === undefined) this.reverters.set(target, [event.batch]);
    else by.push(event.batch);
    return true;
  }

  private code(value: LabelValue): number {
    if (value === null) return this.none;
    const key = labelKey(value);
    let code = this.codes.get(key);
    if (code === undefined) {
      code = this.values.length;
      this.codes.set(key, code);
      this.values.push(value);
    }
    return code;
  }

  /** Whether a revert counts is settled by later ones only, so go backwards. True when the outcome changed. */
  private settleReverts(): boolean {
    const place = this.firstPlace;
    const inactive = new Set<string>();
    const known = [...this.reverters.keys()].filter((batch) => place.has(batch));
    for (const batch of known.sort((a, b) => place.get(b)! - place.get(a)!)) {
      const at = place.get(batch)!;
      if (this.reverters.get(batch)!.some((by) => place.get(by)! > at && !inactive.has(by)))
        inactive.add(batch);
    }
    const changed =
      inactive.size !== this.inactive.size || [...inactive].some((batch) => !this.inactive.has(batch));
    this.inactive = inactive;
    return changed;
  }

  private write({ batch, state, rows, codes, edit }: Entry, chosen?: Uint8Array): void {
    if (this.inactive.has(batch)) return;
    const n = this.given.length;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (!(row >= 0 && row < n) || chosen?.[row] === 0) continue;
      if (codes !== null) this.current[row] = codes[i]!;
      else if (edit !== null && edit.columns.length > 0) {
        this.attributes?.write(row, edit);
        if (this.sets !== null) this.current[row] = this.code(this.sets.edited(this.valueAt(row), edit));
      }
    }
    // Every row first: a row may be named twice.
    for (const row of rows)
      if (row >= 0 && row < n && chosen?.[row] !== 0) this.state[row] = this.settled(row, state);
  }

  private settled(row: number, state: number): number {
    if (state !== RELABELLED && state !== KEPT) return state;
    const same = this.current[row] === this.given[row] && (this.attributes?.isAsGiven(row) ?? true);
    return same ? KEPT : RELABELLED;
  }

  private valueAt(row: number): LabelValue {
    const code = this.current[row]!;
    return code === this.none ? null : (this.values[code] ?? null);
  }
}

function isEvent(event: unknown): event is JournalEvent {
  if (typeof event !== "object" || event === null) return false;
  const { id, batch, at, rows } = event as JournalEvent;
  return typeof id === "string" && typeof batch === "string" && typeof at === "string" && Array.isArray(rows);
}

/** The fold at once; replaying and going step by step give the same. */
export function fold<Codes extends CodeArray = Uint16Array>(
  given: Codes,
  classes: readonly LabelValue[],
  events: readonly JournalEvent[],
  tagging: Tagging | null = null,
): Fold<Codes> {
  const result = new Fold(given, classes, {}, tagging);
  result.apply(events);
  return result;
}
