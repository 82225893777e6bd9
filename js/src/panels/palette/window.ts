/** Height of a line in CSS pixels at 100 %; the style sheet says the same. */
export const LINE = 30;
const SPARE = 4;

/** Lines that exist: those in sight and a few more, and always the active one. */
export function windowOf(scroll: number, height: number, n: number, active: number) {
  // the list may have become shorter since it was scrolled
  const top = Math.max(0, Math.min(scroll, n * LINE - height));
  const from = Math.max(0, Math.floor(top / LINE) - SPARE);
  const to = Math.min(n, Math.ceil((top + height) / LINE) + SPARE);
  if (active >= from && active < to) return { from, to };
  const shown = to - from;
  const start = Math.max(0, Math.min(n - shown, active - SPARE));
  return { from: start, to: Math.min(n, start + shown) };
}
