/** The page of the grid that is open: how it is opened, marked and saved; of a plan, or made from the filters. */
import { batch, type Signal } from "@preact/signals";
import type { PlanPage, PlanState } from "../protocol";
import { type Store, UNLABELLED } from "../store/types";
import { PageClock } from "./clock";
import type { Mark } from "./PageCard";
import { type Mean, mixed, nextPage, otherLabel, planPage } from "./pages";

type Marks = ReadonlyMap<number, Mark>;

export interface Page {
  /** as it was opened; of pages that are no plan's, `page` is -1 */
  open: PlanPage;
  /** code that untouched cards say; UNLABELLED: each its own */
  label: number;
  rows: number[];
  left: number;
  mean: Mean;
  clock: PageClock;
}

export interface State {
  /** the plan, or what pages are made by; null: not asked yet */
  by: Signal<"plan" | Mean | null>;
  plan: Signal<PlanState | null>;
  page: Signal<Page | null>;
  marks: Signal<Marks>;
  at: Signal<number>;
  asking: Signal<boolean>;
  /** rows whose cards were looked at */
  seen: Signal<ReadonlySet<number>>;
  busy: Signal<boolean>;
  /** the plan could not be asked for */
  failed: Signal<boolean>;
  /** marks on pages of the plan that were left without saving, by page */
  kept: Map<string, Marks>;
  /** the last question; answers to older ones are late */
  asked: { n: number };
}

export const name = (store: Store, code: number): string => store.classNames.value[code] ?? "no label";

const code = (found: number): number => (found < 0 ? UNLABELLED : found);

/** What an untouched card says. */
export function labelOf(store: Store, { open, label }: Page, row: number): number {
  const own = open.labels[open.rows.indexOf(row)];
  if (own !== undefined) return code(own);
  // The control of a page of many labels.
  return label === UNLABELLED ? code(store.classes.peek().indexOf(open.control?.suggested ?? null)) : label;
}

function reset(state: State): void {
  state.page.value = null;
  state.marks.value = new Map();
  state.at.value = 0;
  state.asking.value = false;
  state.seen.value = new Set();
  state.busy.value = false;
}

/** Opens a page: of the plan the one asked for, else the next one. */
export async function open(store: Store, state: State, page: number | null = null): Promise<void> {
  state.asked.n += 1;
  const { n } = state.asked;
  batch(() => reset(state));
  const before = state.by.peek();
  if (before === "plan" || (before === null && store.canQuery.peek()))
    await openPlanned(store, state, n, page);
  if (n !== state.asked.n || state.by.peek() === "plan") return;
  if (state.by.peek() === null) state.by.value = fallback(store);
  await openMade(store, state, n, state.by.peek() as Mean);
}

function fallback(store: Store): Mean {
  return store.group.peek() === "given" ? "given" : "suggested";
}

async function openPlanned(store: Store, state: State, n: number, page: number | null): Promise<void> {
  state.busy.value = true;
  const found = await store.plan(state.plan.peek()?.id ?? "", page);
  if (n !== state.asked.n) return;
  batch(() => {
    state.busy.value = false;
    state.failed.value = found === null;
    if (found === null) return;
    state.plan.value = found.plan;
    if (found.plan === null) state.by.value = fallback(store);
    else if (state.by.peek() === "plan" || found.plan.first) {
      state.by.value = "plan";
      if (found.open !== null && !veiled(store, found.plan.mean))
        show(store, state, found.plan.mean, found.open);
    }
  });
}

/** Whoever is not to see suggestions must not see pages of one. */
function veiled(store: Store, mean: Mean): boolean {
  const veil = store.veil.peek();
  return veil === "labels" || (veil === "hint" && mean === "suggested");
}

function show(store: Store, state: State, mean: Mean, open: PlanPage, left = 0): void {
  const rows = mixed(open.rows, open.control?.row ?? null);
  const label = code(open.label);
  const clock = new PageClock(performance.now());
  clock.show(document.visibilityState !== "hidden", performance.now());
  state.marks.value =
    state.kept.get(keyOf(state, open)) ??
    new Map(
      open.marks.map(([row, said]) => [row, { kind: said === -2 ? "open" : "wrong", code: code(said) }]),
    );
  // At the side its history would be read, a copy's too.
  if (open.page >= 0 && rows.includes(store.current.peek() ?? -1)) store.setCurrent(null);
  state.page.value = { open, label, rows, left, mean, clock };
  const said = label === UNLABELLED ? "" : ` said to be ${name(store, label)}`;
  const gone = open.left_out > 0 ? ` ${outText(open)}.` : "";
  const at = open.page < 0 ? "" : `Page ${open.page + 1} of ${state.plan.peek()?.done.length}. `;
  store.say(`${at}${rows.length} cards${said}. Mark those that are not.${gone}`);
}

export const outText = ({ left_out }: PlanPage): string => `${left_out} decided elsewhere, left out`;

const keyOf = (state: State, { page }: PlanPage): string => `${state.plan.peek()?.id}/${page}`;

