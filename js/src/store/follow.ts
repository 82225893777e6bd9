/** After the filters changed: the cursor stands on a row that is shown, and the live region says how many there are. */
import { effect, untracked } from "@preact/signals";
import type { Core } from "./core";
import { nextOpen } from "./ranking";
import { FLAGGED } from "./types";

function follow(core: Core): void {
  const visible = core.visible.peek();
  const table = core.table.peek();
  const row = core.current.peek();
  // A key must never decide a row that nobody sees.
  if (row === null || core.passing.peek()[row] !== 1)
    core.current.value = nextOpen(visible, null, table) ?? visible[0] ?? null;
  let suspects = 0;
  for (const shown of visible) suspects += table.flags[shown]! & FLAGGED;
  const count = (n: number, what: string) => `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;
  const shown = count(visible.length, "row");
  core.say(
    visible.length === 0
      ? "No row passes the filters."
      : core.sight.veil.peek() === "none"
        ? `${count(suspects, "suspect")} in ${shown} shown.`
        : `${shown} shown.`,
  );
}

export function followFilters(core: Core): () => void {
  let last = core.filters.peek();
  return effect(() => {
    const filters = core.filters.value;
    if (filters === last) return;
    last = filters;
    untracked(() => follow(core));
  });
}
