/** Keys as words and signs, and a guard that keeps keys meant for a control away from the shortcuts of the view. */
import { GROUPS } from "../input/table";

const APPLE = /mac|iphone|ipad/i;

export function isApple(agent: string = globalThis.navigator?.userAgent ?? ""): boolean {
  return APPLE.test(agent);
}

/** "⌘Z" or "Ctrl Z". */
export function withMod(key: string, shift = false, apple: boolean = isApple()): string {
  return apple ? `${shift ? "⇧" : ""}⌘${key}` : `${shift ? "Shift " : ""}Ctrl ${key}`;
}

/** One chord as the help writes it: "Enter", "⌘Z". */
function written(chord: string, apple: boolean): string {
  if (chord === "mod") return apple ? "⌘" : "Ctrl";
  const found = /^mod\+(shift\+)?(.)$/.exec(chord);
  return found ? withMod(found[2]!.toUpperCase(), found[1] !== undefined, apple) : chord;
}

export interface KeyRow {
  keys: string[];
  does: string;
}

export interface KeyGroup {
  title: string;
  rows: KeyRow[];
}

/** Every key of the view, read from the table that the listener uses. */
export function keyGroups(apple: boolean = isApple()): KeyGroup[] {
  return GROUPS.map(({ title, rows }) => ({
    title,
    rows: rows.map(({ does, keys, shown }) => ({
      does,
      keys: (shown ?? keys.map(([chord]) => chord)).map((chord) => written(chord, apple)),
    })),
  }));
}

const NATIVE = "button, a[href], input, textarea, select, summary, audio, video";

/**
 * Enter and Space on a button press that button and nothing else. Put on the root of each panel; without it Space on
 * "exclude" would also keep the row, because the view listens further out.
 */
export function guardKeys(event: KeyboardEvent): void {
  if (event.key !== "Enter" && event.key !== " ") return;
  const target = event.composedPath()[0];
  if (target instanceof Element && target.closest(NATIVE)) event.stopPropagation();
}

/** Moves focus to the search box; for the `/` key. */
export function focusSearch(root: ParentNode): void {
  const field = root.querySelector<HTMLInputElement>(".ls-search input");
  field?.focus({ preventScroll: true });
  field?.select();
}

/** Moves focus to the note of the current row; for the `n` key. */
export function focusNote(root: ParentNode): void {
  root.querySelector<HTMLTextAreaElement>(".ls-note textarea")?.focus();
}

/** Gives the keys back to the view: its host element listens for the shortcuts. */
export function backToView(element: HTMLElement): void {
  const root = element.getRootNode();
  const host = "host" in root ? (root as ShadowRoot).host : null;
  if (host instanceof HTMLElement) host.focus({ preventScroll: true });
  else element.blur();
}
