/** A kernel in the page: answers the widget's messages from what the packet holds, and keeps the journal. */

import type {
  Command,
  Gate,
  JournalEvent,
  KernelMessage,
  LabelValue,
  PageMessage,
  WireRows,
} from "../protocol";
import { PROTOCOL } from "../protocol";
import { classesOf, tableOf } from "../store/columns";
import { heldOf, TagSets } from "../store/tagSets";
import { type CodeArray, FLAGGED, isUnlabelled } from "../store/types";
import { u32Of } from "../transport/binary";
import { type Accepted, answerRequest, Refusal, type Reply } from "./answers";
import type { PacketData } from "./data";
import { closed } from "./implied";
import { type Draft, Journal } from "./journal";
import { decidedTags, keptAsDecided } from "./staying";

type Say = (message: KernelMessage, buffers: DataView[]) => void;

const ELSEWHERE = "This needs Python: it is not part of a packet.";
const ELSEWHERE_HINT = "Download the journal and merge it; the rest works in the notebook.";

export class Kernel {
  readonly journal: Journal;
  readonly order: Uint32Array;
  private readonly suggested: CodeArray;
  private readonly flags: Uint8Array;
  private readonly classes: readonly LabelValue[];

  constructor(
    readonly data: PacketData,
    reviewer: string,
    private readonly say: Say,
    private readonly keep: (own: readonly JournalEvent[]) => void = () => undefined,
  ) {
    const { table } = tableOf(data.picture);
    this.suggested = table.suggested;
    this.flags = table.flags;
    this.order = u32Of(data.order);
    const isFlagged = (row: number): boolean => (this.flags[row]! & FLAGGED) !== 0;
    this.classes = classesOf(data.picture);
    const { task, tags: names = [], tags_unknown: unknown = false, attributes } = data.picture;
    const beside = task === "concepts" ? { attributes: heldOf(attributes, table.n * names.length) } : {};
    const tagging = names.length > 0 ? { names, unknown, ...beside } : null;
    const { given, suspicion } = table;
    this.journal = new Journal(given, this.classes, suspicion, isFlagged, data.events, reviewer, tagging);
  }

  get n(): number {
    return this.suggested.length;
  }

  /** Exactly one answer a message, as from Python; events go first. */
  receive(content: PageMessage, buffers: readonly unknown[] = []): void {
    const id = String((content as { id?: unknown }).id ?? "");
    try {
      if (content.type === "hello") this.reply(id, { data: this.welcome() });
      else if (content.type === "request") this.reply(id, answerRequest(this, content.request, buffers));
      else if (content.type === "command") this.reply(id, { data: this.command(content.command, buffers) });
      else throw new Refusal("unknown_message", "There is no such message.");
    } catch (error) {
      const known = error instanceof Refusal;
      const message = error instanceof Error ? error.message : String(error);
      const code = known ? error.code : "internal";
      this.say({ type: "error", id, code, message, hint: known ? error.hint : "" }, []);
    }
  }

  /** As it was set last, here or before; the fitted mixture is that of the notebook. */
  gate(): Gate | null {
    const set = this.journal.active().findLast((event) => event.kind === "gate_set");
    const at = Number(set?.data.at ?? this.data.gate?.at);
    if (this.data.gate === null || Number.isNaN(at)) return this.data.gate;
    const { suspicion } = this.journal;
    const { state } = this.journal.fold;
    let above = 0;
    for (let row = 0; row < this.n; row++) if (state[row] === 0 && suspicion[row]! >= at * 255) above += 1;
    return { ...this.data.gate, at, n_above: above };
  }

  /** Rows as the wire has them, or what is wrong with them. */
  rows(value: WireRows, buffers: readonly unknown[]): number[] {
    const found = Array.isArray(value) ? value : [...u32Of(buffers[(value as { buffer: number }).buffer])];
    for (const row of found)
      if (!Number.isInteger(row) || row < 0 || row >= this.n)
        throw new Refusal("unknown_row", `There is no row ${row}.`, `Rows are 0 to ${this.n - 1}.`);
    return [...new Set(found)].sort((a, b) => a - b);
  }

  suggestionOf(row: number): LabelValue {
    const code = this.suggested[row]!;
    return isUnlabelled(code) ? null : (this.classes[code] ?? null);
  }

  /** As suggested, but for single tags that somebody decided about; of several rows, for whole sets as well. */
  accepted(asked: number[]): Accepted {
    const { journal, data } = this;
    const { task, tags = [], tags_unknown: unknown = false } = data.picture;
    const rows = asked.filter((row) => this.suggestionOf(row) !== null);
    const stays = new Map<string, number>();
    const sets = task === "multilabel" ? new TagSets(tags, unknown) : null;
    const labels = rows.map((row) => {
      const suggested = this.suggestionOf(row);
      if (sets === null) return suggested;
      const decided = decidedTags(journal.active(), row, tags, asked.length > 1);
      return keptAsDecided(sets, suggested, journal.fold.tagsOf(row), decided, stays);
    });
    const changes = labels.filter((label, k) => label !== journal.labelOf(rows[k]!)).length;
    const stay = [...stays].sort((a, b) => b[1] - a[1]);
    return { rows, labels, told: { n: asked.length, changes, without: asked.length - rows.length, stay } };
  }

  private reply(id: string, { data, buffers = [] }: Reply): void {
    this.say({ type: "reply", id, data }, buffers);
  }

