/** Several labels are right: the given and the suggested one are ticked already, so that Enter is often enough. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { type Store, UNLABELLED } from "../../store/types";
import { ClassName } from "../ClassName";
import { Dialog } from "../Dialog";
import { count, nameOf } from "../format";
import { uiOf } from "../ui";
import { Field } from "./Field";
import type { Option } from "./match";
import { Options } from "./Options";
import { digitsPick, type, typingKey, useTyping } from "./state";

/** The given label and the suggestion, as far as there are any and the suggestion may be shown. */
export function likelySet(store: Store, row: number): number[] {
  const codes = [store.table.peek().current[row]!, store.suggestedOf(row)];
  return [...new Set(codes.filter((code) => code !== UNLABELLED))];
}

export function SeveralSheet({ store, row }: { store: Store; row: number }) {
  const id = useId();
  const chosen = useSignal<ReadonlySet<number>>(new Set(likelySet(store, row)));
  const typing = useTyping(store, row);
  const close = (): void => {
    uiOf(store).sheet.value = null;
  };
  const toggle = ({ code }: Option): void => {
    if (code === null) return;
    const next = new Set(chosen.peek());
    if (!next.delete(code)) next.add(code);
    chosen.value = next;
    if (typing.typed.peek() !== "") type(typing, "");
  };
  const save = (): void => {
    if (chosen.peek().size === 0) return;
    close();
    const codes = [...chosen.peek()];
    store.acceptSet(
      row,
      codes.map((code) => store.classes.peek()[code] ?? null),
    );
  };
  const onKey = (event: KeyboardEvent): void => {
    if (typingKey(store, typing, event, toggle) || event.isComposing || event.key !== "Enter") return;
    event.preventDefault();
    const option = typing.options.peek()[typing.active.peek()];
    const picking = typing.typed.peek() !== "" || typing.moved.peek();
    if (!picking || event.ctrlKey || event.metaKey) save();
    else if (option) toggle(option);
  };
  // A class that does not exist yet cannot be one of several: it is added by a relabel.
  const options = typing.options.value.filter(({ code }) => code !== null);
  return (
    <Dialog
      title={`Row ${row}: several labels are right`}
      class="ls-palette"
      first=".ls-palette-input"
      onClose={close}
    >
      <ul class="ls-chosen" aria-label="Labels that are right">
        {[...chosen.value].map((code) => (
          <li key={code}>
            <button
              type="button"
              class="ls-chip on"
              aria-label={`Take ${nameOf(store.classNames.value, code)} away`}
              onClick={() => toggle({ code, name: "", digit: 0 })}
            >
              <ClassName store={store} code={code} /> <span aria-hidden="true">✕</span>
            </button>
          </li>
        ))}
        {chosen.value.size === 0 && <li class="ls-quiet">none yet</li>}
      </ul>
      <Field id={id} typing={typing} placeholder="add a label" onKey={onKey} />
      <Options
        store={store}
        id={id}
        options={options}
        active={typing.active}
        scroll={typing.scroll}
        digits={digitsPick(store, typing)}
        chosen={chosen.value}
        pick={toggle}
      />
      <div class="ls-confirm-buttons">
        <button type="button" class="ls-btn line" onClick={close}>
          Cancel <kbd>Esc</kbd>
        </button>
        <button
          type="button"
          class="ls-btn primary"
          data-action="accept-set"
          disabled={chosen.value.size === 0}
          onClick={save}
        >
          {chosen.value.size === 1 ? "This one is right" : `These ${count(chosen.value.size)} are right`}{" "}
          <kbd>↵</kbd>
        </button>
      </div>
    </Dialog>
  );
}
