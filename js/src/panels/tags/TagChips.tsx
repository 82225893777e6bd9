/** Tags, or attributes, of the current row: a digit or a click toggles, Shift with the digit refuses. */
import type { Store } from "../../store/types";
import { percent } from "../format";
import { backToView } from "../keys";
import { uiOf } from "../ui";
import { refuseTag, toggleTag } from "./act";
import { type ChipView, digitOf, isSuggestion, type Mark, rowChips } from "./chips";

const SAYS: Record<Mark, (tag: string, share: string) => string> = {
  solid: (tag) => `Take ${tag} away`,
  ghost: (tag, share) => `Add ${tag}, probably missing, ${share}`,
  struck: (tag, share) => `Take ${tag} away, probably wrong, ${share}`,
  dropped: (tag) => `Add ${tag} again; it was given`,
  unknown: (tag) => `Say that ${tag} is there; it is unknown`,
  off: (tag) => `Add ${tag}`,
};

export function TagChip({
  store,
  row,
  view,
  digit,
}: {
  store: Store;
  row: number;
  view: ChipView;
  digit: number;
}) {
  const { tag, mark, share } = view;
  const says = SAYS[mark](tag, share === null ? "" : percent(share));
  const held = mark === "solid" || mark === "struck";
  const glow = store.proposed.value;
  const proposal = glow?.row === row ? glow.proposals.find(({ variable }) => variable === tag) : undefined;
  return (
    <li class={`ls-tag ${mark}${proposal ? " glow" : ""}`} data-tag={tag} data-mark={mark}>
      <button
        type="button"
        class="ls-tag-main"
        title={digit > 0 ? `${says} (${digit})` : says}
        aria-label={says}
        aria-pressed={held}
        aria-keyshortcuts={digit > 0 ? String(digit) : undefined}
        disabled={!store.canDecide.value}
        onClick={() => toggleTag(store, view)}
      >
        {digit > 0 && <kbd>{digit}</kbd>}
        <span class="ls-clip">{tag}</span>
        {mark === "unknown" && <em>?</em>}
        {isSuggestion(view) && share !== null && <em>{percent(share)}</em>}
      </button>
      {isSuggestion(view) && (
        <button
          type="button"
          class="ls-tag-refuse"
          title={`${mark === "ghost" ? `${tag} is not missing` : `${tag} is right`}${digit > 0 ? ` (Shift ${digit})` : ""}`}
          aria-label={mark === "ghost" ? `Refuse: ${tag} is not missing` : `Refuse: ${tag} is right`}
          aria-keyshortcuts={digit > 0 ? `Shift+${digit}` : undefined}
          disabled={!store.canDecide.value}
          onClick={(event) => {
            backToView(event.currentTarget);
            refuseTag(store, view, row);
          }}
        >
          <span aria-hidden="true">{mark === "ghost" ? "✕" : "✓"}</span>
        </button>
      )}
    </li>
  );
}

export function TagChips({ store, row }: { store: Store; row: number }) {
  const { views, first } = rowChips(store, row);
  const sets = store.task.value === "multilabel";
  const loading = store.detail.value?.row !== row;
  const key = sets ? "l" : "t";
  return (
    <section
      class="ls-part ls-tags"
      aria-label={sets ? "Tags of the row" : "Attributes of the row"}
      aria-busy={loading}
    >
      <header class="ls-part-head">
        <h3 class="ls-heading">{sets ? "tags" : "attributes"}</h3>
        <span class="ls-part-acts">
          <button
            type="button"
            class="ls-quiet-btn"
            data-action="tag-box"
            title={`Type a tag to put in or take out (${key})`}
            aria-keyshortcuts={key}
            aria-haspopup="dialog"
            onClick={() => {
              uiOf(store).sheet.value = { kind: "tags" };
            }}
          >
            any of {store.tags.value.length}… <kbd>{key}</kbd>
          </button>
        </span>
      </header>
      <ul class="ls-tag-list">
        {views.map((view, place) => (
          <TagChip key={view.tag} store={store} row={row} view={view} digit={digitOf(place, first)} />
        ))}
        {views.length === 0 && <li class="ls-quiet">{loading ? "…" : "no tags"}</li>}
      </ul>
      {views.some(isSuggestion) && (
        <p class="ls-tag-key ls-quiet">
          <span class="ls-tag ghost" /> probably missing <span class="ls-tag struck" /> probably wrong
          <span class="ls-gap" />
          <span>
            digit accepts, <kbd>Shift</kbd> digit refuses
          </span>
        </p>
      )}
    </section>
  );
}
