/** A change of many rows that a method proposes: how many, to what, and where it is least sure, before it is made. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { BulkPlan } from "../../protocol";
import type { Store } from "../../store/types";
import { type Left, Odds, oddKey } from "../bulk/Odds";
import { remaining } from "../bulk/preview";
import { ClassName } from "../ClassName";
import { Dialog } from "../Dialog";
import { count, rows as rowsText } from "../format";
import { uiOf } from "../ui";

const MOST = 12;

export function PlanSheet({ store, plan }: { store: Store; plan: string }) {
  const out = useSignal<ReadonlySet<number>>(new Set());
  const at = useSignal(0);
  const waiting = useSignal(true);
  const found = useSignal<(BulkPlan & { rows: number[] }) | null>(null);
  const left: Left = { store, out, at, waiting };
  const apply = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => apply.current?.focus({ preventScroll: true }), [found.value]);
  useEffect(() => {
    let late = false;
    void store.methods.bulk(plan).then((answer) => {
      if (late) return;
      found.value = answer;
      waiting.value = false;
      if (answer === null) uiOf(store).sheet.value = null;
    });
    return () => {
      late = true;
    };
  }, []);
  const close = (): void => {
    uiOf(store).sheet.value = null;
  };
  const odd = found.value?.odd ?? [];
  const chosen = remaining(found.value?.rows ?? [], out.value);
  const confirm = (): void => {
    if (found.peek() === null) return;
    close();
    if (chosen.length === 0) store.say("All rows were left out; nothing changed.");
    else void store.methods.acceptBulk(plan, chosen);
  };
  const wrong = found.value?.expected_wrong ?? 0;
  return (
    <Dialog title={found.value?.title ?? "Many rows at once"} class="ls-bulk" onClose={close}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the dialog; every one is also a button */}
      <div class="ls-sheet-body ls-scroll" onKeyDown={(event) => oddKey(left, odd, event, confirm)}>
        <p class="ls-pair">
          <span class="ls-quiet">one step; one undo takes all of it back; counts as looked at by nobody</span>
        </p>
        <div class="ls-counts" role="status">
          <span>
            <b>{count(chosen.length)}</b> {chosen.length === 1 ? "changes" : "change"}
          </span>
          {wrong > 0 && (
            <span title="If the method's certainty is right">about {count(wrong)} wrong expected</span>
          )}
          {out.value.size > 0 && (
            <span>
              <b>{count(out.value.size)}</b> left out
            </span>
          )}
        </div>
        <ul class="ls-changes" aria-label="Changes by class">
          {(found.value?.by_class ?? []).slice(0, MOST).map(([code, n]) => (
            <li key={code}>
              <span class="ls-arrow">{found.value?.drop ? "without" : "→"}</span>
              <ClassName store={store} code={code} />
              <em>{rowsText(n)}</em>
            </li>
          ))}
        </ul>
        <Odds left={left} odd={odd} title="where it is least sure" none="Nothing tells these rows apart." />
        <div class="ls-confirm-buttons">
          <button type="button" class="ls-btn line" data-action="cancel" onClick={close}>
            Cancel <kbd>Esc</kbd>
          </button>
          <button
            ref={apply}
            type="button"
            class="ls-btn primary"
            data-action="accept-plan"
            disabled={found.value === null}
            onClick={confirm}
          >
            Accept {rowsText(chosen.length)} <kbd>↵</kbd>
          </button>
        </div>
      </div>
    </Dialog>
  );
}
