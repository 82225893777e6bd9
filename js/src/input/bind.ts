/** Keys of the whole view, bound to its host element: nothing outside ever sees a key that was meant for us. */
import { dialogOpen } from "../panels/ui";
import type { Store } from "../store/types";
import { actionOf } from "./keymap";
import { KeyLine } from "./line";
import { runAction } from "./run";

const TYPING = "input, textarea, select, [contenteditable=''], [contenteditable='true']";
/** These press or move themselves by Enter, Space and, some, by arrows. */
const CONTROLS =
  "button, a[href], summary, audio, video, [role='menuitem'], [role='menuitemradio'], [role='option']";

function origin(event: Event): Element | null {
  const first = event.composedPath()[0];
  return first instanceof Element ? first : null;
}

export function isTyping(event: Event): boolean {
  return origin(event)?.matches(TYPING) === true;
}

function pressesItself(event: KeyboardEvent): boolean {
  const element = origin(event)?.closest(CONTROLS);
  if (!element) return false;
  if (event.key === "Enter" || event.key === " ") return true;
  return element.matches("audio, video") && event.key.startsWith("Arrow");
}

export function bindKeys(host: HTMLElement, root: ParentNode, store: Store): () => void {
  const stop = new AbortController();
  const line = new KeyLine(store, (action) => runAction(action, store, root));
  const down = (event: KeyboardEvent): void => {
    const modified = event.ctrlKey || event.metaKey;
    if (isTyping(event)) {
      // A letter typed here is no command of the notebook either; saving and such still are.
      if (!modified) event.stopPropagation();
      return;
    }
    const action = actionOf(event);
    if (action === null || pressesItself(event)) {
      if (!modified && event.key !== "Tab") event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (action === "held") return;
    // Under an open dialog rows must not change.
    if (dialogOpen(store) && action.do !== "clear" && action.do !== "help") return;
    line.take(action);
  };
  host.addEventListener("keydown", down, { signal: stop.signal });
  for (const quiet of ["keypress", "keyup"] as const)
    host.addEventListener(quiet, (event) => event.stopPropagation(), { signal: stop.signal });
  return () => {
    line.dispose();
    stop.abort();
  };
}
