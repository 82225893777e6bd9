/** Text in parts, those that match the search marked; shortened so that the first match is in view. */

const LEAD = 24;
const MOST = 400;

function wordsOf(query: string): string[] {
  const text = query.trim().toLowerCase();
  if (text.length > 2 && text.startsWith('"') && text.endsWith('"')) return [text.slice(1, -1)];
  return text.split(/\s+/).filter((word) => word !== "");
}

export function marked(text: string, query: string): [part: string, hit: boolean][] {
  const words = wordsOf(query);
  let shown = text.length > MOST && words.length === 0 ? text.slice(0, MOST) : text;
  if (words.length === 0) return [[shown, false]];
  const lower = shown.toLowerCase();
  // Lower case can be longer than the text (İ): then places do not fit, and nothing is marked.
  if (lower.length !== shown.length) return [[shown.slice(0, MOST), false]];
  const hits: [number, number][] = [];
  for (const word of words)
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length))
      hits.push([at, at + word.length]);
  hits.sort((a, b) => a[0] - b[0]);
  const first = hits[0]?.[0] ?? 0;
  const skip = first > 2 * LEAD ? first - LEAD : 0;
  shown = shown.slice(0, skip + MOST);
  const parts: [string, boolean][] = [];
  let at = skip;
  if (skip > 0) parts.push(["…", false]);
  for (const [from, to] of hits) {
    if (from < at || from >= shown.length) continue;
    if (from > at) parts.push([shown.slice(at, from), false]);
    parts.push([shown.slice(from, to), true]);
    at = to;
  }
  if (at < shown.length) parts.push([shown.slice(at), false]);
  return parts;
}
