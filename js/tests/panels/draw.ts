import { type ComponentChild, render } from "preact";
import { act } from "preact/test-utils";

/** Draws into a shadow root, as the widget does. */
export function draw(what: ComponentChild): { root: ShadowRoot; host: HTMLElement; end: () => void } {
  const host = document.createElement("div");
  host.tabIndex = 0;
  document.body.append(host);
  const root = host.attachShadow({ mode: "open" });
  const box = document.createElement("div");
  box.className = "ls-root";
  root.append(box);
  act(() => render(what, box));
  return {
    root,
    host,
    end: () => {
      act(() => render(null, box));
      host.remove();
    },
  };
}

export function get<T extends HTMLElement = HTMLElement>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
}

export function press(target: EventTarget, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", {
    key,
    bubbles: true,
    composed: true,
    cancelable: true,
    ...more,
  });
  act(() => {
    target.dispatchEvent(event);
  });
  return event;
}

export function click(element: HTMLElement): void {
  act(() => element.click());
}

export function type(field: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  field.value = text;
  act(() => {
    field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  });
}

export { act };
