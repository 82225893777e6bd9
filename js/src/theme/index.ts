import base from "./base.css";
import tokens from "./tokens.css";

/** Tokens first, then the few shared pieces (buttons, keys, chips, inputs, focus ring, scrollbars). */
export const css: string = tokens + base;

export { type Host, type HostTheme, hostTheme, resolveTheme, watchTheme } from "./resolve";
