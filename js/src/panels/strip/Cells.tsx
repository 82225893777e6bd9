/** The matrix as a table of buttons: heat says how many, arrows walk, one of them is in the tab order. */
import { type Signal, useSignal } from "@preact/signals";
import type { Store } from "../../store/types";
import { count, nameOf, rows } from "../format";
import { uiOf } from "../ui";
import { cellFilters, isCell } from "./cell";
import type { Confusions } from "./counts";

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

export function Cells({ store, found, codes }: CellsProps) {
  const active = useSignal(0);
  const names = store.classNames.value;
  const size = codes.length;
  const filters = store.filters.value;
  const canCheck = (given: number, other: number): boolean =>
    found.against === "suggested" && given !== other && found.at(given, other) > 0;
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
                onReach={() => {
                  const checkable = canCheck(given, other);
                  uiOf(store).cell.value = checkable ? { given, suggested: other } : null;
                }}
                onMenu={() => {
                  if (canCheck(given, other))
                    uiOf(store).sheet.value = { kind: "check", given, suggested: other };
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
  onReach: () => void;
  onMenu: () => void;
}

function Cell({ at, stop, value, most, diagonal, chosen, label, ...on }: CellProps) {
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
        onClick={usable ? on.onPick : undefined}
        onFocus={on.onReach}
        onContextMenu={(event) => {
          event.preventDefault();
          on.onMenu();
        }}
      >
        {value > 0 ? count(value) : ""}
      </button>
    </td>
  );
}
