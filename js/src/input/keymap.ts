/** Which key means what: looked up in the one table, so that the help, the tests and the listener agree. */
import { type Action, GROUPS } from "./table";

export type { Action };

type Key = Pick<
  KeyboardEvent,
  "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey" | "repeat" | "isComposing"
> &
  Partial<Pick<KeyboardEvent, "code">>;

interface Bound {
  action: Action;
  once: boolean;
}

const BOUND = new Map<string, Bound>(
  GROUPS.flatMap(({ rows }) =>
    rows.flatMap(({ keys, once }) =>
      keys.map(([chord, action]): [string, Bound] => [chord, { action, once: once === true }]),
    ),
  ),
);

/** Depend on the layout of the keyboard, so Shift may be down. */
const SIGNS = new Set(["/", "?", "[", "]"]);

function find(event: Key): Bound | undefined {
  const { key, shiftKey } = event;
  if (event.altKey) return undefined;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  const chord = shiftKey ? `shift+${letter}` : letter;
  if (event.ctrlKey || event.metaKey)
    return BOUND.get(`mod+${chord}`) ?? (event.ctrlKey ? BOUND.get(`ctrl+${chord}`) : undefined);
  // Where digits are typed with Shift they are digits all the same.
  if (/^[1-9]$/.test(key)) return BOUND.get(key);
  const digit = shiftKey ? /^(?:Digit|Numpad)([1-9])$/.exec(event.code ?? "")?.[1] : undefined;
  if (digit !== undefined) return BOUND.get(`shift+${digit}`);
  if (SIGNS.has(key)) return BOUND.get(key);
  return shiftKey || letter.includes("+") ? undefined : BOUND.get(letter);
}

/** What a key asks for: an action, "held" for a repeat that must do nothing, or null for none of ours. */
export function actionOf(event: Key): Action | "held" | null {
  if (event.isComposing) return null;
  const found = find(event);
  if (found === undefined) return null;
  return found.once && event.repeat ? "held" : found.action;
}
