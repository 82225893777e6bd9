/** In what order the cards come, and the way to the pages. */
import type { Group, Sort, Store } from "../store/types";

type Order = Sort | `group:${Exclude<Group, "none">}`;

const ORDERS: [Order, string][] = [
  ["queue", "by queue"],
  ["suspicion", "by suspicion"],
  ["pair", "by class pair"],
  ["similar", "like this row"],
  ["group:suggested", "grouped by suggestion"],
  ["group:given", "grouped by label"],
];

function choose(store: Store, value: Order): void {
  const row = store.current.peek();
  if (value.startsWith("group:")) {
    store.group.value = value.slice("group:".length) as Group;
    store.sort.value = "queue";
    return;
  }
  store.group.value = "none";
  if (value !== "similar") store.sort.value = value as Sort;
  else if (row === null) store.say("Choose a row first: the others are ordered by likeness to it.");
  else void store.similar(row, true);
}

export function Arrange({ store }: { store: Store }) {
  const group = store.group.value;
  const value: Order = group === "none" ? store.sort.value : `group:${group}`;
  return (
    <>
      <select
        class="ls-select"
        aria-label="Order of the cards"
        title="Order of the cards"
        data-action="sort"
        value={value}
        onChange={(event) => choose(store, event.currentTarget.value as Order)}
      >
        {ORDERS.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="ls-chip"
        data-action="pages"
        title="Pages of one class, where untouched means right (g)"
        disabled={!store.canDecide.value}
        onClick={() => {
          store.pageMode.value = true;
        }}
      >
        pages <kbd>g</kbd>
      </button>
    </>
  );
}
