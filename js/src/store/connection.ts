/** Is the kernel there? Says hello, keeps asking, folds what it tells, and sends again what it may have missed. */
import { batch } from "@preact/signals";
import type {
  ColumnInfo,
  Gate,
  JournalEvent,
  KernelMessage,
  LeftEstimate,
  ReportState,
  Welcome,
} from "../protocol";
import { u32Of } from "../transport/binary";
import { type Answer, KernelError, Link } from "../transport/link";
import { classesOf, tableOf, tableOfReply } from "./columns";
import type { Core } from "./core";
import { bySuspicion, completeOrder } from "./ranking";
import { object, ScoreKeeper } from "./scores";
import { heldOf } from "./tagSets";

/** After this long without a word the view says that no kernel is connected; a late welcome still counts. */
export const PATIENCE_MS = 4_000;
const RETRY_MS = [4_000, 8_000, 15_000, 30_000, 60_000];
/** A command that waits longer than this gets a word about it. */
const SLOW_MS = 10_000;
const WATCH_MS = 2_000;
const SLOW = "The kernel does not answer: it may be busy.";

type Events = Extract<KernelMessage, { type: "events" }>;

export class Connection {
  readonly link: Link;
  readonly scores: ScoreKeeper;
  private tries = 0;
  private stopRetry: () => void = () => undefined;
  private asking = false;
  private welcomed = false;
  private ended = false;
  private slowSaid = false;
  /** called with events that are new here */
  onEvents: (events: JournalEvent[]) => void = () => undefined;
  onLive: () => void = () => undefined;
  /** options changed, or something was given in the notebook */
  onOptions: () => void = () => undefined;
  onReport: (state: ReportState) => void = () => undefined;
  /** how many rows the queue lists itself; null where it lists all */
  onListed: (listed: number | null) => void = () => undefined;
  /** the kernel's own order is there, so the first row is the right one */
  onOrdered: () => void = () => undefined;
  /** answers of commands taken over from a view that lost its kernel */
  onAdopted: (answers: Promise<Answer>[]) => void = () => undefined;
  private readonly onComm = () => this.lost();

  constructor(private readonly core: Core) {
    this.scores = new ScoreKeeper(core);
    this.link = new Link(core.model, {
      scores: (message, buffers) => this.scores.take(message, buffers),
      options: (message) => {
        this.options(message);
        this.onOptions();
      },
      report: (message) => this.onReport(message),
      events: (message) => this.events(message),
      notice: (message) => core.toast(message.level ?? "info", message.message, message.hint),
    });
    core.model.on("comm_live_update", this.onComm);
    core.model.on("comm:close", this.onComm);
    void this.hello();
    this.watch();
  }

  retry(): void {
    this.tries = 0;
    this.asking = false;
    if (this.core.connection.peek() === "offline") this.core.connection.value = "connecting";
    void this.hello();
  }

  dispose(): void {
    this.ended = true;
    this.stopRetry();
    this.core.model.off("comm_live_update", this.onComm);
    this.core.model.off("comm:close", this.onComm);
    this.link.dispose();
  }

  /** The comm closed or moved: ask at once, and believe silence sooner. */
  private lost(): void {
    this.link.markLost();
    if (this.core.connection.peek() === "live") this.core.connection.value = "connecting";
    this.tries = 0;
    this.asking = false;
    void this.hello();
  }

