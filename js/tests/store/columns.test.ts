import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combine, emptySelection, packBits, rowsOf, sameBits, unpackBits } from "../../src/store/bits";
import { codesOf, tableOf, tableOfReply, writeEdits } from "../../src/store/columns";
import { UNLABELLED } from "../../src/store/types";
import { bytesOf, exactBuffer, u16Of, u32Of } from "../../src/transport/binary";
import { makePicture, view } from "./fake";

describe("binary", () => {
  const numbers = Uint32Array.from([1, 70_000, 4_000_000_000]);
  const base64 = btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)));
  const padded = new Uint8Array(13);
  padded.set(new Uint8Array(numbers.buffer), 1);

  for (const [name, value] of Object.entries<unknown>({
    DataView: view(numbers),
    "DataView at an odd place": new DataView(padded.buffer, 1, 12),
    ArrayBuffer: numbers.buffer,
    Uint8Array: new Uint8Array(numbers.buffer),
    "Uint8Array at an odd place": padded.subarray(1),
    base64,
  }))
    it(`reads ${name}`, () => expect(Array.from(u32Of(value))).toEqual(Array.from(numbers)));

  it("is empty for anything else", () => {
    for (const value of [null, undefined, 3, {}, "%%%"]) expect(bytesOf(value).length).toBe(0);
    expect(u16Of(new Uint8Array([1, 0, 9])).length).toBe(1);
  });

  it("hands out buffers of exactly the bytes", () => {
    const part = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    expect(Array.from(new Uint8Array(exactBuffer(part)))).toEqual([1, 2]);
  });
});

describe("selection bits", () => {
  it("round-trip, little order", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { maxLength: 70 }), (bits) => {
        const mask = Uint8Array.from(bits);
        const back = unpackBits(view(packBits(mask)), mask.length);
        expect(sameBits(back.mask, mask)).toBe(true);
        expect(back.count).toBe(bits.filter(Boolean).length);
      }),
    );
    expect(Array.from(packBits(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 1])))).toEqual([1, 2]);
  });

  it("combines rows and masks", () => {
    const start = combine(emptySelection(6), [1, 2, 99, -1], "replace");
    expect(rowsOf(start.mask)).toEqual([1, 2]);
    expect(rowsOf(combine(start, new Set([4]), "add").mask)).toEqual([1, 2, 4]);
    expect(rowsOf(combine(start, Uint8Array.from([0, 1, 0, 0, 0, 0]), "subtract").mask)).toEqual([2]);
    expect(combine(start, Uint32Array.from([5]), "replace").count).toBe(1);
    expect(start.count).toBe(2);
  });
});

describe("tables", () => {
  it("widen codes and know what is unlabelled", () => {
    expect(Array.from(codesOf(Uint8Array.from([0, 254, 255]), 254))).toEqual([0, 254, UNLABELLED]);
    expect(Array.from(codesOf(view(Uint16Array.from([3, 65_535])), 300))).toEqual([3, UNLABELLED]);
  });

  it("spread a sample over all rows without inventing places", () => {
    const { table, known } = tableOf(makePicture({ n: 9, rows: [1, 4, 7], given: [0, 1, 2] }));
    expect(Array.from(table.given)).toEqual([
      UNLABELLED,
      0,
      UNLABELLED,
      UNLABELLED,
      1,
      UNLABELLED,
      UNLABELLED,
      2,
      UNLABELLED,
    ]);
    expect(Array.from(known!)).toEqual([0, 1, 0, 0, 1, 0, 0, 1, 0]);
    const places = new Set([0, 100, 200]);
    expect(Array.from(table.x!).every((x) => places.has(x))).toBe(true);
    expect([table.x![1], table.x![4], table.x![7]]).toEqual([0, 100, 200]);
  });

  it("have no map while it is being made", () => {
    expect(tableOf(makePicture({ map: false })).table.x).toBeNull();
    expect(tableOf({ n: 3 } as never).table.given.length).toBe(3);
  });

  it("come whole by message, or not at all", () => {
    const columns = {
      x: null,
      y: null,
      given: { buffer: 0 },
      suggested: { buffer: 1 },
      suspicion: { buffer: 2 },
      flags: { buffer: 2 },
    };
    const buffers = [
      [0, 1],
      [1, 1],
      [9, 8],
    ].map((values) => view(Uint8Array.from(values)));
    expect(Array.from(tableOfReply(2, 3, { columns }, buffers)!.table.suspicion)).toEqual([9, 8]);
    expect(tableOfReply(3, 3, { columns }, buffers)).toBeNull();
    expect(tableOfReply(2, 3, {}, buffers)).toBeNull();
  });

  it("take the edits of a saved notebook", () => {
    const { table } = tableOf(makePicture());
    const edits = {
      rows: view(Uint32Array.from([1, 50])),
      current: view(Uint16Array.from([3, 0])),
      state: view(Uint8Array.from([1, 1])),
      new_classes: ["fox"],
    };
    expect(writeEdits(table, edits as never)).toEqual(["fox"]);
    expect([table.current[1], table.state[1]]).toEqual([3, 1]);
    expect(writeEdits(table, null)).toEqual([]);
  });
});

it("suggestions that came for some rows are the given label in all others", () => {
  const data = {
    columns: {
      x: null,
      y: null,
      given: { buffer: 1 },
      suggested: { buffer: 2, rows: { buffer: 0 } },
      suspicion: { buffer: 3 },
      flags: { buffer: 3 },
    },
  };
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const buffers = [Uint32Array.from([2, 0, 77]), bytes(0, 1, 1, 255), bytes(255, 2, 1), bytes(0, 0, 0, 0)];
  const { table } = tableOfReply(4, 3, data, buffers)!;
  expect([...table.suggested]).toEqual([2, 1, UNLABELLED, UNLABELLED]);
});
