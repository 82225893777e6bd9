/**
 * Rows that test whether a reviewer looks. One looks like the next card: its suggestion is written into the table, its
 * review state is put back to "unreviewed", and its answer goes to the kernel without touching the row's label.
 */
import { batch } from "@preact/signals";
import type { Acceptance, Command, Control, ControlAnswer } from "../protocol";
import type { Connection } from "./connection";
import type { Core } from "./core";
import { object } from "./scores";
import { UNLABELLED } from "./types";

export class Controls {
  private waiting: Control | null = null;
  /** answered here, though replies on their way may still bring them */
  private readonly done = new Set<string>();
  private kept: { suggested: number; state: number } | null = null;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
  ) {}

  /** A reply brought one: it is shown after the next decision, never under fingers that are about to press a key. */
  offer(value: unknown): void {
    const found = object<Control>(value);
    if (found === null || typeof found.id !== "string" || this.core.validRow(found.row) === null) return;
    if (this.core.review.control.peek() === null && !this.done.has(found.id)) this.waiting = found;
  }

  /** Shows the control that waits, in front of `next`; false when none waits. */
  show(next: number | null): boolean {
    const control = this.waiting;
    if (control === null) return false;
    this.waiting = null;
    const { core } = this;
    const table = core.table.peek();
    this.kept = { suggested: table.suggested[control.row]!, state: table.state[control.row]! };
    const suggested = table.suggested.slice();
    const code = core.fold.codeOf(control.suggested);
    suggested[control.row] = code < 0 ? UNLABELLED : code;
    table.state[control.row] = 0;
    batch(() => {
      core.table.value = { ...table, suggested };
      core.review.resume.value = next;
      core.review.control.value = control;
      core.current.value = control.row;
      core.bump();
    });
    return true;
  }

  /** True when the command is the answer to the control on screen; it does not reach the row then. */
  answers(command: Command, rows: readonly number[]): boolean {
    const control = this.core.review.control.peek();
    if (control === null) return false;
    if (rows.length !== 1 || rows[0] !== control.row) {
      // The cursor was moved away from it: it comes again, or no other one ever could.
      this.putBack();
      this.waiting = control;
      return false;
    }
    const verdict = command.name;
    if (verdict !== "accept" && verdict !== "keep" && verdict !== "unsure" && verdict !== "relabel") {
      this.putBack();
      return false;
    }
    const answer = {
      name: "control_answer",
      id: control.id,
      row: control.row,
      verdict,
      ...(command.name === "relabel" ? { to: command.to } : {}),
    } as const;
    const next = this.core.review.resume.peek();
    this.done.add(control.id);
    batch(() => {
      this.putBack();
      if (next !== null) this.core.current.value = next;
    });
    void this.tell(answer);
    return true;
  }

  /** The row is as it was before. */
  putBack(): void {
    const { core, kept } = this;
    const control = core.review.control.peek();
    this.kept = null;
    if (control === null) return;
    const table = core.table.peek();
    batch(() => {
      core.review.control.value = null;
      core.review.resume.value = null;
      if (kept === null) return;
      const suggested = table.suggested.slice();
      suggested[control.row] = kept.suggested;
      table.state[control.row] = core.fold.stateOf(control.row);
      core.table.value = { ...table, suggested };
      core.bump();
    });
  }

  private async tell(command: Command & { row: number }): Promise<void> {
    const { core } = this;
    const { review } = core;
    try {
      const { data } = await this.connection.link.command(command);
      const found = data as Partial<ControlAnswer>;
      batch(() => {
        const acceptance = object<Acceptance>(found.acceptance);
        if (acceptance !== null) review.acceptance.value = acceptance;
        if (typeof found.noticed === "string" && found.noticed !== "") review.noticed.value = found.noticed;
        review.answered.value = {
          row: command.row,
          passed: found.passed === true,
          kind: String(found.kind ?? ""),
          acceptance,
        };
      });
    } catch (error) {
      this.connection.complain(error);
    }
    core.unsaved.value = this.connection.link.unanswered;
  }
}
