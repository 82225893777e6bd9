/** Numbers as people type and read them. */

export type Parsed = { value: number } | { problem: string };

/** A number as typed: a comma may stand for the point where it cannot mean thousands. */
export function parseNumber(typed: string): Parsed {
  const text = typed
    .trim()
    .replace(/^[−–]/, "-")
    .replaceAll(/[\s_\u202f\u00a0]/g, "");
  if (text === "") return { problem: "Type a number." };
  let plain = text;
  if (/^[+-]?\d*,\d+$/.test(text)) {
    if (/^[+-]?[1-9]\d{0,2},\d{3}$/.test(text))
      return {
        problem: `“${text}” could be ${text.replace(",", "")} or ${text.replace(",", ".")}: write it so.`,
      };
    plain = text.replace(",", ".");
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain))
    return { problem: `“${typed.trim()}” is not a number.` };
  const value = Number(plain);
  return Number.isFinite(value) ? { value } : { problem: "That is too large." };
}

/** At most six digits; very large and very small ones with a power of ten. */
export function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(3).replace("e+", "e");
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

/** What the field is filled with: nothing is rounded away. */
export function fieldText(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
}
