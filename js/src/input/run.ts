/** Carries out what a key asked for. */
import { PAGE_KEYS } from "../gallery/pageKeys";
import { toggleSound } from "../media/player";
import { relabelTargets } from "../panels/bulk/preview";
import { isHidden, onPages } from "../panels/inspector/selection";
import { focusNote, focusSearch } from "../panels/keys";
import { backStep, discuss, enterMistake, mistakeDigit, nextCase, settle } from "../panels/mistakes/judge";
import { closeReports, toggleReports } from "../panels/reports/act";
import { chosenCell } from "../panels/strip/cell";
import { nudgeGate } from "../panels/strip/moveGate";
import { acceptTags, answerCheck, digitTag, refuseDigit } from "../panels/tags/act";
import { uiOf } from "../panels/ui";
import { voteDigit } from "../panels/vote/vote";
import { anyFilter, NO_FILTERS } from "../store/ranking";
import { type Store, UNLABELLED } from "../store/types";
import type { Action, Simple } from "./table";

/** Escape takes back one thing at a time: what is open, then what is chosen, then what is filtered to. */
function clear(store: Store): void {
  const { count } = store.selection.peek();
  const ui = uiOf(store);
  if (store.palette.peek() !== null) store.palette.value = null;
  else if (ui.sheet.peek() !== null) ui.sheet.value = null;
  else if (ui.filters.peek()) ui.filters.value = false;
  else if (store.helpOpen.peek()) store.helpOpen.value = false;
  else if (backStep(store)) return;
  else if (ui.reports.peek()) closeReports(store);
  else if (store.proposed.peek() !== null) store.dismissProposals();
  else {
    store.clearSelection();
    // A single clicked card is hardly a selection; nobody wants a key of its own for it.
    if (count <= 1 && anyFilter(store.filters.peek())) store.filters.value = { ...NO_FILTERS };
    else if (count > 0) store.say("Selection cleared.");
  }
}

function digit(store: Store, place: number): void {
  if (voteDigit(store, place) || mistakeDigit(store, place)) return;
  const code = store.keyCodes.peek()[place];
  if (code === undefined && digitTag(store, place)) return;
  if (code === undefined) {
    store.say(`No label on key ${place + 1}.`);
    return;
  }
  if (store.classes.peek()[code] !== undefined) relabelTargets(store, code);
}

/** Presses a button of another part of the view, where it is there and usable. */
function press(root: ParentNode, action: string): void {
  root.querySelector<HTMLElement>(`[data-action="${action}"]:not(:disabled)`)?.click();
}

function several(store: Store): void {
  if (store.task.peek() === "multilabel" || store.task.peek() === "regression") {
    store.say("Several labels at once are for classes.");
    return;
  }
  const rows = store.targets();
  if (rows.length === 1 && store.canDecide.peek())
    uiOf(store).sheet.value = { kind: "several", row: rows[0]! };
  else store.say(rows.length === 0 ? "No row is chosen." : "Several labels are given to one row at a time.");
}

/** Takes the current row out of the selection, or in. */
function out(store: Store): void {
  const row = store.current.peek();
  const { mask, count } = store.selection.peek();
  if (row === null) return;
  const inside = mask[row] === 1;
  store.select([row], inside ? "subtract" : "add");
  const now = count + (inside ? -1 : 1);
  store.say(`Row ${row} ${inside ? "left out" : "selected"}; ${now.toLocaleString("en-US")} selected.`);
}

/** The cell that is filtered to, or was walked to, or that the current row is in. */
function check(store: Store): void {
  const ui = uiOf(store);
  if (ui.run.peek() !== null) {
    store.say("A check is going on.");
    return;
  }
  const row = store.current.peek();
  const cell = chosenCell(store.filters.peek()) ?? ui.cell.peek() ?? cellOf(store, row);
  if (cell === null) store.say("Choose a cell of the matrix first.");
  else ui.sheet.value = { kind: "check", ...cell };
}

function cellOf(store: Store, row: number | null): { given: number; suggested: number } | null {
  if (row === null) return null;
  const given = store.table.peek().given[row]!;
  const suggested = store.suggestedOf(row);
  return given === suggested || given === UNLABELLED || suggested === UNLABELLED
    ? null
    : { given, suggested };
}

function pages(store: Store): void {
  store.pageMode.value = !store.pageMode.peek();
  store.say(store.pageMode.peek() ? "Pages: untouched means right." : "Pages are off.");
}

