/** Which key means what: a pure table, so that the help, the tests and the listener agree. */

export type Action =
  | { do: "move"; by: number }
  | { do: "digit"; place: number }
  | {
      do:
        | "accept"
        | "keep"
        | "unsure"
        | "exclude"
        | "palette"
        | "note"
        | "undo"
        | "redo"
        | "fit"
        | "clear"
        | "search"
        | "help"
        | "all"
        | "play";
    };

type Key = Pick<
  KeyboardEvent,
  "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey" | "repeat" | "isComposing"
>;

const SIMPLE: Record<string, Action> = {
  j: { do: "move", by: 1 },
  k: { do: "move", by: -1 },
  ArrowDown: { do: "move", by: 1 },
  ArrowRight: { do: "move", by: 1 },
  ArrowUp: { do: "move", by: -1 },
  ArrowLeft: { do: "move", by: -1 },
  Home: { do: "move", by: Number.NEGATIVE_INFINITY },
  End: { do: "move", by: Number.POSITIVE_INFINITY },
  Enter: { do: "accept" },
  " ": { do: "keep" },
  u: { do: "unsure" },
  x: { do: "exclude" },
  l: { do: "palette" },
  n: { do: "note" },
  f: { do: "fit" },
  a: { do: "all" },
  p: { do: "play" },
  Escape: { do: "clear" },
};

/** Depend on the layout of the keyboard, so Shift may be down. */
const SIGNS: Record<string, Action> = { "/": { do: "search" }, "?": { do: "help" } };

/** A key held down must not decide row after row. */
const ONCE = new Set(["accept", "keep", "unsure", "exclude", "digit", "all", "play", "help", "palette"]);

function find(event: Key): Action | null {
  const { key, shiftKey } = event;
  if (event.altKey) return null;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  if (event.ctrlKey || event.metaKey) {
    if (letter === "z") return { do: shiftKey ? "redo" : "undo" };
    if (letter === "y" && event.ctrlKey && !shiftKey) return { do: "redo" };
    if (letter === "a" && !shiftKey) return { do: "all" };
    return null;
  }
  if (Object.hasOwn(SIGNS, key)) return SIGNS[key]!;
  if (shiftKey) return null;
  if (/^[1-9]$/.test(key)) return { do: "digit", place: Number(key) - 1 };
  return Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter]! : null;
}

/** What a key asks for: an action, "held" for a repeat that must do nothing, or null for none of ours. */
export function actionOf(event: Key): Action | "held" | null {
  if (event.isComposing) return null;
  const action = find(event);
  return action !== null && event.repeat && ONCE.has(action.do) ? "held" : action;
}
