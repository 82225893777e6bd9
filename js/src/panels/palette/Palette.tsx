/** Type a label: completed, taxonomy only; a new class is an explicit last choice that asks once more. */
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { Dialog } from "../Dialog";
import { count, nameOf, rows } from "../format";
import { contradicts, type Effect, effectOf, rowsOf } from "../inspector/selection";
import { matches, newClass, type Option } from "./match";

/** More are not read; typing is faster. */
const SHOWN = 60;

interface State {
  store: Store;
  typed: Signal<string>;
  active: Signal<number>;
  /** leave out rows whose suggestion is another label */
  careful: Signal<boolean>;
  /** the new class that is to be confirmed */
  asking: Signal<Option | null>;
  targets: ReadonlySignal<Uint32Array>;
  options: ReadonlySignal<Option[]>;
  problem: ReadonlySignal<string | null>;
  effect: ReadonlySignal<Effect | null>;
}

function usePalette(store: Store, scope: "current" | "selection"): State {
  const typed = useSignal("");
  const active = useSignal(0);
  const careful = useSignal(false);
  const asking = useSignal<Option | null>(null);
  const targets = useComputed(() => {
    const { mask, count } = store.selection.value;
    if (scope === "selection" && count > 0) return rowsOf(mask, count);
    const row = store.current.value;
    return row === null ? new Uint32Array() : Uint32Array.of(row);
  });
  const added = useComputed(() => newClass(store.classes.value, store.classNames.value, typed.value));
  const options = useComputed(() => {
    const found = matches(store.classNames.value, store.keyCodes.value, typed.value);
    const extra = added.value;
    return extra && "value" in extra
      ? [...found.slice(0, SHOWN), { code: null, name: typed.value.trim(), digit: 0, value: extra.value }]
      : found.slice(0, SHOWN);
  });
  const problem = useComputed(() => (added.value && "problem" in added.value ? added.value.problem : null));
  const effect = useComputed(() => {
    store.version.value;
    const option = asking.value ?? options.value[active.value];
    return option ? effectOf(store.table.value, targets.value, option.code) : null;
  });
  return { store, typed, active, careful, asking, targets, options, problem, effect };
}

function apply(state: State, option: Option): void {
  const { store, careful, targets } = state;
  const table = store.table.peek();
  const all = [...targets.peek()];
  const rows = careful.peek() ? all.filter((row) => !contradicts(table, row, option.code)) : all;
  store.palette.value = null;
  if (rows.length === 0) return;
  if (option.code === null) store.relabel(option.value ?? option.name, rows, true);
  else store.relabel(store.classes.peek()[option.code] ?? null, rows);
}

function choose(state: State, option: Option | undefined): void {
  if (!option) return;
  if (option.code === null) state.asking.value = option;
  else apply(state, option);
}

/** Digits type text where class names have digits in front; elsewhere they pick. */
function digitsPick(state: State): boolean {
  return state.typed.peek() === "" && !state.store.classNames.peek().some((name) => /^\d/.test(name));
}

function onKey(state: State, event: KeyboardEvent): void {
  const { active, options } = state;
  const last = options.peek().length - 1;
  if (event.isComposing) return;
  if (event.key === "ArrowDown") active.value = active.peek() >= last ? 0 : active.peek() + 1;
  else if (event.key === "ArrowUp") active.value = active.peek() <= 0 ? Math.max(0, last) : active.peek() - 1;
  else if (event.key === "Enter") choose(state, options.peek()[active.peek()]);
  else if (/^[1-9]$/.test(event.key) && digitsPick(state)) {
    const option = options.peek().find((found) => found.digit === Number(event.key));
    if (!option) return;
    choose(state, option);
  } else return;
  event.preventDefault();
}

function Line({ state, option, at, id }: { state: State; option: Option; at: number; id: string }) {
  const chosen = state.active.value === at;
  const showDigit = option.digit > 0 && digitsPick(state) && state.typed.value === "";
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) line.current?.scrollIntoView?.({ block: "nearest" });
  }, [chosen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is, in the text field
    <div
      ref={line}
      id={id}
      class={`ls-option${option.code === null ? " new" : ""}`}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      data-code={option.code ?? "new"}
      onPointerMove={() => {
        state.active.value = at;
      }}
      onClick={() => choose(state, option)}
    >
      {option.code === null ? (
        <span class="ls-clip">add new class “{option.name}”…</span>
      ) : (
        <ClassName store={state.store} code={option.code} />
      )}
      <span class="ls-gap" />
      {showDigit && <kbd>{option.digit}</kbd>}
    </div>
  );
}

