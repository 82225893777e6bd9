/** All entries of a long legend: a field that narrows them, and a list of which only what is in view exists. */
import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { countText, type Entry } from "./entries";
import { ShapeMark } from "./Mark";

/** CSS pixels of a line, equal to the style sheet's. */
const LINE = 24;
const VIEW_LINES = 10;
const SPARE = 4;

interface Props {
  entries: Entry[];
  /** what the entries are: "classes" or "values" */
  noun: string;
  chosen: ReadonlySet<number> | null;
  onToggle: (code: number, add: boolean) => void;
  onClose: () => void;
}

interface OptionProps {
  entry: Entry;
  at: number;
  id: string;
  active: boolean;
  chosen: boolean;
  faded: boolean;
  size: number;
  onPick: (add: boolean) => void;
}

function Option({ entry, at, id, active, chosen, faded, size, onPick }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and takes the keys for its options
    <div
      id={id}
      class="ls-legend-option"
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      aria-setsize={size}
      aria-posinset={at + 1}
      data-code={entry.code}
      data-active={active ? "" : undefined}
      data-faded={faded ? "" : undefined}
      title={entry.name}
      style={{ top: `${at * LINE}px` }}
      onClick={(event) => onPick(event.shiftKey)}
    >
      <ShapeMark shape={entry.shape} color={entry.color} />
      <span class="ls-legend-name">{entry.name}</span>
      <em>{countText(entry)}</em>
    </div>
  );
}

/** Where the cursor goes for a key, or undefined when the key means something else. */
function moved(key: string, at: number, size: number): number | undefined {
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: VIEW_LINES - 1, PageUp: 1 - VIEW_LINES }[key];
  return by === undefined ? undefined : Math.min(size - 1, Math.max(0, at + by));
}

export function LegendList({ entries, noun, chosen, onToggle, onClose }: Props) {
  const query = useSignal("");
  const cursor = useSignal(0);
  const top = useSignal(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  const wanted = query.value.trim().toLowerCase();
  const found = wanted === "" ? entries : entries.filter(({ name }) => name.toLowerCase().includes(wanted));
  const active = Math.min(cursor.value, found.length - 1);
  const first = Math.max(0, Math.floor(top.value / LINE) - SPARE);
  const shown = found.slice(first, first + VIEW_LINES + 2 * SPARE);
  const go = (to: number): void => {
    cursor.value = to;
    const box = list.current;
    if (box === null) return;
    box.scrollTop = Math.min(to * LINE, Math.max(box.scrollTop, (to + 1) * LINE - VIEW_LINES * LINE));
    top.value = box.scrollTop;
  };
  const key = (event: KeyboardEvent): void => {
    const to = moved(event.key, active, found.length);
    if (event.key === "Escape") onClose();
    else if (event.key === "Enter" && found[active]) onToggle(found[active].code, event.shiftKey);
    else if (to !== undefined) go(to);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="ls-legend-all" role="dialog" aria-label={`All ${noun}`} onKeyDown={key}>
      <div class="ls-legend-search">
        <input
          ref={field}
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={found.length > 0 ? `${id}-${active}` : undefined}
          aria-autocomplete="list"
          placeholder={`search ${entries.length.toLocaleString("en-US")} ${noun}`}
          aria-label={`Search ${noun}; Enter shows only the chosen one, Shift+Enter adds it`}
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            go(0);
          }}
        />
        <button type="button" aria-label={`Close the list of ${noun}`} onClick={onClose}>
          ✕
        </button>
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        class="ls-legend-list"
        role="listbox"
        aria-label={noun}
        aria-multiselectable="true"
        tabIndex={-1}
        onScroll={(event) => {
          top.value = event.currentTarget.scrollTop;
        }}
      >
        <div role="presentation" style={{ height: `${found.length * LINE}px` }}>
          {shown.map((entry, k) => (
            <Option
              key={entry.code}
              id={`${id}-${first + k}`}
              entry={entry}
              at={first + k}
              size={found.length}
              active={first + k === active}
              chosen={chosen?.has(entry.code) ?? false}
              faded={chosen !== null && !chosen.has(entry.code)}
              onPick={(add) => {
                cursor.value = first + k;
                onToggle(entry.code, add);
              }}
            />
          ))}
        </div>
        {found.length === 0 && (
          <p>
            None of the {noun} is called “{query.value}”.
          </p>
        )}
      </div>
    </div>
  );
}
