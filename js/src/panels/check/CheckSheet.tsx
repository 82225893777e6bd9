import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { Dialog } from "../Dialog";
import { count, percent, rows } from "../format";
import { openRows } from "../strip/cell";
import { uiOf } from "../ui";
import { needed, PRECISIONS, startCheck } from "./check";

interface Props {
  store: Store;
  given: number;
  suggested: number;
}

interface PrecisionProps {
  n: number;
  precision: Signal<number>;
  busy: boolean;
  onCancel: () => void;
}

/** How sure it has to be, what that costs, and the button that starts it. */
function Precision({ n, precision, busy, onCancel }: PrecisionProps) {
  const id = useId();
  const k = needed(precision.value);
  const enough = n > k;
  return (
    <>
      <fieldset class="ls-choice">
        <legend class="ls-heading">at least so many of the rest must be right</legend>
        {PRECISIONS.map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={id}
              checked={precision.value === value}
              onChange={() => {
                precision.value = value;
              }}
            />
            <b>{percent(value)}</b>
            <span>{count(needed(value))} in a row</span>
          </label>
        ))}
      </fieldset>
      <p role="status">
        {enough ? (
          <>
            You look at <b>{count(k)}</b> rows drawn at random. When all {count(k)} are right, the other{" "}
            <b>{count(n - k)}</b> can be accepted in one step, with at most {percent(1 - precision.value)}{" "}
            wrong (95 % sure). One wrong row asks for more rows or for another choice.
          </>
        ) : (
          <>
            Only {rows(n)} {n === 1 ? "is" : "are"} left: looking at all of them is no more work than a check
            of {count(k)}.
          </>
        )}
      </p>
      <div class="ls-confirm-buttons">
        <button type="button" class="ls-btn line" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="ls-btn primary" data-action="start-check" disabled={!enough || busy}>
          Draw {count(Math.min(k, n))} rows
        </button>
      </div>
    </>
  );
}

/** A cell of the matrix. */
interface DialogProps {
  store: Store;
  /** rows that the check is about */
  n: number;
  /** false: the check did not start */
  begin: (precision: number) => Promise<boolean>;
  children: ComponentChildren;
}

/** How sure the rest has to be, and what the check is about in words. */
export function CheckDialog({ store, n, begin, children }: DialogProps) {
  // the strictest of the two usual ones that there are enough rows for
  const precision = useSignal<number>(n > needed(0.95) ? 0.95 : 0.9);
  const busy = useSignal(false);
  const close = (): void => {
    uiOf(store).sheet.value = null;
  };
  const start = async (): Promise<void> => {
    if (busy.peek() || n <= needed(precision.peek())) return;
    busy.value = true;
    const started = await begin(precision.peek());
    busy.value = false;
    if (started) close();
  };
  return (
    <Dialog
      title="Check some at random, then accept the rest"
      class="ls-check"
      first="input:checked"
      onClose={close}
    >
      <form
        class="ls-sheet-body"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <p class="ls-pair">{children}</p>
        <Precision n={n} precision={precision} busy={busy.value || !store.canDecide.value} onCancel={close} />
      </form>
    </Dialog>
  );
}

export function CheckSheet({ store, given, suggested }: Props) {
  store.version.value;
  const n = openRows(store.table.value, given, suggested);
  return (
    <CheckDialog store={store} n={n} begin={(precision) => startCheck(store, given, suggested, precision)}>
      <ClassName store={store} code={given} /> <span class="ls-arrow">→</span>{" "}
      <ClassName store={store} code={suggested} strong />
      <span class="ls-quiet">{rows(n)} not looked at</span>
    </CheckDialog>
  );
}
