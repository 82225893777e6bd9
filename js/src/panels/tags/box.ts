/** Which tags fit what was typed in the tag box. Only tags that there are: nothing else can be given. */
import type { Tree } from "../../protocol";
import { matches } from "../palette/match";

export interface Typed {
  /** a minus in front takes tags out */
  out: boolean;
  text: string;
}

export function readTyped(typed: string): Typed {
  const trimmed = typed.trimStart();
  return /^[-−]/.test(trimmed)
    ? { out: true, text: trimmed.slice(1).trimStart() }
    : { out: false, text: typed };
}

/** Best first: whole name, its beginning, the beginning of a word; the tags of the row come first of equals. */
export function fitting(
  tags: readonly string[],
  text: string,
  likely: readonly string[] = [],
  tree?: Tree,
): string[] {
  const first = likely.map((tag) => tags.indexOf(tag)).filter((column) => column >= 0);
  return matches(tags, first, text, new Set(), tree).map(({ name }) => name);
}

/** Why nothing is given, in words. */
export function refusal(tags: readonly string[], text: string): string {
  return `“${text.trim()}” is not among the ${tags.length.toLocaleString("en-US")} tags.`;
}
