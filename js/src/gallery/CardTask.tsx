/** What a card shows in place of a class: chips of tags, or the target and what it should be. */
import { likely } from "../panels/format";
import { chipViews } from "../panels/tags/chips";
import { numberText } from "../panels/target/number";
import type { Card, Held, TagChip } from "../protocol";
import { type Store, UNLABELLED } from "../store/types";

/** Letters of two attributes that fit on a card. */
const SHORT = 10;

/** What the suggestion of the row is, as far as it may be shown and is a set that there is. */
function suggestedSet(store: Store, row: number): ReadonlySet<string> | null {
  const code = store.suggestedOf(row);
  return code === UNLABELLED ? null : store.tagsIn(store.classes.value[code] ?? null);
}

function Chips({ store, row, card }: { store: Store; row: number; card: Card | null }) {
  const held = store.tagsOf(row);
  const names = store.tags.value;
  const now = (tag: string) => held[names.indexOf(tag)] as Held | undefined;
  const known = new Set((card?.chips ?? []).map(({ tag }) => tag));
  const chips = [
    ...(card?.chips ?? []),
    ...names
      .filter((tag, column) => held[column] === 1 && !known.has(tag))
      .map((tag) => ({
        tag,
        given: 0 as Held,
        current: 1 as Held,
        probability: null,
        missing: 0,
        spurious: 0,
      })),
  ];
  const views = chipViews(chips, suggestedSet(store, row), now).filter(
    ({ mark }) => mark !== "off" && mark !== "unknown",
  );
  const title = views
    .map(({ tag, mark }) => (mark === "solid" ? tag : `${tag} (${WORDS[mark] ?? mark})`))
    .join(", ");
  return (
    <span class="ls-card-labels ls-card-tags" title={title}>
      {views.length === 0 && <span class="ls-quiet">no tags</span>}
      {views.map(({ tag, mark, share }) => (
        <span key={tag} class={`ls-tag ${mark}`}>
          <span class="ls-clip">{tag}</span>
          {mark === "ghost" && share !== null && views.length < 3 && <em>{Math.round(100 * share)} %</em>}
        </span>
      ))}
    </span>
  );
}

const WORDS: Record<string, string> = {
  ghost: "probably missing",
  struck: "probably wrong",
  dropped: "taken away",
};

function Numbers({ store, row, card }: { store: Store; row: number; card: Card | null }) {
  const { given, current, suspicion, state } = store.table.value;
  const numberOf = (code: number): number | null => {
    const value = store.classes.value[code];
    return typeof value === "number" ? value : null;
  };
  const from = numberOf(given[row]!);
  const now = numberOf(current[row]!);
  const decided = state[row] === 1 || state[row] === 2;
  const to = decided ? now : (card?.suggested_value ?? null);
  const differs = to !== null && to !== from;
  return (
    <span
      class="ls-card-labels"
      title={differs ? `${numberText(from)} → ${numberText(to)}` : numberText(from)}
    >
      <span class={`ls-card-label${differs ? " old" : " strong"}`}>
        <span class="ls-clip">{numberText(from)}</span>
      </span>
      {differs && (
        <>
          <span class="ls-card-arrow">→</span>
          <span class="ls-card-label strong">
            <span class="ls-clip">{numberText(Number(to.toPrecision(5)))}</span>
          </span>
        </>
      )}
      {store.meta.value.hasProbability && store.veiled(row) === "none" && (
        <span class="ls-card-share">{likely(suspicion[row]!)}</span>
      )}
    </span>
  );
}

/** Attributes that are probably wrong, beside the class. */
export function Doubts({ store, row, chips }: { store: Store; row: number; chips: readonly TagChip[] }) {
  const held = store.tagsOf(row);
  const names = store.tags.value;
  const views = chipViews(chips, null, (tag) => held[names.indexOf(tag)] as Held | undefined);
  const doubted = views.filter(({ mark }) => mark === "ghost" || mark === "struck");
  // Beside two class names there is room for one name, or for two short ones.
  const short = doubted.length === 2 && doubted[0]!.tag.length + doubted[1]!.tag.length <= SHORT;
  const first = short ? doubted : doubted.slice(0, 1);
  return (
    <span class="ls-card-doubts">
      {first.map(({ tag, mark }) => (
        <span key={tag} class={`ls-tag ${mark}`} title={`${tag} (${WORDS[mark]})`}>
          <span class="ls-clip">{tag}</span>
        </span>
      ))}
      {doubted.length > first.length && <small>+{doubted.length - first.length}</small>}
    </span>
  );
}

/** Null where a card shows classes. */
export function CardTask({ store, row, card }: { store: Store; row: number; card: Card | null }) {
  if (store.task.value === "multilabel") return <Chips store={store} row={row} card={card} />;
  if (store.task.value === "regression") return <Numbers store={store} row={row} card={card} />;
  return null;
}
