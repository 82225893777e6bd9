/** Predictions outside the labels, judged one key a case: what the row has, what is being said, and what comes next. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  JournalEvent,
  MistakeCase,
  MistakeCategory,
  MistakeRow,
  MistakeSeverity,
  Said,
  Verdict,
} from "../protocol";
import { bytesOf } from "../transport/binary";
import { KernelError } from "../transport/link";
import type { Asking } from "./asking";
import type { Connection } from "./connection";
import type { Core } from "./core";
import type { Decisions } from "./decisions";
import { download, safeName } from "./requests";

/** The queue of cases that people differ on. */
export const DISCUSS = "mistakes:discuss";
/** How long to wait before asking again for a likely category that is still looked for. */
const AGAIN_MS = 1_000;

/** Category and severity of a wrong prediction, before they are saved. */
export type Draft = Pick<Said, "category" | "severity"> & { touched: boolean };

export interface MistakeStore {
  /** the queue of mistakes is worked on: digits judge the case */
  readonly on: ReadonlySignal<boolean>;
  readonly discussing: ReadonlySignal<boolean>;
  /** of the current row; null while it comes */
  readonly found: ReadonlySignal<MistakeRow | null>;
  readonly problem: ReadonlySignal<{ message: string; hint: string } | null>;
  readonly sending: ReadonlySignal<boolean>;
  /** which case of the row */
  readonly at: Signal<number>;
  readonly draft: Signal<Draft | null>;
  /** what is said next is what the panel agreed on */
  readonly settling: Signal<boolean>;
  /** grows with each vote that is heard of or taken back */
  readonly votes: ReadonlySignal<number>;
  /** the case that keys are about; null where there is none */
  one(): MistakeCase | null;
  /** how bad a mistake of a kind likely is: this one as people's severities teach, else what is usual */
  likely(category: MistakeCategory): MistakeSeverity | null;
  /** false while keys have to wait for the row, or for the answer before */
  ready(): boolean;
  say(said: Said): Promise<void>;
  /** on to the next row with something to do */
  goOn(): void;
  saveSlice(name: string, minModels: number): Promise<void>;
}

