/** The journal of a packet: events as labelscope.review.events writes them, undo included. */
import type { JournalEvent, LabelValue, Progress } from "../protocol";
import { Fold } from "../store/fold";
import type { Tagging } from "../store/tagSets";
import { type CodeArray, isUnlabelled } from "../store/types";

export interface Draft {
  kind: string;
  rows: number[];
  before?: LabelValue[];
  after?: LabelValue[];
  data?: Record<string, unknown>;
}

/** Kinds that are a step to undo; the others only say what happened. */
const UNDOABLE: ReadonlySet<string> = new Set([
  ...["relabelled", "kept", "unsure", "excluded", "accepted_set", "tagged", "noted", "reverted"],
  ...["tags_added", "tags_removed"],
]);

/** Microseconds since 1970, as 14 hex digits in ids; a clock that is far ahead takes more bits than a number has. */
type Ticks = bigint;

function hex(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(length / 2)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, length);
}

function ticksOf(at: string): Ticks {
  const [seconds, fraction = ""] = at.replace("Z", "").split(".");
  const start = Date.parse(`${seconds}Z`);
  const micros = Number(fraction.padEnd(6, "0").slice(0, 6)) || 0;
  return Number.isNaN(start) ? 0n : BigInt(start) * 1000n + BigInt(micros);
}

function moment(ticks: Ticks): string {
  const whole = new Date(Number(ticks / 1000n)).toISOString().slice(0, 19);
  return `${whole}.${String(ticks % 1_000_000n).padStart(6, "0")}Z`;
}

function latest(...ticks: Ticks[]): Ticks {
  let found = 0n;
  for (const one of ticks) if (one > found) found = one;
  return found;
}

export class Journal {
  readonly fold: Fold<CodeArray>;
  /** events of this page, oldest first */
  readonly own: JournalEvent[] = [];
  private standing: string[] = [];
  private undone: { by: string; target: string }[] = [];
  private last: Ticks = 0n;

  constructor(
    private readonly given: CodeArray,
    classes: readonly LabelValue[],
    readonly suspicion: Uint8Array,
    private readonly flagged: (row: number) => boolean,
    earlier: readonly JournalEvent[],
    readonly reviewer: string,
    tagging: Tagging | null = null,
  ) {
    this.fold = new Fold<CodeArray>(given, classes, {}, tagging);
    this.fold.apply(earlier);
  }

