/** given → suggested (or → now): where labels are confused; a cell filters plot and gallery to its rows. */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Filters, Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { count, nameOf, rows } from "../format";
import { type Against, type Confusions, confusions, type Pair, worstClasses } from "./counts";

const TOP = 12;
/** Beyond this many classes the whole table is a list of pairs: nobody reads a million cells. */
const WHOLE = 40;
const PAIRS = 400;

/** Filters that show the rows of a cell, or that no longer do when they showed it already. */
export function cellFilters(filters: Filters, against: Against, given: number, other: number): Filters {
  const on = isCell(filters, against, given, other);
  const empty = { ...filters, given: null, suggested: null, current: null };
  if (against === "current") return on ? empty : { ...empty, given, current: other };
  return on ? { ...empty, flaggedOnly: false } : { ...empty, given, suggested: other, flaggedOnly: true };
}

function isCell(filters: Filters, against: Against, given: number, other: number): boolean {
  return filters.given === given && filters[against] === other;
}

interface CellsProps {
  store: Store;
  found: Confusions;
  codes: number[];
}

const MOVES: Record<string, [down: number, right: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Arrow keys walk over the cells; one of them is in the tab order. */
function walk(event: KeyboardEvent, active: Signal<number>, size: number): void {
  const at = active.peek();
  const [down, right] = MOVES[event.key] ?? [0, 0];
  const row = Math.min(size - 1, Math.max(0, Math.floor(at / size) + down));
  let column = Math.min(size - 1, Math.max(0, (at % size) + right));
  if (event.key === "Home") column = 0;
  else if (event.key === "End") column = size - 1;
  else if (!(event.key in MOVES)) return;
  event.preventDefault();
  event.stopPropagation();
  active.value = row * size + column;
  const grid = event.currentTarget as HTMLElement;
  grid.querySelector<HTMLElement>(`[data-at="${active.peek()}"]`)?.focus({ preventScroll: false });
}

function Cells({ store, found, codes }: CellsProps) {
  const active = useSignal(0);
  const names = store.classNames.value;
  const size = codes.length;
  const filters = store.filters.value;
  if (active.value >= size * size) active.value = 0;
  const longest = codes.reduce((most, code) => Math.max(most, nameOf(names, code).length), 0);
  const side = Math.min(104, Math.max(28, 10 + 6.2 * longest));
  return (
    <table
      class="ls-matrix"
      style={{ "--whole": `${side + 36 * size}px` }}
      aria-label={`Rows by given and ${found.against} label`}
      onKeyDown={(event) => walk(event, active, size)}
    >
      <thead>
        <tr>
          <td style={{ width: `${side}px` }} />
          {codes.map((code) => (
            <th key={code} scope="col" class="ls-clip" title={nameOf(names, code)}>
              {nameOf(names, code)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {codes.map((given, i) => (
          <tr key={given}>
            <th scope="row" class="ls-clip" title={nameOf(names, given)}>
              {nameOf(names, given)}
            </th>
            {codes.map((other, j) => (
              <Cell
                key={other}
                at={i * size + j}
                stop={active.value === i * size + j}
                value={found.at(given, other)}
                most={found.most}
                diagonal={given === other}
                chosen={isCell(filters, found.against, given, other)}
                label={`given ${nameOf(names, given)}, ${found.against} ${nameOf(names, other)}`}
                onPick={() => {
                  active.value = i * size + j;
                  store.filters.value = cellFilters(store.filters.peek(), found.against, given, other);
                }}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellProps {
  at: number;
  stop: boolean;
  value: number;
  most: number;
  diagonal: boolean;
  chosen: boolean;
  label: string;
  onPick: () => void;
}

function Cell({ at, stop, value, most, diagonal, chosen, label, onPick }: CellProps) {
  const heat = value > 0 ? 16 + Math.round((62 * value) / most) : 0;
  const usable = value > 0 || chosen;
  return (
    <td>
      <button
        type="button"
        class={`ls-cell${diagonal ? " diagonal" : ""}`}
        data-at={at}
        tabIndex={stop ? 0 : -1}
        aria-pressed={chosen}
        aria-disabled={!usable}
        aria-label={`${label}: ${rows(value)}`}
        title={`${label}: ${rows(value)}${usable ? ". Click to show only these." : ""}`}
        style={heat > 0 ? { "--heat": `${heat}%` } : undefined}
        onClick={usable ? onPick : undefined}
      >
        {value > 0 ? count(value) : ""}
      </button>
    </td>
  );
}

function Pairs({ store, found }: { store: Store; found: Confusions }) {
  const names = store.classNames.value;
  const filters = store.filters.value;
  const shown = found.pairs.slice(0, PAIRS);
  const pick = ({ given, other }: Pair): void => {
    store.filters.value = cellFilters(store.filters.peek(), found.against, given, other);
  };
  return (
    <ul class="ls-pairs ls-scroll">
      {shown.map((pair) => (
        <li key={`${pair.given}-${pair.other}`}>
          <button
            type="button"
            aria-pressed={isCell(filters, found.against, pair.given, pair.other)}
            aria-label={`given ${nameOf(names, pair.given)}, ${found.against} ${nameOf(names, pair.other)}: ${rows(pair.count)}`}
            title="Click to show only these"
            onClick={() => pick(pair)}
          >
            <ClassName store={store} code={pair.given} />
            <span class="ls-arrow">→</span>
            <ClassName store={store} code={pair.other} strong />
            <em>{count(pair.count)}</em>
          </button>
        </li>
      ))}
      {found.pairs.length > shown.length && (
        <li class="ls-quiet">and {count(found.pairs.length - shown.length)} pairs with fewer rows</li>
      )}
    </ul>
  );
}

function Switch({ against }: { against: Signal<Against> }) {
  const other: Against = against.value === "suggested" ? "current" : "suggested";
  const says = { suggested: "suggested", current: "now" };
  return (
    <button
      type="button"
      class="ls-quiet-btn"
      title={`Show given → ${says[other]} instead`}
      onClick={() => {
        against.value = other;
      }}
    >
      show → {says[other]}
    </button>
  );
}

export function Matrix({ store }: { store: Store }) {
  const against = useSignal<Against>("suggested");
  const whole = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const found = useComputed(() => {
    store.version.value;
    return confusions(store.table.value, store.classes.value.length, against.value);
  });
  const n = store.classes.value.length;
  const asList = whole.value && n > WHOLE;
  const codes = asList ? [] : worstClasses(found.value, n, whole.value ? WHOLE : TOP);
  const to = against.value === "suggested" ? "suggested" : "now";
  return (
    <section class="ls-strip-part" aria-label={`Given and ${to} labels`}>
      <header>
        <h3 class="ls-heading">given → {to}</h3>
        <span class="ls-gap" />
        {n > TOP && (
          <button
            type="button"
            class="ls-quiet-btn"
            aria-pressed={whole.value}
            title={
              whole.value ? `Show the ${TOP} classes with most confusions` : `Show all ${count(n)} classes`
            }
            onClick={() => {
              whole.value = !whole.value;
              box.current?.scrollTo?.(0, 0);
            }}
          >
            {whole.value ? `top ${TOP}` : `top ${TOP} · show all ${count(n)}`}
          </button>
        )}
        <Switch against={against} />
      </header>
      {found.value.total === 0 ? (
        <p class="ls-quiet">
          {against.value === "suggested"
            ? "No suggestion differs from the given label."
            : "No label was changed yet."}
        </p>
      ) : (
        <div class={`ls-matrix-box${whole.value ? " whole ls-scroll" : ""}`} ref={box}>
          {asList ? (
            <Pairs store={store} found={found.value} />
          ) : (
            <Cells store={store} found={found.value} codes={codes} />
          )}
        </div>
      )}
    </section>
  );
}
