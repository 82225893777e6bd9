/** Which labels fit what was typed, best first; and what a new label would be. */
import type { LabelValue } from "../../protocol";

export interface Option {
  /** code of a class; null for a class that does not exist yet */
  code: number | null;
  name: string;
  /** digit that picks it, or 0 */
  digit: number;
  /** value of the new class */
  value?: LabelValue;
}

/** How well a name fits: the smaller the better, -1 when it does not. */
function rank(name: string, query: string): number {
  if (name === query) return 0;
  if (name.startsWith(query)) return 1;
  const at = name.indexOf(query);
  if (at > 0) return /[\s_\-/.,:]/.test(name[at - 1]!) ? 2 : 3;
  let k = 0;
  for (const letter of name) if (letter === query[k]) k++;
  return k === query.length ? 4 : -1;
}

/** Nothing typed: the candidates with their digits, then the other classes. Else what fits, best first. */
export function matches(names: readonly string[], keyCodes: readonly number[], typed: string): Option[] {
  const query = typed.trim().toLowerCase();
  const digitOf = new Map(keyCodes.map((code, k) => [code, k + 1]));
  const option = (code: number): Option => ({
    code,
    name: names[code] ?? `class ${code}`,
    digit: digitOf.get(code) ?? 0,
  });
  if (!query) {
    const rest = names.map((_, code) => code).filter((code) => !digitOf.has(code));
    return [...keyCodes, ...rest].map(option);
  }
  const exact = typed.trim();
  const found: { code: number; fit: number }[] = [];
  names.forEach((name, code) => {
    const fit = rank(name.toLowerCase(), query);
    // Classes may differ in case only: the one typed to the letter comes first.
    if (fit >= 0) found.push({ code, fit: name === exact ? -1 : fit });
  });
  const place = (code: number) => digitOf.get(code) ?? 10 + code;
  found.sort((p, q) => p.fit - q.fit || place(p.code) - place(q.code));
  return found.map(({ code }) => option(code));
}

/** The value that a new class of this name has, in the kind of the classes that exist; or why there can be none. */
export function newClass(
  classes: readonly LabelValue[],
  names: readonly string[],
  typed: string,
): { value: LabelValue } | { problem: string } | null {
  const text = typed.trim();
  if (!text || names.includes(text)) return null;
  const kinds = new Set(classes.filter((value) => value !== null).map((value) => typeof value));
  if (kinds.size === 1 && kinds.has("boolean")) return { problem: "The labels are true or false." };
  if (kinds.size !== 1 || !kinds.has("number")) return { value: text };
  const whole = classes.every((value) => value === null || Number.isInteger(value));
  const value = Number(text);
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value)))
    return { problem: `The labels are ${whole ? "whole " : ""}numbers; “${text}” is none.` };
  return classes.includes(value) ? null : { value };
}
