import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JournalEvent } from "../../protocol";
import type { Store } from "../../store/types";
import { ago, labelText } from "../format";
import { backToView } from "../keys";

function listed(labels: unknown): string {
  return Array.isArray(labels) && labels.length > 0 ? `: ${labels.map(String).join(", ")}` : "";
}

/** Tags as they are written: a list, or names with values; null takes one away. */
function tagged(tags: unknown): string {
  if (Array.isArray(tags)) return tags.map(String).join(", ");
  if (typeof tags !== "object" || tags === null) return "";
  return Object.entries(tags)
    .map(([name, value]) =>
      value === null ? `no ${name}` : name === "severity" ? String(value) : `${name} ${value}`,
    )
    .join(", ");
}

/** One event in words, as it concerns one row. */
export function sentence(event: JournalEvent, row: number): string {
  const at = event.rows.indexOf(row);
  const after = labelText(event.after[at]);
  const others =
    event.rows.length > 1 ? `, with ${(event.rows.length - 1).toLocaleString("en-US")} more` : "";
  switch (event.kind) {
    case "relabelled":
      return `relabelled ${labelText(event.before[at])} → ${after}${others}`;
    case "kept":
      return `kept ${event.after.length > 0 ? after : labelText(event.before[at])}${others}`;
    case "unsure":
      return `marked unsure${others}`;
    case "excluded":
      return `excluded${others}`;
    case "accepted_set":
      return `several labels are right${listed(event.data.labels)}${others}`;
    case "noted": {
      const text = String(event.data.text ?? "");
      return text ? `noted “${text}”` : "removed the note";
    }
    case "tagged":
      return `tagged ${tagged(event.data.tags)}`.trim();
    case "reverted":
      return "undone";
    default:
      return event.kind;
  }
}

export function History({ row, events }: { row: number; events: JournalEvent[] }) {
  if (events.length === 0) return null;
  const now = Date.now();
  return (
    <section class="ls-part" aria-label="History">
      <h3 class="ls-heading">history</h3>
      <ol class="ls-history">
        {[...events].reverse().map((event) => {
          const at = Date.parse(event.at);
          return (
            <li key={event.id}>
              <span>{sentence(event, row)}</span>
              <em title={event.at}>
                {event.reviewer}
                {Number.isFinite(at) && ` · ${ago(at, now)}`}
              </em>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** A note is saved when the field is left or Ctrl/Cmd+Enter is pressed; Esc brings the saved one back. */
export function Note({ store, row, note }: { store: Store; row: number; note: string }) {
  const text = useSignal(note);
  const state = useRef({ row, saved: note });
  const save = (): void => {
    const { row, saved } = state.current;
    if (text.peek().trim() === saved.trim()) return;
    state.current = { row, saved: text.peek() };
    store.note(row, text.peek().trim());
  };
  useEffect(() => {
    text.value = note;
    state.current = { row, saved: note };
    return save; // what was typed about a row is kept when the row is left by key
  }, [row, note]);
  return (
    <section class="ls-part ls-note" aria-label="Note">
      <textarea
        class="ls-input"
        rows={1}
        placeholder="note…"
        aria-label={`Note on row ${row}`}
        aria-keyshortcuts="n"
        title="A note on this row (n). Saved when you leave the field or press Ctrl+Enter; Esc takes back."
        data-action="note"
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
        onBlur={save}
        onKeyDown={(event) => {
          event.stopPropagation();
          const done = event.key === "Enter" && (event.ctrlKey || event.metaKey);
          if (event.key === "Escape") text.value = state.current.saved;
          if (!done && event.key !== "Escape") return;
          event.preventDefault();
          save();
          // The key n scrolled down to the field; what is decided next is read from the top.
          const body = event.currentTarget.closest(".ls-inspector-body");
          if (body) body.scrollTop = 0;
          backToView(event.currentTarget);
        }}
      />
      {text.value === "" && (
        <span class="ls-note-key" aria-hidden="true">
          <kbd>n</kbd>
        </span>
      )}
    </section>
  );
}
