/** A page of cards that are all said to be one class: untouched means right, and the page's end asks once more. */
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { ClassMark } from "../plot/Mark";
import { type Store, UNLABELLED } from "../store/types";
import { type Mark, PageCard } from "./PageCard";
import { type Mean, mixed, otherLabel, planPage } from "./pages";

interface Page {
  label: number;
  rows: number[];
  left: number;
  token: string;
  mean: Mean;
  started: number;
}

interface State {
  page: Signal<Page | null>;
  marks: Signal<ReadonlyMap<number, Mark>>;
  at: Signal<number>;
  asking: Signal<boolean>;
  seen: Signal<boolean>;
  busy: Signal<boolean>;
}

/** Keys that decide about one card everywhere else: here they would hit a card that nobody looks at. */
const ELSEWHERE = /^[1-9uxmsnpa]$/;

const name = (store: Store, code: number): string => store.classNames.value[code] ?? "no label";

/** Opens the next page; the kernel may add a card that does not belong. */
async function open(store: Store, state: State, mean: Mean): Promise<void> {
  const plan = planPage(store, mean);
  state.page.value = null;
  state.marks.value = new Map();
  state.at.value = 0;
  state.asking.value = false;
  state.seen.value = false;
  if (plan === null) return;
  state.busy.value = true;
  const control = await store.pageControl(plan.rows, mean);
  state.busy.value = false;
  if (control === null) return;
  const rows = mixed(plan.rows, control.control?.row ?? null);
  state.page.value = {
    label: plan.label,
    left: plan.left,
    rows,
    token: control.token,
    mean,
    started: performance.now(),
  };
  store.say(`${rows.length} cards said to be ${name(store, plan.label)}. Mark those that are not.`);
}

async function finish(store: Store, state: State): Promise<void> {
  const page = state.page.peek();
  if (page === null || state.busy.peek()) return;
  const marks = state.marks.peek();
  const left = new Set([...marks].filter(([, mark]) => mark.kind === "open").map(([row]) => row));
  const wrong = new Map(
    [...marks]
      .filter(([, mark]) => mark.kind === "wrong")
      .map(([row, { code }]) => [row, code === UNLABELLED ? null : store.classes.peek()[code]!]),
  );
  state.busy.value = true;
  const done = await store.pageDone({
    rows: page.rows.filter((row) => !left.has(row)),
    wrong,
    mean: page.mean,
    seconds: (performance.now() - page.started) / 1000,
    token: page.token,
  });
  state.busy.value = false;
  if (done)
    store.say(`Page saved: ${page.rows.length - wrong.size - left.size} agreed, ${wrong.size} wrong.`);
  await open(store, state, page.mean);
}

function toggle(store: Store, state: State, row: number, kind: Mark["kind"] = "wrong"): void {
  const page = state.page.peek();
  if (page === null) return;
  const marks = new Map(state.marks.peek());
  if (marks.get(row)?.kind === kind) marks.delete(row);
  else marks.set(row, { kind, code: kind === "wrong" ? otherLabel(store, row, page.label) : UNLABELLED });
  state.marks.value = marks;
  state.asking.value = false;
  const mark = marks.get(row);
  const says = mark === undefined ? "agreed" : mark.kind === "open" ? "left open" : "wrong";
  store.say(`Row ${row} ${says}.`);
}

function columnsOf(grid: HTMLElement): number {
  const cards = [...grid.querySelectorAll<HTMLElement>(".ls-page-card")];
  const top = cards[0]?.offsetTop;
  const wrapped = cards.findIndex((card) => card.offsetTop !== top);
  return wrapped < 0 ? Math.max(1, cards.length) : wrapped;
}

function pressed(event: KeyboardEvent, store: Store, state: State): void {
  const page = state.page.peek();
  if (page === null || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof HTMLInputElement) {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") (event.currentTarget as HTMLElement).focus();
    return;
  }
  const grid = event.currentTarget as HTMLElement;
  const columns = columnsOf(grid);
  const last = page.rows.length - 1;
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    j: 1,
    k: -1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -last,
    End: last,
  };
  const row = page.rows[state.at.peek()]!;
  const by = steps[event.key];
  if (by !== undefined) state.at.value = Math.max(0, Math.min(last, state.at.peek() + by));
  else if (event.key === " ") toggle(store, state, row);
  else if (event.key === "o") toggle(store, state, row, "open");
  else if (event.key === "l") {
    if (state.marks.peek().get(row)?.kind !== "wrong") toggle(store, state, row);
    setTimeout(() => grid.querySelector<HTMLInputElement>(`[data-row="${row}"] input`)?.select());
  } else if (event.key === "Enter" && !event.repeat) confirm(store, state);
  else if (event.key === "Escape" && state.asking.peek()) state.asking.value = false;
  else if (ELSEWHERE.test(event.key))
    store.say("On a page, Space marks a card, l types its label, o leaves it open.");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** The first time it asks, the second time it saves; before all cards were in view it does neither. */
