import { useLayoutEffect, useRef } from "preact/hooks";
import { type Typing, type } from "./state";

interface Props {
  id: string;
  typing: Typing;
  placeholder: string;
  onKey: (event: KeyboardEvent) => void;
}

/** The text field of a palette: it has the focus and speaks for the list below it. */
export function Field({ id, typing, placeholder, onKey }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  return (
    <input
      ref={field}
      class="ls-input ls-palette-input"
      type="text"
      role="combobox"
      aria-expanded="true"
      aria-controls={id}
      aria-activedescendant={typing.options.value.length > 0 ? `${id}-${typing.active.value}` : undefined}
      aria-autocomplete="list"
      aria-label="Label"
      placeholder={placeholder}
      autocomplete="off"
      spellcheck={false}
      value={typing.typed.value}
      onKeyDown={onKey}
      onInput={(event) => type(typing, event.currentTarget.value)}
    />
  );
}
