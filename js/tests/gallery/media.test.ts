// @vitest-environment happy-dom
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { marked } from "../../src/gallery/highlight";
import { Cards } from "../../src/media/cards";
import { LargeMedia } from "../../src/media/large";
import { Lru } from "../../src/media/lru";
import { isShowable, sniffImage } from "../../src/media/mime";
import type { Answer } from "../../src/transport/link";
import { settle } from "../store/fake";

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);
const alive = new Set<string>();
let made = 0;

beforeEach(() => {
  alive.clear();
  made = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
    made += 1;
    alive.add(`blob:${made}`);
    return `blob:${made}`;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void alive.delete(url));
});
afterEach(() => vi.restoreAllMocks());

describe("Lru", () => {
  it("holds the newest, and tells of each it lets go exactly once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(15)), (capacity, keys) => {
        const gone: number[] = [];
        const lru = new Lru<number, { key: number }>(capacity, ({ key }) => gone.push(key));
        let put = 0;
        for (const key of keys) {
          if (lru.get(key) === undefined) {
            lru.set(key, { key });
            put += 1;
          }
          expect(lru.size).toBeLessThanOrEqual(capacity);
          expect(lru.has(key)).toBe(true);
        }
        lru.clear();
        expect(gone.length).toBe(put);
      }),
    );
  });
});

describe("cards", () => {
  const answer = (rows: number[], image = PNG): Answer => ({
    data: { cards: rows.map((row) => ({ row, id: String(row), caption: `row ${row}` })), thumbs: rows },
    buffers: rows.map(() => image),
  });

  it("are asked for in pages, the newest wish first, each once", async () => {
    const asked: number[][] = [];
    const cards = new Cards(async (rows) => {
      asked.push(rows);
      return answer(rows);
    });
    for (let row = 0; row < 150; row++) cards.get(row, 96);
    cards.get(3, 80);
    await settle(40);
    expect(asked.map((rows) => rows.length)).toEqual([32, 32, 32, 32, 22]);
    expect(asked[0]!.at(-1)).toBe(149);
    expect(new Set(asked.flat()).size).toBe(150);
    expect(cards.get(7, 96).peek()).toMatchObject({ card: { caption: "row 7" }, loading: false });
    cards.dispose();
  });

  it("revoke every object URL that they made, at the latest when the view goes", async () => {
    const cards = new Cards(async (rows) => answer(rows));
    for (let page = 0; page < 12; page++) {
      for (let row = 0; row < 120; row++) cards.get(page * 120 + row, 96);
      await settle(25);
    }
    expect(made).toBe(1_440);
    expect(alive.size).toBe(900);
    cards.dispose();
    expect(alive.size).toBe(0);
  });

  it("show what the saved notebook knows until the kernel answers, and ask again after a failure", async () => {
    let fails = true;
    const cards = new Cards(async (rows) => {
      if (fails) throw new Error("no kernel");
      return answer(rows);
    });
    cards.seed([{ row: 1, id: "a", caption: "saved" }]);
    expect(cards.get(1, 96).peek()).toMatchObject({ card: { caption: "saved" }, url: null, loading: true });
    await settle(20);
    fails = false;
    cards.retry();
    await settle();
    expect(cards.get(1, 96).peek()).toMatchObject({ card: { caption: "row 1" }, loading: false });
    expect([...cards.known()].map(({ row }) => row)).toEqual([1]);
    cards.dispose();
  });

  it("do not wait for answers that a dead kernel owes", async () => {
    const owed: (() => void)[] = [];
    let dead = true;
    const cards = new Cards((rows) =>
      dead ? new Promise((done) => owed.push(() => done(answer(rows)))) : Promise.resolve(answer(rows)),
    );
    for (let row = 0; row < 140; row++) cards.get(row, 96);
    await settle(20);
    dead = false;
    cards.retry();
    await settle(5);
    expect(cards.get(100, 96).peek()?.url).toMatch(/^blob:/);
    for (const pay of owed) pay();
    await settle();
    cards.dispose();
    expect(alive.size).toBe(0);
  });

  it("make no URL of what is no picture", async () => {
    const svg = new TextEncoder().encode("<svg onload='alert(1)'/>");
    const cards = new Cards(async (rows) => answer(rows, svg as never));
    cards.get(0, 96);
    await settle(20);
    expect(cards.get(0, 96).peek()!.url).toBeNull();
    expect(made).toBe(0);
    cards.dispose();
  });
});

describe("large media", () => {
  it("are loaded once, only of known types, and revoked", async () => {
    const ask = vi.fn(async (row: number) => ({
      data: { mime: row === 0 ? "image/png" : "image/svg+xml", width: 8 },
      buffers: [PNG],
    }));
    const media = new LargeMedia(ask);
    const [one, two] = await Promise.all([media.get(0, 512), media.get(0, 512)]);
    expect(one).toBe(two);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(one.url).toBe("blob:1");
    expect(one.data.byteLength).toBe(PNG.length);
    expect((await media.get(1, 512)).url).toBe("");
    media.dispose();
    expect(alive.size).toBe(0);
  });

  it("ask again after an error", async () => {
    let fails = true;
    const media = new LargeMedia(async () => {
      if (fails) throw new Error("busy");
      return { data: { mime: "audio/wav" }, buffers: [PNG] };
    });
    await expect(media.get(0, 1)).rejects.toThrow("busy");
    fails = false;
    expect((await media.get(0, 1)).mime).toBe("audio/wav");
    media.dispose();
  });
});

describe("types", () => {
  it("are an allow list", () => {
    for (const good of ["image/webp", "IMAGE/PNG", "audio/wav"]) expect(isShowable(good)).toBe(true);
    for (const bad of ["image/svg+xml", "text/html", "application/pdf", "", null])
      expect(isShowable(bad)).toBe(false);
    expect(sniffImage(PNG)).toBe("image/png");
    expect(sniffImage(new TextEncoder().encode("RIFF0000WEBP"))).toBe("image/webp");
    expect(sniffImage(new TextEncoder().encode("RIFF0000WAVE"))).toBeNull();
  });
});

describe("marked text", () => {
  it("keeps every character of a short text, and marks only matches", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 5 }), (text, query) => {
        const parts = marked(text, query);
        expect(parts.map(([part]) => part).join("")).toBe(text);
        const words = query.trim().toLowerCase().split(/\s+/);
        for (const [part, hit] of parts)
          if (hit)
            expect(words.some((word) => part.toLowerCase().includes(word) || word.includes('"'))).toBe(true);
      }),
    );
  });

  it("brings the first match into view", () => {
    const parts = marked(`${"x ".repeat(100)}needle`, "NEEDLE");
    expect(parts[0]).toEqual(["…", false]);
    expect(parts.at(-1)).toEqual(["needle", true]);
  });
});
