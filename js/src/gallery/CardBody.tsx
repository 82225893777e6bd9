/** What a card shows of its row, by media. Everything is text or an object URL of a picture; never markup. */

import { PlayButton } from "../media/PlayButton";
import { Wave } from "../media/Wave";
import type { Card } from "../protocol";
import type { ShownCard, Store } from "../store/types";
import { marked } from "./highlight";

const VALUES = 3;

function Broken({ what }: { what: string }) {
  return (
    <span class="ls-card-broken" title="This row's media cannot be read">
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <path
          d="M2.5 3.5h13v11h-13zM2.5 12l4-4 3 3 2-2 4 4M15.5 2.5l-13 13"
          fill="none"
          stroke="currentColor"
          stroke-width="1.3"
          stroke-linejoin="round"
        />
      </svg>
      <span>{what}</span>
    </span>
  );
}

function Words({ text, query }: { text: string; query: string }) {
  return (
    <p class="ls-card-text" dir="auto">
      {marked(text, query).map(([part, hit], i) => (hit ? <mark key={i}>{part}</mark> : part))}
    </p>
  );
}

function Values({ card, query }: { card: Card; query: string }) {
  const record = card.record ?? [];
  const hits =
    query === "" ? [] : record.filter(([, value]) => value.toLowerCase().includes(query.toLowerCase()));
  const shown = [...new Set([...hits, ...record])].slice(0, VALUES);
  return (
    <dl class="ls-card-values">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{marked(value, query).map(([part, hit], i) => (hit ? <mark key={i}>{part}</mark> : part))}</dd>
        </div>
      ))}
      {record.length > VALUES && <span class="ls-card-more">+ {record.length - VALUES}</span>}
    </dl>
  );
}

/** The first value that goes with a picture or a sound, in one line. */
function Beside({ card, query }: { card: Card; query: string }) {
  const value = card.record?.find(([, one]) => one !== "")?.[1];
  if (value === undefined) return null;
  return (
    <span class="ls-card-beside" title={value} dir="auto">
      {marked(value, query).map(([part, hit], i) => (hit ? <mark key={i}>{part}</mark> : part))}
    </span>
  );
}

export function CardBody({ store, row, shown }: { store: Store; row: number; shown: ShownCard | null }) {
  const kind = store.meta.value.media;
  if (shown === null) return <span class={`ls-card-media ls-skeleton ${kind}`} />;
  const { card, url, loading } = shown;
  if (card.broken) return <Broken what={kind === "image" ? "no picture" : `unreadable ${kind}`} />;
  const query = store.filters.value.search?.query ?? "";
  switch (kind) {
    case "image":
      if (url !== null)
        return (
          <>
            <img class="ls-card-media" src={url} alt="" draggable={false} decoding="async" />
            <Beside card={card} query={query} />
          </>
        );
      if (loading && store.connection.value !== "offline") return <span class="ls-card-media ls-skeleton" />;
      return <span class="ls-card-media ls-card-caption">{card.caption || `row ${row}`}</span>;
    case "audio":
      return (
        <span class="ls-card-audio">
          <PlayButton store={store} row={row} />
          <Wave values={card.wave ?? []} row={row} />
          {card.duration !== undefined && <small>{card.duration.toFixed(1)} s</small>}
          <Beside card={card} query={query} />
        </span>
      );
    case "text":
      return <Words text={card.text ?? card.caption} query={query} />;
    default:
      return <Values card={card} query={query} />;
  }
}
