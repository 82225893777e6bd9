// @vitest-environment happy-dom
/** What is veiled of a row changes nothing in the page: not a word, a title, an attribute or a number. */
import type { Signal } from "@preact/signals";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../../src/App";
import { runAction } from "../../src/input/run";
import type { PacketData } from "../../src/packet/data";
import { Kernel } from "../../src/packet/kernel";
import { NO_FILTERS, uiOf } from "../../src/panels/index";
import { setVoting } from "../../src/panels/vote/vote";
import { coloringOf } from "../../src/plot/coloring";
import { buildDrawList } from "../../src/plot/drawlist";
import { Tooltip } from "../../src/plot/Tooltip";
import { describe as sentence } from "../../src/plot/walk";
import type { Ballot } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import { seenTable } from "../../src/store/sight";
import { STATES, type Store, UNLABELLED } from "../../src/store/types";
import { act, draw } from "../panels/draw";
import { FakeModel, makePicture, settle } from "../store/fake";
import { COLUMN, factsOf, LABEL, type Mode, NAMES, open, ROW } from "./world";

type View = [name: string, prepare: (store: Store) => void, modes?: Mode[]];

const VIEWS: View[] = [
  ["as it opens", () => undefined],
  ...(["given", "current", "suggested", "suspicion", "state", `column:${COLUMN}`] as const).map(
    (by): View => [`colored by ${by}`, (store) => Object.assign(store.colorBy, { value: by })],
  ),
  [
    "colored by a column of labels",
    (s) => Object.assign(s.colorBy, { value: `column:${LABEL}` }),
    ["labels"],
  ],
  ...(["pair", "suspicion"] as const).map(
    // Who sorts by suspicion asks for it; who votes gets the order of the vote.
    (by): View => [
      `sorted by ${by}`,
      (store) => Object.assign(store.sort, { value: by }),
      by === "pair" ? ["hint", "labels"] : ["labels"],
    ],
  ),
  ...(["given", "suggested"] as const).map(
    (by): View => [`grouped by ${by}`, (store) => Object.assign(store.group, { value: by })],
  ),
  ["filtered by a class", (s) => Object.assign(s.filters, { value: { ...s.filters.peek(), given: 0 } })],
  [
    "filtered by a suggestion",
    (s) => Object.assign(s.filters, { value: { ...s.filters.peek(), suggested: 1 } }),
  ],
  ["pages", (store) => Object.assign(store.pageMode, { value: true })],
  ["two rows selected", (store) => store.select([ROW, 2], "replace")],
  ["a label is typed", (store) => runAction({ do: "palette" }, store, document.body)],
  ["several labels", (store) => runAction({ do: "several" }, store, document.body)],
  ["keep by key", (store) => runAction({ do: "keep" }, store, document.body), ["labels"]],
  [
    "many rows get a label",
    (store) => {
      uiOf(store).sheet.value = { kind: "preview", rows: [ROW, 2], code: 3 };
    },
  ],
];

let ends: (() => void)[] = [];
beforeEach(() => {
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});
afterEach(() => {
  for (const end of ends) end();
  ends = [];
  vi.restoreAllMocks();
});

async function show(mode: Mode, exchanged: boolean, veiled = true) {
  const store = await open(factsOf(mode, exchanged), { veiled: veiled ? mode : null });
  if (veiled && mode === "labels") setVoting(store, true);
  await settle(5);
  store.setCurrent(ROW);
  const drawn = draw(<App store={store} />);
  ends.push(() => {
    drawn.end();
    store.dispose();
  });
  await act(() => settle(80));
  return { store, root: drawn.root };
}

function reset(store: Store): void {
  Object.assign(store.colorBy, { value: "given" });
  Object.assign(store.sort, { value: "queue" });
  Object.assign(store.group, { value: "none" });
  Object.assign(store.filters, { value: NO_FILTERS });
  Object.assign(store.pageMode, { value: false });
  store.palette.value = null;
  uiOf(store).sheet.value = null;
  store.clearSelection();
  store.setCurrent(ROW);
  store.say("");
}