  private welcome(): Record<string, unknown> {
    const { journal, data } = this;
    return {
      protocol: PROTOCOL,
      events: journal.fold.events,
      progress: journal.progress(),
      journal: "this page",
      reviewer: journal.reviewer,
      can_undo: journal.canUndo,
      can_redo: journal.canRedo,
      export_formats: ["journal"],
      more: false,
      columns: data.columns.map(({ info }) => info),
      control_rate: 0,
      can_query: false,
      gate: this.gate(),
      estimate: null,
      reveal: data.options.reveal ?? "at_once",
      live: false,
      saved_filters: [],
    };
  }

  private command(command: Command, buffers: readonly unknown[]): Record<string, unknown> {
    const { drafts, source } = this.drafts(command, buffers);
    const events = this.journal.record(drafts, source);
    if (events.length > 0) {
      this.keep(this.journal.own);
      const { canUndo, canRedo } = this.journal;
      const progress = this.journal.progress();
      this.say({ type: "events", events, progress, can_undo: canUndo, can_redo: canRedo, saved: true }, []);
    }
    const touched = new Set(events.flatMap((event) => event.rows));
    return { rows: touched.size, batch: events.at(-1)?.batch ?? null };
  }

  private drafts(command: Command, buffers: readonly unknown[]): { drafts: Draft[]; source: string } {
    const { journal } = this;
    const from = (drafts: Draft[], source = "widget") => ({ drafts, source });
    switch (command.name) {
      case "relabel": {
        const rows = this.rows(command.rows, buffers);
        const to = this.label(command.to, command.new_class === true);
        return from(
          journal.labelDrafts(
            rows,
            rows.map(() => to),
          ),
          command.source ?? "widget",
        );
      }
      case "accept": {
        const { rows, labels } = this.accepted(this.rows(command.rows, buffers));
        return from(journal.labelDrafts(rows, labels), "suggestion");
      }
      case "keep": {
        const rows = this.rows(command.rows, buffers);
        return from(
          journal.labelDrafts(
            rows,
            rows.map((row) => journal.labelOf(row)),
          ),
        );
      }
      case "unsure":
        return from(this.plain("unsure", this.rows(command.rows, buffers)));
      case "exclude":
        return from(this.plain("excluded", this.rows(command.rows, buffers)));
      case "accept_set": {
        const labels = command.labels.map((label) => this.label(label, command.new_class === true));
        const unique = [...new Set(labels)].filter((label) => label !== null);
        if (unique.length === 0) throw new Refusal("invalid_input", "Name the labels that are right.");
        return from(this.plain("accepted_set", this.rows([command.row], []), { labels: unique }));
      }
      case "add_tags":
      case "remove_tags": {
        const known = this.data.picture.tags ?? [];
        const strange = command.tags.find((tag) => !known.includes(tag));
        if (strange !== undefined)
          throw new Refusal(
            "invalid_input",
            `There is no tag “${strange.slice(0, 60)}”.`,
            "Choose one that there is.",
          );
        const kind = command.name === "add_tags" ? "tags_added" : "tags_removed";
        const { fold } = journal;
        const { task, taxonomy, tags_unknown: unknown = false } = this.data.picture;
        const sets = new TagSets(known, unknown);
        const moved = closed(
          task === "multilabel" ? taxonomy : undefined,
          known,
          [...new Set(command.tags)],
          this.rows(command.rows, buffers),
          command.name === "add_tags",
          (row) => fold.tagsOf(row),
          journal.active(),
          (label) => known.filter((_, column) => sets.values(label as LabelValue)[column] === 1),
        );
        return from(moved.flatMap(({ rows, data }) => this.plain(kind, rows, data)));
      }
      case "tag":
        return from([
          { kind: "tagged", rows: this.rows(command.rows, buffers), data: { tags: command.tags } },
        ]);
      case "note":
        return from([
          { kind: "noted", rows: this.rows([command.row], []), data: { text: String(command.text) } },
        ]);
      case "set_gate":
        return from([
          { kind: "gate_set", rows: [], data: { at: command.at, before: this.gate()?.at ?? null } },
        ]);
      case "undo":
        return from(journal.undo());
      case "redo":
        return from(journal.redo());
      default:
        throw new Refusal("not_offline", ELSEWHERE, ELSEWHERE_HINT);
    }
  }

  private plain(kind: string, rows: number[], data: Record<string, unknown> = {}): Draft[] {
    return rows.length === 0
      ? []
      : [{ kind, rows, before: rows.map((row) => this.journal.labelOf(row)), data }];
  }

  /** A class, or a new one where that is meant; numbers written as text are not taken for new classes. */
  private label(value: LabelValue, isNew: boolean): LabelValue {
    if (value === null || this.journal.fold.codeOf(value) >= 0) return value;
    const { task } = this.data.picture;
    if (task === "regression" && typeof value === "number" && Number.isFinite(value)) return value;
    // The page writes sets in their one form, of tags that there are.
    if (task === "multilabel" && typeof value === "string") return value;
    const classes = this.journal.fold.classes;
    const named = this.data.picture.class_names.indexOf(String(value));
    if (named >= 0) return classes[named] ?? null;
    const alike = classes.length === 0 || typeof classes[0] === typeof value;
    if (isNew && alike && typeof value === "string" && value.trim() !== "") return value;
    throw new Refusal(
      "invalid_input",
      `There is no class “${String(value).slice(0, 60)}”.`,
      alike ? "Choose one, or add it as a new class." : "Labels here are numbers; choose one of them.",
    );
  }
}
