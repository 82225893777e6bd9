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
  return shown(name);
}

function shown(text: string): string {
  return text.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}

/** Letters that are written from right to left, with what stands between them. */
const LEFTWARD =
  /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC](?:[^\p{L}\p{N}]*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC])*/gu;

/** A sentence of ours with names in it: none of them moves the numbers beside it, or turns the rest around. */
export function readable(sentence: string): string {
  return shown(sentence).replace(LEFTWARD, "\u2068$&\u2069");
}

function label(value: LabelValue | undefined): string {
  return value === null || value === undefined ? "no label" : visibleName(String(value));
}

/** The label that all rows got, or null when they differ. */
/** Tags that an event names. */
function tagsOf(event: JournalEvent): string {
  const implied = named(event, "implied");
  return listed(named(event, "tags").filter((tag) => !implied.includes(tag)));
}

function named(event: JournalEvent, key: string): string[] {
  const found = event.data?.[key];
  return Array.isArray(found) ? found.map(String) : [];
}

function listed(tags: readonly string[]): string {
  return tags.length > 3 ? `${tags.length} tags` : tags.map(visibleName).join(", ");
}

/** What a taxonomy did besides: tags that came or went along, and those that were refused before. */
function along(event: JournalEvent): string {
  const [implied, refused] = [named(event, "implied"), named(event, "refused")];
  return `${implied.length > 0 ? `, with ${listed(implied)}` : ""}${refused.length > 0 ? `, without ${listed(refused)}, refused before` : ""}`;
}

/** Rows that differ in what came along are one gesture, and one sentence. */
export function asOne(events: readonly JournalEvent[]): readonly JournalEvent[] {
  const first = events[0];
  if (events.length < 2 || !events.every(({ kind }) => kind === first!.kind && kind.startsWith("tags_")))
    return events;
  const all = (key: string) => [...new Set(events.flatMap((event) => named(event, key)))];
  const refused = all("refused");
  const data = { tags: all("tags"), implied: all("implied"), ...(refused.length > 0 ? { refused } : {}) };
  return [{ ...first!, rows: events.flatMap(({ rows }) => rows), data }];
}

/** Whether more, or less, happened than was asked for. */
export function hasAlong(event: JournalEvent): boolean {
  return along(event) !== "";
}

function common(values: readonly LabelValue[]): LabelValue | undefined {
  return values.length > 0 && values.every((value) => value === values[0]) ? values[0] : undefined;
}

export function eventSentence(event: JournalEvent, words: typeof label = label): string {
  const who = rowWords(event.rows);
  switch (event.kind) {
    case "relabelled": {
      const to = common(event.after);
      const from = event.rows.length === 1 ? ` from ${words(event.before[0])}` : "";
      return to === undefined ? `${who} relabelled.` : `${who} relabelled${from} to ${words(to)}.`;
    }
    case "kept":
      return `${who} kept${event.rows.length === 1 ? ` as ${words(event.after[0])}` : ""}.`;
    case "unsure":
      return `${who} marked unsure.`;
    case "excluded":
      return `${who} excluded.`;
    case "reverted":
      return event.rows.length > 0 ? `${who} put back.` : "Put back.";
    case "noted":
      return `Note on ${who.toLowerCase()} saved.`;
    case "tagged":
      return `${who} tagged.`;
    case "tags_added":
      return `${who}: ${tagsOf(event)} added${along(event)}.`;
    case "tags_removed":
      return `${who}: ${tagsOf(event)} removed${along(event)}.`;
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
  const together = progress.taken_over > 0 ? `${count(progress.taken_over)} accepted in one go, ` : "";
  return `${count(progress.reviewed)} reviewed, ${together}${machine}${count(progress.flagged_left)} suspects left.`;
}