/** Every page as a list of elements with their attributes and text, by the name of the view. */
async function pages(mode: Mode, exchanged: boolean, veiled: boolean): Promise<Record<string, string[]>> {
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  const { store, root } = await show(mode, exchanged, veiled);
  const found: Record<string, string[]> = {};
  for (const [name, prepare, modes] of VIEWS) {
    if (modes?.includes(mode) === false) continue;
    act(() => reset(store));
    await act(() => settle(5));
    act(() => prepare(store));
    await act(() => settle(60));
    found[name] = root.innerHTML.split(/(?=<)/);
  }
  for (const end of ends.splice(0)) end();
  return found;
}

describe.each(["hint", "labels"] as const)("veil %s", (mode) => {
  const views = VIEWS.flatMap(([name, , modes]) => (modes?.includes(mode) === false ? [] : [name]));
  let seen: Record<string, string[]>[];
  beforeAll(async () => {
    seen = [];
    for (const veiled of [true, false])
      for (const exchanged of [false, true]) seen.push(await pages(mode, exchanged, veiled));
  }, 60_000);

  it.each(views)("page %s: the same whatever is veiled", (name) => {
    expect(seen[0]![name]).toEqual(seen[1]![name]);
  });

  it.each(views)("page %s: another one without the veil", (name) => {
    expect(seen[2]![name]).not.toEqual(seen[3]![name]);
  });

  it("has no class and no suspicion where the row is shown", async () => {
    const { root, store } = await show(mode, false);
    const secret = mode === "labels" ? ["kestrel", "lynx"] : ["lynx"];
    store.colorBy.value = `column:${mode === "labels" ? LABEL : COLUMN}`;
    await act(() => settle(20));
    const tip = draw(<Tooltip store={store} tip={{ row: ROW, x: 1, y: 1 }} width={9} height={9} />);
    ends.push(tip.end);
    const parts = [
      root.querySelector(".ls-app .ls-card.current")!.outerHTML,
      root.querySelector(".ls-inspector .ls-head")!.outerHTML,
      root.querySelector(".ls-live")!.outerHTML,
      tip.root.innerHTML,
      tip.root.querySelector(".ls-plot-tip-value b")!.textContent === "missing" ? "" : "90 %",
      sentence(store, ROW),
      JSON.stringify({ ...store.detail.value, neighbors: [] }),
      JSON.stringify(store.card(ROW, 96).value),
    ];
    for (const part of parts) {
      for (const word of secret) expect(part).not.toContain(word);
      expect(part).not.toMatch(/90\s?%|0?\.90\b|major/);
      if (mode === "hint") expect(part.includes("kestrel") || !part.includes("given")).toBe(true);
    }
  });

  it("draws the same points and rings, by every color", async () => {
    const words = [];
    for (const exchanged of [false, true]) {
      const { store } = await show(mode, exchanged);
      const table = store.table.value;
      const mask = new Uint8Array(table.n);
      words.push(
        (["given", "current", "suggested", "suspicion", "state", `column:${COLUMN}`] as const).map((by) => {
          const column = by.startsWith("column:") ? store.columnOf(COLUMN).value : null;
          const coloring = coloringOf(table, by, NAMES.length, column);
          return [...buildDrawList(table, { coloring, selected: mask, passing: mask }).words];
        }),
      );
    }
    expect(words[0]).toEqual(words[1]);
  });
});

