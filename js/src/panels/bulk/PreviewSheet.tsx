/** Before many rows change: how many, how many speak against it, and the odd ones, each left out by a key. */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Preview } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { Dialog } from "../Dialog";
import { count, nameOf, rows as rowsText } from "../format";
import { uiOf } from "../ui";
import { type Left, Odds, oddKey } from "./Odds";
import { contradicting, effectWithout, oddRows, remaining, toggled } from "./preview";

interface Props {
  store: Store;
  rows: number[];
  code: number;
}

interface State extends Props, Left {
  asked: Signal<Preview | null>;
}

function labelOf({ store, code }: Pick<Props, "store" | "code">) {
  return store.classes.peek()[code] ?? null;
}

function usePreview(props: Props): State {
  const out = useSignal<ReadonlySet<number>>(new Set());
  const asked = useSignal<Preview | null>(null);
  const live = props.store.connection.peek() === "live";
  const waiting = useSignal(live);
  const at = useSignal(0);
  useEffect(() => {
    if (!live) return;
    let late = false;
    void props.store.preview(props.rows, labelOf(props)).then((preview) => {
      if (late) return;
      asked.value = preview;
      waiting.value = false;
    });
    return () => {
      late = true;
    };
  }, []);
  return { ...props, out, asked, waiting, at };
}

function confirm({ store, rows, code, out }: State): void {
  const chosen = remaining(rows, out.peek());
  uiOf(store).sheet.value = null;
  if (chosen.length === 0) store.say("All rows were left out; nothing changed.");
  else store.relabel(labelOf({ store, code }), chosen);
}

function Counts({ state }: { state: State }) {
  const { store, rows, code, out } = state;
  const effect = useComputed(() => {
    store.version.value;
    return effectWithout(store.table.value, rows, out.value, code);
  });
  const { changes, same, contradicts } = effect.value;
  const against = contradicting(store.table.value, rows, code);
  const without = against.every((row) => out.value.has(row));
  return (
    <div class="ls-counts" role="status">
      <span>
        <b>{count(changes)}</b> {changes === 1 ? "changes" : "change"}
      </span>
      {same > 0 && (
        <span>
          <b>{count(same)}</b> {same === 1 ? "has" : "have"} it already
        </span>
      )}
      {out.value.size > 0 && (
        <span>
          <b>{count(out.value.size)}</b> left out
        </span>
      )}
      {against.length > 0 && (
        <button
          type="button"
          class={`ls-chip${contradicts > 0 ? " warn" : ""}`}
          data-action="leave-contradicting"
          title="Rows whose suggestion is neither their label nor this one"
          aria-pressed={without}
          onClick={() => {
            out.value = toggled(out.peek(), against);
          }}
        >
          {count(against.length)} {against.length === 1 ? "contradicts its" : "contradict their"} suggestion:{" "}
          {without ? "take in" : "leave out"}
        </button>
      )}
    </div>
  );
}

export function PreviewSheet(props: Props) {
  const state = usePreview(props);
  const { store, code, rows } = state;
  const name = nameOf(store.classNames.value, code);
  const odd = oddRows(state.asked.value);
  const apply = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => apply.current?.focus({ preventScroll: true }), []);
  const n = rows.length - state.out.value.size;
  return (
    <Dialog
      title={`Relabel ${rowsText(rows.length)} to ${name}?`}
      class="ls-bulk"
      onClose={() => {
        uiOf(store).sheet.value = null;
      }}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the dialog; every one is also a button */}
      <div
        class="ls-sheet-body ls-scroll"
        onKeyDown={(event) => oddKey(state, odd, event, () => confirm(state))}
      >
        <p class="ls-pair">
          to <ClassName store={store} code={code} strong />
          <span class="ls-quiet">one step; one undo takes all of it back</span>
        </p>
        <Counts state={state} />
        <Odds left={state} odd={odd} title="unlike the rest" none="No row looks unlike the rest." />
        <div class="ls-confirm-buttons">
          <button
            type="button"
            class="ls-btn line"
            data-action="cancel"
            onClick={() => {
              uiOf(store).sheet.value = null;
            }}
          >
            Cancel <kbd>Esc</kbd>
          </button>
          <button
            ref={apply}
            type="button"
            class="ls-btn primary"
            data-action="relabel-all"
            onClick={() => confirm(state)}
          >
            Relabel {rowsText(n)} <kbd>↵</kbd>
          </button>
        </div>
      </div>
    </Dialog>
  );
}