  get canUndo(): boolean {
    return this.standing.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Takes back up what this page wrote before it was loaded again. */
  resume(events: readonly JournalEvent[]): void {
    for (const event of this.fold.apply(events)) this.remember(event);
  }

  record(drafts: readonly Draft[], source: string): JournalEvent[] {
    if (drafts.length === 0) return [];
    const known = this.fold.events.at(-1)?.at ?? "";
    const ticks = latest(BigInt(Date.now()) * 1000n, this.last + 1n, ticksOf(known) + 1n);
    this.last = ticks;
    const stamp = ticks.toString(16).padStart(14, "0");
    const batch = `${stamp}-${hex(10)}`;
    const events = drafts.map(({ kind, rows, before = [], after = [], data = {} }, place) => ({
      kind,
      id: `${stamp}-${place.toString(16).padStart(4, "0")}-${hex(10)}`,
      batch,
      at: moment(ticks),
      reviewer: this.reviewer,
      source,
      rows,
      before,
      after,
      suspicion: before.length > 0 ? rows.map((row) => this.suspicionOf(row)) : [],
      data,
    }));
    this.fold.apply(events);
    for (const event of events) this.remember(event);
    return events;
  }

  /** Labels for rows: those that have theirs already are kept, the others relabelled; one gesture. */
  labelDrafts(rows: readonly number[], labels: readonly LabelValue[]): Draft[] {
    const drafts: Draft[] = [];
    const known = this.fold.classes.length;
    for (const kind of ["relabelled", "kept"]) {
      const chosen = rows
        .map((row, place) => ({ row, to: labels[place]! }))
        .filter(({ row, to }) => (this.labelOf(row) === to) === (kind === "kept"));
      if (chosen.length === 0) continue;
      const fresh = chosen.some(({ to }) => this.fold.codeOf(to) < 0);
      drafts.push({
        kind,
        rows: chosen.map(({ row }) => row),
        before: chosen.map(({ row }) => this.labelOf(row)),
        after: chosen.map(({ to }) => to),
        data: fresh && known > 0 ? { new_class: true } : {},
      });
    }
    return drafts;
  }

  undo(): Draft[] {
    const target = this.standing.at(-1);
    return target === undefined ? [] : [this.reverting(target, target)];
  }

  redo(): Draft[] {
    const pair = this.undone.at(-1);
    return pair === undefined ? [] : [this.reverting(pair.by, pair.target)];
  }

  labelOf(row: number): LabelValue {
    const code = this.fold.current[row]!;
    return isUnlabelled(code) ? null : (this.fold.classes[code] ?? null);
  }

  active(): JournalEvent[] {
    return this.fold.events.filter((event) => this.fold.isActive(event.batch));
  }

  progress(): Progress {
    const counts = [0, 0, 0, 0, 0, 0];
    const { state } = this.fold;
    const unseen = this.fold.unseen();
    const decided = [0, 0, 0];
    let looks = 0;
    let errors = 0;
    let flagged = 0;
    let left = 0;
    let labeled = 0;
    for (let row = 0; row < state.length; row++) {
      counts[state[row]!]! += 1;
      const labelled = !isUnlabelled(this.given[row]!);
      if (labelled) labeled += 1;
      if (state[row] !== 0) decided[unseen[row]!]! += 1;
      if (state[row] !== 0 && unseen[row] === 0) {
        if (labelled) looks += 1;
        if (labelled && state[row] === 1) errors += 1;
      }
      if (!this.flagged(row)) continue;
      flagged += 1;
      if (state[row] === 0) left += 1;
    }
    return {
      n: state.length,
      n_labeled: labeled,
      reviewed: decided[0]!,
      by_machine: decided[1]!,
      taken_over: decided[2]!,
      relabelled: counts[1]!,
      kept: counts[2]!,
      unsure: counts[3]!,
      excluded: counts[4]!,
      flagged,
      flagged_left: left,
      per_100: looks === 0 ? 0 : (100 * errors) / looks,
    };
  }

  /** What `session.merge` reads: the header and this page's events; a line each, ASCII only. */
  text(header: string): string {
    const lines = [header, ...this.own.map((event) => JSON.stringify(event))];
    return lines.map((line) => `${ascii(line)}\n`).join("");
  }

  private suspicionOf(row: number): number {
    return Math.round(((this.suspicion[row] ?? 0) / 255) * 1e6) / 1e6;
  }

  private reverting(reverts: string, batch: string): Draft {
    const rows = new Set<number>();
    for (const event of this.fold.events)
      if (event.batch === batch) for (const row of event.rows) rows.add(row);
    return { kind: "reverted", rows: [...rows], data: { reverts } };
  }

  private remember(event: JournalEvent): void {
    this.own.push(event);
    this.last = latest(this.last, ticksOf(event.at));
    if (!UNDOABLE.has(event.kind)) return;
    const { reverts } = event.data;
    if (event.kind !== "reverted" || typeof reverts !== "string") {
      if (this.standing.at(-1) === event.batch) return;
      this.standing.push(event.batch);
      this.undone = [];
      return;
    }
    if (this.standing.includes(reverts)) {
      this.standing = this.standing.filter((batch) => batch !== reverts);
      this.undone.push({ by: event.batch, target: reverts });
      return;
    }
    const pair = this.undone.find(({ by }) => by === reverts);
    if (pair === undefined) return;
    this.undone = this.undone.filter((other) => other !== pair);
    this.standing.push(pair.target);
  }
}

/** No character outside ASCII: none can be taken for the end of a line, whatever reads the file. */
function ascii(line: string): string {
  return line.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
