/** What the page asks and does about tags, and about attributes beside the class. */
import { batch, computed, signal } from "@preact/signals";
import type { AcceptPreview, Check, Conditionals, Fix, Proposal, Side, TagCount } from "../protocol";
import { u32Of } from "../transport/binary";
import type { Asking } from "./asking";
import type { Core } from "./core";
import type { Decisions } from "./decisions";
import type { Proposed, TaskStore } from "./taskShapes";

/** The variable of a proposal that is about the class itself. */
export const CLASS = "class";

export class Tasks {
  readonly proposed = signal<Proposed | null>(null);

  constructor(
    private readonly core: Core,
    private readonly decisions: Decisions,
    private readonly asking: Asking,
  ) {
    decisions.onRelabelled = (row, to) => this.propagate(row, { [CLASS]: to });
  }

  /** Events on the row of the proposals: what they said is of before. */
  heard(rows: ReadonlySet<number>, source: string): void {
    const shown = this.proposed.peek();
    if (shown !== null && rows.has(shown.row) && source !== "propagated") this.proposed.value = null;
  }

  async change(tags: readonly string[], value: 0 | 1, given?: number[]): Promise<boolean> {
    const { core, decisions } = this;
    const rows = given ?? decisions.targets();
    if (rows.length === 0 || tags.length === 0) {
      if (rows.length === 0) core.say("No row is chosen.");
      return false;
    }
    const shown = core.review.control.peek();
    if (shown !== null && rows.length === 1 && rows[0] === shown.row && core.sets !== null) {
      // A control is answered, never changed.
      const [added, removed] = value === 1 ? [tags, []] : [[], tags];
      decisions.relabel(core.setWith(shown.row, added, removed), rows);
      return true;
    }
    const name = value === 1 ? "add_tags" : "remove_tags";
    if ((await decisions.ask({ name, rows, tags: [...tags] })) === null) return false;
    if (core.meta.peek().task === "concepts" && rows.length === 1)
      await this.propagate(rows[0]!, Object.fromEntries(tags.map((tag) => [tag, value])));
    return true;
  }

  /** True when something follows from the fix: then the reader stays on the row. */
  async propagate(row: number, fix: Fix): Promise<boolean> {
    const { core } = this;
    if (core.meta.peek().task !== "concepts" || core.connection.peek() !== "live") return false;
    const found = await this.asking.find({ name: "propagate", row, fix }, 60_000);
    const proposals = (Array.isArray(found?.data.proposals) ? found.data.proposals : []) as Proposal[];
    if (proposals.length === 0 || core.current.peek() !== row) return false;
    batch(() => {
      this.proposed.value = { row, fix, proposals };
      const n = proposals.length;
      core.say(`${n === 1 ? "1 change follows" : `${n} changes follow`} from it: e accepts, Space goes on.`);
    });
    return true;
  }

  async accept(variables: readonly string[]): Promise<boolean> {
    const shown = this.proposed.peek();
    if (shown === null || variables.length === 0) return false;
    const { row } = shown;
    const answer = await this.decisions.ask({ name: "accept_proposals", row, variables: [...variables] });
    if (answer === null) return false;
    const left = shown.proposals.filter(({ variable }) => !variables.includes(variable));
    this.proposed.value = left.length === 0 ? null : { ...shown, proposals: left };
    return true;
  }
}

function rowsIn(core: Core, buffer: unknown): number[] {
  return [...u32Of(buffer)].filter((row) => core.validRow(row) !== null);
}

export function taskActions(core: Core, tasks: Tasks, asking: Asking, decisions: Decisions): TaskStore {
  return {
    task: computed(() => core.meta.value.task),
    tags: core.tags,
    scorers: core.review.scorers,
    tagsOf: (row) => core.fold.tagsOf(row),
    tagsIn: (label) => core.tagsIn(label),
    wordsOf: (label) => core.wordsOf(label),
    setWith: (row, added, removed) => core.setWith(row, added, removed),
    addTags: (tags, rows) => tasks.change(tags, 1, rows),
    removeTags: (tags, rows) => tasks.change(tags, 0, rows),
    proposed: tasks.proposed,
    acceptProposals: (variables) => tasks.accept(variables),
    dismissProposals: () => {
      tasks.proposed.value = null;
    },
    acceptPreview: async (rows) => {
      const found = await asking.find({ name: "accept_preview", rows });
      return Array.isArray(found?.data.stay) ? (found.data as unknown as AcceptPreview) : null;
    },
    similarFixes: async (rows, row, fix) => {
      const found = await asking.find({ name: "similar_fixes", rows, row, fix }, 60_000);
      if (found === null) return null;
      const changes = (Array.isArray(found.data.changes) ? found.data.changes : []) as never[];
      const alike = rowsIn(core, found.buffers[0]);
      return { rows: alike.length, changes, alike };
    },
    fixSimilar: async (rows, row, fix) =>
      (await decisions.ask({ name: "fix_similar", rows, row, fix })) !== null,
    tagCounts: async () => {
      const found = await asking.find({ name: "tag_counts" }, 60_000);
      return Array.isArray(found?.data.tags) ? (found.data.tags as TagCount[]) : null;
    },
    tagCut: async (tag: string, side: Side, threshold: number) => {
      const found = await asking.find({ name: "accept_tag_cut", tag, side, threshold });
      if (found === null) return null;
      const rows = rowsIn(core, found.buffers[0]);
      const wrong = Number(found.data.expected_wrong) || 0;
      return { tag, side, threshold, rows: rows.length, expected_wrong: wrong, found: rows };
    },
    tagCheck: async (tag, side, threshold, precision) => {
      const found = await asking.find({ name: "tag_check", tag, side, threshold, precision });
      return found === null ? null : (found.data as unknown as Check);
    },
    conditionals: async () => {
      const found = await asking.find({ name: "conditionals" });
      return Array.isArray(found?.data.probabilities) ? (found.data as unknown as Conditionals) : null;
    },
  };
}
