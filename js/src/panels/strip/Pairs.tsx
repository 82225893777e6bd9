/** Only the cells that hold rows, most first: for a thousand classes nobody reads a million cells. */
import { useSignal } from "@preact/signals";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { count, nameOf, rows } from "../format";
import { uiOf } from "../ui";
import { cellFilters, isCell } from "./cell";
import type { Confusions, Pair } from "./counts";

const MOST = 400;

/** Arrow keys walk over the pairs; one of them is in the tab order. */
function goal(key: string, at: number, n: number): number | null {
  if (key === "ArrowDown" || key === "ArrowRight") return Math.min(n - 1, at + 1);
  if (key === "ArrowUp" || key === "ArrowLeft") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  return key === "End" ? n - 1 : null;
}

export function Pairs({ store, found }: { store: Store; found: Confusions }) {
  const active = useSignal(0);
  const names = store.classNames.value;
  const filters = store.filters.value;
  const shown = found.pairs.slice(0, MOST);
  const at = Math.min(active.value, shown.length - 1);
  const pick = ({ given, other }: Pair): void => {
    store.filters.value = cellFilters(store.filters.peek(), found.against, given, other);
  };
  const checkable = found.against === "suggested";
  return (
    <ul
      class="ls-pairs ls-scroll"
      onKeyDown={(event) => {
        const to = goal(event.key, at, shown.length);
        if (to === null) return;
        event.preventDefault();
        event.stopPropagation();
        active.value = to;
        event.currentTarget.querySelector<HTMLElement>(`[data-at="${to}"]`)?.focus();
      }}
    >
      {shown.map((pair, k) => (
        <li key={`${pair.given}-${pair.other}`}>
          <button
            type="button"
            class="ls-item"
            data-at={k}
            tabIndex={k === at ? 0 : -1}
            aria-pressed={isCell(filters, found.against, pair.given, pair.other)}
            aria-label={`given ${nameOf(names, pair.given)}, ${found.against} ${nameOf(names, pair.other)}: ${rows(pair.count)}`}
            title="Click to show only these"
            onClick={() => {
              active.value = k;
              pick(pair);
            }}
            onFocus={() => {
              uiOf(store).cell.value = checkable ? { given: pair.given, suggested: pair.other } : null;
            }}
            onContextMenu={(event) => {
              event.preventDefault();
              if (checkable)
                uiOf(store).sheet.value = { kind: "check", given: pair.given, suggested: pair.other };
            }}
          >
            <ClassName store={store} code={pair.given} />
            <span class="ls-arrow">→</span>
            <ClassName store={store} code={pair.other} strong />
            <em>{count(pair.count)}</em>
            <i aria-hidden="true" style={{ width: `${(34 * pair.count) / found.most}px` }} />
          </button>
        </li>
      ))}
      {found.pairs.length > shown.length && (
        <li class="ls-quiet">and {count(found.pairs.length - shown.length)} pairs with fewer rows</li>
      )}
    </ul>
  );
}