function accept(store: Store): void {
  if (enterMistake(store)) return;
  const rows = store.targets();
  const { run } = uiOf(store);
  if (run.peek() !== null && answerCheck(store, run.peek()!, true)) return;
  if (store.task.peek() === "multilabel") {
    acceptTags(store);
    return;
  }
  if (rows.length === 1 && isHidden(store, rows[0]!)) store.say("The suggestion is hidden until you decide.");
  else store.accept();
}

function keep(store: Store): void {
  const { run } = uiOf(store);
  if (run.peek() !== null && answerCheck(store, run.peek()!, false)) return;
  store.keep();
}

/** What is typed depends on what labels are: one of the classes, a tag, or a number. */
function typeLabel(store: Store, root: ParentNode): void {
  const task = store.task.peek();
  if (store.targets().length === 0) store.say("No row is chosen.");
  else if (store.veil.peek() === "labels") store.say("People vote here: no label changes.");
  else if (task === "multilabel") typeTag(store);
  else if (task === "regression") root.querySelector<HTMLInputElement>("[data-action=number]")?.focus();
  else store.palette.value = store.selection.peek().count > 1 ? "selection" : "current";
}

function typeTag(store: Store): void {
  if (store.tags.peek().length === 0) store.say("These labels have no tags.");
  else if (store.targets().length === 0) store.say("No row is chosen.");
  else if (store.canDecide.peek()) uiOf(store).sheet.value = { kind: "tags" };
}

function acceptProposals(store: Store): void {
  const shown = store.proposed.peek();
  if (shown === null || shown.row !== store.current.peek()) store.say("Nothing follows from a fix here.");
  else void store.acceptProposals(shown.proposals.map(({ variable }) => variable));
}

type Run = (store: Store, root: ParentNode) => void;

const RUN: Record<Simple, Run> = {
  accept,
  keep,
  unsure: (store) => store.unsure(),
  exclude: (store) => store.exclude(),
  undo: (store) => store.undo(),
  redo: (store) => store.redo(),
  several,
  out,
  check,
  clear,
  page: pages,
  rerank: (store) => store.rescore(),
  palette: typeLabel,
  tags: typeTag,
  proposals: acceptProposals,
  severity: (store) => {
    if (store.targets().length === 0) store.say("No row is chosen.");
    else if (store.canDecide.peek()) uiOf(store).sheet.value = { kind: "severity" };
  },
  all: (store) => {
    store.select(store.visible.peek(), "replace");
    store.say(`${store.selection.peek().count.toLocaleString("en-US")} selected.`);
  },
  play: (store) => {
    const row = store.current.peek();
    if (row !== null && store.meta.peek().media === "audio") void toggleSound(store, row);
  },
  query: (store) => {
    uiOf(store).filters.value = true;
  },
  help: (store) => {
    store.helpOpen.value = !store.helpOpen.peek();
  },
  reports: (store) => toggleReports(store),
  discuss,
  settle,
  case: (store) => nextCase(store),
  queues: (_, root) => press(root, "queue"),
  shapes: (store) => {
    if (store.canQuery.peek()) store.methods.overlayOn.value = !store.methods.overlayOn.peek();
  },
  fit: (_, root) => press(root, "fit"),
  zoom: (_, root) => press(root, "zoom"),
  search: (_, root) => focusSearch(root),
  note: (_, root) => focusNote(root),
};

/** What decides about a row: over a page it would hit one that nobody looks at. */
const DECIDES: ReadonlySet<Action["do"]> = new Set([
  "accept",
  "keep",
  "unsure",
  "exclude",
  "digit",
  "refuse",
  "several",
  "palette",
  "tags",
  "severity",
]);

export function runAction(action: Action, store: Store, root: ParentNode): void {
  if (DECIDES.has(action.do) && onPages(store) && uiOf(store).run.peek() === null) {
    root.querySelector<HTMLElement>(".ls-pages[tabindex], .ls-plan-part")?.focus();
    store.say(PAGE_KEYS);
  } else if (action.do === "move") {
    const far = store.visible.peek().length;
    store.move(Number.isFinite(action.by) ? action.by : Math.sign(action.by) * far);
  } else if (action.do === "digit") digit(store, action.place);
  else if (action.do === "refuse") refuseDigit(store, action.place);
  else if (action.do === "gate") nudgeGate(store, action.by);
  else RUN[action.do](store, root);
}
