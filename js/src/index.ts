/** The widget as an anywidget front-end module: the store lives with the model, views come and go. */
import { mount } from "./mount";
import { createStore } from "./store/create";
import type { Store } from "./store/types";
import type { Model } from "./transport/model";

interface Props {
  model: Model;
  el: HTMLElement;
}

/**
 * `initialize` and `render` get different proxies of one model, and some hosts share this module among models; what
 * both proxies hand out alike are the objects that the traits hold.
 */
const stores = new WeakMap<object, Store>();

function keys(model: Model): object[] {
  return [model.get("_options"), model.get("_picture")].filter(
    (value): value is object => typeof value === "object" && value !== null,
  );
}

function remember(model: Model, store: Store): void {
  for (const key of keys(model)) stores.set(key, store);
}

function find(model: Model): Store | undefined {
  for (const key of keys(model)) {
    const store = stores.get(key);
    if (store !== undefined) return store;
  }
  return undefined;
}

/** Says in the view what went wrong, when even the store could not be made. */
function failed(el: HTMLElement, error: unknown): () => void {
  const box = document.createElement("div");
  box.setAttribute("role", "alert");
  box.textContent = `labelscope could not draw this view: ${error instanceof Error ? error.message : String(error)}`;
  el.append(box);
  return () => box.remove();
}

function initialize({ model }: Pick<Props, "model">): () => void {
  const store = createStore(model);
  const again = (): void => remember(model, store);
  again();
  model.on("change:_options", again);
  model.on("change:_picture", again);
  return () => {
    model.off("change:_options", again);
    model.off("change:_picture", again);
    for (const key of keys(model)) if (stores.get(key) === store) stores.delete(key);
    store.dispose();
  };
}

function render({ model, el }: Props): () => void {
  try {
    const shared = find(model);
    const store = shared ?? createStore(model);
    const unmount = mount(el, store);
    return () => {
      unmount();
      if (shared === undefined) store.dispose();
    };
  } catch (error) {
    return failed(el, error);
  }
}

export default { initialize, render };
