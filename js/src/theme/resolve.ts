/** Which theme the page around us has, and word when it changes. */
import type { ThemeName } from "../store/types";

export type Host = "jupyterlab" | "vscode" | "colab" | "marimo" | "page" | "system";

export interface HostTheme {
  dark: boolean;
  /** the host or the reader's system asks for more contrast */
  highContrast: boolean;
  /** who said so */
  host: Host;
}

const ATTRIBUTES = [
  "class",
  "theme",
  "data-theme",
  "data-jp-theme-light",
  "data-jp-theme-name",
  "data-vscode-theme-kind",
];

const DARK = "(prefers-color-scheme: dark)";
const CONTRAST = "(prefers-contrast: more)";

function asks(page: Document, query: string): boolean {
  return page.defaultView?.matchMedia?.(query)?.matches === true;
}

/** What the attributes of <html> and <body> say; null when they say nothing. */
function declared(page: Document): { dark: boolean; contrast: boolean; host: Host } | null {
  const html = page.documentElement;
  const body = page.body;
  const lab = body?.getAttribute("data-jp-theme-light");
  if (lab === "true" || lab === "false") {
    const name = body.getAttribute("data-jp-theme-name") ?? "";
    return { dark: lab === "false", contrast: /high.?contrast/i.test(name), host: "jupyterlab" };
  }
  const has = (name: string) => body?.classList.contains(name) === true;
  const kind = body?.getAttribute("data-vscode-theme-kind") ?? "";
  // order matters: VS Code sets `vscode-high-contrast` on its light high-contrast theme as well
  if (has("vscode-high-contrast-light") || kind === "vscode-high-contrast-light")
    return { dark: false, contrast: true, host: "vscode" };
  if (has("vscode-high-contrast") || kind === "vscode-high-contrast")
    return { dark: true, contrast: true, host: "vscode" };
  if (has("vscode-dark") || kind === "vscode-dark") return { dark: true, contrast: false, host: "vscode" };
  if (has("vscode-light") || kind === "vscode-light") return { dark: false, contrast: false, host: "vscode" };

  const colab = html.getAttribute("theme");
  if (colab === "dark" || colab === "light")
    return { dark: colab === "dark", contrast: false, host: "colab" };

  for (const element of [html, body]) {
    if (!element) continue;
    if (element.classList.contains("dark")) return { dark: true, contrast: false, host: "marimo" };
    if (element.classList.contains("light")) return { dark: false, contrast: false, host: "marimo" };
    const named = element.getAttribute("data-theme");
    if (named) {
      if (/dark/i.test(named)) return { dark: true, contrast: false, host: "page" };
      if (/light/i.test(named)) return { dark: false, contrast: false, host: "page" };
    }
  }
  return null;
}

/** The theme of the host page, whatever the reader chose in the view. */
export function hostTheme(page: Document = document): HostTheme {
  const said = declared(page);
  return {
    dark: said ? said.dark : asks(page, DARK),
    highContrast: (said?.contrast ?? false) || asks(page, CONTRAST),
    host: said?.host ?? "system",
  };
}

/** The theme in effect: the choice made in the view wins, `auto` follows the host page. */
export function resolveTheme(choice: ThemeName, page: Document = document): HostTheme {
  const host = hostTheme(page);
  return choice === "auto" ? host : { ...host, dark: choice === "dark" };
}

/**
 * Calls back with the host's theme each time it has changed; nothing is called at once. Returns a function that stops.
 * The caller sets `data-theme="light|dark"` and, for high contrast, `data-contrast="more"` on `.ls-root`.
 */
export function watchTheme(changed: (theme: HostTheme) => void, page: Document = document): () => void {
  let last = JSON.stringify(hostTheme(page));
  const check = () => {
    const theme = hostTheme(page);
    const key = JSON.stringify(theme);
    if (key === last) return;
    last = key;
    changed(theme);
  };
  const view = page.defaultView;
  const Observer = view?.MutationObserver ?? globalThis.MutationObserver;
  const observer = new Observer(check);
  for (const element of [page.documentElement, page.body])
    if (element) observer.observe(element, { attributes: true, attributeFilter: ATTRIBUTES });
  const queries = [DARK, CONTRAST].map((query) => view?.matchMedia?.(query)).filter((query) => query != null);
  for (const query of queries) query.addEventListener?.("change", check);
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener?.("change", check);
  };
}
