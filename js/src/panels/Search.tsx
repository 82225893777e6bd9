import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../store/types";
import { Icon } from "./Icon";
import { backToView } from "./keys";

/** Long enough that a word is typed in one go, short enough to feel live. */
const PAUSE = 220;

/** What is typed, when it is asked, and how the field follows the chip. */
function useSearch(store: Store) {
  const text = useSignal(store.filters.peek().search?.query ?? "");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const asked = useRef(text.peek());
  const found = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), []);
  // A chip took the search away: the field follows, unless something newer is being typed.
  useSignalEffect(() => {
    const query = store.filters.value.search?.query ?? null;
    if (query === null && asked.current !== "" && asked.current === text.peek().trim() && found.current) {
      text.value = "";
      asked.current = "";
    }
    found.current = query !== null;
  });

  const ask = (query: string): void => {
    clearTimeout(timer.current);
    const wanted = query.trim();
    if (wanted === asked.current) return;
    asked.current = wanted;
    store.search(wanted);
    if (wanted === "" && store.filters.peek().search)
      store.filters.value = { ...store.filters.peek(), search: null };
  };
  const onKey = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Enter") ask(text.peek());
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (text.peek() === "") backToView(event.currentTarget as HTMLElement);
    text.value = "";
    ask("");
  };
  const onInput = (event: { currentTarget: HTMLInputElement }): void => {
    text.value = event.currentTarget.value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => ask(text.peek()), PAUSE);
  };
  return { text, onKey, onInput };
}

export function Search({ store }: { store: Store }) {
  const { text, onKey, onInput } = useSearch(store);
  return (
    <search class="ls-search">
      <Icon name="search" />
      <input
        class="ls-input"
        type="search"
        placeholder="search"
        aria-label="Search rows"
        aria-keyshortcuts="/"
        title="Search the rows (/)"
        data-action="search"
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onKeyDown={onKey}
        onInput={onInput}
      />
      {text.value === "" && (
        <span class="ls-search-key" aria-hidden="true">
          <kbd>/</kbd>
        </span>
      )}
    </search>
  );
}