describe("the veil", () => {
  it("lifts from a row with its answer, and comes back with its undo", async () => {
    const { store, root } = await show("hint", false);
    const card = () => root.querySelector(`.ls-card[data-row="${ROW}"]`)!.textContent;
    expect([store.veiled(ROW), card()]).toEqual(["hint", "kestrel-1.jpgkestrel"]);
    act(() => store.unsure([ROW]));
    expect(store.veiled(ROW), "on its way is an answer").toBe("none");
    await act(() => settle(20));
    expect(card()).toBe("?kestrel-1.jpgkestrel→lynx90 %");
    act(() => store.undo());
    await act(() => settle(20));
    expect([store.veiled(ROW), card()]).toEqual(["hint", "kestrel-1.jpgkestrel"]);
  });

  it("leaves out reasons, bars, scorers, people, judges, examples, history and what experts say", async () => {
    const { store, root } = await show("hint", false);
    const parts =
      ".ls-why .ls-facts .ls-meter .ls-surely .ls-scorers .ls-judge .ls-example .ls-history .ls-sure";
    const led = [...parts.split(" "), "[data-expert]", "[aria-label=Annotators]"];
    const there = () => led.filter((part) => root.querySelector(`.ls-inspector ${part}`) !== null);
    expect(there()).toEqual([]);
    act(() => store.unsure([ROW]));
    act(() => store.setCurrent(ROW));
    await act(() => settle(320));
    expect(there()).toEqual(led);
  });

  it("tells who votes nothing of what was decided before, nor how bad it was, until the vote is over", async () => {
    const { store, root } = await show("labels", false);
    const told = () => ({
      badges: root.querySelectorAll(".ls-card-badge, .ls-card.decided").length > 0,
      states: [...root.querySelectorAll<HTMLElement>(".ls-card")].some(
        (c) => c.dataset.state !== "unreviewed",
      ),
      chips: root.querySelectorAll(".ls-inspector h2 .ls-chip").length,
      said: /relabelled|kept|excluded/.test(sentence(store, ROW)),
    });
    expect(told()).toEqual({ badges: false, states: false, chips: 0, said: false });
    await act(() => runAction({ do: "severity" }, store, document.body));
    const sheet = root.querySelector(".ls-severity")!;
    expect(sheet.querySelector("[aria-pressed=true]")).toBeNull();
    expect(sheet.textContent).not.toContain("take it back");
    uiOf(store).sheet.value = null;
    setVoting(store, false);
    await act(() => settle(320));
    expect(told()).toEqual({ badges: true, states: true, chips: 2, said: true });
  });

  it("covers by state: only rows without a decision for a reader, all rows for who votes", async () => {
    const { store } = await show("hint", false);
    for (const state of STATES.keys()) {
      const table = { ...store.whole.value, state: new Uint8Array(6).fill(state) };
      expect(seenTable(table, "hint").suggested.includes(1)).toBe(state !== 0);
      expect(seenTable(table, "hint").given).toEqual(table.given);
      for (const column of ["given", "current", "suggested"] as const)
        expect(seenTable(table, "labels")[column].every((code) => code === UNLABELLED)).toBe(true);
    }
  });

  it("is there without a kernel, in a saved notebook and in a packet", async () => {
    const _options = { height: 640, reveal: "after_answer" };
    const model = new FakeModel({ _options });
    model.kernel = null;
    const store = createStore(model);
    expect(store.veil.value).toBe("hint");
    store.dispose();
    const heard: { data?: { reveal?: string } }[] = [];
    const data = {
      picture: makePicture(),
      order: "",
      events: [],
      columns: [],
      gate: null,
      options: _options,
    };
    const kernel = new Kernel(
      data as unknown as PacketData,
      "bob",
      (message) => void heard.push(message as never),
    );
    kernel.receive({ type: "hello", id: "h", protocol: 1 });
    expect(heard[0]?.data?.reveal).toBe("after_answer");
  });

  it("is off for a vote that is not blind, and for another queue", async () => {
    const { store } = await show("labels", false);
    expect(store.veil.value).toBe("labels");
    const ballot = store.methods.ballot as Signal<Ballot | null>;
    ballot.value = { ...ballot.value!, blind: false };
    expect(store.veil.value).toBe("none");
    ballot.value = { ...ballot.value!, blind: true };
    store.queue.value = "most_suspicious";
    expect([store.methods.voting.value, store.veil.value]).toEqual([false, "none"]);
  });

  it("takes the colors away, and gives them back after the vote", async () => {
    const { store } = await show("labels", false);
    setVoting(store, false);
    for (const by of ["suggested", "state"] as const) {
      store.colorBy.value = by;
      setVoting(store, true);
      expect(store.colorBy.value).toBe("state");
      store.queue.value = "most_suspicious";
      expect([store.methods.voting.value, store.colorBy.value]).toEqual([false, by]);
    }
  });
});
