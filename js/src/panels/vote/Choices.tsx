/** What votes are given with: answers as buttons that name their keys, and a label with rows that surely are of it. */
import type { LabelValue } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";

interface ChoicesProps {
  store: Store;
  label: string;
  list: readonly (readonly [value: string, text: string])[];
  chosen: string | null | undefined;
  /** key of the first one; 0: none has a key */
  first?: number;
  pick: (place: number) => void;
}

export function Choices({ store, label, list, chosen, first = 1, pick }: ChoicesProps) {
  return (
    <fieldset class="ls-votes" aria-label={label}>
      {list.map(([value, text], k) => (
        <button
          key={value}
          type="button"
          class={`ls-btn ${chosen === value ? "on" : "line"}`}
          data-vote={value}
          aria-pressed={chosen === value}
          aria-keyshortcuts={first > 0 ? String(first + k) : undefined}
          disabled={!store.canDecide.value || store.mistakes.sending.value}
          onClick={() => pick(k)}
        >
          <span class="ls-clip">{text}</span> {first > 0 && <kbd>{first + k}</kbd>}
        </button>
      ))}
    </fieldset>
  );
}

/** A label, and rows that surely are of it. */
export function Examples({
  store,
  label,
  rows,
  says,
}: {
  store: Store;
  label: LabelValue;
  rows: readonly number[];
  /** what the label is of the row */
  says?: string;
}) {
  const picture = store.meta.value.media === "image";
  const code = store.classes.value.indexOf(label);
  const name = store.wordsOf(label);
  return (
    <div class="ls-examples-line">
      <div>
        {says && <span class="ls-says">{says}</span>}{" "}
        {code >= 0 ? <ClassName store={store} code={code} strong /> : <b>{name}</b>}
      </div>
      <ul class={`ls-examples${picture ? "" : " list"}`} aria-label={`Sure examples of ${name}`}>
        {rows.slice(0, picture ? 6 : 2).map((row) => {
          const shown = store.card(row, 64).value;
          const caption = shown?.card.text ?? shown?.card.caption ?? "";
          return (
            <li key={row} class="ls-example" title={caption || `row ${row}`}>
              {shown?.url ? (
                <img src={shown.url} alt={`row ${row}`} draggable={false} />
              ) : (
                <span>{caption || row}</span>
              )}
            </li>
          );
        })}
        {rows.length === 0 && <li class="ls-quiet">no sure example</li>}
      </ul>
    </div>
  );
}
