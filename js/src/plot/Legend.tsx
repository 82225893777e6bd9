/** The legend below the map: it counts, and a click filters. */
import { useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type ColorBy, type Store, UNLABELLED } from "../store/types";
import { columnName, plainName } from "./coloring";
import { countMarks, countText, type Entry, legendEntries } from "./entries";
import { LegendList } from "./LegendList";
import { LegendScale } from "./LegendScale";
import { chosenCodes, toggleCode } from "./legendFilter";
import { ShapeMark } from "./Mark";
import { Shapes } from "./Shapes";
import { coloringColumn } from "./scene";

/** More entries than this are folded away behind a list that can be searched. */
const SHOWN = 24;
const FOLDED = 10;

interface ItemProps {
  entry: Entry;
  chosen: ReadonlySet<number> | null;
  onToggle: (code: number, add: boolean) => void;
}

function Item({ entry, chosen, onToggle }: ItemProps) {
  const on = chosen?.has(entry.code) ?? false;
  return (
    <button
      type="button"
      class="ls-legend-item"
      data-code={entry.code}
      data-faded={chosen !== null && !on ? "" : undefined}
      aria-pressed={on}
      title={`${entry.name}: ${countText(entry)} rows. Click to show only these, with Shift to add them.`}
      onClick={(event) => onToggle(entry.code, event.shiftKey)}
    >
      <ShapeMark shape={entry.shape} color={entry.color} />
      <span class="ls-legend-name">{entry.name}</span>
      <em>{countText(entry)}</em>
    </button>
  );
}

/** The keys of ring and tick; a click filters. */
function Marks({ store, differs, edited }: { store: Store; differs: number; edited: number }) {
  const filters = store.filters.value;
  const editedOnly = chosenCodes(filters, "state")?.has(1) ?? false;
  return (
    <>
      {differs > 0 && (
        <button
          type="button"
          class="ls-legend-item"
          aria-pressed={filters.flaggedOnly}
          title={`${differs.toLocaleString("en-US")} flagged rows whose label differs from the suggestion. Click to show only flagged rows.`}
          onClick={() => {
            store.filters.value = { ...store.filters.peek(), flaggedOnly: !filters.flaggedOnly };
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
          aria-pressed={editedOnly}
          title={`${edited.toLocaleString("en-US")} edited rows. Click to show only relabelled rows.`}
          onClick={() => {
            store.filters.value = toggleCode(store.filters.peek(), "state", 1, false);
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

/** Of many entries the most frequent, and always those that are filtered to. */
function largest(all: Entry[], chosen: ReadonlySet<number> | null): Entry[] {
  const first = (entry: Entry): number => Number(chosen?.has(entry.code) ?? false);
  return [...all].sort((p, q) => first(q) - first(p) || q.total - p.total).slice(0, FOLDED);
}

function useEntries(store: Store): Entry[] {
  return useComputed(() => {
    store.version.value;
    const table = store.table.value;
    const mask = store.passing.value;
    return legendEntries(table, {
      colorBy: store.colorBy.value,
      names: store.classNames.value,
      column: coloringColumn(store),
      passing: mask.length === table.n ? mask : new Uint8Array(table.n).fill(1),
      dark: store.dark.value,
    });
  }).value;
}

export function Legend({ store }: { store: Store }) {
  const open = useSignal(false);
  const opener = useRef<HTMLButtonElement>(null);
  const all = useEntries(store);
  const marks = useComputed(() => {
    store.version.value;
    return countMarks(store.table.value);
  });
  const { hollow } = marks.value;
  const colorBy = store.colorBy.value;
  const chosen = chosenCodes(store.filters.value, colorBy);
  const folded = all.length > SHOWN;
  const shown = folded ? largest(all, chosen) : all;
  const toggle =
    (by: ColorBy) =>
    (code: number, add: boolean): void => {
      store.filters.value = toggleCode(store.filters.peek(), by, code, add);
    };
  const close = (): void => {
    open.value = false;
    opener.current?.focus({ preventScroll: true });
  };
  const column = columnName(colorBy);
  const noun = column === null ? "classes" : "values";
  const loading = column !== null && coloringColumn(store) === null;
  return (
    <section class="ls-legend" aria-label="Legend" aria-busy={loading}>
      {loading && <span class="ls-legend-wait">{plainName(column)} is on its way …</span>}
      {column !== null && all.length > 0 && <b class="ls-legend-title">{plainName(column)}</b>}
      <LegendScale store={store} />
      {shown.map((entry) => (
        <Item key={entry.code} entry={entry} chosen={chosen} onToggle={toggle(colorBy)} />
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
          all {all.length.toLocaleString("en-US")} {noun} ▾
        </button>
      )}
      <Marks store={store} {...marks.value} />
      {colorBy !== "given" && colorBy !== "current" && hollow > 0 && (
        <Item
          entry={{
            code: UNLABELLED,
            name: store.veil.value === "labels" ? "label hidden" : "no label",
            color: "currentColor",
            shape: "hollow",
            passing: hollow,
            total: hollow,
          }}
          chosen={chosenCodes(store.filters.value, "current")}
          onToggle={toggle("current")}
        />
      )}
      <Shapes store={store} />
      {folded && open.value && (
        <LegendList entries={all} noun={noun} chosen={chosen} onToggle={toggle(colorBy)} onClose={close} />
      )}
    </section>
  );
}
