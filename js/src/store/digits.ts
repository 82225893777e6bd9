/** Which labels the digit keys mean. */
import type { Core } from "./core";

const DIGITS = 9;
/** Beside attributes, which have the digits from 6 on. */
export const CLASS_DIGITS = 5;

/**
 * Candidates of the current row first, then classes by order. Empty while the candidates are on their way: a digit
 * must never mean one label now and another a moment later.
 */
export function digitCodes(core: Core): number[] {
  const row = core.current.value;
  const { task } = core.meta.value;
  // There the digits are for tags, and numbers are typed.
  if (task === "multilabel" || task === "regression") return [];
  const most = task === "concepts" ? CLASS_DIGITS : DIGITS;
  const detail = core.detail.value;
  const codes = new Set<number>();
  const last = core.classes.value.length;
  // Candidates would tell what the reviewer is to find out.
  const veiled = row !== null && core.sight.veiled(row) !== "none";
  if (!veiled && detail !== null && detail.row === row) {
    for (const { code } of Array.isArray(detail.candidates) ? detail.candidates : [])
      if (code >= 0 && code < last) codes.add(code);
  } else if (!veiled && row !== null && core.connection.value !== "offline") return [];
  for (let code = 0; code < last && codes.size < most; code++) codes.add(code);
  return [...codes].slice(0, most);
}
