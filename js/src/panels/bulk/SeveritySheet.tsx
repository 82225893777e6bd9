import { useSignal } from "@preact/signals";
import type { Tags } from "../../protocol";
import type { Store } from "../../store/types";
import { Dialog } from "../Dialog";
import { rows } from "../format";
import { uiOf } from "../ui";

export const SEVERITIES: { key: string; value: NonNullable<Tags["severity"]>; says: string }[] = [
  { key: "1", value: "major", says: "plainly wrong: it misleads a model" },
  { key: "2", value: "minor", says: "wrong, but near what is right" },
  { key: "3", value: "borderline", says: "people would disagree" },
];

/** How bad the error is: one key, and a word of one's own if one likes. */
export function SeveritySheet({ store }: { store: Store }) {
  const targets = store.targets();
  const detail = store.detail.value;
  const tags = targets.length === 1 && detail?.row === targets[0] ? detail.tags : undefined;
  const word = useSignal(typeof tags?.category === "string" ? tags.category : "");
  const close = (): void => {
    uiOf(store).sheet.value = null;
  };
  const give = (given: Tags): void => {
    store.tag(given, targets);
    close();
  };
  return (
    <Dialog
      title={
        targets.length === 1 ? `How bad is row ${targets[0]}?` : `How bad are these ${rows(targets.length)}?`
      }
      class="ls-severity"
      toggle="s"
      first={tags?.severity ? "[aria-pressed=true]" : "[data-severity]"}
      onClose={close}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the digits of the buttons below */}
      <div
        class="ls-sheet-body"
        onKeyDown={(event) => {
          if ((event.target as HTMLElement).matches("input")) return;
          const found = SEVERITIES.find(({ key }) => key === event.key);
          if (found) give({ severity: found.value });
          else if (event.key === "0") give({ severity: null });
          else return;
          event.preventDefault();
        }}
      >
        <div class="ls-lines">
          {SEVERITIES.map(({ key, value, says }) => (
            <button
              key={value}
              type="button"
              class="ls-item ls-line"
              data-severity={value}
              aria-pressed={tags?.severity === value}
              onClick={() => give({ severity: value })}
            >
              <kbd>{key}</kbd>
              <b>{value}</b>
              <span class="ls-quiet">{says}</span>
            </button>
          ))}
          {tags?.severity && (
            <button type="button" class="ls-item ls-line" onClick={() => give({ severity: null })}>
              <kbd>0</kbd> <span>take it back</span>
            </button>
          )}
        </div>
        <form
          class="ls-word"
          onSubmit={(event) => {
            event.preventDefault();
            give({ category: word.peek().trim() || null });
          }}
        >
          <input
            class="ls-input"
            aria-label="Kind of error, in a word"
            placeholder="kind of error, in a word…"
            maxLength={60}
            value={word.value}
            onKeyDown={(event) => {
              if (event.key === "s") event.stopPropagation();
            }}
            onInput={(event) => {
              word.value = event.currentTarget.value;
            }}
          />
          <button type="submit" class="ls-btn line">
            Save
          </button>
        </form>
      </div>
    </Dialog>
  );
}
