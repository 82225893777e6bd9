/** Before many rows change: how many, how many speak against it, and the odd ones, each left out by a key. */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Preview } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { Dialog } from "../Dialog";
import { count, nameOf, rows as rowsText } from "../format";
import { uiOf } from "../ui";
import { contradicting, effectWithout, oddRows, remaining, toggled } from "./preview";

interface Props {
  store: Store;
  rows: number[];
  code: number;
}

interface State extends Props {
  out: Signal<ReadonlySet<number>>;
  asked: Signal<Preview | null>;
  waiting: Signal<boolean>;
  at: Signal<number>;
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

function Odd({ state, row, k }: { state: State; row: number; k: number }) {
  const { store, out } = state;
  const shown = store.card(row, 96).value;
  const left = out.value.has(row);
  const caption = shown?.card.text ?? shown?.card.caption ?? "";
  const now = nameOf(store.classNames.value, store.table.value.current[row]!);
  return (
    <button
      type="button"
      class={`ls-odd${left ? " out" : ""}`}
      data-row={row}
      data-at={k}
      tabIndex={k === state.at.value ? 0 : -1}
      aria-pressed={left}
      aria-label={`Row ${row}, now ${now}: ${left ? "left out" : "changes with the rest"}`}
      title={`${left ? "Take in again" : "Leave out"} (o)${caption ? `\n${caption}` : ""}`}
      onFocus={() => {
        state.at.value = k;
      }}
      onClick={() => {
        state.at.value = k;
        out.value = toggled(out.peek(), [row]);
      }}
    >
      <span class="ls-odd-media">
        {shown?.url ? (
          <img src={shown.url} alt="" draggable={false} />
        ) : (
          <span>{caption || `row ${row}`}</span>
        )}
      </span>
      <ClassName store={store} code={store.table.value.current[row]!} />
    </button>
  );
}

/** As high before the kernel has answered as after it: the button below must not move under a finger. */
function Odds({ state, odd }: { state: State; odd: readonly number[] }) {
  const { out, waiting } = state;
  const all = odd.length > 0 && odd.every((row) => out.value.has(row));
  const says = waiting.value ? "looking for rows unlike the rest…" : "No row looks unlike the rest.";
  return (
    <section class="ls-odds-part" aria-label="Rows unlike the rest">
      <header class="ls-part-head">
        <h3 class="ls-heading">unlike the rest</h3>
        {odd.length > 0 && (
          <button
            type="button"
            class="ls-chip"
            data-action="all-odd"
            onClick={() => {
              out.value = toggled(out.peek(), odd);
            }}
          >
            {all ? "take all in" : `leave all ${count(odd.length)} out`} <kbd>Shift o</kbd>
          </button>
        )}
      </header>
      {odd.length === 0 && <p class="ls-quiet">{says}</p>}
      <div class="ls-odds">
        {odd.map((row, k) => (
          <Odd key={row} state={state} row={row} k={k} />
        ))}
      </div>
    </section>
  );
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

function onKey(state: State, odd: readonly number[], event: KeyboardEvent): void {
  const { at, out } = state;
  const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && !(event.target as HTMLElement).matches("[data-action=cancel], .icon"))
    confirm(state);
  else if (event.key === "O" && odd.length > 0) out.value = toggled(out.peek(), odd);
  else if (event.key === "o" && odd[at.peek()] !== undefined)
    out.value = toggled(out.peek(), [odd[at.peek()]!]);
  else if (Object.hasOwn(steps, event.key) && odd.length > 0) {
    at.value = Math.min(odd.length - 1, Math.max(0, at.peek() + steps[event.key]!));
    const box = event.currentTarget as HTMLElement;
    box.querySelector<HTMLElement>(`.ls-odd[data-at="${at.peek()}"]`)?.focus();
  } else return;
  event.preventDefault();
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
      <div class="ls-sheet-body ls-scroll" onKeyDown={(event) => onKey(state, odd, event)}>
        <p class="ls-pair">
          to <ClassName store={store} code={code} strong />
          <span class="ls-quiet">one step; one undo takes all of it back</span>
        </p>
        <Counts state={state} />
        <Odds state={state} odd={odd} />
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
