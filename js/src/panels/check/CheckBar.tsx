/** The check that goes on, under the toolbar, whatever part of the view is shown. */
import { useEffect } from "preact/hooks";
import type { Store } from "../../store/types";
import { count, decimal } from "../format";
import { guardKeys } from "../keys";
import { answerCheck } from "../tags/act";
import { type Run, uiOf } from "../ui";
import { acceptRest, endCheck, runTitle, standing, tallyOf } from "./check";

/** Decisions come fast; the bound is asked for when they rest. */
const REST = 120;

function useState(store: Store, run: Run): void {
  const version = store.version.value;
  const { token } = run.check;
  useEffect(() => {
    const timer = setTimeout(async () => {
      const state = await store.checkState(token);
      const { run: now } = uiOf(store);
      const last = now.peek();
      if (state === null || last?.check.token !== token) return;
      now.value = { ...last, state };
      if (state.ready && !last.state?.ready)
        store.say(
          `${state.right} of ${state.checked} right. The remaining ${count(state.n_rest)} can be accepted.`,
        );
    }, REST);
    return () => clearTimeout(timer);
  }, [store, token, version]);
}

function Going({ store, run }: { store: Store; run: Run }) {
  useState(store, run);
  const { check, state } = run;
  const { checked, right } = tallyOf(run, store.table.value);
  const { text, over } = standing(run, store.table.value);
  const k = check.rows.length;
  const share = (n: number) => ({ width: `${(100 * n) / Math.max(1, k)}%` });
  const ready = state?.ready === true && store.canDecide.value;
  const rest = state?.n_rest ?? Math.max(0, check.n - k);
  const wrong = state?.expected_wrong ?? check.expected_wrong;
  return (
    <section
      class="ls-checkbar"
      aria-label={run.tag ? "Check of a tag" : "Check of a cell"}
      onKeyDown={guardKeys}
    >
      <b class="ls-clip">Check {runTitle(store, run)}</b>
      <div
        class="ls-track"
        role="progressbar"
        aria-label="Checked"
        aria-valuemin={0}
        aria-valuemax={Math.max(1, k)}
        aria-valuenow={Math.min(checked, k)}
        aria-valuetext={text}
      >
        <i class="changed" style={share(right)} />
        <i class="wrong" style={share(checked - right)} />
      </div>
      <span class={over ? "warn" : ""}>{text}</span>
      {state && (
        <span class="ls-quiet" title="One-sided 95 % lower bound of the share that is right">
          at least {decimal(Math.floor(100 * state.lower) / 100)}, needs {decimal(state.precision)}
        </span>
      )}
      {run.tag && (
        <span class="ls-part-acts">
          {[true, false].map((right) => (
            <button
              key={String(right)}
              type="button"
              class="ls-btn line"
              data-action={right ? "tag-right" : "tag-wrong"}
              aria-keyshortcuts={right ? "Enter" : "Space"}
              disabled={!store.canDecide.value}
              onClick={() => answerCheck(store, run, right)}
            >
              {right === (run.tag?.side === "missing") ? "belongs" : "does not"}{" "}
              <kbd>{right ? "↵" : "␣"}</kbd>
            </button>
          ))}
        </span>
      )}
      <span class="ls-gap" />
      <button
        type="button"
        class="ls-btn primary"
        data-action="accept-rest"
        disabled={!ready}
        title={
          ready
            ? "Gives the rest what is suggested, as one step that one undo takes back"
            : `Possible once ${check.needed} are right`
        }
        onClick={() => void acceptRest(store)}
      >
        Accept the remaining {count(rest)} (about {count(wrong)} wrong expected)
      </button>
      <button
        type="button"
        class="ls-btn line"
        data-action="end-check"
        title="End the check; what was decided stays decided"
        onClick={() => endCheck(store)}
      >
        End
      </button>
    </section>
  );
}

export function CheckBar({ store }: { store: Store }) {
  const run = uiOf(store).run.value;
  return run === null ? null : <Going store={store} run={run} />;
}
