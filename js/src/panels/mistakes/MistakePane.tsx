/** Predictions of the row that are outside its labels, with sure examples; a verdict changes no label. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { LabelValue, MistakeCase, MistakeRow } from "../../protocol";
import type { Store } from "../../store/types";
import { count } from "../format";
import { backToView } from "../keys";
import { Choices, Examples } from "../vote/Choices";
import {
  backStep,
  CATEGORIES,
  choose,
  nextCase,
  SEVERITIES,
  saidText,
  saveDraft,
  sayVerdict,
  settle,
  VERDICTS,
} from "./judge";

/** Kind and severity of a wrong one, brought into sight. Whoever pressed a button finds the focus on Save. */
function Kind({ store, busy }: { store: Store; busy: boolean }) {
  const draft = store.mistakes.draft.value!;
  const why = draft.category && store.mistakes.one()?.likely?.[draft.category].why;
  const save = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const button = save.current!;
    const { activeElement } = button.getRootNode() as ShadowRoot;
    if (activeElement?.closest(".ls-mistake")) button.focus({ preventScroll: true });
    const pane = button.closest(".ls-scroll");
    const below = pane && button.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom;
    if (below && below > 0) pane.scrollTop += below + 8;
  }, []);
  return (
    <div class="ls-kind">
      <Choices
        store={store}
        label="Kind of mistake"
        list={CATEGORIES}
        chosen={draft.category}
        pick={(k) => choose(store, k)}
      />
      <Choices
        store={store}
        label="How bad"
        list={SEVERITIES}
        chosen={draft.severity}
        first={CATEGORIES.length + 1}
        pick={(k) => choose(store, CATEGORIES.length + k)}
      />
      {why && <p class="ls-quiet">{why}</p>}
      <div class="ls-votes">
        <button
          ref={save}
          type="button"
          class="ls-btn strong"
          data-action="save-kind"
          disabled={!store.canDecide.value || store.mistakes.sending.value}
          onClick={() => saveDraft(store)}
        >
          Save <kbd>↵</kbd>
        </button>
        <button type="button" class="ls-btn line" onClick={() => backStep(store)}>
          Back <kbd>Esc</kbd>
        </button>
      </div>
      {busy && <p class="ls-quiet">looking for the likely kind…</p>}
    </div>
  );
}

/** What the others say shows only after one's own word. */
function Panel({ store, one }: { store: Store; one: MistakeCase }) {
  const { discussing, settling } = store.mistakes;
  if (one.mine === null) {
    if (discussing.value) return <p class="ls-quiet">People differ here. Say first what you think of it.</p>;
    if (one.others === 0) return null;
    return <p class="ls-quiet">Judged by {one.others} more; what they say shows after your verdict.</p>;
  }
  const panel = one.settled === null ? [] : [{ ...one.settled, reviewer: "the panel" }];
  return (
    <div class="ls-opinions">
      <ul aria-label="Opinions">
        {[...one.opinions, ...panel].map((said) => (
          <li key={said.reviewer}>
            <b>{said.reviewer}</b> {saidText(said)}
          </li>
        ))}
      </ul>
      {(one.disputed || one.settled !== null) && (
        <button
          type="button"
          class={`ls-btn ${settling.value ? "on" : "line"}`}
          data-action="settle"
          aria-pressed={settling.value}
          onClick={() => settle(store)}
        >
          Settle it <kbd>y</kbd>
        </button>
      )}
    </div>
  );
}

function Case({ store, found, one }: { store: Store; found: MistakeRow; one: MistakeCase }) {
  const { draft, settling } = store.mistakes;
  const words = (labels: readonly LabelValue[]) => labels.map((label) => store.wordsOf(label)).join(", ");
  const also = found.labels.filter((label) => label !== found.given);
  const asks = draft.value !== null;
  return (
    <>
      <Examples
        store={store}
        label={found.given}
        rows={found.exemplars}
        says={also.length < found.labels.length ? "right" : "given"}
      />
      {also.length > 0 && <p class="ls-quiet">also right: {words(also)}</p>}
      {found.unclear.length > 0 && <p class="ls-quiet">unclear: {words(found.unclear)}</p>}
      <Examples store={store} label={one.prediction} rows={one.exemplars} says="predicted" />
      <p class="ls-quiet">by {one.models.join(", ")}</p>
      <Choices
        store={store}
        label={settling.value ? "What the panel agreed on" : "Your verdict on the prediction"}
        list={VERDICTS}
        chosen={asks ? "wrong" : (settling.value ? one.settled : one.mine)?.verdict}
        first={asks ? 0 : 1}
        pick={(k) => sayVerdict(store, k)}
      />
      {asks && <Kind store={store} busy={found.busy} />}
      <Panel store={store} one={one} />
    </>
  );
}

function None({ store, found: { next, total } }: { store: Store; found: MistakeRow }) {
  return (
    <>
      <p>
        No prediction {total > 0 && "of this row "}is outside {total > 0 ? "its" : "the"} labels.
      </p>
      {next !== null && (
        <button
          type="button"
          class="ls-btn line"
          data-action="next-mistake"
          onClick={() => store.mistakes.goOn()}
        >
          On to row {next} <kbd>↵</kbd>
        </button>
      )}
    </>
  );
}

function Cases({ store, cases }: { store: Store; cases: readonly MistakeCase[] }) {
  return (
    <fieldset class="ls-votes cases" aria-label="Predictions of this row">
      {cases.map(({ prediction, mine }, k) => (
        <button
          key={k}
          type="button"
          class="ls-chip"
          aria-pressed={k === store.mistakes.at.value}
          onClick={() => nextCase(store, k)}
        >
          {store.wordsOf(prediction)} {mine && "✓"}
        </button>
      ))}
      <kbd>v</kbd>
    </fieldset>
  );
}

function Content({ store, row }: { store: Store; row: number }) {
  const { found: asked, problem, discussing, settling } = store.mistakes;
  const found = asked.value;
  if (problem.value !== null)
    return (
      <div class="ls-report-problem" role="alert">
        <b>{problem.value.message}</b>
        <span>{problem.value.hint}</span>
      </div>
    );
  if (found?.row !== row) return <p class="ls-quiet">…</p>;
  const one = store.mistakes.one();
  return (
    <>
      <header class="ls-part-head">
        <h3 class="ls-heading">{settling.value ? "the panel’s verdict" : "mistake?"}</h3>
        <span class="ls-quiet">
          {discussing.value ? `${count(found.to_discuss)} to discuss` : `${count(found.left)} left`}
        </span>
      </header>
      {found.cases.length > 1 && <Cases store={store} cases={found.cases} />}
      {one === null ? <None store={store} found={found} /> : <Case store={store} found={found} one={one} />}
    </>
  );
}

export function MistakePane({ store, row }: { store: Store; row: number }) {
  const { found, problem, sending } = store.mistakes;
  const box = useRef<HTMLElement>(null);
  // Whatever chose the queue held the focus, and would take Enter for itself.
  useLayoutEffect(() => backToView(box.current!), []);
  return (
    <section
      ref={box}
      class="ls-part ls-mistake"
      aria-label="Mistake"
      aria-busy={sending.value || (problem.value === null && found.value?.row !== row)}
    >
      <Content store={store} row={row} />
    </section>
  );
}
