// @vitest-environment happy-dom
/** What had the focus vanishes: the next key must not reach the notebook, where two of them stop the kernel. */
import { afterEach, expect, it } from "vitest";
import { mount } from "../src/mount";
import { settle } from "./store/fake";
import { factsOf, open } from "./veil/world";

afterEach(() => document.body.replaceChildren());

it("keeps the focus in the view from the moment a part of it goes away", async () => {
  const store = await open(factsOf("hint", false), { veiled: null });
  const el = document.body.appendChild(document.createElement("div"));
  const unmount = mount(el, store);
  await settle();
  const host = el.querySelector<HTMLElement>(".labelscope")!;
  const part = document.createElement("button");
  host.shadowRoot!.querySelector(".ls-root")!.append(part);
  part.focus();
  expect(host.shadowRoot!.activeElement).toBe(part);
  part.remove();
  await Promise.resolve();
  expect(document.activeElement).toBe(host);
  unmount();
});
