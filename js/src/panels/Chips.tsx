/** What is filtered to, in sight as long as it is: each chip takes one filter away, the last button all of them. */
import type { Store } from "../store/types";
import { type Chip, NO_FILTERS } from "./filters";

export function Chips({ store, chips }: { store: Store; chips: Chip[] }) {
  return (
    <fieldset class="ls-chips" aria-label="Filters">
      {chips.map((chip) => (
        <button
          key={chip.key}
          type="button"
          class="ls-chip on"
          data-filter={chip.key}
          title={`${chip.title}. Click to remove this filter.`}
          aria-label={`Remove filter: ${chip.text}`}
          onClick={() => {
            store.filters.value = { ...store.filters.peek(), ...chip.without };
          }}
        >
          <bdi class="ls-clip">{chip.text}</bdi>
          <span aria-hidden="true">✕</span>
        </button>
      ))}
      <button
        type="button"
        class="ls-chip"
        data-action="clear-filters"
        title="Remove all filters (Esc)"
        onClick={() => {
          store.filters.value = { ...NO_FILTERS };
        }}
      >
        show all rows <kbd>Esc</kbd>
      </button>
    </fieldset>
  );
}