export class Mistakes implements MistakeStore {
  readonly on: ReadonlySignal<boolean>;
  readonly discussing: ReadonlySignal<boolean>;
  readonly found = signal<MistakeRow | null>(null);
  readonly problem = signal<{ message: string; hint: string } | null>(null);
  readonly sending = signal(false);
  readonly at = signal(0);
  readonly draft = signal<Draft | null>(null);
  readonly settling = signal(false);
  readonly votes = signal(0);
  private asked = 0;
  private said = "";
  private stopAgain: () => void = () => undefined;
  private readonly stop: () => void;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
    private readonly asking: Asking,
    private readonly decisions: Decisions,
  ) {
    this.on = computed(() => core.queue.value.split(":")[0] === "mistakes");
    this.discussing = computed(() => core.queue.value === DISCUSS);
    this.stop = effect(() => {
      const row = core.current.value;
      this.discussing.value;
      if (!this.on.value || row === null || core.connection.value !== "live") return;
      void this.load(row, true);
    });
  }

  likely(category: MistakeCategory): MistakeSeverity | null {
    return this.one()?.likely?.[category].severity ?? this.found.value?.severities[category] ?? null;
  }

  one(): MistakeCase | null {
    return this.found.value?.cases[this.at.value] ?? null;
  }

  ready(): boolean {
    const row = this.core.current.peek();
    if (row === null || this.core.connection.peek() !== "live" || this.problem.peek() !== null) return true;
    return !this.sending.peek() && this.found.peek()?.row === row;
  }

  async say(said: Said): Promise<void> {
    const found = this.found.peek();
    const one = found?.cases[this.at.peek()];
    if (found == null || one === undefined || this.sending.peek()) return;
    const { row } = found;
    const { prediction } = one;
    this.sending.value = true;
    const settled = this.settling.peek();
    const answer = await this.decisions.ask({ name: "judge_mistake", row, prediction, settled, ...said });
    if (answer !== null) {
      this.draft.value = null;
      this.settling.value = false;
      this.said = `${settled ? "Settled" : "Said"}: ${sentence(said.verdict)}. `;
      await this.load(row, this.core.current.peek() === row);
    }
    batch(() => {
      this.sending.value = false;
      const now = this.found.peek();
      if (answer === null || now?.row !== row || this.core.current.peek() !== row) return;
      if (!now.cases.some(({ open }) => open)) this.goOn();
    });
  }

  goOn(): void {
    const { core } = this;
    const next = core.validRow(this.found.peek()?.next ?? undefined);
    if (next === null) {
      core.say(`${this.said}${this.discussing.peek() ? "Nothing" : "No mistake"} is left here.`);
      this.said = "";
      return;
    }
    const rows = core.visible.peek();
    const passing = core.passing.peek()[next] === 1;
    const beside = rows[rows.indexOf(core.current.peek() ?? -1) + 1];
    core.current.value = passing ? next : (beside ?? core.current.peek());
  }

  /** Somebody voted or took a vote back, or gave the row another label. */
  heard(events: readonly JournalEvent[]): void {
    const row = this.core.current.peek();
    const voted = events.some(({ kind }) => kind === "voted" || kind === "reverted");
    if (voted) this.votes.value += 1;
    if (!this.on.peek() || row === null || this.sending.peek()) return;
    if (!voted && !events.some(({ rows }) => rows.includes(row))) return;
    if (events.at(-1)!.kind === "reverted") this.said = "Taken back. ";
    void this.load(row, this.draft.peek() === null);
  }

  async saveSlice(slice: string, minModels: number): Promise<void> {
    const { core } = this;
    const found = await this.asking.find({ name: "major_slice", slice, min_models: minModels }, 60_000);
    if (found === null) return;
    const { path, query, rows } = found.data;
    const filename = safeName(String(found.data.filename));
    download(bytesOf(found.buffers[0]), filename, "application/json");
    const filter = typeof query === "string";
    if (filter && (await this.decisions.ask({ name: "save_filter", filter: slice, query })) === null) return;
    core.toast(
      "info",
      `${Number(rows)} rows ${typeof path === "string" ? `written to ${path}` : `downloaded as ${filename}`}.`,
      `${(found.data.builders as string[]).join(", ")} built it and fail on it by construction.${
        filter ? ` “${slice}” is a saved filter now.` : ""
      }`,
    );
  }

  dispose(): void {
    this.stop();
    this.stopAgain();
  }

  /** Asks what there is about a row; `fresh` goes to its first case that is open. */
  private async load(row: number, fresh: boolean): Promise<void> {
    this.stopAgain();
    this.asked += 1;
    const { asked } = this;
    if (this.found.peek()?.row !== row)
      batch(() => {
        this.draft.value = null;
        this.settling.value = false;
      });
    const discuss = this.discussing.peek();
    try {
      const { data } = await this.connection.link.request({ name: "mistake", row, discuss });
      if (asked !== this.asked || !Array.isArray(data.cases)) return;
      const found = data as unknown as MistakeRow;
      batch(() => {
        if (fresh)
          this.at.value = Math.max(
            0,
            found.cases.findIndex(({ open }) => open),
          );
        this.problem.value = null;
        this.found.value = found;
        const likely = found.cases[this.at.peek()]?.category || null;
        const draft = this.draft.peek();
        if (draft !== null && draft.category === null && likely !== null)
          this.draft.value = {
            ...draft,
            category: likely,
            severity: draft.severity ?? this.likely(likely),
          };
      });
      if (fresh) this.tell(found);
      if (found.busy) this.stopAgain = this.core.later(() => void this.load(row, false), AGAIN_MS);
    } catch (error) {
      if (asked !== this.asked || !(error instanceof KernelError) || error.code === "closed") return;
      this.problem.value = { message: error.message, hint: error.hint };
    }
  }

  private tell({ row, cases, ...found }: MistakeRow): void {
    const one = cases[this.at.peek()];
    if (one === undefined || (!one.open && this.said !== "")) return;
    const what = `${this.core.wordsOf(one.prediction)}, predicted by ${one.models.join(", ")}`;
    const left = this.discussing.peek() ? found.to_discuss : found.left;
    this.core.say(`${this.said}Row ${row}: ${what}. ${left} left.`);
    this.said = "";
  }
}

function sentence(verdict: Verdict): string {
  return verdict === "problematic" ? "nothing can be judged on this row" : `the prediction is ${verdict}`;
}
