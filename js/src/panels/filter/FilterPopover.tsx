import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { DISAGREE } from "../filters";
import { count } from "../format";
import { Icon } from "../Icon";
import { backToView } from "../keys";
import { Popover } from "../Popover";
import { uiOf } from "../ui";
import { ColumnFilters } from "./ColumnFilters";
import { QueryField } from "./QueryField";

/** A saved query may name a column that this data does not have. */
async function use(store: Store, query: string): Promise<void> {
  const outcome = await store.query(query);
  if (!outcome.ok) store.toast("warning", outcome.message, outcome.hint);
}

/** Queries that were given a name; a click filters by one, and the one in force can be given a name. */
function Saved({ store }: { store: Store }) {
  const name = useSignal("");
  const saved = store.savedFilters.value;
  const now = store.filters.value.query?.text ?? "";
  const isSaved = saved.some(({ query }) => query === now);
  if (saved.length === 0 && (now === "" || isSaved)) return null;
  return (
    <section class="ls-panel-part" aria-label="Saved filters">
      <h3 class="ls-heading">saved</h3>
      {saved.length > 0 && (
        <ul class="ls-saved-filters">
          {saved.map((filter) => (
            <li key={filter.name}>
              <button
                type="button"
                class="ls-item ls-line"
                aria-pressed={filter.query === now}
                title={filter.query}
                onClick={() => void use(store, filter.query === now ? "" : filter.query)}
              >
                <b class="ls-clip">{filter.name}</b>
                <span class="ls-clip ls-quiet ls-mono">{filter.query}</span>
              </button>
              <button
                type="button"
                class="ls-btn icon"
                aria-label={`Forget the filter ${filter.name}`}
                title="Forget this filter"
                onClick={() => store.dropFilter(filter.name)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {now !== "" && !isSaved && (
        <form
          class="ls-word"
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = name.peek().trim();
            if (wanted === "") return;
            store.saveFilter(wanted, now);
            name.value = "";
            store.say(`Saved the filter ${wanted}.`);
            // Done: the rows that it finds are what the reader wants to see next.
            const field = event.currentTarget;
            uiOf(store).filters.value = false;
            backToView(field);
          }}
        >
          <input
            class="ls-input"
            aria-label="Name of the filter"
            placeholder="name this filter…"
            maxLength={60}
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
          <button type="submit" class="ls-btn line" disabled={name.value.trim() === ""}>
            Save
          </button>
        </form>
      )}
    </section>
  );
}

/** Where the local and the global expert differ, as a filter like any other. */
function Experts({ store }: { store: Store }) {
  const info = store.columnInfos.value.find(({ name }) => name === DISAGREE);
  const yes = info?.categories?.indexOf("yes") ?? -1;
  if (yes < 0) return null;
  const on = DISAGREE in store.filters.value.column;
  return (
    <section class="ls-panel-part" aria-label="Experts">
      <button
        type="button"
        class={`ls-chip${on ? " on" : ""}`}
        data-action="experts-disagree"
        aria-pressed={on}
        title="Only rows where the local and the global expert say different labels"
        onClick={() => store.filterColumn(DISAGREE, on ? null : new Set([yes]))}
      >
        experts disagree <em>{count(info?.counts?.[yes] ?? 0)}</em>
      </button>
    </section>
  );
}

/** Everything that narrows down the rows and is more than a word: a query, the columns, filters with a name. */
export function FilterPopover({ store }: { store: Store }) {
  const field = useRef<HTMLInputElement>(null);
  const { filters: open } = uiOf(store);
  const { query, column } = store.filters.value;
  const n = Object.keys(column).length + (query ? 1 : 0);
  const can = store.canQuery.value && store.connection.value === "live";
  return (
    <Popover
      open={open}
      label={n > 0 ? `Filter, ${n} in force` : "Filter"}
      title="Filter the rows"
      hint="Filter by a query, columns or a saved filter (q)"
      action="filter"
      shortcut="q"
      wide
      first={can ? ".ls-query input" : "select"}
      class={n > 0 ? "soft on" : "soft"}
      button={
        <>
          <Icon name="filter" />
          <span class="ls-wide">filter</span>
          {n > 0 && <b class="ls-badge">{n}</b>}
        </>
      }
    >
      {can ? (
        <section class="ls-panel-part" aria-label="Query">
          <h3 class="ls-heading">query</h3>
          <QueryField store={store} field={field} />
        </section>
      ) : (
        <p class="ls-quiet">Queries need a running kernel; columns that were loaded can be filtered.</p>
      )}
      <Experts store={store} />
      <ColumnFilters store={store} />
      <Saved store={store} />
    </Popover>
  );
}
