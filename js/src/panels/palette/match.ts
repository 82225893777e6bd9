/** Which labels fit what was typed, best first; and what a new label would be. */
import type { LabelValue, Tree } from "../../protocol";
import type { Store } from "../../store/types";
import { outline, pathTo, sizeOf, steps } from "./taxonomy";

export interface Option {
  /** code of a class; null for a class that does not exist yet */
  code: number | null;
  name: string;
  /** digit that picks it, or 0 */
  digit: number;
  /** the model is sure that the row is not of this class */
  unlikely?: boolean;
  /** how far it is indented in the list of a taxonomy */
  depth?: number;
  /** value of the new class */
  value?: LabelValue;
}

/** Between the levels of a taxonomy in class names. */
const LEVEL = /\s+\/\s+|\s*>\s*/;
/** While typing a level may be ended by a sign alone. */
const TYPED_LEVEL = /\s*[/>]\s*/;

interface Known {
  lower: string;
  /** levels of a taxonomy; empty where the name has one level */
  path: string[];
}

const known = new WeakMap<readonly string[], Known[]>();

/** Names are read once: with 10,000 classes a key must not wait for it. */
function knownOf(names: readonly string[], tree?: Tree): Known[] {
  let found = known.get(names);
  if (found === undefined) {
    const n = tree ? sizeOf(tree) : 0;
    found = names.map((name, code) => {
      const lower = name.toLowerCase();
      const above =
        code < n ? pathTo(tree!, code).map((at) => names[at < n ? at : -1] ?? tree!.upper[at - n]!) : [];
      const path =
        above.length > 1 ? above.map((up) => up.toLowerCase()) : LEVEL.test(lower) ? lower.split(LEVEL) : [];
      return { lower, path };
    });
    known.set(names, found);
  }
  return found;
}

function letters(name: string, query: string): boolean {
  let k = 0;
  for (let i = 0; i < name.length && k < query.length; i++) if (name[i] === query[k]) k += 1;
  return k === query.length;
}

/** Steps from one class to another over the levels that they share; null where names have no levels. */
export function distance(from: string, to: string): number | null {
  const [a, b] = [from.split(LEVEL), to.split(LEVEL)];
  if (a.length < 2 && b.length < 2) return null;
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared += 1;
  return a.length + b.length - 2 * shared;
}

/** Steps between two classes: by the taxonomy where there is one, else by the levels of their names. */
export function stepsOf(store: Store, from: number, to: number): number | null {
  const tree = store.meta.value.taxonomy;
  const names = store.classNames.value;
  const [a, b] = [names[from], names[to]];
  if (a === undefined || b === undefined) return null;
  return tree && store.task.value === "classification" ? steps(tree, from, to) : distance(a, b);
}

export const stepsText = (n: number): string => (n === 1 ? "1 step" : `${n} steps`);

/** "veh/ca" fits "vehicle / car": each typed level starts a level of the path, in order, the last one in the rest. */
function fitsPath(path: readonly string[], typed: readonly string[]): boolean {
  let at = 0;
  for (const part of typed) {
    while (at < path.length && !path[at]!.startsWith(part)) at += 1;
    if (at === path.length) return false;
    at += 1;
  }
  return true;
}

/** How well a name fits: the smaller the better, -1 when it does not. */
function rank({ lower, path }: Known, query: string, levels: readonly string[]): number {
  if (lower === query) return 0;
  if (path.length > 0) {
    const leaf = path.at(-1)!;
    if (leaf === query) return 1;
    if (levels.length > 1) return fitsPath(path, levels) ? 2 : -1;
    if (leaf.startsWith(query)) return 2;
  }
  if (lower.startsWith(query)) return 3;
  const at = lower.indexOf(query);
  if (at > 0) return /[\s_\-/.,:>]/.test(lower[at - 1]!) ? 4 : 5;
  return letters(lower, query) ? 6 : -1;
}

/**
 * Nothing typed: the candidates with their digits, then the other classes, those that the row surely is not at the end.
 * Else what fits, best first.
 */
export function matches(
  names: readonly string[],
  keyCodes: readonly number[],
  typed: string,
  unlikely: ReadonlySet<number> = new Set(),
  tree?: Tree,
): Option[] {
  const query = typed.trim().toLowerCase();
  const digitOf = new Map(keyCodes.map((code, k) => [code, k + 1]));
  const option = (code: number): Option => ({
    code,
    name: names[code] ?? `class ${code}`,
    digit: digitOf.get(code) ?? 0,
    ...(unlikely.has(code) ? { unlikely: true } : {}),
  });
  if (!query) {
    const depths = new Map(tree ? outline(tree) : []);
    const codes = new Set([...depths.keys(), ...names.keys()]);
    const rest = [...codes].filter((code) => code < names.length && !digitOf.has(code));
    return [
      ...keyCodes.map(option),
      ...rest
        .filter((code) => !unlikely.has(code))
        .map((code) => ({ ...option(code), ...(depths.get(code) ? { depth: depths.get(code)! } : {}) })),
      ...rest.filter((code) => unlikely.has(code)).map(option),
    ];
  }
  const exact = typed.trim();
  const levels = query.split(TYPED_LEVEL).filter(Boolean);
  const found: { code: number; fit: number }[] = [];
  knownOf(names, tree).forEach((name, code) => {
    const fit = rank(name, query, levels);
    // Classes may differ in case only: the one typed to the letter comes first.
    if (fit >= 0) found.push({ code, fit: names[code] === exact ? -1 : fit });
  });
  const place = (code: number) => digitOf.get(code) ?? 10 + code;
  found.sort((p, q) => p.fit - q.fit || place(p.code) - place(q.code));
  return found.map(({ code }) => option(code));
}

/**
 * What Tab makes of the typed text: as far as all names that start so agree, but not beyond one level of a taxonomy.
 * The text itself when there is nothing to add.
 */
export function completed(names: readonly string[], typed: string): string {
  const query = typed.trimStart().toLowerCase();
  if (!query) return typed;
  const lowered = knownOf(names);
  let common: string | null = null;
  for (let code = 0; code < names.length; code++) {
    if (!lowered[code]!.lower.startsWith(query)) continue;
    const name = names[code]!;
    if (common === null) common = name;
    else {
      let k = 0;
      while (k < common.length && common[k]!.toLowerCase() === name[k]?.toLowerCase()) k += 1;
      common = common.slice(0, k);
    }
  }
  if (common === null || common.length < query.length) return typed;
  const next = LEVEL.exec(common.slice(query.length));
  const end = next ? query.length + next.index + next[0].length : common.length;
  return common.slice(0, end);
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
