// @vitest-environment happy-dom
/** What had the focus vanishes: the next key must not reach the notebook, where two of them stop the kernel. */
import { afterEach, expect, it } from "vitest";
import { mount } from "../src/mount";
import { settle } from "./store/fake";
import { factsOf, open } from "./veil/world";

/** The next frame asked for now is drawn before those that observers ask for: two are waited for. */
async function frames(): Promise<void> {
  for (let k = 0; k < 2; k++) await new Promise((done) => requestAnimationFrame(done));
}

async function view(): Promise<{ host: HTMLElement; root: Element; unmount: () => void }> {
  const store = await open(factsOf("hint", false), { veiled: null });
  const el = document.body.appendChild(document.createElement("div"));
  const unmount = mount(el, store);
  await settle();
  const host = el.querySelector<HTMLElement>(".labelscope")!;
  return { host, root: host.shadowRoot!.querySelector(".ls-root")!, unmount };
}

function put<K extends keyof HTMLElementTagNameMap>(root: Element, tag: K): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  root.append(made);
  made.focus();
  return made;
}

/** A dialog opens, takes the focus and closes. */
async function afterDialog(root: Element): Promise<void> {
  const dialog = document.createElement("div");
  dialog.setAttribute("role", "dialog");
  root.append(dialog);
  put(dialog, "button");
  dialog.remove();
  await frames();
}

afterEach(() => document.body.replaceChildren());

it("keeps the focus in the view from the moment a part of it goes away", async () => {
  const { host, root, unmount } = await view();
  const part = put(root, "button");
  expect(host.shadowRoot!.activeElement).toBe(part);
  part.remove();
  await Promise.resolve();
  expect(document.activeElement).toBe(host);
  unmount();
});

it("goes back to what had it before", async () => {
  const { host, root, unmount } = await view();
  const stays = put(root, "button");
  await afterDialog(root);
  expect(host.shadowRoot!.activeElement).toBe(stays);
  unmount();
});

it("never goes back to a field that was left: keys would become letters of a note", async () => {
  const { host, root, unmount } = await view();
  const note = put(root, "textarea");
  host.focus();
  await afterDialog(root);
  expect(host.shadowRoot!.activeElement).not.toBe(note);
  expect(document.activeElement).toBe(host);
  unmount();
});

it("remembers what the reader went to before the next frame came", async () => {
  const { host, root, unmount } = await view();
  const goesAway = put(root, "button");
  const list = document.createElement("div");
  list.tabIndex = 0;
  root.append(list);
  goesAway.remove();
  await Promise.resolve();
  list.focus();
  await frames();
  expect(host.shadowRoot!.activeElement).toBe(list);
  await afterDialog(root);
  expect(host.shadowRoot!.activeElement).toBe(list);
  unmount();
});

it("a button that goes away with its toast gives the focus back to what had it before", async () => {
  const { host, root, unmount } = await view();
  const stays = put(root, "button");
  const toast = document.createElement("div");
  root.append(toast);
  put(toast, "button");
  toast.remove();
  await frames();
  expect(host.shadowRoot!.activeElement).toBe(stays);
  unmount();
});
