/** Carries out what a key asked for. */
import { toggleSound } from "../media/player";
import { focusNote, focusSearch } from "../panels/keys";
import { anyFilter, NO_FILTERS } from "../store/ranking";
import type { Store } from "../store/types";
import type { Action } from "./keymap";

/** Escape takes back one thing at a time: what is open, then what is chosen, then what is filtered to. */
function clear(store: Store): void {
  const { count } = store.selection.peek();
  if (store.palette.peek() !== null) store.palette.value = null;
  else if (store.helpOpen.peek()) store.helpOpen.value = false;
  else {
    store.clearSelection();
    // A single clicked card is hardly a selection; nobody wants a key of its own for it.
    if (count <= 1 && anyFilter(store.filters.peek())) store.filters.value = { ...NO_FILTERS };
    else if (count > 0) store.say("Selection cleared.");
  }
}

function digit(store: Store, place: number): void {
  const code = store.keyCodes.peek()[place];
  if (code === undefined) {
    store.say(`No label on key ${place + 1}.`);
    return;
  }
  const value = store.classes.peek()[code];
  if (value !== undefined) store.relabel(value);
}

export function runAction(action: Action, store: Store, root: ParentNode): void {
  switch (action.do) {
    case "move": {
      const far = store.visible.peek().length;
      store.move(Number.isFinite(action.by) ? action.by : Math.sign(action.by) * far);
      break;
    }
    case "digit":
      digit(store, action.place);
      break;
    case "accept":
      store.accept();
      break;
    case "keep":
      store.keep();
      break;
    case "unsure":
      store.unsure();
      break;
    case "exclude":
      store.exclude();
      break;
    case "palette":
      if (store.targets().length === 0) store.say("No row is chosen.");
      else store.palette.value = store.selection.peek().count > 1 ? "selection" : "current";
      break;
    case "undo":
      store.undo();
      break;
    case "redo":
      store.redo();
      break;
    case "all":
      store.select(store.visible.peek(), "replace");
      store.say(`${store.selection.peek().count.toLocaleString("en-US")} selected.`);
      break;
    case "fit":
      root.querySelector<HTMLElement>('[data-action="fit"]')?.click();
      break;
    case "play": {
      const row = store.current.peek();
      if (row !== null && store.meta.peek().media === "audio") void toggleSound(store, row);
      break;
    }
    case "search":
      focusSearch(root);
      break;
    case "note":
      focusNote(root);
      break;
    case "help":
      store.helpOpen.value = !store.helpOpen.peek();
      break;
    case "clear":
      clear(store);
      break;
  }
}
