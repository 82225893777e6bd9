/** What was decided stays in this browser until it is downloaded, in case the page is closed by accident. */
import type { JournalEvent } from "../protocol";

const key = (fingerprint: string, reviewer: string): string => `labelscope/${fingerprint}/${reviewer}`;

/** Storage is missing or full in some browsers, above all for files: reviewing goes on without. */
export function keepEvents(fingerprint: string, reviewer: string, events: readonly JournalEvent[]): boolean {
  try {
    localStorage.setItem(key(fingerprint, reviewer), JSON.stringify(events));
    return true;
  } catch {
    return false;
  }
}

export function keptEvents(fingerprint: string, reviewer: string): JournalEvent[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key(fingerprint, reviewer)) ?? "[]");
    return Array.isArray(found) ? (found as JournalEvent[]) : [];
  } catch {
    return [];
  }
}
