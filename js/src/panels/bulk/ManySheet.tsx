/** A tag, a number or a fix for many rows: what it does, and the rows where it is least sure, before it is done. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { Dialog } from "../Dialog";
import { count, rows as rowsText } from "../format";
import { along } from "../palette/taxonomy";
import { type Edit, uiOf } from "../ui";
import { applyEdit, changing, editTitle, leastSure } from "./many";
import { type Left, Odds, oddKey } from "./Odds";
import { remaining } from "./preview";

interface Props {
  store: Store;
  rows: number[];
  edit: Edit;
}

function Changes({ edit }: { edit: Edit }) {
  if (edit.kind !== "fix") return null;
  return (
    <ul class="ls-changes" aria-label="Changes">
      {edit.changes.map((change) => (
        <li key={`${change.variable}${change.new}`}>
          <b class="ls-clip">{change.variable}</b>
          <span class="ls-arrow">→</span>
          <span>{change.kind === "class" ? String(change.new) : change.new === 1 ? "yes" : "no"}</span>
          <em>{rowsText(change.rows)}</em>
        </li>
      ))}
    </ul>
  );
}

export function ManySheet({ store, rows, edit }: Props) {
  const out = useSignal<ReadonlySet<number>>(new Set());
  const at = useSignal(0);
  const waiting = useSignal(false);
  const left: Left = { store, out, at, waiting };
  const apply = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => apply.current?.focus({ preventScroll: true }), []);
  store.version.value;
  const odd = leastSure(store, rows, edit);
  const more = edit.kind === "tag" ? along(store, edit.tag, edit.value) : [];
  const chosen = remaining(rows, out.value);
  const n = changing(store, chosen, edit);
  const close = (): void => {
    uiOf(store).sheet.value = null;
  };
  const confirm = (): void => {
    close();
    if (chosen.length === 0) store.say("All rows were left out; nothing changed.");
    else void applyEdit(store, chosen, edit);
  };
  return (
    <Dialog title={editTitle(edit, rows.length)} class="ls-bulk" onClose={close}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the dialog; every one is also a button */}
      <div class="ls-sheet-body ls-scroll" onKeyDown={(event) => oddKey(left, odd, event, confirm)}>
        <p class="ls-pair">
          <span class="ls-quiet">one step; one undo takes all of it back</span>
        </p>
        <Changes edit={edit} />
        {more.length > 0 && (
          <p class="ls-pair">
            with it, where not refused: <b>{more.join(", ")}</b>
          </p>
        )}
        <div class="ls-counts" role="status">
          <span>
            <b>{count(n)}</b> {n === 1 ? "changes" : "change"}
          </span>
          {chosen.length > n && (
            <span>
              <b>{count(chosen.length - n)}</b> {chosen.length - n === 1 ? "is" : "are"} so already
            </span>
          )}
          {out.value.size > 0 && (
            <span>
              <b>{count(out.value.size)}</b> left out
            </span>
          )}
        </div>
        <Odds left={left} odd={odd} title="where it is least sure" none="Nothing tells these rows apart." />
        <div class="ls-confirm-buttons">
          <button type="button" class="ls-btn line" data-action="cancel" onClick={close}>
            Cancel <kbd>Esc</kbd>
          </button>
          <button ref={apply} type="button" class="ls-btn primary" data-action="apply-many" onClick={confirm}>
            Change {rowsText(chosen.length)} <kbd>↵</kbd>
          </button>
        </div>
      </div>
    </Dialog>
  );
}
