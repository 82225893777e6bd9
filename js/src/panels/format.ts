/** Numbers and times as the panels write them. */
import type { LabelValue } from "../protocol";
import { isUnlabelled } from "../store/types";

export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–";
}

/** "1 row", "6 rows". */
export function rows(n: number): string {
  return `${count(n)} ${n === 1 ? "row" : "rows"}`;
}

/** "96 %"; never rounds to a certainty that is not there. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.5) return "< 1 %";
  if (value > 99.5 && value < 100) return "> 99 %";
  return `${Math.round(value)} %`;
}

/** How likely a row is wrong, of its suspicion in 8 bits: both ends stand for a little less. */
export function likely(suspicion: number): string {
  return percent(Math.min(0.998, Math.max(0.002, suspicion / 255)));
}

/** ".62" */
export function decimal(value: number): string {
  return value >= 1 ? value.toFixed(2) : value.toFixed(2).replace(/^0/, "");
}

/** Time since a moment in milliseconds: "just now", "2 s ago", "5 min ago". */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return `${days} ${days === 1 ? "day" : "days"} ago`;
}

/** Display name of a class code. */
export function nameOf(names: readonly string[], code: number): string {
  return isUnlabelled(code) ? "no label" : (names[code] ?? `class ${code}`);
}

/** A label value in a journal event. */
export function labelText(value: LabelValue | undefined): string {
  return value === null || value === undefined ? "no label" : String(value);
}

/** "most_suspicious" → "most suspicious"; scorers, queues and formats are named by identifiers. */
export function words(name: string): string {
  return name.replace(/[_-]+/g, " ").trim();
}

/** Index in `by` of the last part, for paths: the reader needs the file, not the folder it is nested in. */
export function shortPath(path: string): string {
  const parts = path.split(/[\\/]+/).filter(Boolean);
  return parts.slice(-2).join("/") || path;
}
