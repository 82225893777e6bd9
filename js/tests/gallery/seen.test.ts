// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { watchCards } from "../../src/gallery/seen";
import { openEyes } from "./eyes";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

it("a card that has gone with its page was not seen, and nothing breaks", async () => {
  const eyes = openEyes();
  const page = document.body.appendChild(document.createElement("div"));
  page.className = "ls-pages";
  const [stays, goes] = [document.createElement("div"), document.createElement("div")];
  page.append(stays, goes);
  const seen: Element[] = [];
  const stop = watchCards([stays, goes], (cards) => seen.push(...cards));
  goes.remove();
  await eyes.rest(4);
  expect(seen).toEqual([stays]);
  stop();
});
