import { useComputed } from "@preact/signals";
import type { Store } from "../../store/types";
import { Answered } from "../Controls";
import { count as fewer, nameOf, rows } from "../format";
import { acceptTags } from "../tags/act";
import { changesText, rowChips } from "../tags/chips";
import { numberText } from "../target/number";
import { Staying } from "./Staying";
import { acceptable, isHidden, rowsOf } from "./selection";

interface Props {
  action: "accept" | "keep" | "unsure" | "exclude";
  text: string;
  hint: string;
  keyName: string;
  shortcut: string;
  strong?: boolean;
  disabled: boolean;
  run: () => void;
}

function Action(props: Props) {
  return (
    <button
      type="button"
      class={`ls-btn ${props.strong ? "strong" : "line"}`}
      data-action={props.action}
      title={`${props.hint} (${props.shortcut})`}
      aria-keyshortcuts={props.shortcut}
      disabled={props.disabled}
      onClick={props.run}
    >
      <span class="ls-clip">{props.text}</span>
      <kbd>{props.keyName}</kbd>
    </button>
  );
}

/** Says that buttons and keys act on more than what is shown above them. */
function Scope({ store, count }: { store: Store; count: number }) {
  const will = useComputed(() => {
    store.version.value;
    const { mask, count } = store.selection.value;
    const chosen = rowsOf(mask, count);
    const table = store.table.value;
    let wrong = 0;
    let hidden = 0;
    let veiled = 0;
    const passing = store.passing.value;
    for (const row of chosen) {
      wrong += table.suspicion[row]! / 255;
      hidden += passing[row] === 1 ? 0 : 1;
      veiled += table.veiled?.[row] ?? 0;
    }
    return { changes: acceptable(table, chosen), wrong, hidden, veiled };
  });
  return (
    <div class="ls-scope">
      <b>{rows(count)} selected</b>
      <button
        type="button"
        class="ls-chip"
        title="Clear the selection (Esc)"
        onClick={() => store.clearSelection()}
      >
        clear <kbd>Esc</kbd>
      </button>
      <span>
        {will.value.veiled > 0
          ? `${rows(will.value.veiled)} without a decision hide their suggestion.`
          : `Accepting changes ${fewer(will.value.changes)}${
              store.meta.value.hasProbability ? `; about ${fewer(will.value.wrong)} are wrong` : ""
            }.`}
        {will.value.hidden > 0 && (
          <b class="ls-hidden-rows"> {fewer(will.value.hidden)} of them hidden by the filters.</b>
        )}
        <Staying store={store} />
      </span>
    </div>
  );
}

/** What accepting and keeping give the row, in a word. */
function says(store: Store, row: number): { suggested: string; current: string } {
  const names = store.classNames.value;
  const current = nameOf(names, store.table.value.current[row]!);
  const detail = store.detail.value?.row === row ? store.detail.value : null;
  if (store.task.value === "multilabel") {
    const text = changesText(rowChips(store, row).views);
    return { suggested: text === "" ? "as it is" : text, current: "as it is" };
  }
  if (store.task.value === "regression") {
    const now = store.classes.value[store.table.value.current[row]!];
    const number = (value: unknown) => (typeof value === "number" ? numberText(value) : "no target");
    return { suggested: number(detail?.target?.suggested), current: number(now) };
  }
  // Attributes beside the class are accepted with it.
  const more = changesText(rowChips(store, row).views);
  return { suggested: nameOf(names, store.suggestedOf(row)) + (more && `, ${more}`), current };
}

/** The four decisions. With several rows selected they say how many they decide. */
export function Actions({ store }: { store: Store }) {
  store.version.value;
  const row = store.current.value;
  const { count } = store.selection.value;
  // mirrors Store.targets(): the selection when it has several rows or nothing is current
  const many = count > 1 || (row === null && count > 0);
  const none = (row === null && !many) || !store.canDecide.value;
  const what = many ? rows(count) : null;
  const hidden = row !== null && !many && isHidden(store, row);
  const sets = store.task.value === "multilabel";
  const { suggested, current } = row === null ? { suggested: "", current: "" } : says(store, row);
  return (
    <div class="ls-actions">
      <Answered store={store} />
      {many && <Scope store={store} count={count} />}
      <fieldset aria-label={what ? `Decide ${what}` : "Decide this row"}>
        <Action
          action="accept"
          text={hidden ? "accept" : `accept ${what ?? suggested}`}
          hint={
            hidden
              ? "The suggestion is hidden until you decide"
              : what
                ? `Give ${what} their suggested labels`
                : `Change the label to ${suggested}`
          }
          keyName="↵"
          shortcut="Enter"
          strong
          disabled={none || hidden}
          run={() => (sets ? acceptTags(store) : store.accept())}
        />
        <Action
          action="keep"
          text={`keep ${what ?? current}`}
          hint={what ? `Confirm the labels of ${what}` : `The label ${current} is right`}
          keyName={(what ?? current).length > 5 ? "␣" : "space"}
          shortcut="Space"
          disabled={none}
          run={() => store.keep()}
        />
        <Action
          action="unsure"
          text={what ? `unsure ${what}` : "unsure"}
          hint="Not to be decided now"
          keyName="u"
          shortcut="u"
          disabled={none}
          run={() => store.unsure()}
        />
        <Action
          action="exclude"
          text={what ? `exclude ${what}` : "exclude"}
          hint="Leave out of the clean data"
          keyName="x"
          shortcut="x"
          disabled={none}
          run={() => store.exclude()}
        />
      </fieldset>
    </div>
  );
}
