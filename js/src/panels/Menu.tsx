/** A button that opens a menu, after the ARIA authoring practices. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { useOutside } from "./outside";

export interface MenuItem {
  value: string;
  label: string;
  hint?: string;
  /** cannot be picked now; the hint says why */
  off?: boolean;
}

interface Props {
  /** accessible name of the button */
  label: string;
  title: string;
  items: MenuItem[];
  /** with a value the items are radio buttons, without they are actions */
  value?: string;
  onPick: (value: string) => void;
  children: ComponentChildren;
  class?: string;
  action?: string;
  align?: "start" | "end";
  disabled?: boolean;
}

const STEPS: Record<string, (at: number, n: number) => number> = {
  ArrowDown: (at, n) => (at + 1) % n,
  ArrowUp: (at, n) => (at - 1 + n) % n,
  Home: () => 0,
  End: (_, n) => n - 1,
};

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return menu ? [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")] : [];
}

/** Index of the item to go to for a key, or null. */
function goal(key: string, items: HTMLElement[], at: number): number | null {
  const step = STEPS[key];
  if (step) return step(at, items.length);
  if (key.length !== 1 || key === " ") return null;
  for (let k = 1; k <= items.length; k++) {
    const next = (at + k) % items.length;
    if (items[next]?.textContent?.trim().toLowerCase().startsWith(key.toLowerCase())) return next;
  }
  return null;
}

/** State, focus and keys of one menu. */
function useMenu() {
  const open = useSignal<false | "first" | "last">(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const isOpen = open.value !== false;
  const close = (focus: boolean): void => {
    open.value = false;
    if (focus) button.current?.focus({ preventScroll: true });
  };
  useOutside(isOpen, root, () => close(false));
  useLayoutEffect(() => {
    if (!isOpen) return;
    const items = itemsOf(menu.current);
    const chosen = items.findIndex((item) => item.getAttribute("aria-checked") === "true");
    const first = open.value === "last" ? items.length - 1 : Math.max(0, chosen);
    items[first]?.focus({ preventScroll: true });
  }, [isOpen]);

  const onButtonKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" || event.key === " ") event.stopPropagation();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    event.stopPropagation();
    open.value = event.key === "ArrowUp" ? "last" : "first";
  };
  const onMenuKey = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      close(true);
      return;
    }
    const items = itemsOf(menu.current);
    const at = items.indexOf(event.target as HTMLElement);
    const next = event.ctrlKey || event.metaKey || event.altKey ? null : goal(event.key, items, at);
    if (next === null) return;
    event.preventDefault();
    items[next]?.focus({ preventScroll: true });
  };
  return { open, isOpen, root, button, menu, close, onButtonKey, onMenuKey };
}

export function Menu(props: Props) {
  const { open, isOpen, root, button, menu, close, onButtonKey, onMenuKey } = useMenu();
  const id = useId();
  return (
    <div class={`ls-menu ${props.align ?? "start"}`} ref={root}>
      <button
        ref={button}
        type="button"
        class={`ls-btn ${props.class ?? "soft"}`}
        title={props.title}
        aria-label={props.label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        data-action={props.action}
        disabled={props.disabled}
        onKeyDown={onButtonKey}
        onClick={() => {
          open.value = isOpen ? false : "first";
        }}
      >
        {props.children}
        <Icon name="chevron" />
      </button>
      {isOpen && (
        <div
          class="ls-pop"
          role="menu"
          tabIndex={-1}
          id={id}
          aria-label={props.label}
          ref={menu}
          onKeyDown={onMenuKey}
        >
          {props.items.map((item) => (
            <MenuLine key={item.value} item={item} props={props} close={close} />
          ))}
        </div>
      )}
    </div>
  );
}

function MenuLine({ item, props, close }: { item: MenuItem; props: Props; close: (focus: boolean) => void }) {
  const off = item.off === true;
  const pick = (): void => {
    if (off) return;
    close(true);
    props.onPick(item.value);
  };
  const radio = props.value !== undefined;
  const chosen = props.value === item.value;
  const kind = radio
    ? { role: "menuitemradio" as const, "aria-checked": chosen }
    : { role: "menuitem" as const };
  return (
    <button
      type="button"
      class="ls-item"
      {...kind}
      aria-disabled={off || undefined}
      tabIndex={-1}
      data-value={item.value}
      onClick={pick}
    >
      {radio && <span class="ls-pop-check">{chosen && <Icon name="check" />}</span>}
      <span>{item.label}</span>
      {item.hint && <em>{item.hint}</em>}
    </button>
  );
}
