/** Under the toolbar while a queue of its own kind is worked on: what it is, how far it goes, what to do with its rows. */
import { useEffect } from "preact/hooks";
import type { QueueInfo } from "../../protocol";
import type { Store } from "../../store/types";
import { count, rows } from "../format";
import { guardKeys } from "../keys";
import { discuss } from "../mistakes/judge";
import { decidedRows } from "../ProgressBar";
import { filterTo, openReports } from "../reports/act";
import { baseName, FOLLOWS, queueInfo, queueLabel } from "./queue";

/** Decisions come fast; the order is asked for when they rest. */
const REST = 500;

/** Whoever is called out of scope, or of a new class, changes how foreign the others are. */
function useFollow(store: Store, name: string): void {
  const done = decidedRows(store.progress.value);
  const classes = store.classes.value.length;
  useEffect(() => {
    if (!FOLLOWS.has(name) || done === 0) return;
    const timer = setTimeout(() => void store.methods.reorder(), REST);
    return () => clearTimeout(timer);
  }, [store, name, done, classes]);
}

function targetsText(store: Store): string {
  const n = store.selection.value.count;
  return n > 1 ? rows(n) : "this row";
}

function Acts({ store, info }: { store: Store; info: QueueInfo }) {
  const off = !store.canDecide.value;
  const report = info.actions.find((action) => action.startsWith("report:"))?.slice("report:".length);
  const whom = targetsText(store);
  return (
    <>
      {info.actions.includes("exclude") && (
        <button
          type="button"
          class="ls-btn line"
          data-action="out-of-scope"
          title="It belongs to no class: leave it out of the clean data (x)"
          disabled={off}
          onClick={() => store.exclude()}
        >
          Out of scope: {whom} <kbd>x</kbd>
        </button>
      )}
      {info.actions.includes("new_class") && (
        <button
          type="button"
          class="ls-btn line"
          data-action="new-class"
          title="Type the name of a class that there is not yet (l)"
          disabled={off || store.targets().length === 0}
          onClick={() => {
            store.palette.value = store.selection.peek().count > 1 ? "selection" : "current";
          }}
        >
          New class from {whom} <kbd>l</kbd>
        </button>
      )}
      {info.actions.includes("discuss") && (
        <button
          type="button"
          class={`ls-btn ${store.mistakes.discussing.value ? "on" : "line"}`}
          data-action="discuss"
          title="What people differ on, or what is left to judge (d)"
          aria-pressed={store.mistakes.discussing.value}
          onClick={() => discuss(store)}
        >
          To discuss: {count(store.mistakes.found.value?.to_discuss ?? 0)} <kbd>d</kbd>
        </button>
      )}
      {report !== undefined && (
        <button
          type="button"
          class="ls-btn line"
          data-action="queue-report"
          title="Settings, figures and curves (i)"
          onClick={() => openReports(store, report)}
        >
          Report
        </button>
      )}
    </>
  );
}

function Shown({ store, info }: { store: Store; info: QueueInfo }) {
  const listed = store.methods.listed.value;
  const name = baseName(store.queue.value);
  useFollow(store, name);
  const label = queueLabel(store, store.queue.value);
  const all = store.table.value.n;
  const filtered = store.filters.value.cluster?.name === label;
  return (
    <section class="ls-checkbar ls-queuebar" aria-label="Queue" onKeyDown={guardKeys}>
      <b class="ls-clip">{label}</b>
      <span class="ls-quiet">
        {info.hint}
        {listed !== null && listed < all && ` · ${rows(listed)}, the rest by suspicion`}
      </span>
      {listed !== null && listed > 0 && listed < all && (
        <button
          type="button"
          class="ls-chip"
          data-action="only-queue"
          aria-pressed={filtered}
          onClick={() => {
            if (filtered) store.filters.value = { ...store.filters.peek(), cluster: null };
            else filterTo(store, [...store.order.peek().slice(0, listed)], label);
          }}
        >
          {filtered ? "show all rows" : `show only these ${count(listed)}`}
        </button>
      )}
      <span class="ls-gap" />
      <Acts store={store} info={info} />
      <button
        type="button"
        class="ls-btn line"
        data-action="end-queue"
        title="Back to the most suspicious rows"
        onClick={() => {
          store.methods.voting.value = false;
          if (filtered) store.filters.value = { ...store.filters.peek(), cluster: null };
          store.queue.value = "most_suspicious";
        }}
      >
        End
      </button>
    </section>
  );
}

export function QueueBar({ store }: { store: Store }) {
  const info = queueInfo(store, store.queue.value);
  if (info === undefined || info.actions.length === 0 || info.name === "gate") return null;
  return <Shown store={store} info={info} />;
}
