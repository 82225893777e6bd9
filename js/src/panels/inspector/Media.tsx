/** The media of the current row, large. Text stays text: nothing here is parsed as markup. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Card } from "../../protocol";
import type { Store } from "../../store/types";

/** Enough for a photo to be judged, small enough to come at once; the player of the gallery asks for the same. */
const LARGE = 512;

export interface Loaded {
  url: string | null;
  failed: string | null;
}

/** The object URL of the large media; follows the row, forgets answers that come too late. */
function useMedia(store: Store, row: number, wanted: boolean): Loaded {
  const loaded = useSignal<Loaded & { row: number }>({ row, url: null, failed: null });
  useEffect(() => {
    if (!wanted) return;
    let late = false;
    store.media(row, LARGE).then(
      ({ url }) => {
        if (!late) loaded.value = { row, url, failed: null };
      },
      (error: unknown) => {
        if (!late)
          loaded.value = { row, url: null, failed: error instanceof Error ? error.message : String(error) };
      },
    );
    return () => {
      late = true;
    };
  }, [store, row, wanted]);
  return loaded.value.row === row ? loaded.value : { url: null, failed: null };
}

export function Picture({ store, row, card }: { store: Store; row: number; card: Card | null }) {
  const wide = useSignal(false);
  const { url, failed } = useMedia(store, row, card?.broken !== true);
  const thumb = store.card(row, 128).value?.url ?? null;
  const source = url ?? thumb;
  const broken = card?.broken || (failed !== null && source === null);
  if (broken) return <Broken what="picture" reason={failed} />;
  return (
    <button
      type="button"
      class={`ls-media picture${wide.value ? " wide" : ""}`}
      title={wide.value ? "Make smaller" : "Make larger"}
      aria-label={`Picture of row ${row}${card?.caption ? `: ${card.caption}` : ""}`}
      aria-pressed={wide.value}
      onClick={() => {
        wide.value = !wide.value;
      }}
    >
      {source && <img src={source} alt="" draggable={false} />}
    </button>
  );
}

export function Broken({ what, reason }: { what: string; reason: string | null }) {
  return (
    <div class="ls-media broken" title={reason ?? undefined}>
      <span>
        This {what} cannot be read{reason ? `: ${reason}` : "."}
      </span>
    </div>
  );
}

/** The words of a query, as the search reads them: apart, or in quotes together. */
function wordsOf(query: string): string[] {
  const text = query.trim().toLowerCase();
  if (/^".+"$/.test(text)) return [text.slice(1, -1)];
  return text.split(/\s+/).filter(Boolean);
}

/** Splits a text at the words searched for, ignoring case, so that they can be marked. */
export function splitAt(text: string, query: string): { text: string; hit: boolean }[] {
  const lower = text.toLowerCase();
  const found = wordsOf(query);
  // a few letters change their length in lower case; positions would be wrong then
  if (found.length === 0 || lower.length !== text.length) return [{ text, hit: false }];
  const hits: [from: number, to: number][] = [];
  for (const word of found)
    for (let k = lower.indexOf(word); k >= 0; k = lower.indexOf(word, k + word.length))
      hits.push([k, k + word.length]);
  hits.sort((p, q) => p[0] - q[0]);
  const parts: { text: string; hit: boolean }[] = [];
  let at = 0;
  for (const [from, to] of hits) {
    if (from < at) continue;
    if (from > at) parts.push({ text: text.slice(at, from), hit: false });
    parts.push({ text: text.slice(from, to), hit: true });
    at = to;
  }
  if (at < text.length) parts.push({ text: text.slice(at), hit: false });
  return parts;
}

export function Text({ store, card }: { store: Store; card: Card }) {
  const parts = splitAt(card.text ?? card.caption, store.filters.value.search?.query ?? "");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a text that scrolls must be reachable by keyboard
    <p class="ls-media text" tabIndex={0} dir="auto">
      {parts.map((part, k) =>
        part.hit ? <mark key={`${k}m`}>{part.text}</mark> : <span key={`${k}s`}>{part.text}</span>,
      )}
    </p>
  );
}

/** What is heard as a picture: time to the right, pitch upward. Asked for when the row rests; nothing waits for it. */
function Spectrogram({ store, row }: { store: Store; row: number }) {
  const shown = useSignal<{ row: number; url: string } | null>(null);
  const live = store.connection.value === "live";
  useEffect(() => {
    if (!live) return;
    let late = false;
    const timer = setTimeout(async () => {
      const found = await store.spectrogram(row, 580, 120);
      if (!late && found) shown.value = { row, url: found.url };
    }, 120);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [store, row, live]);
  const url = shown.value?.row === row ? shown.value.url : null;
  return (
    <div class="ls-spectrogram">
      {url && (
        <img src={url} alt={`Spectrogram of row ${row}: time to the right, pitch upward`} draggable={false} />
      )}
    </div>
  );
}

export function Sound({ store, row, card }: { store: Store; row: number; card: Card | null }) {
  const { url, failed } = useMedia(store, row, card?.broken !== true);
  if (card?.broken || failed) return <Broken what="sound" reason={failed} />;
  if (url === "") return <Broken what="sound" reason="this browser does not know its format" />;
  const wave = card?.wave ?? [];
  return (
    <div class="ls-media sound">
      {wave.length > 0 && (
        <svg viewBox={`0 0 ${wave.length * 3} 64`} preserveAspectRatio="none" aria-hidden="true">
          {wave.map((value, k) => {
            const height = Math.max(2, (value / 255) * 62);
            return <rect key={k} x={k * 3} y={32 - height / 2} width={2} height={height} rx={1} />;
          })}
        </svg>
      )}
      <Spectrogram store={store} row={row} />
      {/* biome-ignore lint/a11y/useMediaCaption: the data are sounds to be labelled, there are no captions */}
      <audio controls preload="metadata" src={url ?? undefined} aria-label={`Sound of row ${row}`} />
    </div>
  );
}

export function Record({ card }: { card: Card }) {
  if (!card.record?.length) return null;
  return (
    <dl class="ls-media record" tabIndex={0}>
      {card.record.map(([name, value], k) => (
        <div key={`${k}${name}`}>
          <dt title={name}>{name}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
