/** Type a label: completed, taxonomy only; a new class is an explicit last choice that asks once more. */
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { Dialog } from "../Dialog";
import { count, nameOf, rows } from "../format";
import { Field } from "./Field";
import type { Option } from "./match";
import { Options } from "./Options";
import { apply, choose, digitsPick, type PaletteState, typingKey, usePalette } from "./state";

/** How many rows change, and how many of them speak against it. */
function Effects({ state }: { state: PaletteState }) {
  const effect = state.effect.value;
  const total = state.targets.value.length;
  if (!effect)
    return (
      <p class="ls-preview" role="status">
        No class fits; the label stays.
      </p>
    );
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
    </div>
  );
}

/** Two buttons between a typing error and a class that nobody wanted. */
function Confirm({ state, option }: { state: PaletteState; option: Option }) {
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus({ preventScroll: true }), []);
  return (
    <div class="ls-confirm">
      <p>
        <b>“{option.name}”</b> is not among the {count(state.store.classNames.value.length)} classes. Add it
        and give it to {rows(state.targets.value.length)}?
      </p>
      <Effects state={state} />
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

function Choose({ state }: { state: PaletteState }) {
  const id = useId();
  const { store } = state;
  const pick = (option: Option): void => choose(state, option);
  const onKey = (event: KeyboardEvent): void => {
    if (typingKey(store, state, event, pick) || event.isComposing || event.key !== "Enter") return;
    event.preventDefault();
    choose(state, state.options.peek()[state.active.peek()]);
  };
  return (
    <>
      <Field id={id} typing={state} placeholder="type a label" onKey={onKey} />
      <Options
        store={store}
        id={id}
        options={state.options.value}
        active={state.active}
        scroll={state.scroll}
        digits={digitsPick(store, state)}
        problem={state.problem.value}
        pick={pick}
      />
      <Effects state={state} />
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
