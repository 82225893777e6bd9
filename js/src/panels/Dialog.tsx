/** A modal dialog inside the view: focus stays in it, Esc closes it, focus goes back to where it was. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";

const FOCUSABLE =
  "button:not(:disabled):not([tabindex='-1']), input:not(:disabled), textarea:not(:disabled), select:not(:disabled), a[href], [tabindex='0']";

/** The focused element, also inside a shadow root, where the document only knows the host. */
export function activeIn(element: HTMLElement): Element | null {
  const root = element.getRootNode() as Document | ShadowRoot;
  return root.activeElement ?? element.ownerDocument.activeElement;
}

/** Keeps Tab inside: the last control is followed by the first. */
function trap(event: KeyboardEvent, box: HTMLElement): void {
  const items = [...box.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((item) => !item.closest("[hidden]"));
  const first = items[0];
  const last = items.at(-1);
  if (!first || !last) return;
  const active = activeIn(box);
  const leaving = event.shiftKey ? active === first || active === box : active === last;
  if (!leaving && active && box.contains(active)) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  class?: string;
  /** what takes the focus first; the box itself when absent */
  first?: string;
  /** the key that opened it closes it as well */
  toggle?: string;
}

export function Dialog({ title, onClose, children, class: name, first, toggle }: Props) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  // unlike the ref above this one is not emptied when the dialog goes
  const mine = useRef<HTMLDivElement | null>(null);
  // a ref is set before the effects of the children, which may take the focus themselves
  const opened = useRef((element: HTMLDivElement | null) => {
    box.current = element;
    mine.current = element ?? mine.current;
    if (element) before.current ??= activeIn(element);
  }).current;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (element.contains(activeIn(element))) return;
    (first ? (element.querySelector<HTMLElement>(first) ?? element) : element).focus({ preventScroll: true });
  }, []);
  // At once, not after the next frame: until then the reader may have gone elsewhere, to the search field, say.
  useLayoutEffect(
    () => () => {
      const back = before.current;
      if (!(back instanceof HTMLElement) || !back.isConnected) return;
      // one dialog may follow another: the next one has the focus already
      const other = activeIn(back)?.closest("[role='dialog']");
      if (!other || other === mine.current) back.focus({ preventScroll: true });
    },
    [],
  );
  return (
    <div
      class="ls-veil"
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div
        ref={opened}
        class={`ls-dialog ${name ?? ""}`}
        role="dialog"
        aria-modal="true"
        aria-labelledby={id}
        tabIndex={-1}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Tab" && !event.defaultPrevented) trap(event, event.currentTarget);
          const closes = event.key === "Escape" || event.key === toggle;
          if (!closes || event.defaultPrevented) return;
          event.preventDefault();
          onClose();
        }}
      >
        <div class="ls-dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="ls-btn icon" aria-label="Close" title="Close (Esc)" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </div>
  );
}
