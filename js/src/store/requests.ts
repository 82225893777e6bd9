/** Questions to the kernel on a person's behalf: search and export. */
import type { Cards } from "../media/cards";
import { bytesOf, u32Of } from "../transport/binary";
import type { Connection } from "./connection";
import type { Core } from "./core";

export class Requests {
  private searching: AbortController | null = null;

  constructor(
    private readonly core: Core,
    private readonly connection: Connection,
    private readonly cards: Cards,
  ) {}

  async search(query: string): Promise<void> {
    const { core } = this;
    this.searching?.abort();
    const wanted = query.trim();
    if (wanted === "") {
      core.filters.value = { ...core.filters.peek(), search: null };
      return;
    }
    if (core.connection.peek() !== "live") {
      this.found(wanted, this.searchHere(wanted));
      core.toast("info", "Searched the saved cards only: the kernel is not connected.");
      return;
    }
    const abort = new AbortController();
    this.searching = abort;
    try {
      const request = { name: "search", query: wanted } as const;
      const { buffers } = await this.connection.link.request(request, { signal: abort.signal });
      if (!abort.signal.aborted) this.found(wanted, u32Of(buffers[0]));
    } catch (error) {
      this.connection.complain(error);
    }
  }

  async exportAs(format: string): Promise<void> {
    const { core } = this;
    try {
      const request = { name: "export", format } as const;
      const { data, buffers } = await this.connection.link.request(request, { timeout: 300_000 });
      const filename = safeName(String(data.filename ?? `labels.${format}`));
      download(bytesOf(buffers[0]), filename, String(data.mime ?? "application/octet-stream"));
      const path = typeof data.path === "string" ? data.path : null;
      const rows = typeof data.rows === "number" ? `${data.rows.toLocaleString("en-US")} rows` : "Labels";
      core.toast(
        "info",
        path === null ? `${rows} downloaded as ${filename}.` : `${rows} written to ${path}.`,
        path === null
          ? String(data.hint ?? "The folder of the notebook cannot be written.")
          : `Also downloaded as ${filename}.`,
      );
      core.say(`Exported ${rows} as ${filename}.`);
    } catch (error) {
      this.connection.complain(error);
    }
  }

  async packet(): Promise<void> {
    const { core } = this;
    try {
      core.toast("info", "Writing one file for a colleague…");
      const { data, buffers } = await this.connection.link.request({ name: "packet" }, { timeout: 600_000 });
      const filename = safeName(String(data.filename ?? "packet.html"));
      // Saved under a plain type: it is for another browser, never opened by this page.
      download(bytesOf(buffers[0]), filename, "application/octet-stream");
      const path = typeof data.path === "string" ? data.path : null;
      core.toast(
        "info",
        path === null ? `Downloaded as ${filename}.` : `Written to ${path}.`,
        "Send it to a colleague; session.merge takes back the journal that they download.",
      );
      core.say(`${filename} is ready.`);
    } catch (error) {
      this.connection.complain(error);
    }
  }

  dispose(): void {
    this.searching?.abort();
  }

  private found(query: string, rows: Iterable<number>): void {
    const { core } = this;
    const mask = new Uint8Array(core.table.peek().n);
    let count = 0;
    for (const row of rows)
      if (row < mask.length && mask[row] === 0) {
        mask[row] = 1;
        count += 1;
      }
    core.filters.value = { ...core.filters.peek(), search: { query, mask } };
    core.say(
      `${count === 1 ? "1 row contains" : `${count.toLocaleString("en-US")} rows contain`} “${query}”.`,
    );
  }

  private *searchHere(query: string): IterableIterator<number> {
    const words = query.toLowerCase().split(/\s+/);
    for (const card of this.cards.known()) {
      const record = (card.record ?? []).map(([, value]) => value);
      const text = [card.id, card.caption, card.text ?? "", ...record].join("\n").toLowerCase();
      if (words.every((word) => text.includes(word))) yield card.row;
    }
  }
}

/** A file name without a path, whatever the kernel said. */
export function safeName(name: string): string {
  return name.replace(/[\\/:*?"<>|\p{Cc}]+/gu, "-").slice(0, 120) || "labels";
}

export function download(bytes: Uint8Array, filename: string, mime: string): void {
  // Never a type that a browser would open as a page.
  const type = /^(application|text)\/(?!x?html)[\w.+-]+$/.test(mime) ? mime : "application/octet-stream";
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.style.display = "none";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
