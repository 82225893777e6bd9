/** All tags with their counts, most frequent first; the chosen one with a cut a side. In place of the matrix. */
import type { TagCount } from "../../protocol";
import { answerOf, tagColumnName } from "../../store/taskColumns";
import type { Store } from "../../store/types";
import { useCounted } from "../counted";
import { count } from "../format";
import { uiOf } from "../ui";
import { TagCut } from "./TagCut";
import { heights, SHARE_SAYS, tailGroups } from "./tail";

function Spark({ bins, side }: { bins: readonly number[]; side: "missing" | "spurious" }) {
  const path = heights(bins)
    .map((height, k) =>
      height === 0 ? "" : `M${k} 10V${(10 - Math.max(0.8, 10 * height)).toFixed(1)}h.8V10z`,
    )
    .join("");
  return (
    <svg
      class={`ls-spark ${side}`}
      viewBox={`0 0 ${Math.max(1, bins.length)} 10`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

function TagLine({
  store,
  tag,
  chosen,
  stop,
}: {
  store: Store;
  tag: TagCount;
  chosen: boolean;
  stop: boolean;
}) {
  const { given, current, estimated } = tag;
  const more = estimated === null ? null : Math.round(estimated);
  const says = `${tag.tag}: ${count(given)} given, ${count(current)} now${more === null ? "" : `, about ${count(more)} right`}`;
  return (
    <li>
      <button
        type="button"
        class="ls-item ls-tag-line"
        data-tag={tag.tag}
        tabIndex={stop ? 0 : -1}
        aria-pressed={chosen}
        aria-label={says}
        title={`${says}. Bars: how probably it is missing, and wrong.`}
        onClick={() => {
          uiOf(store).tag.value = tag.tag;
        }}
      >
        <span class="ls-clip">{tag.tag}</span>
        <span class="n">{count(current)}</span>
        <span class="est">{more === null ? "" : `~${count(more)}`}</span>
        <Spark bins={tag.missing_histogram} side="missing" />
        <Spark bins={tag.spurious_histogram} side="spurious" />
      </button>
    </li>
  );
}

function walk(event: KeyboardEvent): void {
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  const by = steps[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const list = event.currentTarget as HTMLElement;
  const lines = [...list.querySelectorAll<HTMLElement>(".ls-tag-line")];
  const at = lines.indexOf((event.target as HTMLElement).closest(".ls-tag-line") as HTMLElement);
  const to = lines[Math.max(0, Math.min(lines.length - 1, at + by))];
  to?.focus();
  to?.click();
}

function Acts({ store, tag }: { store: Store; tag: string }) {
  const name = tagColumnName(store.task.value, tag);
  const filter = store.filters.value.column[name];
  const on = filter !== undefined;
  const colored = store.colorBy.value === `column:${name}`;
  return (
    <span class="ls-part-acts">
      <button
        type="button"
        class={`ls-chip${on ? " on" : ""}`}
        data-action="filter-tag"
        aria-pressed={on}
        title={on ? "Show all rows again" : `Show only rows with ${tag}`}
        onClick={() => store.filterColumn(name, on ? null : new Set([answerOf(1)]))}
      >
        show rows
      </button>
      <button
        type="button"
        class={`ls-chip${colored ? " on" : ""}`}
        data-action="color-tag"
        aria-pressed={colored}
        title={`Color the map by ${tag}`}
        onClick={() => {
          store.colorBy.value = colored ? "suspicion" : `column:${name}`;
        }}
      >
        color
      </button>
    </span>
  );
}

export function TagPanel({ store }: { store: Store }) {
  const counts = useCounted(store, (one) => one.tagCounts()).value ?? [];
  const groups = tailGroups(counts);
  const ui = uiOf(store);
  const first = groups[0]?.tags[0]?.tag ?? null;
  const chosen = counts.find(({ tag }) => tag === ui.tag.value) ?? counts.find(({ tag }) => tag === first);
  return (
    <section class="ls-strip-part ls-tagpanel" aria-label="All tags">
      <div class="ls-tagpanel-list">
        <header>
          <h3 class="ls-heading">tags · now · estimated</h3>
          <span class="ls-gap" />
          <span class="ls-spark-key" aria-hidden="true">
            <i class="missing" /> missing <i class="spurious" /> wrong
          </span>
        </header>
        <ul class="ls-scroll" aria-label="Tags by frequency" onKeyDown={walk}>
          {groups.map(({ share, tags }) => [
            <li key={share} class="ls-tail" title={SHARE_SAYS[share]}>
              {share} <span>{SHARE_SAYS[share]}</span>
            </li>,
            ...tags.map((tag) => (
              <TagLine key={tag.tag} store={store} tag={tag} chosen={tag === chosen} stop={tag === chosen} />
            )),
          ])}
          {counts.length === 0 && (
            <li class="ls-quiet">
              {store.connection.value === "live" ? "counting…" : "Counts of tags need the kernel."}
            </li>
          )}
        </ul>
      </div>
      {chosen && (
        <div class="ls-tagpanel-cuts">
          <header>
            <h3 class="ls-tag-title ls-clip" title={chosen.tag}>
              {chosen.tag}
            </h3>
            <span class="ls-gap" />
            <Acts store={store} tag={chosen.tag} />
          </header>
          <TagCut key={`m${chosen.tag}`} store={store} tag={chosen} side="missing" />
          <TagCut key={`s${chosen.tag}`} store={store} tag={chosen} side="spurious" />
        </div>
      )}
    </section>
  );
}
