/** Keys of a page of the grid. */
import type { Store } from "../store/types";
import { confirm, nextUnseen, type State, toggle, turn } from "./pageState";

/** Keys that decide about one card everywhere else: here they would hit a card that nobody looks at. */
const ELSEWHERE = /^[1-9uxmsnpa]$/;

export const PAGE_KEYS =
  "On a page, Space marks a card, l types its label, o leaves it open, v goes to one not seen.";

/** Cards side by side, and cards of the lines that fit. */
function sizeOf(grid: HTMLElement): { columns: number; screen: number } {
  const cards = [...grid.querySelectorAll<HTMLElement>(".ls-page-card")];
  const top = cards[0]?.offsetTop ?? 0;
  const wrapped = cards.findIndex((card) => card.offsetTop !== top);
  if (wrapped < 0) return { columns: Math.max(1, cards.length), screen: cards.length };
  const lines = Math.floor(grid.clientHeight / (cards[wrapped]!.offsetTop - top));
  return { columns: wrapped, screen: wrapped * Math.max(1, lines) };
}

export function pressed(event: KeyboardEvent, store: Store, state: State): void {
  const page = state.page.peek();
  if (page === null || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof HTMLInputElement) {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") (event.currentTarget as HTMLElement).focus();
    return;
  }
  const grid = event.currentTarget as HTMLElement;
  const { columns, screen } = sizeOf(grid);
  const last = page.rows.length - 1;
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    j: 1,
    k: -1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -screen,
    PageDown: screen,
    Home: -last,
    End: last,
  };
  const row = page.rows[state.at.peek()]!;
  const by = steps[event.key];
  if (by !== undefined) state.at.value = Math.max(0, Math.min(last, state.at.peek() + by));
  else if (event.key === " ") toggle(store, state, row);
  else if (event.key === "v") nextUnseen(store, state);
  else if (event.key === "o") toggle(store, state, row, "open");
  else if (event.key === "l") {
    if (state.marks.peek().get(row)?.kind !== "wrong") toggle(store, state, row);
    setTimeout(() => grid.querySelector<HTMLInputElement>(`[data-row="${row}"] input`)?.select());
  } else if (event.key === "Enter" && !event.repeat) confirm(store, state);
  else if (event.key === "Escape" && state.asking.peek()) state.asking.value = false;
  else if (page.open.page >= 0 && (event.key === "n" || event.key === "b")) {
    if (!event.repeat) turn(store, state, event.key === "n" ? 1 : -1);
  } else if (ELSEWHERE.test(event.key)) store.say(PAGE_KEYS);
  else return;
  event.preventDefault();
  event.stopPropagation();
}
