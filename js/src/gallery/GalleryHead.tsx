/** How many suspects there are under the filters, and what can be done with the chosen ones. */
import { useComputed } from "@preact/signals";
import { FLAGGED, type Store } from "../store/types";
import { Arrange } from "./Arrange";
import type { Chooser } from "./choose";

const number = (n: number): string => n.toLocaleString("en-US");

function Counts({ store, chooser }: { store: Store; chooser: Chooser }) {
  const suspects = useComputed(() => {
    const { flags } = store.table.value;
    let count = 0;
    for (const row of store.visible.value) count += flags[row]! & FLAGGED;
    return count;
  });
  const shown = store.visible.value.length;
  const rows = `${number(shown)} ${shown === 1 ? "row" : "rows"}`;
  // Of one row that is left it would say whether it is suspected.
  const plain = store.veil.value !== "none";
  return (
    <>
      {plain ? (
        <b>{rows}</b>
      ) : (
        <b>
          {number(suspects.value)} {suspects.value === 1 ? "suspect" : "suspects"}
        </b>
      )}
      {!plain && shown !== suspects.value && <span class="ls-head-rest">in {number(shown)}</span>}
      <span class="ls-head-gap" />
      <Arrange store={store} />
      <button
        type="button"
        class="ls-chip"
        data-action="select-all"
        aria-label="Select all"
        title="Select all rows under the filters (a)"
        disabled={shown === 0}
        onClick={() => chooser.all()}
      >
        all <kbd>a</kbd>
      </button>
    </>
  );
}

interface Act {
  action: string;
  text: string;
  key: string;
  title: string;
  run: (store: Store) => void;
}

const ACTS: Act[] = [
  {
    action: "accept",
    text: "accept",
    key: "↵",
    title: "Accept the suggestion of each",
    run: (s) => s.accept(),
  },
  { action: "keep", text: "keep", key: "␣", title: "Keep all labels as they are", run: (s) => s.keep() },
  {
    action: "relabel",
    text: "relabel",
    key: "l",
    title: "Give all of them one label",
    run: (s) => {
      s.palette.value = "selection";
    },
  },
  { action: "unsure", text: "unsure", key: "u", title: "Mark all as unsure", run: (s) => s.unsure() },
  { action: "exclude", text: "exclude", key: "x", title: "Exclude all", run: (s) => s.exclude() },
];

export function GalleryHead({ store, chooser }: { store: Store; chooser: Chooser }) {
  const { count } = store.selection.value;
  return (
    <div class="ls-gallery-head">
      {count > 1 ? (
        <>
          <b>{number(count)} selected</b>
          <span class="ls-head-gap" />
          {ACTS.map(({ action, text, key, title, run }) => (
            <button
              key={action}
              type="button"
              class="ls-chip act"
              data-action={`${action}-selected`}
              title={`${title} (${key})`}
              aria-label={`${text} ${count} selected rows`}
              disabled={!store.canDecide.value}
              onClick={() => run(store)}
            >
              {text} <kbd>{key}</kbd>
            </button>
          ))}
          <button
            type="button"
            class="ls-chip"
            data-action="clear-selection"
            title="Clear the selection (Esc)"
            aria-label="Clear the selection"
            onClick={() => store.clearSelection()}
          >
            ✕
          </button>
        </>
      ) : (
        <Counts store={store} chooser={chooser} />
      )}
    </div>
  );
}
