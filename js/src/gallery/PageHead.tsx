/** Above and below a page: which one it is, how far the plan is, and the button that closes it. */
import type { ComponentChildren } from "preact";
import { ClassMark } from "../plot/Mark";
import { type Store, UNLABELLED } from "../store/types";
import { Withdraw } from "./PlanParts";
import { confirm, name, open, outText, type Page, type State, turn, unseen, unseenText } from "./pageState";
import type { Mean } from "./pages";

interface Props {
  store: Store;
  state: State;
}

interface ChipProps {
  "data-action"?: string;
  title?: string;
  disabled?: boolean;
  "aria-pressed"?: boolean;
  onClick: () => void;
  children: ComponentChildren;
}

const Chip = (props: ChipProps) => <button type="button" class="ls-chip" {...props} />;

function Title({ store, state, page }: Props & { page: Page }) {
  const named =
    page.label === UNLABELLED ? (
      "each card"
    ) : (
      <>
        <ClassMark code={page.label} dark={store.dark.value} /> {name(store, page.label)}
      </>
    );
  if (page.open.page < 0) return <b class="ls-page-title">All {named}?</b>;
  const n = page.rows.length;
  return (
    <div class="ls-plan-line">
      <span class="ls-clip">
        <b class="ls-page-title">
          page {page.open.page + 1} of {state.plan.value?.done.length}
        </b>
        {page.mean === "given" ? " · given: " : " · predicted: "}
        {named} · {n} {n === 1 ? "row" : "rows"}
      </span>
      <Withdraw store={store} plan={state.plan.value!} look="ls-chip" />
    </div>
  );
}

function Track({ done }: { done: readonly boolean[] }) {
  const n = done.filter(Boolean).length;
  return (
    <div
      class="ls-track ls-plan-track"
      role="progressbar"
      aria-label="Pages of the plan"
      aria-valuemin={0}
      aria-valuemax={done.length}
      aria-valuenow={n}
    >
      <i class="changed" style={{ width: `${(100 * n) / done.length}%` }} />
    </div>
  );
}

export function Head({ store, state }: Props) {
  const page = state.page.value;
  const plan = state.plan.value;
  const by = state.by.value;
  const planned = by === "plan" && plan !== null && plan.mine !== null;
  const choices: ["plan" | Mean, string][] = [
    ["suggested", "suggestions"],
    ["given", "labels"],
  ];
  if (plan !== null) choices.unshift(["plan", "plan"]);
  return (
    <>
      <div class="ls-gallery-head">
        {page !== null && !planned && <Title store={store} state={state} page={page} />}
        {page !== null && page.left > 0 && <span>{page.left.toLocaleString("en-US")} more</span>}
        <span class="ls-head-gap" />
        {planned && (
          <>
            <Chip data-action="page-back" title="The page before (b)" onClick={() => turn(store, state, -1)}>
              back <kbd>b</kbd>
            </Chip>
            <Chip
              data-action="page-skip"
              title="The next page; this one comes again (n)"
              disabled={page === null}
              onClick={() => turn(store, state, 1)}
            >
              skip <kbd>n</kbd>
            </Chip>
          </>
        )}
        <fieldset class="ls-segments" aria-label="Untouched agrees with">
          {choices.map(([value, text]) => (
            <Chip
              key={value}
              aria-pressed={by === value}
              onClick={() => {
                state.by.value = value;
                void open(store, state);
              }}
            >
              {text}
            </Chip>
          ))}
        </fieldset>
        <Chip
          data-action="leave-pages"
          title="Back to the gallery (g)"
          onClick={() => {
            store.pageMode.value = false;
          }}
        >
          leave <kbd>g</kbd>
        </Chip>
      </div>
      {planned && page !== null && <Title store={store} state={state} page={page} />}
      {planned && <Track done={plan.done} />}
    </>
  );
}

/** `bring` takes the reader to the next card that was not seen yet. */
export function Foot({ store, state, bring }: Props & { bring: () => void }) {
  const page = state.page.value!;
  const hidden = unseen(state).length;
  const marks = [...state.marks.value.values()];
  const wrong = marks.filter((mark) => mark.kind === "wrong").length;
  const left = marks.length - wrong;
  const agreed = page.rows.length - marks.length;
  const are = page.label === UNLABELLED ? "right" : name(store, page.label);
  return (
    <div class="ls-page-foot">
      <span>
        <b>{agreed}</b> agreed, <b>{wrong}</b> wrong{left > 0 && `, ${left} left open`}
        {page.open.left_out > 0 && ` · ${outText(page.open)}`}
      </span>
      {hidden > 0 && (
        <Chip data-action="next-unseen" title="Go to the next card that was not in view (v)" onClick={bring}>
          <span class="ls-page-unseen">{unseenText(hidden)}</span> <kbd>v</kbd>
        </Chip>
      )}
      <span class="ls-head-gap" />
      <button
        type="button"
        class={`ls-btn ${state.asking.value ? "primary" : "line"}`}
        data-action="page-done"
        disabled={hidden > 0 || !store.canDecide.value || state.busy.value}
        onClick={() => confirm(store, state)}
      >
        {state.asking.value ? `yes, ${agreed} are ${are}` : "page done"} <kbd>↵</kbd>
      </button>
    </div>
  );
}
