/** The number of a row: the axis, a field with the suggestion in it, and the neighbors with their numbers. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Target, TargetNeighbor } from "../../protocol";
import type { Store } from "../../store/types";
import { isHidden } from "../inspector/selection";
import { backToView } from "../keys";
import { uiOf } from "../ui";
import { gap } from "./axis";
import { fieldText, numberText, parseNumber } from "./number";
import { TargetAxis } from "./TargetAxis";

function Field({ store, row, start }: { store: Store; row: number; start: number | null }) {
  const field = useRef<HTMLInputElement>(null);
  const typed = useSignal(fieldText(start));
  const touched = useRef(false);
  const problem = useSignal<string | null>(null);
  const id = useId();
  useEffect(() => {
    // the suggestion came later than the field
    if (!touched.current) typed.value = fieldText(start);
  }, [start]);
  const give = (): void => {
    const found = parseNumber(typed.peek());
    if ("problem" in found) {
      problem.value = found.problem;
      return;
    }
    problem.value = null;
    const rows = store.targets();
    if (field.current) backToView(field.current);
    if (rows.length > 1)
      uiOf(store).sheet.value = { kind: "many", rows, edit: { kind: "number", value: found.value } };
    else store.relabel(found.value, [row]);
  };
  return (
    <form
      class="ls-number"
      onSubmit={(event) => {
        event.preventDefault();
        give();
      }}
    >
      <label class="ls-sr" for={id}>
        Target of row {row}
      </label>
      <input
        ref={field}
        id={id}
        class="ls-input"
        type="text"
        inputMode="decimal"
        autocomplete="off"
        data-action="number"
        aria-keyshortcuts="l"
        aria-invalid={problem.value !== null}
        aria-describedby={problem.value === null ? undefined : `${id}-says`}
        disabled={!store.canDecide.value}
        value={typed.value}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.stopPropagation();
          typed.value = fieldText(start);
          touched.current = false;
          problem.value = null;
          backToView(event.currentTarget);
        }}
        onInput={(event) => {
          touched.current = true;
          problem.value = null;
          typed.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="ls-btn line" data-action="give-number" disabled={!store.canDecide.value}>
        give <kbd>↵</kbd>
      </button>
      {problem.value !== null && (
        <p id={`${id}-says`} class="ls-number-problem" role="alert">
          {problem.value}
        </p>
      )}
    </form>
  );
}

const KINDS: Record<TargetNeighbor["kind"], { sign: string; says: string }> = {
  pull: { sign: "—", says: "about the same target: it speaks for it" },
  push: { sign: "┄", says: "another target: it speaks against it" },
};

function Near({ store, neighbors }: { store: Store; neighbors: readonly TargetNeighbor[] }) {
  if (neighbors.length === 0) return null;
  return (
    <section class="ls-part" aria-label="True neighbors">
      <h3 class="ls-heading" title="Nearest rows by the features; the same lines are drawn on the map">
        neighbors <span class="ls-near-key">— pull</span> <span class="ls-near-key push">┄ push</span>
      </h3>
      <ul class="ls-near">
        {neighbors.map(({ row, value, kind }) => (
          <li key={row}>
            <button
              type="button"
              class={`ls-chip ${kind}`}
              data-row={row}
              title={`row ${row}: ${KINDS[kind].says}. Click to look at it.`}
              aria-label={`Neighbor row ${row}, ${numberText(value)}, ${KINDS[kind].says}`}
              onClick={() => store.setCurrent(row)}
            >
              <span aria-hidden="true">{KINDS[kind].sign}</span> {numberText(value)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** given → suggested, and what the difference is. */
export function TargetLabels({
  store,
  row,
  target,
}: {
  store: Store;
  row: number;
  target: Target | undefined;
}) {
  store.version.value;
  if (target === undefined) return <div class="ls-labels ls-quiet">…</div>;
  const now = store.classes.value[store.table.value.current[row]!];
  const current = typeof now === "number" ? now : null;
  const hidden = isHidden(store, row);
  const by = gap({ current, suggested: target.suggested });
  return (
    <div class="ls-labels ls-target">
      <b>{numberText(target.given)}</b>
      {current !== target.given && (
        <>
          <span class="ls-quiet">now</span> <b>{numberText(current)}</b>
        </>
      )}
      {target.suggested !== null && (
        <>
          <span class="ls-arrow" role="img" aria-label="suggested">
            →
          </span>
          <b>{numberText(target.suggested)}</b>
          {by !== null && (
            <span class="ls-quiet">
              {by > 0 ? "+" : ""}
              {numberText(Number(by.toPrecision(3)))}
            </span>
          )}
        </>
      )}
      {hidden && <span class="ls-quiet">the suggestion shows after you decided</span>}
    </div>
  );
}

export function TargetPart({ store, row }: { store: Store; row: number }) {
  store.version.value;
  const detail = store.detail.value;
  const target = detail?.row === row ? detail.target : undefined;
  if (target === undefined) return null;
  const now = store.classes.value[store.table.value.current[row]!];
  const shown = { ...target, current: typeof now === "number" ? now : null };
  const hidden = isHidden(store, row);
  return (
    <>
      <section class="ls-part" aria-label="Target">
        <header class="ls-part-head">
          <h3 class="ls-heading">
            target <kbd>l</kbd>
          </h3>
          <span class="ls-axis-key ls-quiet" aria-hidden="true">
            <i class="given" /> given <i class="now" /> now{" "}
            {!hidden && (
              <>
                <i class="suggested" /> suggested
              </>
            )}
          </span>
        </header>
        <TargetAxis target={shown} />
        <Field key={row} store={store} row={row} start={target.suggested ?? shown.current} />
      </section>
      <Near store={store} neighbors={target.neighbors} />
    </>
  );
}
