/** What a packet holds: written by labelscope/widget/packet.py, read by nobody but the page itself. */
import type { Card, ColumnInfo, Detail, Gate, JournalEvent, Picture } from "../protocol";

/** Binary is base64 text. */
export interface PacketData {
  format: number;
  /** first line of the journal, without its end: which dataset the events are about */
  header: string;
  /** names the dataset in what the browser keeps */
  fingerprint: string;
  name: string;
  /** columns as base64 */
  picture: Picture;
  /** what was decided before the packet was written */
  events: JournalEvent[];
  /** uint32 rows, base64: the order of the queue */
  order: string;
  /** rows that came along */
  cards: Card[];
  /** picture by row */
  thumbs: Record<string, string>;
  /** picture, sound or text by row */
  media: Record<string, { mime: string; data: string }>;
  details: Record<string, Detail>;
  columns: { info: ColumnInfo; dtype: string; data: string }[];
  gate: Gate | null;
  /** what did not fit */
  notice: string;
  options: Record<string, unknown>;
}

export const FORMAT = 1;

export function readData(text: string): PacketData {
  const found = JSON.parse(text) as PacketData;
  if (found.format !== FORMAT)
    throw new Error(`This file is of format ${found.format}; the page in it reads ${FORMAT}.`);
  return found;
}
