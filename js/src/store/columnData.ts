/** Values of the user's columns: asked for once, and kept. */
import { computed, type ReadonlySignal } from "@preact/signals";
import type { ColumnInfo } from "../protocol";
import { f32Of, f64Of, u16Of } from "../transport/binary";
import type { Connection } from "./connection";
import type { Core } from "./core";
import type { ColumnData, ColumnFilter } from "./shapes";
import { UNLABELLED } from "./types";

/** The fact that the page knows best: it has the events. */
export const REVIEWER = ":reviewer";
/** What every table has; other names that begin so, such as ":score margin", are asked for. */
const BUILT_IN: ReadonlySet<string> = new Set([
  ...[":given", ":current", ":suggested", ":state", ":suspicion", REVIEWER],
]);

export class ColumnValues {
  private readonly coming = new Set<string>();
  private readonly reviewers: ReadonlySignal<ColumnData>;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
  ) {
    this.reviewers = computed(() => {
      core.version.value;
      core.table.value;
      return reviewerColumn(core);
    });
    core.review.useColumn(REVIEWER, this.reviewers);
  }

  of(name: string): ReadonlySignal<ColumnData | null> {
    if (name === REVIEWER) return this.reviewers;
    const found = this.core.review.column(name);
    if (found.peek() === null && this.core.connection.peek() === "live") void this.load(name);
    return found;
  }

  filter(name: string, filter: ColumnFilter | null): void {
    const { filters } = this.core;
    const { [name]: _, ...others } = filters.peek().column;
    filters.value = {
      ...filters.peek(),
      column: filter === null ? others : { ...others, [name]: filter },
    };
    if (filter !== null && !BUILT_IN.has(name)) this.of(name);
  }

  /** The kernel is there: what is colored or filtered by needs its values. */
  refresh(): void {
    const { colorBy, filters } = this.core;
    const wanted = new Set(Object.keys(filters.peek().column).filter((name) => !BUILT_IN.has(name)));
    const by = colorBy.peek();
    if (by.startsWith("column:")) wanted.add(by.slice("column:".length));
    for (const name of wanted) if (!this.core.review.isOwn(name)) void this.load(name);
  }

  /** Values that methods made anew. */
  reload(name: string): void {
    if (!this.core.review.isOwn(name) && !BUILT_IN.has(name)) void this.load(name);
  }

  private async load(name: string): Promise<void> {
    if (this.coming.has(name) || name === REVIEWER) return;
    const info = this.core.review.columnInfos.peek().find((column) => column.name === name);
    if (info?.kind === "text") return;
    this.coming.add(name);
    try {
      const request = { name: "column", column: name } as const;
      const { data, buffers } = await this.connection.link.request(request, { timeout: 120_000 });
      const decoded = decode(data, buffers[0], this.core.table.peek().n);
      if (decoded !== null) this.core.review.setColumn(name, decoded);
    } catch (error) {
      this.connection.complain(error);
    } finally {
      this.coming.delete(name);
    }
  }
}

function reviewerColumn(core: Core): ColumnData {
  // Who votes blind learns of no row that somebody decided about it.
  const { names, codes } =
    core.sight.veil.value === "labels"
      ? { names: [], codes: new Uint16Array(core.table.value.n).fill(UNLABELLED) }
      : core.fold.reviewers();
  const counts = new Array<number>(names.length).fill(0);
  let missing = 0;
  for (let row = 0; row < codes.length; row++)
    if (codes[row]! < names.length) counts[codes[row]!]! += 1;
    else missing += 1;
  const info: ColumnInfo = {
    name: REVIEWER,
    kind: "categorical",
    format: "text",
    n_missing: missing,
    categories: names,
    counts,
  };
  return { info, kind: "categorical", codes };
}

function decode(data: Record<string, unknown>, buffer: unknown, n: number): ColumnData | null {
  const info = data.info as ColumnInfo | undefined;
  if (typeof info !== "object" || info === null) return null;
  if (data.dtype === "uint16") {
    const codes = u16Of(buffer);
    return codes.length === n ? { info, kind: "categorical", codes } : null;
  }
  const values = data.dtype === "float64" ? f64Of(buffer) : f32Of(buffer);
  return values.length === n ? { info, kind: "numeric", values } : null;
}