function confirm(store: Store, state: State): void {
  if (!state.seen.peek()) store.say("Scroll to the end of the page first: some cards were not in view.");
  else if (state.asking.peek()) void finish(store, state);
  else {
    state.asking.value = true;
    store.say("Press Enter again to save this page.");
  }
}

function Foot({ store, state }: { store: Store; state: State }) {
  const page = state.page.value!;
  const marks = [...state.marks.value.values()];
  const wrong = marks.filter((mark) => mark.kind === "wrong").length;
  const open = marks.length - wrong;
  const agreed = page.rows.length - marks.length;
  return (
    <div class="ls-page-foot">
      <span>
        <b>{agreed}</b> agreed, <b>{wrong}</b> wrong{open > 0 && `, ${open} left open`}
      </span>
      {!state.seen.value && <span class="ls-page-unseen">scroll down first</span>}
      <span class="ls-head-gap" />
      <button
        type="button"
        class={`ls-chip${state.asking.value ? " strong" : ""}`}
        data-action="page-done"
        disabled={!state.seen.value || !store.canDecide.value || state.busy.value}
        onClick={() => confirm(store, state)}
      >
        {state.asking.value ? `yes, ${agreed} are ${name(store, page.label)}` : "page done"} <kbd>↵</kbd>
      </button>
    </div>
  );
}

function Head({ store, state, mean }: { store: Store; state: State; mean: Signal<Mean> }) {
  const page = state.page.value;
  const choices: [Mean, string][] = [
    ["suggested", "suggestions"],
    ["given", "labels"],
  ];
  return (
    <div class="ls-gallery-head">
      {page !== null && (
        <b class="ls-page-title">
          All <ClassMark code={page.label} dark={store.dark.value} /> {name(store, page.label)}?
        </b>
      )}
      {page !== null && page.left > 0 && <span>{page.left.toLocaleString("en-US")} more</span>}
      <span class="ls-head-gap" />
      <fieldset class="ls-segments" aria-label="Untouched agrees with">
        {choices.map(([value, text]) => (
          <button
            key={value}
            type="button"
            class="ls-chip"
            aria-pressed={mean.value === value}
            onClick={() => {
              mean.value = value;
            }}
          >
            {text}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        class="ls-chip"
        data-action="leave-pages"
        title="Back to the gallery (g)"
        onClick={() => {
          store.pageMode.value = false;
        }}
      >
        leave <kbd>g</kbd>
      </button>
    </div>
  );
}

/** The padding of the style sheet and a little: keys bring the last card into view, not what is below it. */
const EDGE = 14;

export function PageGrid({ store }: { store: Store }) {
  const prefix = useId();
  const grid = useRef<HTMLDivElement>(null);
  const mean = useSignal<Mean>(store.group.peek() === "given" ? "given" : "suggested");
  const state: State = {
    page: useSignal<Page | null>(null),
    marks: useSignal<ReadonlyMap<number, Mark>>(new Map()),
    at: useSignal(0),
    asking: useSignal(false),
    seen: useSignal(false),
    busy: useSignal(false),
  };
  useSignalEffect(() => {
    store.filters.value;
    void open(store, state, mean.value);
  });
  const look = (): void => {
    const box = grid.current;
    if (box !== null && box.scrollTop + box.clientHeight >= box.scrollHeight - EDGE) state.seen.value = true;
  };
  const page = state.page.value;
  const row = page?.rows[state.at.value];
  useEffect(() => {
    if (page === null) return;
    grid.current?.focus({ preventScroll: true });
    if (grid.current !== null) grid.current.scrollTop = 0;
    look();
  }, [page]);
  useEffect(() => {
    grid.current?.querySelector(`[data-row="${row}"]`)?.scrollIntoView?.({ block: "nearest" });
  }, [row]);
  return (
    <section class="ls-gallery pages" aria-label="Pages">
      <Head store={store} state={state} mean={mean} />
      {/* biome-ignore lint/a11y/useSemanticElements: a grid of cards is no table */}
      <div
        ref={grid}
        class="ls-pages ls-scroll"
        role="grid"
        tabIndex={0}
        aria-multiselectable="true"
        aria-label={
          page === null ? "No page" : `${page.rows.length} cards said to be ${name(store, page.label)}`
        }
        {...(row === undefined ? {} : { "aria-activedescendant": `${prefix}-${row}` })}
        onScroll={look}
        onKeyDown={(event) => pressed(event, store, state)}
      >
        {page === null && (
          <output class="ls-gallery-empty">
            <b>{state.busy.value ? "Opening the page…" : "Nothing is left to decide under the filters"}</b>
          </output>
        )}
        {page?.rows.map((one, place) => (
          <PageCard
            key={one}
            store={store}
            row={one}
            id={`${prefix}-${one}`}
            label={page.label}
            mark={state.marks.value.get(one)}
            active={place === state.at.value}
            choose={() => {
              state.at.value = place;
              toggle(store, state, one);
            }}
            relabel={(code) => {
              state.marks.value = new Map(state.marks.peek()).set(one, { kind: "wrong", code });
            }}
          />
        ))}
      </div>
      {page !== null && <Foot store={store} state={state} />}
    </section>
  );
}
