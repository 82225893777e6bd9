import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../store/types";
import { countMarks, type Entry, filterOf, legendEntries, toggleFilter } from "./entries";
import { ShapeMark } from "./Mark";
import { ramp } from "./palette";

/** More entries than this are folded away behind a list that can be searched. */
const SHOWN = 24;
const FOLDED = 10;

function Item({ store, entry }: { store: Store; entry: Entry }) {
  const key = filterOf(store.colorBy.value);
  const chosen = key === null ? null : store.filters.value[key];
  const count = entry.count.toLocaleString("en-US");
  return (
    <button
      type="button"
      class="ls-legend-item"
      data-code={entry.code}
      data-faded={chosen !== null && chosen !== entry.code ? "" : undefined}
      aria-pressed={chosen === entry.code}
      title={`${entry.name}: ${count} rows. Click to show only these.`}
      onClick={() => {
        if (key !== null) store.filters.value = toggleFilter(store.filters.peek(), key, entry.code);
      }}
    >
      <ShapeMark shape={entry.shape} color={entry.color} />
      <span class="ls-legend-name">{entry.name}</span>
      <em>{count}</em>
    </button>
  );
}

function Scale({ dark }: { dark: boolean }) {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((t) => ramp(t, dark)).join(",");
  return (
    <span class="ls-legend-scale">
      <em>0 %</em>
      <i style={{ background: `linear-gradient(90deg in oklab,${stops})` }} />
      <em>100 % suspicion</em>
    </span>
  );
}

/** All entries, with a field that narrows them. */
function AllEntries({ store, entries, onClose }: { store: Store; entries: Entry[]; onClose: () => void }) {
  const query = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const wanted = query.value.trim().toLowerCase();
  const found = entries.filter((entry) => entry.name.toLowerCase().includes(wanted));
  return (
    <div
      class="ls-legend-all"
      role="dialog"
      aria-label="All classes"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div class="ls-legend-search">
        <input
          ref={field}
          type="search"
          placeholder={`search ${entries.length.toLocaleString("en-US")} classes`}
          aria-label="Search classes"
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
        <button type="button" aria-label="Close the list of classes" onClick={onClose}>
          ✕
        </button>
      </div>
      <div class="ls-legend-list">
        {found.map((entry) => (
          <Item key={entry.code} store={store} entry={entry} />
        ))}
        {found.length === 0 && <p>No class is called “{query.value}”.</p>}
      </div>
    </div>
  );
}

/** The keys of ring and tick; a click filters. */
function Marks({ store, differs, edited }: { store: Store; differs: number; edited: number }) {
  const { flaggedOnly, state } = store.filters.value;
  return (
    <>
      {differs > 0 && (
        <button
          type="button"
          class="ls-legend-item"
          aria-pressed={flaggedOnly}
          title={`${differs.toLocaleString("en-US")} flagged rows whose label differs from the suggestion. Click to show only flagged rows.`}
          onClick={() => {
            store.filters.value = { ...store.filters.peek(), flaggedOnly: !flaggedOnly };
          }}
        >
          <i class="ls-legend-ring" />
          <span class="ls-legend-name">suggestion differs</span>
          <em>{differs.toLocaleString("en-US")}</em>
        </button>
      )}
      {edited > 0 && (
        <button
          type="button"
          class="ls-legend-item"
          aria-pressed={state === 1}
          title={`${edited.toLocaleString("en-US")} edited rows. Click to show only relabelled rows.`}
          onClick={() => {
            store.filters.value = toggleFilter(store.filters.peek(), "state", 1);
          }}
        >
          <i class="ls-legend-tick">✓</i>
          <span class="ls-legend-name">edited</span>
          <em>{edited.toLocaleString("en-US")}</em>
        </button>
      )}
    </>
  );
}

/** Of many entries the most frequent, and always the one that is filtered to. */
function largest(store: Store, all: Entry[]): Entry[] {
  const key = filterOf(store.colorBy.value);
  const chosen = key === null ? null : store.filters.value[key];
  const first = (entry: Entry): number => Number(entry.code === chosen);
  return [...all].sort((p, q) => first(q) - first(p) || q.count - p.count).slice(0, FOLDED);
}

export function Legend({ store }: { store: Store }) {
  const open = useSignal(false);
  const opener = useRef<HTMLButtonElement>(null);
  const entries = useComputed(() => {
    store.version.value;
    return legendEntries(store.table.value, store.colorBy.value, store.classNames.value, store.dark.value);
  });
  const marks = useComputed(() => {
    store.version.value;
    return countMarks(store.table.value);
  });
  const all = entries.value;
  const folded = all.length > SHOWN;
  const shown = folded ? largest(store, all) : all;
  const close = (): void => {
    open.value = false;
    opener.current?.focus({ preventScroll: true });
  };
  return (
    <section class="ls-legend" aria-label="Legend">
      {store.colorBy.value === "suspicion" && <Scale dark={store.dark.value} />}
      {shown.map((entry) => (
        <Item key={entry.code} store={store} entry={entry} />
      ))}
      {folded && (
        <button
          ref={opener}
          type="button"
          class="ls-legend-more"
          aria-expanded={open.value}
          onClick={() => {
            open.value = !open.value;
          }}
        >
          all {all.length.toLocaleString("en-US")} classes ▾
        </button>
      )}
      <Marks store={store} {...marks.value} />
      {folded && open.value && <AllEntries store={store} entries={all} onClose={close} />}
    </section>
  );
}
