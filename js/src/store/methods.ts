/** What the page asks and does about reports, queues, votes and ellipses. Errors become toasts, or stand in the report. */
import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  Ballot,
  BulkPlan,
  Overlay,
  QueueInfo,
  Report,
  ReportInfo,
  ReportOption,
  ReportState,
  VoteAnswer,
} from "../protocol";
import { bytesOf, u32Of } from "../transport/binary";
import { KernelError } from "../transport/link";
import type { Asking } from "./asking";
import type { Connection } from "./connection";
import type { Core } from "./core";
import type { Decisions } from "./decisions";
import { download, safeName } from "./requests";

export type OptionValues = Record<string, ReportOption["value"]>;

/** The report that is open: still in the making, there, or what is wrong. */
export interface Shown {
  name: string;
  state: ReportState | null;
  report: Report | null;
  problem: { message: string; hint: string } | null;
}

export interface MethodStore {
  readonly reports: ReadonlySignal<readonly ReportInfo[] | null>;
  readonly shown: ReadonlySignal<Shown | null>;
  readonly queues: ReadonlySignal<readonly QueueInfo[]>;
  /** rows that the queue lists itself; null where it lists all */
  readonly listed: ReadonlySignal<number | null>;
  readonly overlay: ReadonlySignal<Overlay | null>;
  readonly overlayOn: Signal<boolean>;
  /** several people vote: digits answer the ballot of the current row */
  readonly voting: Signal<boolean>;
  readonly ballot: ReadonlySignal<Ballot | null>;
  loadReports(): Promise<void>;
  loadQueues(): Promise<void>;
  /** an empty name closes the one that is open */
  openReport(name: string, options?: OptionValues): Promise<void>;
  cancelReport(): void;
  /** rows behind a number of the report that is open */
  reportRows(key: string): Promise<number[] | null>;
  saveReport(): Promise<void>;
  bulk(plan: string): Promise<(BulkPlan & { rows: number[] }) | null>;
  acceptBulk(plan: string, rows: number[]): Promise<boolean>;
  askTeacher(): Promise<boolean>;
  resetGate(): Promise<void>;
  vote(answer: VoteAnswer): Promise<void>;
  /** the next order that comes is looked at from its first row on */
  goFirst(): void;
  /** asks for the order of the queue once more */
  reorder(): Promise<void>;
  /** colors the map by a column that a method made */
  colorBy(column: string): void;
}

const OFFLINE = { message: "The kernel is not connected.", hint: "Run the cell again to connect." };
/** A message may be lost; asking now and then costs nothing. */
const LOOK_MS = 2_000;

