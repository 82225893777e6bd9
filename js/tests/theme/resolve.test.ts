// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { hostTheme, resolveTheme, watchTheme } from "../../src/theme/index";

const html = document.documentElement;

afterEach(() => {
  for (const element of [html, document.body])
    for (const { name } of [...element.attributes]) element.removeAttribute(name);
  vi.restoreAllMocks();
});

function system(dark: boolean, contrast = false): void {
  vi.spyOn(window, "matchMedia").mockImplementation(
    (query) =>
      ({
        matches: query.includes("scheme") ? dark : contrast,
        addEventListener() {},
        removeEventListener() {},
      }) as unknown as MediaQueryList,
  );
}

describe("the theme of the host page", () => {
  it.each<[string, () => void, boolean, boolean, string]>([
    [
      "JupyterLab light",
      () => document.body.setAttribute("data-jp-theme-light", "true"),
      false,
      false,
      "jupyterlab",
    ],
    [
      "JupyterLab dark",
      () => document.body.setAttribute("data-jp-theme-light", "false"),
      true,
      false,
      "jupyterlab",
    ],
    ["VS Code dark", () => document.body.classList.add("vscode-dark"), true, false, "vscode"],
    ["VS Code light", () => document.body.classList.add("vscode-light"), false, false, "vscode"],
    [
      "VS Code high contrast",
      () => document.body.classList.add("vscode-high-contrast"),
      true,
      true,
      "vscode",
    ],
    [
      "VS Code light high contrast",
      () => document.body.classList.add("vscode-high-contrast", "vscode-high-contrast-light"),
      false,
      true,
      "vscode",
    ],
    ["Colab dark", () => html.setAttribute("theme", "dark"), true, false, "colab"],
    ["marimo dark", () => html.classList.add("dark"), true, false, "marimo"],
    ["marimo light", () => html.classList.add("light"), false, false, "marimo"],
    ["a page with data-theme", () => html.setAttribute("data-theme", "dark"), true, false, "page"],
  ])("%s", (_, set, dark, highContrast, host) => {
    system(!dark); // what the page says wins over the system
    set();
    expect(hostTheme()).toEqual({ dark, highContrast, host });
  });

  it("falls back to the system", () => {
    system(true, true);
    expect(hostTheme()).toEqual({ dark: true, highContrast: true, host: "system" });
  });

  it("is overruled by the choice made in the view", () => {
    document.body.setAttribute("data-jp-theme-light", "false");
    expect(resolveTheme("auto").dark).toBe(true);
    expect(resolveTheme("light").dark).toBe(false);
    expect(resolveTheme("dark").dark).toBe(true);
  });
});

describe("watching the theme", () => {
  it("says so once a change, and no more after it is stopped", async () => {
    document.body.setAttribute("data-jp-theme-light", "true");
    const seen: boolean[] = [];
    const stop = watchTheme((theme) => seen.push(theme.dark));
    document.body.setAttribute("data-jp-theme-light", "false");
    await vi.waitFor(() => expect(seen).toEqual([true]));
    document.body.setAttribute("class", "something-else");
    document.body.setAttribute("data-jp-theme-light", "true");
    await vi.waitFor(() => expect(seen).toEqual([true, false]));
    stop();
    document.body.setAttribute("data-jp-theme-light", "false");
    await new Promise((done) => setTimeout(done, 20));
    expect(seen).toEqual([true, false]);
  });
});
