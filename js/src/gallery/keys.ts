/** Keys that only mean something in a grid; all others go on to the keys of the whole view. */
import type { Store } from "../store/types";
import type { Chooser } from "./choose";

export function gridKey(
  event: KeyboardEvent,
  store: Store,
  chooser: Chooser,
  { columns, page }: { columns: number; page: number },
): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const far = store.visible.peek().length;
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -page,
    PageDown: page,
    Home: -far,
    End: far,
  };
  const by = steps[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (!event.shiftKey) {
    store.move(by);
    return;
  }
  const visible = store.visible.peek();
  const row = store.current.peek();
  const at = row === null ? 0 : Math.max(0, visible.indexOf(row));
  const to = visible[Math.max(0, Math.min(far - 1, at + by))];
  if (to !== undefined) chooser.extendTo(to);
}
