/** Before the first page of a plan and after the last: whose pages one takes, and what became of them. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { count, percent } from "../panels/format";
import { filterTo, openReports } from "../panels/reports/act";
import type { PlanState } from "../protocol";
import type { Store } from "../store/types";
import { open, type State } from "./pageState";

interface Props {
  store: Store;
  state: State;
  plan: PlanState;
}

const pages = (n: number): string => `${count(n)} ${n === 1 ? "page" : "pages"}`;

/** What takes the place of the cards takes the focus and is read out: keys must not be lost. */
function Part({ store, title, children }: { store: Store; title: string; children: ComponentChildren }) {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    box.current?.focus({ preventScroll: true });
    store.say(title);
  }, []);
  return (
    <section ref={box} class="ls-gallery-empty ls-plan-part" tabIndex={-1} aria-label={title}>
      <b>{title}</b>
      {children}
    </section>
  );
}

/** Of a plan that is in force; one that was only made is left by another queue. */
export function Withdraw({ store, plan, look }: { store: Store; plan: PlanState; look: string }) {
  if (!plan.put) return null;
  return (
    <button
      type="button"
      class={look}
      data-action="withdraw-plan"
      title="Take the plan out of force; what was decided on its pages stays, and undo brings it back"
      disabled={!store.canDecide.value}
      onClick={() => store.withdrawPlan(plan.id)}
    >
      withdraw plan
    </button>
  );
}

export function Seats({ store, state, plan }: Props) {
  const first = plan.seats.find(({ holder }) => holder === "")?.name;
  const take = async (seat: string): Promise<void> => {
    if (await store.takeSeat(plan.id, seat)) await open(store, state);
  };
  return (
    <Part store={store} title="Whose pages do you take?">
      <span>The plan does not name {store.reviewer.value}.</span>
      {plan.seats.map(({ name, pages: n, holder }) => (
        <button
          key={name}
          type="button"
          class={`ls-btn ${name === first ? "primary" : "line"}`}
          data-seat={name}
          disabled={holder !== ""}
          onClick={() => void take(name)}
        >
          {name === first && "Make me the first: "}
          {name}, {holder === "" ? pages(n) : `taken by ${holder}`}
        </button>
      ))}
      <Withdraw store={store} plan={plan} look="ls-btn line" />
    </Part>
  );
}

export function PlanEnd({ store, state, plan }: Props) {
  const progress = store.progress.value;
  const before = useRef(progress);
  useEffect(() => {
    // An undo opens a page again, and a merge brings what others said.
    if (before.current !== progress) void open(store, state);
  }, [progress]);
  const { others, own, differ } = plan.end!;
  const shares: [string, [number, number], string][] = [
    ["agreement with others", others, "nobody else's answers are here yet"],
    ["with yourself", own, "no row came to you twice"],
  ];
  return (
    <Part store={store} title={`Your ${pages(plan.done.length)} are done`}>
      {shares.map(([what, [same, n], none]) => (
        <span key={what}>
          {what}: {n === 0 ? none : `${percent(same / n)}, ${same} of ${n} rows`}
        </span>
      ))}
      {plan.seats.length > 1 && (
        <span>
          Next: merge journals, <code>view.session.merge("journal.jsonl")</code>
        </span>
      )}
      <button
        type="button"
        class="ls-btn primary"
        data-action="effort-report"
        onClick={() => openReports(store, "effort")}
      >
        Effort report
      </button>
      {differ.length > 0 && (
        <button
          type="button"
          class="ls-btn line"
          data-action="show-differing"
          onClick={() => {
            filterTo(store, differ, "answered differently");
            store.pageMode.value = false;
          }}
        >
          Show {count(differ.length)} answered differently
        </button>
      )}
      <Withdraw store={store} plan={plan} look="ls-btn line" />
    </Part>
  );
}