export class Methods implements MethodStore {
  readonly reports = signal<readonly ReportInfo[] | null>(null);
  readonly shown = signal<Shown | null>(null);
  readonly queues = signal<readonly QueueInfo[]>([]);
  readonly listed = signal<number | null>(null);
  readonly overlay = signal<Overlay | null>(null);
  readonly overlayOn = signal(false);
  readonly voting: Signal<boolean>;
  readonly ballot: Signal<Ballot | null>;
  /** values of a column may be others now */
  onColumn: (name: string) => void = () => undefined;
  private asked = 0;
  private jump = false;
  private stopLook: () => void = () => undefined;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
    private readonly asking: Asking,
    private readonly decisions: Decisions,
  ) {
    this.voting = core.review.voting;
    this.ballot = core.review.ballot;
    connection.onReport = (state) => this.heard(state);
    connection.onListed = (listed) => {
      batch(() => {
        this.listed.value = listed;
        const first = core.visible.peek()[0];
        if (this.jump && first !== undefined) core.current.value = first;
        this.jump = false;
      });
    };
    let colored = core.colorBy.peek();
    this.stops.push(
      effect(() => {
        if (this.overlayOn.value && this.overlay.peek() === null) void this.loadOverlay();
      }),
      effect(() => {
        // Another queue, from wherever it was chosen, is the end of the vote.
        if (core.queue.value !== "validation") this.voting.value = false;
      }),
      effect(() => {
        // A vote hides what colors tell; after it they are as they were.
        if (this.voting.value) colored = core.colorBy.peek();
        else if (core.colorBy.peek() === "state") core.colorBy.value = colored;
      }),
      effect(() => {
        const row = core.current.value;
        if (this.voting.value && row !== null && core.connection.value === "live") void this.loadBallot(row);
      }),
    );
  }

  async loadReports(): Promise<void> {
    const found = await this.asking.find({ name: "reports" });
    if (Array.isArray(found?.data.reports)) this.reports.value = found.data.reports as ReportInfo[];
  }

  async loadQueues(): Promise<void> {
    if (this.core.connection.peek() !== "live") return;
    const found = await this.connection.link.request({ name: "queues" }).catch(() => null);
    if (Array.isArray(found?.data.queues)) this.queues.value = found.data.queues as QueueInfo[];
  }

  async openReport(name: string, options: OptionValues = {}): Promise<void> {
    const before = this.shown.peek();
    const kept = before?.name === name ? before.report : null;
    this.asked += 1;
    this.stopLook();
    const { asked } = this;
    if (name === "") {
      this.shown.value = null;
      return;
    }
    this.shown.value = { name, state: null, report: kept, problem: null };
    if (this.core.connection.peek() !== "live")
      this.shown.value = { ...this.shown.peek()!, problem: OFFLINE };
    else
      await this.take(asked, () => this.connection.link.request({ name: "report", report: name, options }));
  }

  cancelReport(): void {
    const job = this.shown.peek()?.state?.job;
    if (job !== undefined) void this.asking.find({ name: "report_cancel", job });
  }

  async reportRows(key: string): Promise<number[] | null> {
    const name = this.shown.peek()?.name;
    if (name === undefined) return null;
    const found = await this.asking.find({ name: "report_rows", report: name, key }, 60_000);
    return found === null ? null : this.rowsIn(found.buffers[0]);
  }

  async saveReport(): Promise<void> {
    const name = this.shown.peek()?.name;
    if (name === undefined) return;
    const found = await this.asking.find({ name: "report_file", report: name }, 60_000);
    if (found === null) return;
    const filename = safeName(String(found.data.filename ?? "report.html"));
    download(bytesOf(found.buffers[0]), filename, "application/octet-stream");
    this.core.toast("info", `Downloaded as ${filename}.`);
  }

  async bulk(plan: string): Promise<(BulkPlan & { rows: number[] }) | null> {
    const found = await this.asking.find({ name: "bulk", plan }, 60_000);
    if (found === null) return null;
    return { ...(found.data as unknown as BulkPlan), rows: this.rowsIn(found.buffers[0]) };
  }

  async acceptBulk(plan: string, rows: number[]): Promise<boolean> {
    return (await this.decisions.ask({ name: "accept_bulk", rows, plan })) !== null;
  }

  async askTeacher(): Promise<boolean> {
    const answer = await this.decisions.ask({ name: "ask_teacher" });
    if (answer === null) return false;
    this.core.toast(
      "info",
      `The teacher answered about ${Number(answer.data.rows)} rows.`,
      "No label changed.",
    );
    return true;
  }

  async resetGate(): Promise<void> {
    if ((await this.decisions.ask({ name: "reset_gate" })) === null) return;
    await this.asking.refreshGate();
    const at = this.core.review.gate.peek()?.at;
    if (at !== undefined) this.core.say(`The gate is back at ${at.toFixed(2)}.`);
  }

  async vote(answer: VoteAnswer): Promise<void> {
    const row = this.core.current.peek();
    const ballot = this.ballot.peek();
    if (row === null || ballot?.row !== row) return;
    if ((await this.decisions.ask({ name: "vote", row, answer })) === null) return;
    batch(() => {
      this.core.say(`Voted ${answer}. ${Math.max(0, ballot.left - (ballot.answer === null ? 1 : 0))} left.`);
      this.next(row);
    });
  }

  goFirst(): void {
    this.jump = true;
  }

  async reorder(): Promise<void> {
    await this.connection.reorder(this.core.queue.peek());
    const by = this.core.colorBy.peek();
    if (by.startsWith("column::")) this.onColumn(by.slice("column:".length));
  }

  colorBy(column: string): void {
    this.onColumn(column);
    this.core.colorBy.value = `column:${column}`;
  }

  dispose(): void {
    this.stopLook();
    for (const stop of this.stops) stop();
  }

  /** On to the next row that is shown; a row that has a vote may be voted on again by going back to it. */
  private next(row: number): void {
    const { current, visible } = this.core;
    const rows = visible.peek();
    const at = rows.indexOf(row);
    const to = rows[at + 1];
    if (current.peek() === row && to !== undefined) current.value = to;
  }

  private rowsIn(buffer: unknown): number[] {
    return [...u32Of(buffer)].filter((row) => this.core.validRow(row) !== null);
  }

  /** The kernel told how far a report is. */
  private heard(state: ReportState): void {
    const shown = this.shown.peek();
    if (shown?.state?.job !== state.job || shown.state.state !== "running") return;
    if (state.state === "running") this.shown.value = { ...shown, state };
    else void this.look(this.asked, state.name, state.job);
  }

  private async look(asked: number, report: string, job: string): Promise<void> {
    this.stopLook();
    await this.take(asked, () => this.connection.link.request({ name: "report_state", report, job }));
  }

  private async take(asked: number, ask: () => Promise<{ data: Record<string, unknown> }>): Promise<void> {
    try {
      const { data } = await ask();
      if (asked !== this.asked) return;
      const state = data as unknown as ReportState;
      const shown = this.shown.peek()!;
      this.shown.value = { ...shown, state, report: state.report ?? shown.report };
      if (state.state === "running")
        this.stopLook = this.core.later(() => void this.look(asked, state.name, state.job), LOOK_MS);
    } catch (error) {
      if (asked !== this.asked) return;
      const message = error instanceof Error ? error.message : String(error);
      const hint = error instanceof KernelError ? error.hint : "";
      this.shown.value = { ...this.shown.peek()!, state: null, problem: { message, hint } };
    }
  }

  private async loadOverlay(): Promise<void> {
    const found = await this.asking.find({ name: "overlay" }, 120_000);
    const classes = found?.data.classes;
    if (Array.isArray(classes)) this.overlay.value = found!.data as unknown as Overlay;
    else this.overlayOn.value = false;
  }

  private async loadBallot(row: number): Promise<void> {
    const found = await this.connection.link.request({ name: "ballot", row }).catch(() => null);
    if (this.core.current.peek() !== row) return;
    const fine = Array.isArray(found?.data.labels);
    this.ballot.value = fine ? (found!.data as unknown as Ballot) : null;
  }
}
