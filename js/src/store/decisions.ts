/** What a person decides: sent as commands, shown as pending at once, and as saved only when the events came back. */
import { batch } from "@preact/signals";
import type { Command, JournalEvent, LabelValue } from "../protocol";
import { type Answer, KernelError } from "../transport/link";
import { emptySelection, rowsOf } from "./bits";
import type { Connection } from "./connection";
import type { Controls } from "./controls";
import type { Core } from "./core";
import { nextOpen } from "./ranking";
import { asOne, eventSentence, hasAlong, progressSentence } from "./words";

const OFFLINE = "Kernel not connected — changes cannot be saved.";
const VOTING = "People vote here: 1 to 5 answer, and no label changes.";
const WITHDRAWN = "The plan was withdrawn.";
const OFFLINE_HINT = "Run the cell again to connect; nothing that was saved is lost.";

export class Decisions {
  /** rows of every command on its way */
  private readonly flying = new Set<readonly number[]>();

  /** called after a label was given to one row; true when there is a reason to stay on it */
  onRelabelled: (row: number, to: LabelValue) => Promise<boolean> = async () => false;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
    private readonly controls: Controls,
  ) {
    connection.onAdopted = (answers) => {
      for (const answer of answers) void this.settle(answer, []);
    };
  }

  targets(): number[] {
    const { count, mask } = this.core.selection.peek();
    const row = this.core.current.peek();
    if (count > 1 || (row === null && count > 0)) return rowsOf(mask);
    return row === null ? [] : [row];
  }

  async send(command: Command): Promise<void> {
    await this.ask(command);
  }

  /** Sends a command; its answer, or null when it could not be done, which was said then. */
  async ask(command: Command): Promise<Answer | null> {
    const { core } = this;
    if (!core.canDecide.peek()) {
      core.toast("warning", OFFLINE, OFFLINE_HINT);
      return null;
    }
    const rows = "rows" in command && Array.isArray(command.rows) ? command.rows : [];
    return this.settle(this.connection.link.command(command), rows);
  }

  decide(make: (rows: number[]) => Command, given?: number[]): void {
    const { core } = this;
    const rows = given ?? this.targets();
    if (rows.length === 0) {
      core.say("No row is chosen.");
      return;
    }
    if (!core.canDecide.peek()) {
      core.toast("warning", OFFLINE, OFFLINE_HINT);
      return;
    }
    if (core.review.blind.peek()) {
      core.say(VOTING);
      return;
    }
    const command = make(rows);
    if (command.name === "accept" && rows.some((row) => core.sight.veiled(row) !== "none")) {
      core.say("The suggestion is hidden until you decide.");
      return;
    }
    batch(() => {
      if (this.controls.answers(command, rows)) return;
      if (command.name === "relabel" && rows.length === 1 && core.meta.peek().task === "concepts") {
        void this.fix(command, rows[0]!);
        return;
      }
      void this.send(command);
      this.moveOn(rows);
    });
  }

  /** A class beside attributes: what follows from it is shown on the row, else the cursor moves on. */
  private async fix(command: Command & { to: LabelValue }, row: number): Promise<void> {
    if ((await this.ask(command)) === null) return;
    const stays = await this.onRelabelled(row, command.to);
    if (!stays && this.core.current.peek() === row) this.moveOn([row]);
  }

  relabel(to: LabelValue, rows?: number[], newClass = false, source = "widget"): void {
    this.decide(
      (targets) => ({
        name: "relabel",
        rows: targets,
        to,
        source,
        ...(newClass ? { new_class: true } : {}),
      }),
      rows,
    );
  }

  step(name: "undo" | "redo"): void {
    const possible = name === "undo" ? this.core.canUndo.peek() : this.core.canRedo.peek();
    // A command on its way can be undone as well: the kernel takes them in order.
    if (!possible && this.flying.size === 0) {
      this.core.say(`Nothing to ${name}.`);
      return;
    }
    void this.send({ name });
  }

  /** After events of this page or another: say so, and after an undo go back to what it put back. */
  heard(events: readonly JournalEvent[]): void {
    const { core } = this;
    const last = events.at(-1)!;
    // What became of a label would tell who votes which one it was.
    const told = core.review.blind.peek() ? ["noted", "reverted"] : null;
    // Accepting a mixed selection relabels some rows and keeps others: one gesture, one sentence.
    const heard = asOne(
      events.filter(({ batch, kind }) => batch === last.batch && (told === null || told.includes(kind))),
    );
    const gesture = heard
      .map((event) => eventSentence(event, (value) => core.wordsOf(value ?? null)))
      .filter(Boolean);
    this.planHeard(events);
    if (last.reviewer === core.reviewer.peek() && heard.some(hasAlong)) {
      const against = heard.some(({ data }) => "refused" in data);
      const hint = against
        ? "The row contradicts the taxonomy now."
        : "The taxonomy says so; one undo takes it back.";
      core.toast(against ? "warning" : "info", gesture.join(" "), hint);
    }
    if (gesture.length > 0) core.say(`${gesture.join(" ")} ${progressSentence(core.progress.peek())}`);
    if (last.kind !== "reverted" || last.rows.length === 0) return;
    const row = core.validRow(last.rows[0]);
    if (row !== null && core.passing.peek()[row] === 1) core.current.value = row;
  }

  /** A plan was withdrawn, or an undo put back no rows, which is nothing else. */
  private planHeard(events: readonly JournalEvent[]): void {
    const { core } = this;
    // A page that is closed again takes back what was said on it, too.
    const alone = (batch: string) => events.filter((event) => event.batch === batch).length === 1;
    const found = events.find(({ kind, rows, data, batch }) =>
      kind === "planned" ? data.withdrawn : kind === "reverted" && rows.length === 0 && alone(batch),
    );
    if (found === undefined) return;
    core.review.planEvent.value = found;
    core.retract(WITHDRAWN);
    if (found.kind === "reverted") return;
    const mine = found.reviewer === core.reviewer.peek();
    core.toast(
      "info",
      mine ? WITHDRAWN : `${found.reviewer} withdrew a plan.`,
      `What was decided on its pages stays${mine ? "; undo brings the plan back" : ""}.`,
    );
  }

  private async settle(answer: Promise<Answer>, rows: readonly number[]): Promise<Answer | null> {
    const { core } = this;
    this.flying.add(rows);
    this.mark(rows, 1);
    let found: Answer | null = null;
    try {
      found = await answer;
      this.controls.offer(found.data.control);
    } catch (error) {
      if (error instanceof KernelError && error.code === "closed") return null;
      this.connection.complain(error);
    }
    this.flying.delete(rows);
    this.mark(rows, 0);
    core.unsaved.value = this.connection.link.unanswered;
    return found;
  }

  private mark(rows: readonly number[], value: 0 | 1): void {
    const { pending } = this.core.table.peek();
    for (const row of rows) if (row < pending.length) pending[row] = value;
    // Rows that are part of another command on its way stay marked.
    if (value === 0) for (const other of this.flying) for (const row of other) pending[row] = 1;
    this.core.unsaved.value = this.connection.link.unanswered;
    this.core.bump();
  }

  /** One decision = one key: the cursor goes to the next row that nobody has decided. */
  private moveOn(rows: readonly number[]): void {
    const { core } = this;
    const here = core.current.peek();
    const bulk = rows.length > 1;
    if (!bulk && rows[0] !== here) return;
    const unseen = core.queue.peek() === "random" ? core.fold.unseen() : null;
    const next = nextOpen(core.visible.peek(), here ?? rows.at(-1) ?? null, core.table.peek(), unseen);
    const { count, mask } = core.selection.peek();
    if (count > 0 && rows.some((row) => mask[row] === 1))
      core.selection.value = emptySelection(core.table.peek().n);
    if (this.controls.show(next)) return;
    if (next !== null) core.current.value = next;
    else if (core.progress.peek().n > 0) core.say("No undecided row is left under these filters.");
  }
}
