/** Why the row is here: in words first, then the numbers behind them. */
import { useSignal } from "@preact/signals";
import type { Detail } from "../../protocol";
import type { Store } from "../../store/types";
import { readable } from "../../store/words";
import { ClassName } from "../ClassName";
import { decimal, percent } from "../format";
import { sideOf } from "./Neighbors";

/** Neighbors that carry the label of the row, and those that carry the suggestion. */
export function sides(
  store: Store,
  row: number,
  detail: Detail,
): { agree: number; against: number; n: number } {
  const table = store.table.value;
  const label = table.given[row]!;
  const suggested = store.suggestedOf(row);
  let agree = 0;
  let against = 0;
  for (const neighbor of detail.neighbors) {
    const side = sideOf(table.current[neighbor.row] ?? neighbor.code, label, suggested);
    if (side === "for") agree += 1;
    else if (side === "against") against += 1;
  }
  return { agree, against, n: detail.neighbors.length };
}

function Facts({ store, row, detail }: { store: Store; row: number; detail: Detail }) {
  store.version.value;
  const given = store.table.value.given[row]!;
  const { agree, against, n } = sides(store, row, detail);
  const rival = detail.candidates.find(({ code }) => code !== given);
  const own = detail.candidates.find(({ code }) => code === given);
  const { threshold } = detail;
  return (
    <dl class="ls-facts">
      {threshold && (
        <div title="How far its probability lies above what rows of that class usually get">
          <dt>threshold</dt>
          <dd>
            <ClassName store={store} code={threshold.code} /> passed by {decimal(threshold.passed_by)}
          </dd>
        </div>
      )}
      {rival && (
        <div title="The likeliest other class, and what the given one gets">
          <dt>rival</dt>
          <dd>
            <ClassName store={store} code={rival.code} /> {percent(rival.probability)}
            {own && ` to ${percent(own.probability)}`}
          </dd>
        </div>
      )}
      {n > 0 && (
        <div title="True neighbors with the label of the row, and with the suggested one">
          <dt>neighbors</dt>
          <dd>
            <span class="for">{agree} for</span>
            <span class="against">{against} against</span>
            {n - agree - against > 0 && <span>{n - agree - against} neither</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** Where the view is low only the first lines show, with a button for the rest; the style sheet decides. */
export function Why({ store, row, detail }: { store: Store; row: number; detail: Detail | null }) {
  const whole = useSignal(false);
  if (detail && detail.reasons.length === 0 && !detail.threshold) return null;
  return (
    <section class="ls-part" aria-label="Why">
      <header class="ls-part-head">
        <h3 class="ls-heading">why</h3>
        <button
          type="button"
          class="ls-quiet-btn ls-why-more"
          aria-expanded={whole.value}
          title={whole.value ? "Show only the first lines" : "Show all reasons"}
          onClick={() => {
            whole.value = !whole.value;
          }}
        >
          {whole.value ? "less" : "all"}
        </button>
      </header>
      {detail ? (
        <>
          <ul class={`ls-why${whole.value ? " whole" : ""}`}>
            {detail.reasons.map((reason) => (
              <li key={reason}>{readable(reason)} </li>
            ))}
          </ul>
          <Facts store={store} row={row} detail={detail} />
        </>
      ) : (
        <p class="ls-quiet">
          {store.connection.value === "offline" ? "the reasons need a running kernel" : "loading…"}
        </p>
      )}
    </section>
  );
}
