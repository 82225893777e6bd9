/** Heat map of p(attribute | class): a cell shows the rows that break its rule. */
import { type Signal, useSignal } from "@preact/signals";
import type { Conditionals } from "../../protocol";
import { tagColumnName } from "../../store/taskColumns";
import type { Store } from "../../store/types";
import { useCounted } from "../counted";
import { nameOf, percent, rows as rowsText } from "../format";
import { breaking, ruleFilters, ruleOf } from "./rule";

const TOP = 14;

function walk(event: KeyboardEvent, active: Signal<number>, rows: number, columns: number): void {
  const steps: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const at = active.peek();
  const row = Math.min(rows - 1, Math.max(0, Math.floor(at / columns) + step[0]));
  const column = Math.min(columns - 1, Math.max(0, (at % columns) + step[1]));
  active.value = row * columns + column;
  (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-at="${active.peek()}"]`)?.focus();
}

interface HeatProps {
  store: Store;
  found: Conditionals;
  all: boolean;
}

function Heat({ store, found, all }: HeatProps) {
  const active = useSignal(0);
  const names = store.classNames.value;
  const columns = found.attributes.slice(0, all ? undefined : TOP);
  const codes = found.probabilities
    .map((_, code) => code)
    .filter((code) => found.rows[code]?.some((n) => n > 0) ?? false);
  if (active.value >= codes.length * columns.length) active.value = 0;
  const filters = store.filters.value;
  return (
    <table
      class="ls-matrix ls-rules"
      aria-label="Share of the rows of a class that have an attribute"
      onKeyDown={(event) => walk(event, active, codes.length, columns.length)}
    >
      <thead>
        <tr>
          <td class="ls-rules-side" />
          {columns.map((name) => (
            <th key={name} scope="col" class="ls-clip" title={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {codes.map((code, i) => (
          <tr key={code}>
            <th scope="row" class="ls-clip" title={nameOf(names, code)}>
              {nameOf(names, code)}
            </th>
            {columns.map((attribute, j) => {
              const at = i * columns.length + j;
              const p = found.probabilities[code]![j]!;
              const broken = breaking(p, found.rows[code]![j]!, found.present[code]![j]!);
              const on = filters.current === code && tagColumnName("concepts", attribute) in filters.column;
              const rule = `${nameOf(names, code)}: ${attribute} in ${percent(p)}`;
              const says = `${rule}; ${rowsText(broken)} ${broken === 1 ? "breaks" : "break"} the rule`;
              return (
                <td key={attribute}>
                  <button
                    type="button"
                    class="ls-cell rule"
                    data-at={at}
                    tabIndex={active.value === at ? 0 : -1}
                    aria-pressed={on}
                    aria-disabled={broken === 0 && !on}
                    aria-label={says}
                    title={`${says}. ${broken > 0 ? `Click to show rows ${ruleOf(p) === 1 ? "without" : "with"} it.` : ""}`}
                    style={{ "--heat": `${Math.round(86 * p)}%` }}
                    onClick={() => {
                      active.value = at;
                      if (broken > 0 || on)
                        store.filters.value = ruleFilters(store.filters.peek(), code, attribute, p);
                    }}
                  >
                    {broken > 0 ? broken : ""}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The rules, or the matrix of classes, whichever was asked for last. */
export function Rules({ store, onMatrix }: { store: Store; onMatrix: () => void }) {
  const found = useCounted(store, (one) => one.conditionals()).value;
  const all = useSignal(false);
  const n = found?.attributes.length ?? 0;
  return (
    <section class="ls-strip-part matrix" aria-label="Attributes by class">
      <header>
        <h3
          class="ls-heading"
          title="Shade: share of the class that has the attribute. Number: rows that are otherwise."
        >
          p(attribute | class)
        </h3>
        <span class="ls-quiet ls-wide">number: rows that break the rule</span>
        <span class="ls-gap" />
        {n > TOP && (
          <button
            type="button"
            class="ls-quiet-btn"
            aria-pressed={all.value}
            onClick={() => {
              all.value = !all.value;
            }}
          >
            {all.value ? `first ${TOP}` : `all ${n}`}
          </button>
        )}
        <button type="button" class="ls-quiet-btn" data-action="show-matrix" onClick={onMatrix}>
          given → suggested
        </button>
      </header>
      {found === null ? (
        <p class="ls-quiet">
          {store.connection.value === "live" ? "counting…" : "The rules need the kernel."}
        </p>
      ) : (
        <div class={`ls-matrix-box${all.value || found.probabilities.length > 12 ? " whole ls-scroll" : ""}`}>
          <Heat store={store} found={found} all={all.value} />
        </div>
      )}
    </section>
  );
}
