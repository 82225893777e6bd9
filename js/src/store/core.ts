/** All state of one view. `Screen` signals live in this page only; the labels come from the kernel by events. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Detail, Edits, LabelValue, Picture, Progress } from "../protocol";
import { hostTheme, watchTheme } from "../theme/index";
import type { Model } from "../transport/model";
import { groupedRows, sorted, withControl } from "./arrange";
import { emptySelection, type Selection, unpackBits } from "./bits";
import { cardsOf, classesOf, type Decoded, metaOf, tableOf, writeEdits } from "./columns";
import { digitCodes } from "./digits";
import { Fold } from "./fold";
import { bySuspicion, followsEdits, NO_FILTERS, passingRows, sameRanks, visibleRows } from "./ranking";
import { Saying } from "./saying";
import { Sight } from "./sight";
import { ReviewSignals } from "./signals";
import { heldOf, type Tagging, TagSets } from "./tagSets";
import { useTaskColumns } from "./taskColumns";
import type {
  CodeArray,
  ColorBy,
  Connection,
  Filters,
  Meta,
  RendererName,
  Table,
  ThemeName,
  Tool,
} from "./types";
import { visibleName } from "./words";

const NO_PROGRESS: Progress = {
  n: 0,
  n_labeled: 0,
  reviewed: 0,
  by_machine: 0,
  taken_over: 0,
  relabelled: 0,
  kept: 0,
  unsure: 0,
  excluded: 0,
  flagged: 0,
  flagged_left: 0,
  per_100: 0,
};

const EMPTY_PICTURE = { n: 0, rows: null, columns: {}, classes: [], class_names: [] } as unknown as Picture;

function pick<T extends string>(value: unknown, known: readonly T[], otherwise: T): T {
  return known.includes(value as T) ? (value as T) : otherwise;
}

export class Core extends Saying {
  readonly meta: Signal<Meta>;
  readonly classes: Signal<LabelValue[]>;
  readonly classNames: Signal<string[]>;
  readonly table: Signal<Table>;
  readonly version = signal(0);
  readonly selection: Signal<Selection>;
  readonly current: Signal<number | null>;
  readonly hover = signal<number | null>(null);
  readonly filters = signal<Filters>({ ...NO_FILTERS });
  readonly queue = signal("most_suspicious");
  readonly order: Signal<Uint32Array>;
  readonly known: Signal<Uint8Array | null>;
  readonly passing: ReadonlySignal<Uint8Array>;
  readonly visible: ReadonlySignal<Uint32Array>;
  readonly colorBy: Signal<ColorBy>;
  readonly tool = signal<Tool>("lasso");
  readonly theme: Signal<ThemeName>;
  readonly host = signal(hostTheme());
  readonly dark: ReadonlySignal<boolean>;
  readonly highContrast: ReadonlySignal<boolean>;
  readonly renderer: Signal<RendererName>;
  readonly height: Signal<number>;
  readonly reviewer: Signal<string>;
  readonly helpOpen = signal(false);
  readonly palette = signal<null | "current" | "selection">(null);
  readonly progress: Signal<Progress>;
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);
  readonly connection = signal<Connection>("connecting");
  readonly canDecide: ReadonlySignal<boolean>;
  readonly journal = signal<string | null>(null);
  readonly savedAt = signal<number | null>(null);
  readonly exportFormats = signal<string[]>([]);
  readonly detail = signal<Detail | null>(null);
  readonly keyCodes: ReadonlySignal<number[]>;
  readonly unsaved = signal(0);
  readonly ready = signal(false);
  readonly review = new ReviewSignals();
  readonly sight = new Sight(this);

  fold: Fold<CodeArray>;
  picture: Picture;
  /** tags, or attributes beside the class */
  readonly tags: Signal<readonly string[]>;
  /** where classes are sets of tags */
  readonly sets: TagSets | null;
  /** given attributes beside the class, once they are here: 1, 0 or -1 a row and name */
  attributes: Int8Array | null = null;
  private firstClasses: LabelValue[] = [];
  private givenNames: string[] = [];
  private readonly stopTheme: () => void;

  constructor(readonly model: Model) {
    super();
    this.picture = this.readPicture();
    const decoded = tableOf(this.picture);
    const options = this.readOptions();
    this.meta = signal(metaOf(this.picture));
    const { task } = this.meta.peek();
    this.tags = signal(Array.isArray(this.picture.tags) ? this.picture.tags.map(String) : []);
    this.sets =
      task === "multilabel" ? new TagSets(this.tags.peek(), this.picture.tags_unknown === true) : null;
    this.attributes = heldOf(this.picture.attributes, decoded.table.n * this.tags.peek().length);
    this.classes = signal([]);
    this.classNames = signal([]);
    this.table = signal(decoded.table);
    this.known = signal(decoded.known);
    this.progress = signal({ ...NO_PROGRESS, n: decoded.table.n });
    this.fold = this.newFold(decoded.table);
    this.readEdits();
    this.order = signal(bySuspicion(decoded.table));
    this.selection = signal(unpackBits(model.get("_selection"), decoded.table.n));
    this.current = signal(this.validRow(model.get("current")));
    const colors = ["given", "current", "suggested", "suspicion", "state"] as const;
    const usual = { regression: "column:target", multilabel: "suspicion" }[task as string] ?? "given";
    const color = pick<ColorBy>(options.color_by, colors, usual as ColorBy);
    // Numbers and sets have as many classes as rows: their colors would tell nothing.
    this.colorBy = signal(color === "given" ? (usual as ColorBy) : color);
    this.theme = signal(pick(options.theme, ["auto", "light", "dark"], "auto"));
    this.renderer = signal(pick(options.renderer, ["auto", "webgl2", "raster"], "auto"));
    this.height = signal(Math.max(240, Number(options.height) || 640));
    this.reviewer = signal(String(options.reviewer ?? ""));
    this.review.reveal.value = options.reveal === "after_answer" ? "after_answer" : "at_once";
    this.dark = computed(() =>
      this.theme.value === "auto" ? this.host.value.dark : this.theme.value === "dark",
    );
    this.highContrast = computed(() => this.host.value.highContrast);
    this.canDecide = computed(() => this.connection.value !== "offline");
    this.passing = computed(() => {
      const filters = this.filters.value;
      if (followsEdits(filters)) this.version.value;
      return passingRows(
        this.sight.filtered.value,
        filters,
        this.known.value,
        (name) => this.review.column(name).value,
      );
    });
    this.visible = computed(() => this.arranged());
    this.keyCodes = computed(() => digitCodes(this));
    useTaskColumns(this);
    this.stopTheme = watchTheme((theme) => {
      this.host.value = theme;
    });
  }

  private arranged(): Uint32Array {
    const { sort, group, similarOrder, control, resume } = this.review;
    const table = this.sight.filtered.value;
    // An order by suspicion would tell who votes.
    const by = this.review.blind.value && sort.value === "suspicion" ? "queue" : sort.value;
    const order = sorted(table, this.order.value, by, similarOrder.value);
    const rows = groupedRows(table, visibleRows(order, this.passing.value), group.value);
    const shown = control.value;
    return shown === null ? rows : withControl(rows, shown.row, resume.value);
  }

  /* ---- pictures and edits ---------------------------------------------------------------------------------- */

  readPicture(): Picture {
    const found = this.model.get("_picture") as Picture | undefined;
    return typeof found === "object" && found !== null && found.n !== undefined ? found : EMPTY_PICTURE;
  }

  private readOptions(): Record<string, unknown> {
    const found = this.model.get("_options");
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  }

  get savedCards() {
    return cardsOf(this.picture);
  }

  private tagging(): Tagging | null {
    const names = this.tags.peek();
    if (names.length === 0) return null;
    const beside = this.sets === null ? { attributes: this.attributes } : {};
    return { names, unknown: this.picture.tags_unknown === true, ...beside };
  }

  private newFold(table: Table): Fold<CodeArray> {
    this.firstClasses = classesOf(this.picture);
    const into = { current: table.current, state: table.state };
    const fold = new Fold<CodeArray>(table.given, this.firstClasses, into, this.tagging());
    this.givenNames = (this.picture.class_names ?? []).map(String);
    this.nameClasses(fold.classes);
    return fold;
  }

  nameClasses(values: readonly LabelValue[]): void {
    const known = this.classes.peek().length;
    if (known === values.length && values.length > 0) return;
    const first = known < values.length ? this.classNames.peek().slice(0, this.firstClasses.length) : [];
    const name = (value: LabelValue, code: number): string =>
      visibleName(this.sets?.words(value) ?? this.givenNames[code] ?? String(value));
    this.classes.value = [...values];
    this.classNames.value = [
      ...first,
      ...values.slice(first.length).map((value, k) => name(value, first.length + k)),
    ];
  }

  wordsOf(label: LabelValue): string {
    if (this.sets !== null) return this.sets.words(label);
    return label === null ? "no label" : visibleName(String(label));
  }

  tagsIn(label: LabelValue): ReadonlySet<string> | null {
    if (this.sets === null || typeof label !== "string") return null;
    const row = this.sets.values(label);
    return new Set(this.tags.peek().filter((_, column) => row[column] === 1));
  }

  setWith(row: number, added: readonly string[], removed: readonly string[]): LabelValue {
    let text: LabelValue = this.fold.classes[this.table.peek().current[row]!] ?? null;
    if (this.sets === null) return text;
    for (const [names, value] of [
      [added, 1],
      [removed, 0],
    ] as const) {
      const edit = names.length > 0 ? this.sets.edit(names, value) : null;
      if (edit !== null) text = this.sets.edited(text, edit);
    }
    return text;
  }

  /** What a saved notebook knows of the decisions; replaced by the events once the kernel has told them. */
  readEdits(): void {
    const edits = this.model.get("_edits") as Edits | undefined;
    const added = writeEdits(this.table.peek(), edits);
    if (added.length > 0) this.nameClasses([...this.firstClasses, ...added]);
    if (edits?.progress && typeof edits.progress === "object")
      this.progress.value = { ...this.progress.peek(), ...edits.progress };
  }

  /** Forget all events, before the kernel tells them from the first one on. */
  startOver(): void {
    this.fold = this.newFold(this.table.peek());
  }

  /** New columns: the map arrived, or all rows instead of a sample. Decisions and marks are kept. */
  replaceTable({ table, known }: Decoded): void {
    const old = this.table.peek();
    const events = this.fold.events;
    batch(() => {
      if (old.n === table.n) table.pending.set(old.pending);
      this.review.control.value = null;
      this.fold = this.newFold(table);
      if (events.length > 0) {
        this.fold.apply(events);
        this.nameClasses(this.fold.classes);
      } else this.readEdits();
      this.table.value = table;
      this.known.value = known;
      if (old.n !== table.n) {
        this.selection.value = emptySelection(table.n);
        this.current.value = this.validRow(this.current.peek());
      }
      if (old.n !== table.n || !sameRanks(old, table)) this.order.value = bySuspicion(table);
      this.bump();
    });
  }

  bump(): void {
    this.version.value += 1;
  }

  validRow(row: unknown): number | null {
    const { n } = this.table.peek();
    return typeof row === "number" && Number.isInteger(row) && row >= 0 && row < n ? row : null;
  }

  nameOf(code: number): string {
    return this.classNames.peek()[code] ?? "no label";
  }

  dispose(): void {
    this.stopTheme();
    this.stopTimers();
  }
}
