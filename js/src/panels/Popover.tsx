/** A button with a panel of controls below it: not modal, closed by Esc, a second click or anything outside. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { activeIn } from "./Dialog";
import { useOutside } from "./outside";

interface Props {
  open: Signal<boolean>;
  /** accessible name of the button */
  label: string;
  /** name of the panel */
  title: string;
  hint: string;
  button: ComponentChildren;
  class?: string;
  wide?: boolean;
  align?: "start" | "end";
  action: string;
  shortcut?: string;
  /** what takes the focus first; the panel itself when absent */
  first?: string;
  children: ComponentChildren;
}

export function Popover(props: Props) {
  const { open } = props;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  useOutside(open.value, root, () => {
    open.value = false;
  });
  // Before the next key: until its field has the focus, letters would be keys of the view.
  useLayoutEffect(() => {
    if (!open.value || !panel.current) return;
    before.current = activeIn(panel.current);
    const first = props.first ? panel.current.querySelector<HTMLElement>(props.first) : null;
    (first ?? panel.current).focus({ preventScroll: true });
  }, [open.value]);
  return (
    <div class={`ls-popover ${props.align ?? "start"}`} ref={root}>
      <button
        ref={button}
        type="button"
        class={`ls-btn ${props.class ?? "soft"}`}
        title={props.hint}
        aria-label={props.label}
        aria-haspopup="dialog"
        aria-expanded={open.value}
        aria-controls={open.value ? id : undefined}
        aria-keyshortcuts={props.shortcut}
        data-action={props.action}
        onClick={() => {
          open.value = !open.peek();
        }}
      >
        {props.button}
      </button>
      {open.value && (
        <div
          ref={panel}
          id={id}
          class={`ls-panel${props.wide ? " wide" : ""}`}
          role="dialog"
          aria-label={props.title}
          tabIndex={-1}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key !== "Escape" || event.defaultPrevented) return;
            event.preventDefault();
            open.value = false;
            // Opened by its key the keys go back to the view; by the button, to the button.
            const back = before.current;
            const lost = !(back instanceof HTMLElement) || !back.isConnected || back === document.body;
            (lost ? button.current : back)?.focus({ preventScroll: true });
          }}
        >
          {props.children}
        </div>
      )}
    </div>
  );
}
