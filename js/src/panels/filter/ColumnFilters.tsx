/** A column of the user's frame as a filter: a range of numbers, or values ticked off a list. */
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { ColumnInfo } from "../../protocol";
import type { ColumnFilter, Store } from "../../store/types";
import { count } from "../format";

const SHOWN = 200;

function asDate(value: number): string {
  return Number.isFinite(value) ? new Date(value).toISOString().slice(0, 10) : "";
}

function Range({
  store,
  info,
  filter,
}: {
  store: Store;
  info: ColumnInfo;
  filter: ColumnFilter | undefined;
}) {
  const low = info.min ?? 0;
  const high = info.max ?? 0;
  const date = info.format === "date";
  const now = filter && "min" in filter ? filter : { min: low, max: high };
  const set = (end: "min" | "max", typed: string): void => {
    const value = date ? Date.parse(typed) : Number(typed);
    if (typed.trim() === "" || !Number.isFinite(value)) return;
    const next = { ...now, [end]: value };
    store.filterColumn(info.name, next.min <= low && next.max >= high ? null : next);
  };
  return (
    <div class="ls-range">
      {(["min", "max"] as const).map((end) => (
        <label key={end}>
          <span>{end === "min" ? "from" : "to"}</span>
          <input
            class="ls-input"
            type={date ? "date" : "number"}
            step="any"
            value={date ? asDate(now[end]) : now[end]}
            onChange={(event) => set(end, event.currentTarget.value)}
          />
        </label>
      ))}
    </div>
  );
}

function Values({
  store,
  info,
  filter,
}: {
  store: Store;
  info: ColumnInfo;
  filter: ColumnFilter | undefined;
}) {
  const typed = useSignal("");
  const on = filter && !("min" in filter) ? filter : null;
  const query = typed.value.trim().toLowerCase();
  const all = (info.categories ?? []).map((name, code) => ({ name, code, n: info.counts?.[code] }));
  const shown = query ? all.filter(({ name }) => name.toLowerCase().includes(query)) : all;
  const toggle = (code: number): void => {
    const next = new Set(on ?? []);
    if (!next.delete(code)) next.add(code);
    store.filterColumn(info.name, next.size === 0 ? null : next);
  };
  return (
    <>
      {all.length > 12 && (
        <input
          class="ls-input"
          aria-label={`Find values of ${info.name}`}
          placeholder="find a value…"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      )}
      <ul class="ls-values ls-scroll">
        {shown.slice(0, SHOWN).map(({ name, code, n }) => (
          <li key={code}>
            <label>
              <input type="checkbox" checked={on?.has(code) === true} onChange={() => toggle(code)} />
              <bdi class="ls-clip">{name === "" ? "(empty)" : name}</bdi>
              {n !== undefined && <em>{count(n)}</em>}
            </label>
          </li>
        ))}
        {shown.length > SHOWN && (
          <li class="ls-quiet">and {count(shown.length - SHOWN)} more: type to find them</li>
        )}
      </ul>
    </>
  );
}

export function ColumnFilters({ store }: { store: Store }) {
  const id = useId();
  const infos = store.columnInfos.value.filter(({ kind }) => kind !== "text");
  const filters = store.filters.value.column;
  const name = useSignal(Object.keys(filters)[0] ?? "");
  const info = infos.find((known) => known.name === name.value);
  useEffect(() => {
    // the codes are needed before a value can be ticked
    if (info) store.columnOf(info.name);
  }, [info?.name]);
  if (infos.length === 0) return null;
  return (
    <section class="ls-panel-part" aria-label="Columns">
      <label class="ls-heading" for={id}>
        by column
      </label>
      <select
        id={id}
        class="ls-input"
        value={name.value}
        onChange={(event) => {
          name.value = event.currentTarget.value;
        }}
      >
        <option value="">choose a column…</option>
        {infos.map((known) => (
          <option key={known.name} value={known.name}>
            {known.name}
          </option>
        ))}
      </select>
      {info &&
        (info.kind === "numeric" ? (
          <Range key={info.name} store={store} info={info} filter={filters[info.name]} />
        ) : (
          <Values key={info.name} store={store} info={info} filter={filters[info.name]} />
        ))}
    </section>
  );
}
