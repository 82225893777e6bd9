/** Cards and thumbnails: asked for in pages, newest wish first, kept in an LRU whose object URLs are revoked. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Card } from "../protocol";
import type { ShownCard } from "../store/types";
import { bytesOf } from "../transport/binary";
import type { Answer } from "../transport/link";
import { Lru } from "./lru";
import { objectUrl, sniffImage } from "./mime";

interface Entry {
  row: number;
  size: number;
  shown: Signal<ShownCard | null>;
  state: "idle" | "wanted" | "asked" | "here";
}

export type AskCards = (rows: number[], size: number) => Promise<Answer>;

/** Thumbnails come in few sizes, so that gallery, tooltip and neighbors share them. */
const SIZES = [96, 192];
const PAGE = 32;
const IN_FLIGHT = 2;
/** More than the gallery's 200 cards with room around them. */
const CAPACITY = 900;
/** Wishes older than this many are of rows scrolled past long ago. */
const MAX_WANTED = 256;
const GATHER_MS = 12;

export class Cards {
  private readonly entries = new Lru<string, Entry>(CAPACITY, (entry) => release(entry));
  private readonly saved = new Map<number, Card>();
  private wanted: Entry[] = [];
  private flying = 0;
  /** requests of earlier rounds were given up */
  private round = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly ask: AskCards) {}

  /** Cards of the saved picture, shown until (or instead of) the kernel's. */
  seed(cards: readonly Card[]): void {
    for (const card of cards) this.saved.set(card.row, card);
  }

  /** Cards that this page has, for a search without a kernel. */
  *known(): IterableIterator<Card> {
    const rows = new Set<number>();
    for (const entry of this.entries.values()) {
      const card = entry.shown.peek()?.card;
      if (card === undefined || rows.has(card.row)) continue;
      rows.add(card.row);
      yield card;
    }
    for (const card of this.saved.values()) if (!rows.has(card.row)) yield card;
  }

  get(row: number, pixels: number): ReadonlySignal<ShownCard | null> {
    const size = SIZES.find((step) => pixels <= step) ?? pixels;
    const key = `${row}/${size}`;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const card = this.saved.get(row);
      const first = card === undefined ? null : { card, url: null, loading: true };
      entry = { row, size, shown: signal<ShownCard | null>(first), state: "idle" };
      this.entries.set(key, entry);
    }
    if (entry.state === "idle" && !this.closed) {
      entry.state = "wanted";
      this.wanted.push(entry);
      while (this.wanted.length > MAX_WANTED) this.wanted.shift()!.state = "idle";
      this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
    }
    return entry.shown;
  }

  /** What is said of these rows changed: asked again, and shown as it was until then. */
  refresh(rows: ReadonlySet<number>): void {
    for (const entry of this.entries.values())
      if (entry.state === "here" && rows.has(entry.row)) {
        entry.state = "wanted";
        this.wanted.push(entry);
      }
    for (const entry of this.wanted.splice(0, Math.max(0, this.wanted.length - MAX_WANTED)))
      entry.state = "idle";
    if (!this.closed) this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Asks again for what failed or was never answered; after the kernel came back. */
  retry(): void {
    this.round += 1;
    this.flying = 0;
    for (const entry of this.entries.values())
      if (entry.state === "idle" || entry.state === "asked") {
        entry.state = "wanted";
        this.wanted.push(entry);
      }
    for (const entry of this.wanted.slice(0, -MAX_WANTED)) entry.state = "idle";
    this.wanted = this.wanted.slice(-MAX_WANTED);
    this.flush();
  }

  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.wanted = [];
    this.entries.clear();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.flying < IN_FLIGHT && this.wanted.length > 0 && !this.closed) {
      const { size } = this.wanted.at(-1)!;
      const page: Entry[] = [];
      for (let i = this.wanted.length - 1; i >= 0 && page.length < PAGE; i--)
        if (this.wanted[i]!.size === size) page.push(...this.wanted.splice(i, 1));
      void this.fetch(page.reverse(), size);
    }
  }

  private async fetch(page: Entry[], size: number): Promise<void> {
    const { round } = this;
    this.flying += 1;
    for (const entry of page) entry.state = "asked";
    try {
      const rows = page.map((entry) => entry.row);
      this.take(page, await this.ask(rows, size));
    } catch {
      // Left idle: asked again when it is shown again or the kernel is back.
      if (round === this.round) for (const entry of page) if (entry.state === "asked") entry.state = "idle";
    } finally {
      if (round === this.round) this.flying -= 1;
      if (this.wanted.length > 0) this.flush();
    }
  }

  private take(page: Entry[], { data, buffers }: Answer): void {
    const cards = new Map<number, Card>();
    for (const card of Array.isArray(data.cards) ? (data.cards as Card[]) : [])
      if (Number.isInteger(card?.row)) cards.set(card.row, card);
    const order = Array.isArray(data.thumbs) ? (data.thumbs as number[]) : page.map((entry) => entry.row);
    const thumbs = new Map(order.map((row, i) => [row, bytesOf(buffers[i])]));
    for (const entry of page) {
      // An answer of an earlier round came after all, and then the newer one: the first is as good.
      if (entry.state === "here") continue;
      entry.state = "here";
      // Evicted while on its way: a URL made now would never be revoked.
      if (this.closed || this.entries.get(`${entry.row}/${entry.size}`) !== entry) continue;
      const card = cards.get(entry.row) ?? this.saved.get(entry.row) ?? brokenCard(entry.row);
      const bytes = thumbs.get(entry.row) ?? new Uint8Array(0);
      const mime = sniffImage(bytes);
      const url = mime === null ? null : objectUrl(bytes, mime);
      const old = entry.shown.peek()?.url;
      if (old) URL.revokeObjectURL(old);
      entry.shown.value = { card, url, loading: false };
    }
  }
}

function brokenCard(row: number): Card {
  return { row, id: String(row), caption: "", broken: true };
}

function release(entry: Entry): void {
  const url = entry.shown.peek()?.url;
  if (url) URL.revokeObjectURL(url);
  entry.state = "idle";
  entry.shown.value = null;
}
