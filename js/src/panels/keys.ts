/** Keys as words and signs, and a guard that keeps keys meant for a control away from the shortcuts of the view. */

const APPLE = /mac|iphone|ipad/i;

export function isApple(agent: string = globalThis.navigator?.userAgent ?? ""): boolean {
  return APPLE.test(agent);
}

/** "⌘Z" or "Ctrl Z". */
export function withMod(key: string, shift = false, apple: boolean = isApple()): string {
  return apple ? `${shift ? "⇧" : ""}⌘${key}` : `${shift ? "Shift " : ""}Ctrl ${key}`;
}

export interface KeyRow {
  keys: string[];
  does: string;
}

export interface KeyGroup {
  title: string;
  rows: KeyRow[];
}

/** Every key of the view, in the order in which people need them. */
export function keyGroups(apple: boolean = isApple()): KeyGroup[] {
  const mod = (key: string, shift = false) => withMod(key, shift, apple);
  return [
    {
      title: "Decide",
      rows: [
        { keys: ["Enter"], does: "accept the suggested label" },
        { keys: ["Space"], does: "keep the label as it is" },
        { keys: ["1", "…", "9"], does: "relabel to the candidate with that number" },
        { keys: ["l"], does: "type a label" },
        { keys: ["u"], does: "unsure: come back later" },
        { keys: ["x"], does: "exclude the row from the clean data" },
        { keys: ["n"], does: "write a note" },
        { keys: [mod("Z")], does: "undo the last decision" },
        { keys: [mod("Z", true)], does: "redo it" },
      ],
    },
    {
      title: "Move",
      rows: [
        { keys: ["j", "k"], does: "next or previous row" },
        { keys: ["←", "→", "↑", "↓"], does: "move between the cards" },
        { keys: ["Home", "End"], does: "first or last row of the queue" },
        { keys: ["/"], does: "search the rows" },
        { keys: ["Esc"], does: "close what is open, clear the selection, then the filters" },
      ],
    },
    {
      title: "Select",
      rows: [
        { keys: ["Shift", "click"], does: "select up to that card; on the map: add" },
        { keys: [apple ? "⌘" : "Ctrl", "click"], does: "add or take away one card" },
        { keys: ["a"], does: "select all rows under the filters" },
        { keys: ["Alt", "drag"], does: "take away from the selection on the map" },
      ],
    },
    {
      title: "Map and view",
      rows: [
        { keys: ["f"], does: "show the whole map" },
        { keys: ["p"], does: "play or stop the sound of the row" },
        { keys: ["wheel"], does: "zoom, once the map was clicked" },
        { keys: ["?"], does: "show or hide this help" },
      ],
    },
  ];
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
