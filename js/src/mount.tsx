/** One view on a host element: shadow root, styles, keys; returns what takes all of it away again. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./App";
import app from "./app.css";
import gallery from "./gallery/gallery.css";
import plan from "./gallery/plan.css";
import { bindKeys, isTyping } from "./input/bind";
import { stopSound } from "./media/player";
import { css as panels, uiOf } from "./panels/index";
import { css as plot } from "./plot/index";
import type { Store } from "./store/types";
import { css as theme } from "./theme/index";

const STYLES = [theme, plot, panels, gallery, plan, app].join("\n");

/** A constructed sheet where there is one: strict pages forbid style elements. */
function addStyles(shadow: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  } catch {
    const style = document.createElement("style");
    style.textContent = STYLES;
    shadow.append(style);
  }
}

/** After a button vanished under the focus, or a dialog closed, the keys must still reach the view. */
function keepFocus(host: HTMLElement, shadow: ShadowRoot, store: Store): () => void {
  const stop = new AbortController();
  // who had the focus, the latest last: a toast's button goes away with its toast
  let trail: HTMLElement[] = [host];
  // whether the reader was here last; what vanishes under the focus sends no event
  let here = false;
  // the host keeps the focus until the next frame tells where it belongs
  let held = false;
  const isLost = (): boolean => {
    const active = document.activeElement;
    return (active === null || active === document.body) && shadow.activeElement === null;
  };
  const isOnHost = (): boolean => document.activeElement === host && shadow.activeElement === null;
  const check = (): void => {
    requestAnimationFrame(() => {
      if (!host.isConnected || !(isLost() || held)) return;
      const last = trail.findLast((part) => part.isConnected);
      if (isLost() || isOnHost()) last?.focus({ preventScroll: true });
      if (isLost()) host.focus({ preventScroll: true });
      held = false;
    });
  };
  const elsewhere = (event: Event): void => {
    here = event.composedPath().includes(host);
  };
  const vanished = new MutationObserver(() => {
    if (!here || !isLost()) return;
    // At once: the next key may come before the next frame, and out there it would be the notebook's.
    held = true;
    host.focus({ preventScroll: true });
    check();
  });
  vanished.observe(shadow, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["disabled", "hidden"],
  });
  const remember = (event: Event): void => {
    const target = event.composedPath()[0];
    // The host holds the focus for someone; whoever the reader gives it to meanwhile has it.
    if (held && target === host) return;
    held = false;
    if (!(target instanceof HTMLElement) || target.closest("[role='dialog']") !== null) return;
    // Who left a field is done with typing: the next key is a decision, and no letter of a note.
    const part = isTyping(event) ? host : target;
    trail = [...trail.slice(-3), part];
  };
  shadow.addEventListener("click", check, { signal: stop.signal });
  // A move from one part to another is not told outside the shadow root, one to the host not inside.
  for (const place of [host, shadow]) place.addEventListener("focusin", remember, { signal: stop.signal });
  for (const type of ["focusin", "pointerdown"])
    document.addEventListener(type, elsewhere, { capture: true, signal: stop.signal });
  let open = false;
  const stopDialogs = effect(() => {
    const now = store.palette.value !== null || store.helpOpen.value || uiOf(store).sheet.value !== null;
    if (open && !now) check();
    open = now;
  });
  return () => {
    stopDialogs();
    vanished.disconnect();
    stop.abort();
  };
}

export function mount(el: HTMLElement, store: Store): () => void {
  const host = document.createElement("div");
  host.className = "labelscope";
  host.tabIndex = 0;
  host.dataset.lmSuppressShortcuts = "true";
  host.setAttribute("role", "region");
  host.setAttribute("aria-label", `labelscope: ${store.meta.peek().name}`);
  host.style.outline = "none";
  const shadow = host.attachShadow({ mode: "open" });
  addStyles(shadow);
  const root = document.createElement("div");
  root.className = "ls-root";
  shadow.append(root);
  const stopTheme = effect(() => {
    root.dataset.theme = store.dark.value ? "dark" : "light";
    if (store.highContrast.value) root.dataset.contrast = "more";
    else delete root.dataset.contrast;
    if (store.ready.value) root.dataset.ready = "1";
  });
  el.append(host);
  render(<App store={store} />, root);
  const stopKeys = bindKeys(host, shadow, store);
  const stopFocus = keepFocus(host, shadow, store);
  return () => {
    stopFocus();
    stopKeys();
    stopTheme();
    stopSound(store);
    render(null, root);
    host.remove();
  };
}
