/** What a fix makes likely for the rest of the row: old → new, taken up one by one or all; nothing changes unasked. */
import { useSignal } from "@preact/signals";
import type { Proposal } from "../../protocol";
import { FLAGGED, type Store } from "../../store/types";
import { percent, rows as rowsText } from "../format";
import { backToView } from "../keys";
import { uiOf } from "../ui";

/** A class by its name, an attribute as yes or no. */
export function valueText(
  { kind }: Pick<Proposal, "kind">,
  value: Proposal["old"],
  words: (v: Proposal["old"]) => string,
): string {
  if (kind === "class") return words(value);
  return value === null || value === -1 ? "unknown" : value === 1 || value === true ? "yes" : "no";
}

function Line({ store, proposal }: { store: Store; proposal: Proposal }) {
  const { variable, kind, old, p_old, p_new } = proposal;
  const words = (value: Proposal["old"]) => store.wordsOf(value);
  const from = valueText(proposal, old, words);
  const to = valueText(proposal, proposal.new, words);
  const was = kind === "attribute" && proposal.new === 0 ? [1 - p_old, 1 - p_new] : [p_old, p_new];
  return (
    <li>
      <button
        type="button"
        class="ls-item ls-proposal"
        data-variable={variable}
        title={`Accept: ${variable} ${from} → ${to}`}
        aria-label={`Accept ${variable}: ${from} to ${to}, ${percent(was[0]!)} before, ${percent(was[1]!)} now`}
        disabled={!store.canDecide.value}
        onClick={(event) => {
          // The button goes with its proposal, and must not take the keys along.
          backToView(event.currentTarget);
          void store.acceptProposals([variable]);
        }}
      >
        <b class="ls-clip">{variable}</b>
        <span class="old">{from}</span>
        <span class="ls-arrow">→</span>
        <span class="new">{to}</span>
        <em>
          {percent(was[0]!)} → {percent(was[1]!)}
        </em>
      </button>
    </li>
  );
}

/** Rows of the selection that hold the same wrong pattern. */
function Similar({ store }: { store: Store }) {
  const busy = useSignal(false);
  const shown = store.proposed.value;
  const { count, mask } = store.selection.value;
  if (shown === null) return null;
  const open = async (): Promise<void> => {
    busy.value = true;
    const rows: number[] = [];
    // Without a selection, what is suspicious anyway: a whole class may hold the same pattern rightly.
    const { flags, n } = store.whole.peek();
    const passing = store.passing.peek();
    const isChosen = (row: number): boolean =>
      count > 1 ? mask[row] === 1 : passing[row] === 1 && (flags[row]! & FLAGGED) !== 0;
    for (let row = 0; row < n; row++) if (isChosen(row)) rows.push(row);
    const found = await store.similarFixes(rows, shown.row, shown.fix);
    busy.value = false;
    if (found === null) return;
    if (found.alike.length === 0)
      store.toast(
        "info",
        count > 1
          ? "No other selected row holds the same pattern."
          : "No other suspect holds the same pattern.",
      );
    else
      uiOf(store).sheet.value = {
        kind: "many",
        rows: found.alike,
        edit: { kind: "fix", row: shown.row, fix: shown.fix, changes: found.changes },
      };
  };
  return (
    <button
      type="button"
      class="ls-chip"
      data-action="fix-similar"
      disabled={busy.value || !store.canDecide.value}
      title="Selected rows, or suspects, that held the same pattern get the same fix; they are shown first"
      onClick={(event) => {
        backToView(event.currentTarget);
        void open();
      }}
    >
      apply to similar{count > 1 ? ` of ${rowsText(count)}` : ""}…
    </button>
  );
}

export function Proposals({ store, row }: { store: Store; row: number }) {
  const shown = store.proposed.value;
  if (shown === null || shown.row !== row) return null;
  const all = shown.proposals.map(({ variable }) => variable);
  return (
    <section class="ls-part ls-proposals" aria-label="What follows from the fix">
      <header class="ls-part-head">
        <h3 class="ls-heading">then also</h3>
        <span class="ls-part-acts">
          <Similar store={store} />
          <button
            type="button"
            class="ls-chip"
            data-action="dismiss-proposals"
            title="Leave all of them as they are"
            onClick={(event) => {
              backToView(event.currentTarget);
              store.dismissProposals();
            }}
          >
            no
          </button>
          <button
            type="button"
            class="ls-chip on"
            data-action="accept-proposals"
            aria-keyshortcuts="e"
            title="Accept all of them in one step (e)"
            disabled={!store.canDecide.value}
            onClick={(event) => {
              backToView(event.currentTarget);
              void store.acceptProposals(all);
            }}
          >
            accept {all.length === 1 ? "it" : `all ${all.length}`} <kbd>e</kbd>
          </button>
        </span>
      </header>
      <ul>
        {shown.proposals.map((proposal) => (
          <Line key={proposal.variable} store={store} proposal={proposal} />
        ))}
      </ul>
    </section>
  );
}
