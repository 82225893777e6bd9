/** The query box: completed while typed, asked by Enter, and when it is wrong it shows where. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Completion } from "../../protocol";
import type { QueryOutcome, Store } from "../../store/types";
import { rows } from "../format";

const PAUSE = 90;

function useQuery(store: Store) {
  const text = useSignal(store.filters.peek().query?.text ?? "");
  const items = useSignal<Completion[]>([]);
  const from = useSignal(0);
  const active = useSignal(-1);
  const outcome = useSignal<QueryOutcome | null>(null);
  const busy = useSignal(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const asked = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  // A saved filter was chosen, or its chip taken away: the field says what is in force.
  const shown = useRef(text.peek());
  useSignalEffect(() => {
    const now = store.filters.value.query?.text ?? "";
    if (now === shown.current) return;
    if (now !== "" || text.peek().trim() === shown.current) {
      text.value = now;
      outcome.value = null;
    }
    shown.current = now;
  });
  const close = (): void => {
    clearTimeout(timer.current);
    asked.current += 1;
    items.value = [];
    active.value = -1;
  };
  const complete = (cursor: number): void => {
    clearTimeout(timer.current);
    const mine = ++asked.current;
    timer.current = setTimeout(async () => {
      const found = await store.complete(text.peek(), cursor);
      if (found === null || mine !== asked.current) return;
      items.value = found.items.slice(0, 12);
      from.value = found.from;
      active.value = -1;
    }, PAUSE);
  };
  const run = async (): Promise<void> => {
    close();
    busy.value = true;
    const found = await store.query(text.peek().trim());
    // effects of components run after the next frame: this change is our own and clears nothing
    shown.current = store.filters.peek().query?.text ?? "";
    outcome.value = found;
    busy.value = false;
  };
  return { text, items, from, active, outcome, busy, close, complete, run };
}

/** What was typed with a completion put in at its place, and where the cursor goes. */
export function inserted(text: string, cursor: number, from: number, insert: string): [string, number] {
  const before = text.slice(0, from) + insert;
  return [before + text.slice(cursor), before.length];
}

/** The text up to the error in quiet ink, the rest under a wavy line; the caret of old compilers, drawn. */
function Wrong({ text, outcome, id }: { text: string; outcome: QueryOutcome; id: string }) {
  if (outcome.ok)
    return (
      <p class="ls-query-says ok" id={id} role="status">
        {rows(outcome.rows)} found
      </p>
    );
  const { position } = outcome;
  return (
    <div class="ls-query-says wrong" id={id} role="alert">
      {position !== null && (
        <code aria-hidden="true" class="ls-clip">
          {text.slice(Math.max(0, position - 24), position)}
          <mark>{text.slice(position) || "…"}</mark>
        </code>
      )}
      <p>
        {outcome.message}
        {position !== null && <span class="ls-sr"> At character {position + 1}.</span>}
      </p>
      {outcome.hint && <p class="ls-quiet">{outcome.hint}</p>}
    </div>
  );
}

function useKeys(state: ReturnType<typeof useQuery>, field: { current: HTMLInputElement | null }) {
  const { items, active, text, from, close, complete, run } = state;
  const put = (item: Completion): void => {
    const element = field.current;
    if (!element) return;
    const [next, cursor] = inserted(
      text.peek(),
      element.selectionStart ?? text.peek().length,
      from.peek(),
      item.insert,
    );
    text.value = next;
    element.value = next;
    element.focus({ preventScroll: true });
    element.setSelectionRange?.(cursor, cursor);
    complete(cursor);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const n = items.peek().length;
    if (event.key === "ArrowDown" && n === 0) complete(field.current?.selectionStart ?? 0);
    else if (event.key === "ArrowDown") active.value = (active.peek() + 1) % n;
    else if (event.key === "ArrowUp" && n > 0) active.value = active.peek() <= 0 ? n - 1 : active.peek() - 1;
    else if (event.key === "Tab" && !event.shiftKey && n > 0) put(items.peek()[Math.max(0, active.peek())]!);
    else if (event.key === "Enter") {
      const item = items.peek()[active.peek()];
      if (item) put(item);
      else void run();
    } else if (event.key === "Escape" && n > 0) close();
    else return;
    event.preventDefault();
  };
  return { put, onKey };
}

export function QueryField({ store, field }: { store: Store; field: { current: HTMLInputElement | null } }) {
  const state = useQuery(store);
  const id = useId();
  const { text, items, active, outcome } = state;
  const { put, onKey } = useKeys(state, field);
  const wrong = outcome.value !== null && !outcome.value.ok;
  return (
    <div class="ls-query">
      <input
        ref={field}
        class="ls-input ls-mono"
        type="text"
        role="combobox"
        aria-label="Query"
        aria-autocomplete="list"
        aria-expanded={items.value.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={active.value >= 0 ? `${id}-${active.value}` : undefined}
        aria-invalid={wrong}
        aria-busy={state.busy.value}
        aria-describedby={outcome.value ? `${id}-says` : undefined}
        placeholder={'suspicion > .8 and given == "cat"'}
        autocomplete="off"
        spellcheck={false}
        data-action="query"
        value={text.value}
        onKeyDown={onKey}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          outcome.value = null;
          state.complete(event.currentTarget.selectionStart ?? text.peek().length);
        }}
        onBlur={state.close}
      />
      <div
        class="ls-completions"
        id={`${id}-list`}
        role="listbox"
        aria-label="Completions"
        hidden={items.value.length === 0}
      >
        {items.value.map((item, k) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled in the field, which keeps the focus
          <div
            key={`${item.kind}${item.label}`}
            id={`${id}-${k}`}
            role="option"
            tabIndex={-1}
            aria-selected={k === active.value}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => put(item)}
          >
            <span class="ls-clip">{item.label}</span>
            <em>{item.kind}</em>
          </div>
        ))}
      </div>
      {outcome.value && <Wrong text={text.value} outcome={outcome.value} id={`${id}-says`} />}
    </div>
  );
}