  private async hello(): Promise<void> {
    if (this.asking || this.ended) return;
    this.asking = true;
    this.stopRetry();
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]!;
    this.tries += 1;
    this.stopRetry = this.core.later(() => {
      // A kernel that was live and did not say goodbye is busy: what is decided now waits in its queue.
      if (!this.welcomed || this.link.lostSight) this.core.connection.value = "offline";
      this.asking = false;
      void this.hello();
    }, wait);
    try {
      const { data } = await this.link.hello(10 * 60_000);
      this.welcome(data);
    } catch (error) {
      if (this.ended || !(error instanceof KernelError) || error.code === "timeout") return;
      if (error.code === "closed") return;
      this.stopRetry();
      this.asking = false;
      this.core.connection.value = "offline";
      this.core.toast("error", error.message, error.hint);
    }
  }

  private welcome(data: Welcome): void {
    if (this.ended) return;
    const { core } = this;
    this.stopRetry();
    this.asking = false;
    this.tries = 0;
    const first = !this.welcomed;
    this.welcomed = true;
    batch(() => {
      core.connection.value = "live";
      core.journal.value = typeof data.journal === "string" ? data.journal : null;
      core.reviewer.value = String(data.reviewer ?? "");
      this.welcomeReview(data);
      core.exportFormats.value = Array.isArray(data.export_formats) ? data.export_formats.map(String) : [];
      // The journal is the truth: what the saved picture said of decisions makes room for it. Events that were heard
      // before this welcome was read stay.
      const heard = core.fold.events;
      core.startOver();
      this.absorb([...(Array.isArray(data.events) ? data.events : []), ...heard], data, true);
      if (core.journal.peek() !== null && core.fold.events.length > 0)
        core.savedAt.value = Date.parse(core.fold.events.at(-1)!.at) || Date.now();
    });
    const adopted = this.link.adopt(core.journal.peek());
    if (adopted.length > 0) {
      core.toast("info", "Decisions that waited for the kernel were sent again.");
      this.onAdopted(adopted);
    }
    if (!first) this.link.resend();
    if (data.more) void this.columns();
    this.onLive();
    void this.reorder(core.queue.peek()).then(() => {
      if (!this.ended) this.onOrdered();
    });
  }

  private welcomeReview(data: Welcome): void {
    const { review } = this.core;
    this.scores.startOver();
    review.canQuery.value = data.can_query === true;
    review.gate.value = object<Gate>(data.gate);
    review.estimate.value = object<LeftEstimate>(data.estimate);
    review.rescoring.value = false;
    review.scorers.value = Array.isArray(data.scorers) ? data.scorers.map(String) : [];
    this.options(data);
  }

  private options(
    data: Pick<Welcome, "control_rate" | "reveal" | "live" | "saved_filters"> & { columns?: ColumnInfo[] },
  ): void {
    const { review } = this.core;
    batch(() => {
      review.controlRate.value = Number(data.control_rate) || 0;
      review.reveal.value = data.reveal === "after_answer" ? "after_answer" : "at_once";
      review.live.value = data.live === true;
      if (Array.isArray(data.columns))
        review.columnInfos.value = data.columns.filter((column) => object(column) !== null);
      review.savedFilters.value = Array.isArray(data.saved_filters) ? data.saved_filters : [];
    });
  }

  private events(message: Events): void {
    if (this.ended) return;
    const { core } = this;
    batch(() => {
      const fresh = this.absorb(message.events, message, false);
      if (message.saved) core.savedAt.value = Date.now();
      else if (core.journal.peek() === null) core.savedAt.value = null;
      // A kernel that talks is alive, whether or not it has answered our hello yet.
      if (this.welcomed && core.connection.peek() === "connecting") core.connection.value = "live";
      if (fresh.length > 0) this.onEvents(fresh);
    });
  }

  private absorb(
    events: JournalEvent[],
    counts: Pick<Events, "progress" | "can_undo" | "can_redo">,
    replayed: boolean,
  ): JournalEvent[] {
    const { core } = this;
    const fresh = core.fold.apply(events);
    core.nameClasses(core.fold.classes);
    if (counts.progress && typeof counts.progress === "object")
      core.progress.value = { ...core.progress.peek(), ...counts.progress };
    core.canUndo.value = counts.can_undo === true;
    core.canRedo.value = counts.can_redo === true;
    if (fresh.length > 0 || replayed) core.bump();
    return fresh;
  }

  /** The kernel changed the trait: usually the map is there now. */
  pictureChanged(): void {
    const { core } = this;
    core.picture = core.readPicture();
    const decoded = tableOf(core.picture);
    // A sample must not replace full columns; ask for the full ones again, they have the map now.
    if (decoded.known !== null && core.known.peek() === null && core.table.peek().n === decoded.table.n)
      void this.columns();
    else {
      core.replaceTable(decoded);
      if (decoded.known !== null) void this.columns();
    }
  }

  private async columns(): Promise<void> {
    const { core } = this;
    try {
      const { data, buffers } = await this.link.request({ name: "columns" }, { timeout: 120_000 });
      const { n } = core.table.peek();
      const decoded = tableOfReply(n, classesOf(core.picture).length, data, buffers);
      if (decoded === null || this.ended) return;
      const attributes = object<{ buffer: number }>(data.attributes);
      if (attributes !== null)
        core.attributes = heldOf(buffers[attributes.buffer], n * core.tags.peek().length) ?? core.attributes;
      // All rows are here already, and the map is still being made.
      if (decoded.table.x === null && core.known.peek() === null && attributes === null) return;
      core.replaceTable(decoded);
    } catch (error) {
      this.complain(error);
    }
  }

  async reorder(policy: string): Promise<void> {
    const { core } = this;
    if (core.connection.peek() !== "live") return;
    try {
      const { data, buffers } = await this.link.request({ name: "queue", policy }, { timeout: 120_000 });
      if (this.ended || core.queue.peek() !== policy) return;
      // Of very many rows the first ones come; the others follow by suspicion.
      core.order.value = completeOrder(u32Of(buffers[0]), bySuspicion(core.table.peek()));
      this.onListed(typeof data.listed === "number" ? data.listed : null);
    } catch (error) {
      this.complain(error);
    }
  }

  /** Errors of Python become toasts; silence and closing are told by the connection. */
  complain(error: unknown): void {
    if (this.ended) return;
    if (error instanceof KernelError) {
      if (error.code === "aborted" || error.code === "closed" || error.code === "timeout") return;
      this.core.toast("error", error.message, error.hint);
    } else this.core.toast("error", error instanceof Error ? error.message : String(error));
  }

  private watch(): void {
    this.core.later(() => {
      const { core, link } = this;
      core.unsaved.value = link.unanswered;
      const slow = link.unanswered > 0 && link.oldest > SLOW_MS;
      if (!slow || core.connection.peek() === "offline") core.retract(SLOW);
      if (slow && !this.slowSaid) {
        core.toast("warning", SLOW, "What you decide waits here and is saved as soon as it does.");
        if (core.connection.peek() === "live") core.connection.value = "connecting";
        void this.hello();
      }
      this.slowSaid = slow;
      this.watch();
    }, WATCH_MS);
  }
}