async function openMade(store: Store, state: State, n: number, mean: Mean): Promise<void> {
  const plan = planPage(store, mean);
  if (plan === null) return;
  state.busy.value = true;
  const found = await store.pageControl(plan.rows, mean);
  if (n !== state.asked.n) return;
  state.busy.value = false;
  const { label, rows, left } = plan;
  const bare = { page: -1, labels: [], others: [], left_out: 0, marks: [] };
  if (found !== null) show(store, state, mean, { ...bare, ...found, label, rows }, left);
}

export async function finish(store: Store, state: State): Promise<void> {
  const page = state.page.peek();
  if (page === null || state.busy.peek()) return;
  const marks = state.marks.peek();
  const left = new Set([...marks].filter(([, mark]) => mark.kind === "open").map(([row]) => row));
  const wrong = new Map(
    [...marks]
      .filter(([, mark]) => mark.kind === "wrong")
      .map(([row, mark]) => [row, mark.code === UNLABELLED ? null : store.classes.peek()[mark.code]!]),
  );
  state.busy.value = true;
  const done = await store.pageDone({
    rows: page.rows.filter((row) => !left.has(row)),
    wrong,
    mean: page.mean,
    ...page.clock.read(performance.now()),
    token: page.open.token,
  });
  state.busy.value = false;
  if (done)
    store.say(`Page saved: ${page.rows.length - wrong.size - left.size} agreed, ${wrong.size} wrong.`);
  keep(state, done);
  const at = page.open.page;
  const after = state.plan.peek()?.done.map((one, i) => one || i === at) ?? [];
  await open(store, state, at < 0 ? null : done ? nextPage(after, at) : at);
}

/** Marks stay where a page of the plan is left without saving; its control will be another one. */
function keep(state: State, done = false): void {
  const page = state.page.peek();
  if (page === null || page.open.page < 0) return;
  if (done) state.kept.delete(keyOf(state, page.open));
  else {
    const marks = [...state.marks.peek()].filter(([row]) => row !== page.open.control?.row);
    state.kept.set(keyOf(state, page.open), new Map(marks));
  }
}

/** On to another page of the plan without saving this one. */
export function turn(store: Store, state: State, by: 1 | -1): void {
  const done = state.plan.peek()?.done ?? [];
  const at = state.page.peek()?.open.page ?? done.length;
  const to = by < 0 ? at - 1 : nextPage(done, at);
  if (state.busy.peek()) return;
  if (by < 0 ? at < 1 : to === at) store.say("There is no other page.");
  else {
    keep(state);
    void open(store, state, to);
  }
}

/** The plan was withdrawn, or is back: what comes next is asked anew. Marks of its page stay. */
export function replan(store: Store, state: State, back: boolean): void {
  if (state.by.peek() !== "plan" && (!back || state.marks.peek().size > 0)) return;
  // That queue would make another plan at once.
  if (!back && store.queue.peek().startsWith("review_plan")) store.queue.value = "most_suspicious";
  keep(state);
  state.by.value = null;
  state.plan.value = null;
  void open(store, state);
}

export function toggle(store: Store, state: State, row: number, kind: Mark["kind"] = "wrong"): void {
  const page = state.page.peek();
  if (page === null) return;
  const marks = new Map(state.marks.peek());
  if (marks.get(row)?.kind === kind) marks.delete(row);
  else marks.set(row, { kind, code: kind === "wrong" ? otherOf(store, page, row) : UNLABELLED });
  state.marks.value = marks;
  state.asking.value = false;
  const mark = marks.get(row);
  const says = mark === undefined ? "agreed" : mark.kind === "open" ? "left open" : "wrong";
  store.say(`Row ${row} ${says}.`);
}

/** Of a plan as it was made: what is suggested now may follow what was decided since. */
function otherOf(store: Store, page: Page, row: number): number {
  const known = page.open.others[page.open.rows.indexOf(row)];
  return known === undefined ? otherLabel(store, row, labelOf(store, page, row)) : code(known);
}

export const unseen = (state: State): number[] =>
  state.page.value?.rows.filter((row) => !state.seen.value.has(row)) ?? [];

export const unseenText = (n: number): string => `${n} not seen yet`;

/** Cards were looked at; whoever walks hears when none is left. */
export function saw(store: Store, state: State, rows: readonly number[]): void {
  const first = state.seen.peek().size === 0;
  state.seen.value = new Set([...state.seen.peek(), ...rows]);
  if (!first && unseen(state).length === 0) store.say("All cards were seen.");
}

/** On to the next card that was not seen yet, from the start again after the last one. */
export function nextUnseen(store: Store, state: State): void {
  const rows = state.page.peek()?.rows ?? [];
  const left = unseen(state).map((row) => rows.indexOf(row));
  if (left.length === 0) store.say("All cards were seen.");
  else {
    state.at.value = left.find((place) => place > state.at.peek()) ?? left[0]!;
    store.say(`Row ${rows[state.at.peek()]}. ${unseenText(left.length)}.`);
  }
}

/** The first time it asks, the second time it saves; before all cards were seen it does neither. */
export function confirm(store: Store, state: State): void {
  const { length } = unseen(state);
  if (length > 0) store.say(`${unseenText(length)}: v goes to the next one.`);
  else if (state.asking.peek()) void finish(store, state);
  else {
    state.asking.value = true;
    store.say("Press Enter again to save this page.");
  }
}
