/** What a row of each class looks like when nobody doubts it: the label that it has against the suggested one. */
import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Store, UNLABELLED } from "../../store/types";
import { ClassName } from "../ClassName";
import { nameOf } from "../format";

const SHOWN = 6;
/** Fast fingers pass rows by without asking for anything. */
const REST = 140;

const kept = new WeakMap<Store, Map<number, Signal<number[] | null>>>();

/** Rows most surely of a class; asked for once a class. */
function exemplarsOf(store: Store, code: number): Signal<number[] | null> {
  let classes = kept.get(store);
  if (classes === undefined) {
    classes = new Map();
    kept.set(store, classes);
  }
  let found = classes.get(code);
  if (found === undefined) {
    found = signal<number[] | null>(null);
    classes.set(code, found);
  }
  return found;
}

async function ask(store: Store, code: number): Promise<void> {
  const found = exemplarsOf(store, code);
  if (found.peek() !== null || code === UNLABELLED) return;
  const rows = await store.exemplars(code, SHOWN);
  if (rows !== null) found.value = rows;
}

function Example({ store, row, name }: { store: Store; row: number; name: string }) {
  const shown = store.card(row, 64).value;
  const caption = shown?.card.text ?? shown?.card.caption ?? "";
  return (
    <li>
      <button
        type="button"
        class="ls-example"
        data-row={row}
        title={`row ${row}, surely ${name}. Click to look at it.${caption ? `\n${caption}` : ""}`}
        aria-label={`Example of ${name}, row ${row}`}
        onClick={() => store.setCurrent(row)}
      >
        {shown?.url ? <img src={shown.url} alt="" draggable={false} /> : <span>{caption || row}</span>}
      </button>
    </li>
  );
}

function Strip({ store, code, row }: { store: Store; code: number; row: number }) {
  const found = exemplarsOf(store, code).value;
  const name = nameOf(store.classNames.value, code);
  const shown = found?.filter((other) => other !== row) ?? [];
  const picture = store.meta.value.media === "image";
  return (
    <div class="ls-examples-line">
      <ClassName store={store} code={code} />
      {/* as high before the answer as after it, so that nothing jumps */}
      <ul class={`ls-examples${picture ? "" : " list"}`} aria-label={`Sure examples of ${name}`}>
        {found === null &&
          picture &&
          Array.from({ length: SHOWN }, (_, k) => <li key={k} class="ls-example blank" aria-hidden="true" />)}
        {shown.slice(0, picture ? SHOWN : 2).map((other) => (
          <Example key={other} store={store} row={other} name={name} />
        ))}
        {found !== null && shown.length === 0 && <li class="ls-quiet">no sure example</li>}
      </ul>
    </div>
  );
}

export function Exemplars({ store, row }: { store: Store; row: number }) {
  store.version.value;
  const given = store.table.value.given[row]!;
  const suggested = store.suggestedOf(row);
  const codes = [...new Set([given, suggested])].filter((code) => code !== UNLABELLED);
  const live = store.connection.value === "live";
  useEffect(() => {
    if (!live) return;
    const timer = setTimeout(() => {
      for (const code of codes) void ask(store, code);
    }, REST);
    return () => clearTimeout(timer);
  }, [store, row, live, given, suggested]);
  if (codes.length < 2 || (!live && codes.every((code) => exemplarsOf(store, code).value === null)))
    return null;
  return (
    <section class="ls-part" aria-label="Sure examples">
      <h3 class="ls-heading" title="Rows that are most surely of each class">
        sure examples
      </h3>
      {codes.map((code) => (
        <Strip key={code} store={store} code={code} row={row} />
      ))}
    </section>
  );
}
