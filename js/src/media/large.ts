/** The large picture or sound of a row, kept for the few rows looked at last. */
import type { Medium } from "../store/types";
import { bytesOf } from "../transport/binary";
import type { Answer } from "../transport/link";
import { Lru } from "./lru";
import { isShowable, objectUrl } from "./mime";

interface Kept {
  medium: Promise<Medium>;
  url: string;
  gone: boolean;
}

const CAPACITY = 32;

export class LargeMedia {
  private readonly kept = new Lru<string, Kept>(CAPACITY, (entry) => {
    entry.gone = true;
    if (entry.url) URL.revokeObjectURL(entry.url);
  });

  constructor(private readonly ask: (row: number, size: number) => Promise<Answer>) {}

  get(row: number, size: number): Promise<Medium> {
    const key = `${row}/${size}`;
    const found = this.kept.get(key);
    if (found !== undefined) return found.medium;
    const entry: Kept = { medium: Promise.resolve(undefined as never), url: "", gone: false };
    entry.medium = this.load(row, size, entry);
    entry.medium.catch(() => this.kept.delete(key));
    this.kept.set(key, entry);
    return entry.medium;
  }

  dispose(): void {
    this.kept.clear();
  }

  private async load(row: number, size: number, entry: Kept): Promise<Medium> {
    const { data, buffers } = await this.ask(row, size);
    const bytes = bytesOf(buffers[0]).slice();
    const mime = typeof data.mime === "string" ? data.mime : "";
    if (isShowable(mime) && bytes.length > 0 && !entry.gone) entry.url = objectUrl(bytes, mime);
    return { mime, url: entry.url, data: bytes.buffer as ArrayBuffer, info: data };
  }
}
