/** What is said about controls: quietly after each, and plainly when somebody nods through. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Acceptance, ControlAnswer } from "../protocol";
import type { Store } from "../store/types";
import { count, percent, rows } from "./format";
import { Icon } from "./Icon";
import { guardKeys } from "./keys";
import { decidedRows } from "./ProgressBar";

const STAYS = 5000;

const SAYS: Record<string, [passed: string, failed: string]> = {
  planted: [
    "That was a check with a wrong suggestion: you saw it.",
    "That was a check: the suggestion was wrong, and it was accepted.",
  ],
  known: [
    "That was a check: its label is known to be right, as you said.",
    "That was a check: its label is known to be right, and it was changed.",
  ],
  hidden: [
    "That was a check without a suggestion: you agree with the model.",
    "That was a check without a suggestion: the model says otherwise.",
  ],
};

/** A sentence for an answered control; it changed no label. */
export function controlSentence({ kind, passed }: Pick<ControlAnswer, "kind" | "passed">): string {
  const key = Object.keys(SAYS).find((name) => kind.includes(name)) ?? "";
  const [good, bad] = SAYS[key] ?? ["That was a check: right.", "That was a check: it went wrong."];
  return `${passed ? good : bad} No label changed.`;
}

/** "7 of 8 wrong suggestions were accepted: 88 %, between 53 % and 98 %" */
export function acceptanceText({ wrong_accepted, n, low, high }: Acceptance): string {
  const share = n > 0 ? wrong_accepted / n : 0;
  return `${count(wrong_accepted)} of ${count(n)} wrong suggestions were accepted: ${percent(share)}, between ${percent(low)} and ${percent(high)}`;
}

function Line({ answer }: { answer: ControlAnswer & { row: number } }) {
  const shown = useSignal(true);
  useEffect(() => {
    shown.value = true;
    const timer = setTimeout(() => {
      shown.value = false;
    }, STAYS);
    return () => clearTimeout(timer);
  }, [answer]);
  if (!shown.value) return null;
  return (
    <p class={`ls-answered${answer.passed ? "" : " failed"}`} role="status">
      <Icon name={answer.passed ? "check" : "info"} />
      Row {answer.row}: {controlSentence(answer)}
    </p>
  );
}

function Warning({ store, text, acceptance }: { store: Store; text: string; acceptance: Acceptance | null }) {
  const seen = useSignal<string | null>(null);
  if (seen.value === text) return null;
  return (
    <section class="ls-warning" role="alert" aria-label="Nodding through" onKeyDown={guardKeys}>
      <Icon name="warning" />
      <div>
        <p>
          <b>{text}</b>
        </p>
        {acceptance && <p>{acceptanceText(acceptance)}.</p>}
        <p class="ls-quiet">
          Nothing is lost: the {rows(decidedRows(store.progress.value))} decided so far can be undone or
          looked at again. “Answer before reveal” hides the suggestion until you decided.
        </p>
      </div>
      <span class="ls-warning-buttons">
        {store.reveal.value !== "after_answer" && (
          <button
            type="button"
            class="ls-btn line"
            data-action="reveal-after"
            onClick={() => {
              store.setOptions({ reveal: "after_answer" });
              seen.value = text;
            }}
          >
            Answer before reveal
          </button>
        )}
        <button
          type="button"
          class="ls-btn line"
          data-action="seen-warning"
          onClick={() => {
            seen.value = text;
          }}
        >
          Go on
        </button>
      </span>
    </section>
  );
}

/** Shown over the end of the evidence, where the hands are, so that nothing moves. */
export function Answered({ store }: { store: Store }) {
  const answer = store.answered.value;
  return answer ? <Line answer={answer} /> : null;
}

export function Controls({ store }: { store: Store }) {
  const text = store.noticed.value;
  return text ? <Warning store={store} text={text} acceptance={store.acceptance.value} /> : null;
}
