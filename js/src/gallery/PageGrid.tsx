/** A page of cards that are all said to be one class: untouched means right, and the page's end asks once more. */
import { untracked, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { type Store, UNLABELLED } from "../store/types";
import { watch } from "./clock";
import { PageCard } from "./PageCard";
import { Foot, Head } from "./PageHead";
import { PlanEnd, Seats } from "./PlanParts";
import { pressed } from "./pageKeys";
import { labelOf, name, nextUnseen, open, type Page, replan, type State, saw, toggle } from "./pageState";
import { watchCards } from "./seen";

function nothing(store: Store, { by, plan, failed }: State): string {
  if (store.veil.value === "labels") return "There are no pages while people vote";
  const mean = by.value === "plan" ? plan.value?.mean : by.value;
  if (store.veil.value === "hint" && mean !== "given")
    return "Suggestions are hidden until you decide: no page can be of one";
  if (failed.value) return "The pages could not be opened";
  return "Nothing is left to decide under the filters";
}

function usePages(): State {
  return {
    by: useSignal<State["by"]["value"]>(null),
    plan: useSignal<State["plan"]["value"]>(null),
    page: useSignal<Page | null>(null),
    marks: useSignal<State["marks"]["value"]>(new Map()),
    at: useSignal(0),
    asking: useSignal(false),
    seen: useSignal<State["seen"]["value"]>(new Set()),
    busy: useSignal(false),
    failed: useSignal(false),
    ...useMemo(() => ({ kept: new Map(), asked: { n: 0 } }), []),
  };
}

/** When the page that is open is not the right one any more. */
function useOpening(store: Store, state: State): void {
  useSignalEffect(() => {
    store.filters.value;
    // A page stays as it is while its rows are decided; a plan's pages do not follow filters.
    untracked(() => {
      if (state.by.peek() !== "plan") void open(store, state);
    });
  });
  const told = useRef(store.planEvent.peek());
  useSignalEffect(() => {
    const event = store.planEvent.value;
    if (event === null || event === told.current) return;
    told.current = event;
    untracked(() => replan(store, state, event.kind === "reverted"));
  });
  const before = useRef({ veil: store.veil.peek(), queue: store.queue.peek() });
  useSignalEffect(() => {
    const now = { veil: store.veil.value, queue: store.queue.value };
    const again = store.connection.value === "live" && state.failed.value;
    const { veil, queue } = before.current;
    before.current = now;
    untracked(() => {
      const planned = now.queue !== queue && now.queue.startsWith("review_plan");
      if (planned) state.by.value = "plan";
      if (planned || again || now.veil !== veil) void open(store, state);
    });
  });
}

function cardsText(store: Store, page: Page | null): string {
  if (page === null) return "No page";
  const said = page.label === UNLABELLED ? "" : ` said to be ${name(store, page.label)}`;
  return `${page.rows.length} cards${said}`;
}

export function PageGrid({ store }: { store: Store }) {
  const prefix = useId();
  const grid = useRef<HTMLDivElement>(null);
  const state = usePages();
  useOpening(store, state);
  const page = state.page.value;
  const row = page?.rows[state.at.value];
  const section = useRef<HTMLElement>(null);
  useEffect(() => watch(section.current!, () => state.page.peek()?.clock), []);
  useEffect(() => {
    const box = grid.current;
    if (page === null || box === null) return;
    box.focus({ preventScroll: true });
    box.scrollTop = 0;
    return watchCards(box.querySelectorAll(".ls-page-card"), (cards) =>
      saw(
        store,
        state,
        cards.map((card) => Number((card as HTMLElement).dataset.row)),
      ),
    );
  }, [page]);
  const follow = (): void => {
    const at = state.page.peek()?.rows[state.at.peek()];
    grid.current?.querySelector(`[data-row="${at}"]`)?.scrollIntoView?.({ block: "nearest" });
  };
  useEffect(follow, [row]);
  const bring = (): void => {
    nextUnseen(store, state);
    follow();
    grid.current?.focus({ preventScroll: true });
  };
  const plan = state.by.value === "plan" && page === null && !state.busy.value ? state.plan.value : null;
  const part =
    plan === null ? null : plan.mine === null ? (
      <Seats store={store} state={state} plan={plan} />
    ) : plan.end !== null ? (
      <PlanEnd store={store} state={state} plan={plan} />
    ) : null;
  const cards = (
    // biome-ignore lint/a11y/useSemanticElements: a grid of cards is no table
    <div
      ref={grid}
      class="ls-pages ls-scroll"
      role="grid"
      tabIndex={0}
      aria-multiselectable="true"
      aria-label={cardsText(store, page)}
      {...(row === undefined ? {} : { "aria-activedescendant": `${prefix}-${row}` })}
      // Pictures that come late move the cards: the one at hand stays in view.
      onLoadCapture={follow}
      onErrorCapture={follow}
      onKeyDown={(event) => {
        pressed(event, store, state);
        follow();
      }}
    >
      {page === null && (
        <output class="ls-gallery-empty">
          <b>{state.busy.value ? "Opening the page…" : nothing(store, state)}</b>
        </output>
      )}
      {page?.rows.map((one, place) => (
        <PageCard
          key={one}
          store={store}
          row={one}
          id={`${prefix}-${one}`}
          label={labelOf(store, page, one)}
          mark={state.marks.value.get(one)}
          seen={state.seen.value.has(one)}
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
  );
  return (
    <section ref={section} class="ls-gallery pages" aria-label="Pages">
      <Head store={store} state={state} />
      {part === null ? cards : <div class="ls-pages">{part}</div>}
      {page !== null && <Foot store={store} state={state} bring={bring} />}
    </section>
  );
}
