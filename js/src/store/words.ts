/** Sentences for the live region: what was decided, in the reader's words. */
import type { JournalEvent, LabelValue, Progress } from "../protocol";

const count = (n: number): string => n.toLocaleString("en-US");

export function rowWords(rows: readonly number[]): string {
  return rows.length === 1 ? `Row ${rows[0]}` : `${count(rows.length)} rows`;
}

/** A class name that can be seen: empty and blank ones get words, characters that turn the text around show as such. */
export function visibleName(name: string): string {
  if (name === "") return "(empty)";
  if (name.trim() === "") return `(${name.length} ${name.length === 1 ? "space" : "spaces"})`;
  return name.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}

function label(value: LabelValue | undefined): string {
  return value === null || value === undefined ? "no label" : visibleName(String(value));
}

/** The label that all rows got, or null when they differ. */
/** Tags that an event names. */
function tagsOf(event: JournalEvent): string {
  const tags = Array.isArray(event.data?.tags) ? event.data.tags.map(String) : [];
  return tags.length > 3 ? `${tags.length} tags` : tags.map(visibleName).join(", ");
}

function common(values: readonly LabelValue[]): LabelValue | undefined {
  return values.length > 0 && values.every((value) => value === values[0]) ? values[0] : undefined;
}

export function eventSentence(event: JournalEvent, named: typeof label = label): string {
  const who = rowWords(event.rows);
  switch (event.kind) {
    case "relabelled": {
      const to = common(event.after);
      const from = event.rows.length === 1 ? ` from ${named(event.before[0])}` : "";
      return to === undefined ? `${who} relabelled.` : `${who} relabelled${from} to ${named(to)}.`;
    }
    case "kept":
      return `${who} kept${event.rows.length === 1 ? ` as ${named(event.after[0])}` : ""}.`;
    case "unsure":
      return `${who} marked unsure.`;
    case "excluded":
      return `${who} excluded.`;
    case "reverted":
      return `${who} put back.`;
    case "noted":
      return `Note on ${who.toLowerCase()} saved.`;
    case "tagged":
      return `${who} tagged.`;
    case "tags_added":
      return `${who}: ${tagsOf(event)} added.`;
    case "tags_removed":
      return `${who}: ${tagsOf(event)} removed.`;
    case "gate_set":
      return "Gate moved.";
    // What is nobody's decision about a label is not worth a sentence.
    case "proposed":
    case "voted":
    case "page_timed":
    case "planned":
    case "options_set":
    case "filter_saved":
    case "filter_dropped":
      return "";
    default:
      return `${who}: ${String(event.kind).replaceAll("_", " ")}.`;
  }
}

export function progressSentence(progress: Progress): string {
  const machine = progress.by_machine > 0 ? `${count(progress.by_machine)} decided by a method, ` : "";
  return `${count(progress.reviewed)} reviewed, ${machine}${count(progress.flagged_left)} suspects left.`;
}
