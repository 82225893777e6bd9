/** Type a tag: completed, tags that there are only. It stays open, so that several can be given in a row. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/types";
import { Dialog } from "../Dialog";
import { percent, rows as rowsText } from "../format";
import { Icon } from "../Icon";
import { completed } from "../palette/match";
import { along, outline } from "../palette/taxonomy";
import { uiOf } from "../ui";
import { changeTag } from "./act";
import { fitting, readTyped, refusal } from "./box";
import { rowChips } from "./chips";

const SHOWN = 60;

interface LineProps {
  id: string;
  tag: string;
  held: boolean | null;
  share: number | null;
  depth: number;
  active: boolean;
  pick: () => void;
  hover: () => void;
}

function Line({ id, tag, held, share, depth, active, pick, hover }: LineProps) {
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) line.current?.scrollIntoView?.({ block: "nearest" });
  }, [active]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is, in the text field
    <div
      ref={line}
      id={id}
      class={`ls-option${active ? " active" : ""}`}
      role="option"
      tabIndex={-1}
      aria-selected={held === true}
      data-tag={tag}
      onPointerMove={hover}
      onClick={pick}
    >
      {held !== null && <span class="ls-tick">{held && <Icon name="check" />}</span>}
      {depth > 0 && <span style={{ width: `${depth}em` }} />}
      <span class="ls-clip">{tag}</span>
      <span class="ls-gap" />
      {share !== null && <em>{percent(share)}</em>}
    </div>
  );
}

/** What the box works on, and what picking a tag does. */
function useBox(store: Store) {
  const typed = useSignal("");
  const active = useSignal(0);
  store.version.value;
  const targets = store.targets();
  const row = targets.length === 1 ? targets[0]! : null;
  const tags = store.tags.value;
  const { out, text } = readTyped(typed.value);
  const views = row === null ? [] : rowChips(store, row).views;
  const likely = views.filter(({ mark }) => mark !== "solid").map(({ tag }) => tag);
  const tree = store.meta.value.taxonomy;
  const found = fitting(tags, text, likely, tree);
  const depths = new Map(tree && !text.trim() ? outline(tree) : []);
  const depthOf = (tag: string): number => (likely.includes(tag) ? 0 : (depths.get(tags.indexOf(tag)) ?? 0));
  const held = row === null ? null : store.tagsOf(row);
  const isHeld = (tag: string): boolean | null => (held === null ? null : held[tags.indexOf(tag)] === 1);
  const shareOf = (tag: string): number | null => views.find((view) => view.tag === tag)?.share ?? null;
  const nextOf = (tag: string): 0 | 1 => (out || isHeld(tag) === true ? 0 : 1);
  /** What comes or goes with a tag that is so in the row not yet. */
  const alongWith = (tag: string | undefined): string[] => {
    if (tag === undefined) return [];
    const value = nextOf(tag);
    return along(store, tag, value).filter((other) => isHeld(other) !== (value === 1));
  };
  const pick = (tag: string | undefined): void => {
    if (tag === undefined) {
      store.say(refusal(tags, text));
      return;
    }
    changeTag(store, tag, nextOf(tag), targets);
    typed.value = "";
    active.value = 0;
  };
  return { typed, active, targets, row, tags, out, text, found, isHeld, shareOf, depthOf, alongWith, pick };
}

function titleOf({
  row,
  out,
  targets,
  store,
}: {
  row: number | null;
  out: boolean;
  targets: number[];
  store: Store;
}) {
  const what = store.task.value === "concepts" ? "Attributes" : "Tags";
  if (row !== null) return `${what} of row ${row}`;
  return out ? `Take a tag out of ${rowsText(targets.length)}` : `Add a tag to ${rowsText(targets.length)}`;
}

export function TagBox({ store }: { store: Store }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const box = useBox(store);
  const { typed, active, tags, out, text, found, pick } = box;
  const shown = found.slice(0, SHOWN);
  const more = box.alongWith(shown[active.value]);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const last = shown.length - 1;
    if (event.key === "ArrowDown") active.value = active.peek() >= last ? 0 : active.peek() + 1;
    else if (event.key === "ArrowUp")
      active.value = active.peek() <= 0 ? Math.max(0, last) : active.peek() - 1;
    else if (event.key === "Tab" && !event.shiftKey) {
      const longer = completed(tags, text);
      if (longer === text) return;
      typed.value = out ? `-${longer}` : longer;
    } else if (event.key === "Enter") pick(shown[active.peek()]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog
      title={titleOf({ ...box, store })}
      class="ls-palette ls-tagbox"
      first=".ls-palette-input"
      onClose={() => {
        uiOf(store).sheet.value = null;
      }}
    >
      <input
        ref={field}
        class="ls-input ls-palette-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={shown.length > 0 ? `${id}-${active.value}` : undefined}
        aria-autocomplete="list"
        aria-label="Tag"
        aria-invalid={found.length === 0}
        placeholder={box.row === null ? "type a tag; -tag takes it out" : "type a tag"}
        autocomplete="off"
        spellcheck={false}
        value={typed.value}
        onKeyDown={onKey}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          active.value = 0;
        }}
      />
      <div class="ls-options ls-scroll" role="listbox" id={id} aria-label="Tags" aria-multiselectable="true">
        {shown.map((tag, k) => (
          <Line
            key={tag}
            id={`${id}-${k}`}
            tag={tag}
            held={box.isHeld(tag)}
            share={box.shareOf(tag)}
            depth={box.depthOf(tag)}
            active={active.value === k}
            pick={() => pick(tag)}
            hover={() => {
              active.value = k;
            }}
          />
        ))}
        {found.length > SHOWN && <p class="ls-quiet">and {found.length - SHOWN} more: type on</p>}
      </div>
      <p class="ls-preview" role="status">
        {found.length === 0 ? (
          <span class="warn">{refusal(tags, text)} Nothing is given.</span>
        ) : (
          <span>
            <kbd>↵</kbd>{" "}
            {box.row === null ? (out ? "takes it out" : "adds it") : "puts it in or takes it out"} ·{" "}
            <kbd>Esc</kbd> closes
          </span>
        )}
        {more.length > 0 && <b>with it: {more.join(", ")}</b>}
      </p>
    </Dialog>
  );
}