/** How many rows change, and how many of them speak against it. */
function Preview({ state }: { state: State }) {
  const effect = state.effect.value;
  const total = state.targets.value.length;
  if (!effect) return <p class="ls-preview">No class fits; the label stays.</p>;
  const against = effect.contradicts;
  return (
    <div class="ls-preview" role="status">
      <span>
        changes <b>{count(effect.changes)}</b> of {rows(total)}
        {effect.same > 0 && `, ${count(effect.same)} ${effect.same === 1 ? "has" : "have"} it already`}
      </span>
      {against > 0 && (
        <span class="warn">
          {count(against)} {against === 1 ? "contradicts its" : "contradict their"} suggestion
        </span>
      )}
      {against > 0 && total > 1 && against < total && (
        <label>
          <input
            type="checkbox"
            checked={state.careful.value}
            onChange={(event) => {
              state.careful.value = event.currentTarget.checked;
            }}
          />{" "}
          leave {against === 1 ? "it" : "those"} out
        </label>
      )}
    </div>
  );
}

/** Two buttons between a typing error and a class that nobody wanted. */
function Confirm({ state, option }: { state: State; option: Option }) {
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus({ preventScroll: true }), []);
  return (
    <div class="ls-confirm">
      <p>
        <b>“{option.name}”</b> is not among the {count(state.store.classNames.value.length)} classes. Add it
        and give it to {rows(state.targets.value.length)}?
      </p>
      <Preview state={state} />
      <div class="ls-confirm-buttons">
        <button
          type="button"
          class="ls-btn line"
          onClick={() => {
            state.asking.value = null;
          }}
        >
          Back
        </button>
        <button
          ref={yes}
          type="button"
          class="ls-btn primary"
          data-action="add-class"
          onClick={() => apply(state, option)}
        >
          Add class
        </button>
      </div>
    </div>
  );
}

function Choose({ state }: { state: State }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  const options = state.options.value;
  const more = state.typed.value === "" ? state.store.classNames.value.length - options.length : 0;
  return (
    <>
      <input
        ref={field}
        class="ls-input ls-palette-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={options.length > 0 ? `${id}-${state.active.value}` : undefined}
        aria-autocomplete="list"
        aria-label="Label"
        placeholder="type a label"
        autocomplete="off"
        spellcheck={false}
        value={state.typed.value}
        onKeyDown={(event) => onKey(state, event)}
        onInput={(event) => {
          state.typed.value = event.currentTarget.value;
          state.active.value = 0;
        }}
      />
      <div class="ls-options ls-scroll" role="listbox" id={id} aria-label="Labels">
        {options.map((option, at) => (
          <Line key={option.code ?? "new"} state={state} option={option} at={at} id={`${id}-${at}`} />
        ))}
        {state.problem.value && options.length === 0 && <p class="ls-quiet">{state.problem.value}</p>}
      </div>
      {more > 0 && <p class="ls-quiet ls-palette-more">and {count(more)} more: type to find them</p>}
      <Preview state={state} />
    </>
  );
}

function Open({ store, scope }: { store: Store; scope: "current" | "selection" }) {
  const state = usePalette(store, scope);
  store.version.value;
  const n = state.targets.value.length;
  const row = n === 1 ? state.targets.value[0]! : null;
  const now = row === null ? "" : nameOf(store.classNames.value, store.table.value.current[row]!);
  const title = row === null ? `Relabel ${rows(n)}` : `Relabel row ${row}, now ${now}`;
  return (
    <Dialog
      title={title}
      class="ls-palette"
      first=".ls-palette-input"
      onClose={() => {
        if (state.asking.peek()) state.asking.value = null;
        else store.palette.value = null;
      }}
    >
      {state.asking.value ? <Confirm state={state} option={state.asking.value} /> : <Choose state={state} />}
    </Dialog>
  );
}

export function Palette({ store }: { store: Store }) {
  const scope = store.palette.value;
  return scope === null ? null : <Open key={scope} store={store} scope={scope} />;
}
