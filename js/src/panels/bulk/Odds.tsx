/** Rows that a bulk edit should perhaps leave alone: each left out by a click or a key. */
import type { Signal } from "@preact/signals";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { count, nameOf } from "../format";
import { toggled } from "./preview";

export interface Left {
  store: Store;
  /** rows left out */
  out: Signal<ReadonlySet<number>>;
  waiting: Signal<boolean>;
  /** the row that keys mean */
  at: Signal<number>;
}

function Odd({ left: state, row, k }: { left: Left; row: number; k: number }) {
  const { store, out } = state;
  const shown = store.card(row, 96).value;
  const left = out.value.has(row);
  const caption = shown?.card.text ?? shown?.card.caption ?? "";
  store.version.value;
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

interface OddsProps {
  left: Left;
  odd: readonly number[];
  title: string;
  none: string;
}

/** As high before the kernel has answered as after it: the button below must not move under a finger. */
export function Odds({ left, odd, title, none }: OddsProps) {
  const { out, waiting } = left;
  const all = odd.length > 0 && odd.every((row) => out.value.has(row));
  const says = waiting.value ? `looking for rows ${title}…` : none;
  return (
    <section class="ls-odds-part" aria-label={`Rows ${title}`}>
      <header class="ls-part-head">
        <h3 class="ls-heading">{title}</h3>
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
          <Odd key={row} left={left} row={row} k={k} />
        ))}
      </div>
    </section>
  );
}

export function oddKey(left: Left, odd: readonly number[], event: KeyboardEvent, confirm: () => void): void {
  const { at, out } = left;
  const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && !(event.target as HTMLElement).matches("[data-action=cancel], .icon"))
    confirm();
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
