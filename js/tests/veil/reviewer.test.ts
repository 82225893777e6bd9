// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { setVoting } from "../../src/panels/vote/vote";
import type { JournalEvent } from "../../src/protocol";
import { UNLABELLED } from "../../src/store/types";
import { settle } from "../store/fake";
import { factsOf, open, ROW } from "./world";

describe("the color by who decided", () => {
  it("tells who votes blind of no row that somebody decided about it", async () => {
    const store = await open(factsOf("labels", false), { veiled: "labels" });
    setVoting(store, true);
    await settle(5);
    const who = store.columnOf(":reviewer");
    expect(who.value!.info.categories).toEqual([]);
    expect(who.value!.kind === "categorical" && [...who.value!.codes]).toEqual(new Array(6).fill(UNLABELLED));
    setVoting(store, false);
    await settle(320);
    expect(who.value!.info.categories).toEqual(["bob"]);
    expect(who.value!.kind === "categorical" && who.value!.codes[ROW]).toBe(0);
    store.dispose();
  });
});

describe("a note", () => {
  it.each([
    ["ada", "mine"],
    ["carol", ""],
  ])("by %s is told a blind voter as %o", async (reviewer, told) => {
    const noted = { kind: "noted", reviewer, rows: [ROW], data: { text: "mine" } };
    const special = {
      picture: {},
      card: () => ({}),
      detail: () => ({ note: "mine", history: [noted as unknown as JournalEvent] }),
    };
    const store = await open(factsOf("labels", false), { veiled: "labels", special });
    setVoting(store, true);
    await settle(320);
    expect(store.detail.value?.row).toBe(store.current.value);
    expect(store.detail.value?.note).toBe(told);
    store.dispose();
  });
});
