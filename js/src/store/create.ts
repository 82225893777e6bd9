/** The store of one view: state, connection and actions put together behind the interface that all rooms share. */
import { batch, effect } from "@preact/signals";
import { Cards } from "../media/cards";
import { LargeMedia } from "../media/large";
import type { Model } from "../transport/model";
import { Asking } from "./asking";
import { combine, emptySelection } from "./bits";
import { ColumnValues } from "./columnData";
import { Connection } from "./connection";
import { Controls } from "./controls";
import { Core } from "./core";
import { Decisions } from "./decisions";
import { Details } from "./details";
import { followFilters } from "./follow";
import { Methods } from "./methods";
import { Mistakes } from "./mistakes";
import { Requests } from "./requests";
import { reviewActions } from "./reviewing";
import { syncTraits } from "./sync";
import { Tasks, taskActions } from "./tasks";
import type { Combine, Store } from "./types";

const LARGE_TIMEOUT = 60_000;

export function createStore(model: Model): Store {
  const core = new Core(model);
  const connection = new Connection(core);
  const { link } = connection;
  const cards = new Cards((rows, size) => link.request({ name: "cards", rows, size }));
  cards.seed(core.savedCards);
  const large = new LargeMedia((row, size) =>
    link.request({ name: "media", row, size }, { timeout: LARGE_TIMEOUT }),
  );
  const controls = new Controls(core, connection);
  const decisions = new Decisions(core, connection, controls);
  const details = new Details(core, connection);
  const requests = new Requests(core, connection, cards);
  const asking = new Asking(core, connection);
  const tasks = new Tasks(core, decisions, asking);
  const methods = new Methods(core, connection, asking, decisions);
  const mistakes = new Mistakes(core, connection, asking, decisions);
  const values = new ColumnValues(core, connection);
  methods.onColumn = (name) => values.reload(name);
  const stopSync = syncTraits(core, connection);
  const stopFollow = followFilters(core);
  connection.onEvents = (events) => {
    decisions.heard(events);
    const touched = new Set(events.flatMap(({ rows }) => rows));
    tasks.heard(touched, events.at(-1)!.source);
    // What cards say of tags and numbers is of before.
    if (core.meta.peek().task !== "classification") cards.refresh(touched);
    details.refresh(events);
    mistakes.heard(events);
    // Live scores bring the gate and the errors left along; without them somebody has to ask.
    if (!core.review.live.peek()) asking.refreshSoon();
  };
  connection.scores.onScores = (changed) => details.forget(changed);
  // There are other columns: judges were given, or a report knows more of each row.
  const stopColumns = effect(() => {
    core.review.columnInfos.value;
    if (core.connection.peek() !== "live") return;
    details.forget(() => true);
    values.refresh();
  });
  connection.onLive = () => {
    cards.retry();
    values.refresh();
    void methods.loadQueues();
  };
  connection.onOptions = () => void methods.loadQueues();
  connection.onOrdered = () => {
    if (core.current.peek() === null) core.current.value = core.visible.peek()[0] ?? null;
  };
  let queue = core.queue.peek();
  const stopQueue = effect(() => {
    const wanted = core.queue.value;
    if (wanted === queue) return;
    queue = wanted;
    void connection.reorder(wanted);
  });

  const select = (rows: Iterable<number> | Uint8Array, how: Combine): void => {
    core.selection.value = combine(core.selection.peek(), rows, how);
  };
  const setCurrent = (row: number | null): void => {
    core.current.value = row === null ? null : core.validRow(row);
  };
  const move = (by: number): void => {
    const visible = core.visible.peek();
    if (visible.length === 0) return;
    const row = core.current.peek();
    const at = row === null ? -1 : visible.indexOf(row);
    // Decided rows stand at the end: after one was brought back there, "next" leads to what is open.
    const done = at === visible.length - 1 && by === 1 && core.table.peek().state[row!] !== 0;
    const to = at < 0 || done ? 0 : Math.max(0, Math.min(visible.length - 1, at + by));
    batch(() => {
      core.current.value = visible[to]!;
      // A single chosen card goes along, as in a file manager; a lasso stays.
      if (core.selection.peek().count === 1) select([visible[to]!], "replace");
    });
  };

  return {
    ...taskActions(core, tasks, asking, decisions),
    ...reviewActions({ core, decisions, asking, values, requests }),
    methods,
    mistakes,
    meta: core.meta,
    classes: core.classes,
    classNames: core.classNames,
    table: core.sight.table,
    version: core.version,
    selection: core.selection,
    current: core.current,
    hover: core.hover,
    order: core.order,
    visible: core.visible,
    passing: core.passing,
    known: core.known,
    filters: core.filters,
    queue: core.queue,
    colorBy: core.colorBy,
    tool: core.tool,
    theme: core.theme,
    dark: core.dark,
    renderer: core.renderer,
    helpOpen: core.helpOpen,
    palette: core.palette,
    progress: core.progress,
    canUndo: core.canUndo,
    canRedo: core.canRedo,
    connection: core.connection,
    journal: core.journal,
    savedAt: core.savedAt,
    exportFormats: core.exportFormats,
    toasts: core.toasts,
    announcement: core.announcement,
    detail: core.sight.detail,
    keyCodes: core.keyCodes,
    ready: core.ready,
    highContrast: core.highContrast,
    height: core.height,
    reviewer: core.reviewer,
    unsaved: core.unsaved,
    canDecide: core.canDecide,
    select,
    clearSelection: () => {
      if (core.selection.peek().count > 0) core.selection.value = emptySelection(core.table.peek().n);
    },
    setCurrent,
    move,
    targets: () => decisions.targets(),
    send: (command) => decisions.send(command),
    accept: (rows) => decisions.decide((targets) => ({ name: "accept", rows: targets }), rows),
    keep: (rows) => decisions.decide((targets) => ({ name: "keep", rows: targets }), rows),
    unsure: (rows) => decisions.decide((targets) => ({ name: "unsure", rows: targets }), rows),
    exclude: (rows) => decisions.decide((targets) => ({ name: "exclude", rows: targets }), rows),
    relabel: (to, rows, newClass, source) => decisions.relabel(to, rows, newClass, source),
    undo: () => decisions.step("undo"),
    redo: () => decisions.step("redo"),
    search: (query) => void requests.search(query),
    exportAs: (format) => void requests.exportAs(format),
    note: (row, text) => void decisions.send({ name: "note", row, text }),
    say: (sentence) => core.say(sentence),
    toast: (level, message, hint) => core.toast(level, message, hint),
    dismiss: (key) => core.dismiss(key),
    card: (row, size) => core.sight.card(row, cards.get(row, size)),
    media: (row, size) => large.get(row, size),
    drawn: () => {
      core.ready.value = true;
    },
    retry: () => connection.retry(),
    dispose: () => {
      stopQueue();
      stopFollow();
      stopColumns();
      requests.dispose();
      asking.dispose();
      methods.dispose();
      mistakes.dispose();
      details.dispose();
      stopSync();
      connection.dispose();
      cards.dispose();
      large.dispose();
      core.dispose();
    },
  };
}
