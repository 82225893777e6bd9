// @vitest-environment happy-dom
/** A taxonomy in the page: distances, lists, what comes along, and the same closure in a packet as in Python. */
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import trace from "../../../tests/contract/messages/taxonomy.json";
import type { PacketData } from "../../src/packet/data";
import { closed } from "../../src/packet/implied";
import { Kernel } from "../../src/packet/kernel";
import { Inspector, Palette, Sheets, uiOf } from "../../src/panels/index";
import { matches, stepsOf } from "../../src/panels/palette/match";
import { along, outline, pathTo, steps } from "../../src/panels/palette/taxonomy";
import type { JournalEvent, PageMessage, Tree } from "../../src/protocol";
import { Fold } from "../../src/store/fold";
import { TagSets } from "../../src/store/tagSets";
import { asOne, eventSentence } from "../../src/store/words";
import { act, draw, get, press, type } from "../panels/draw";
import { fakeDetail, fakeStore, fakeTable } from "../panels/fake";

/** cat and dog below animal, which is no class; oak alone; puppy below dog */
const TREE: Tree = { parents: [4, 4, -1, 1, -1], upper: ["Animal"] };
const NAMES = ["cat", "dog", "oak", "puppy"];

let end: () => void = () => undefined;
afterEach(() => {
  end();
  end = () => undefined;
});

const trees = fc
  .integer({ min: 1, max: 8 })
  .chain((n) => fc.tuple(...Array.from({ length: n }, (_, k) => fc.integer({ min: -1, max: k - 1 }))))
  .map((parents): Tree => ({ parents, upper: [] }));

describe("a tree", () => {
  it("has distances through what is above both, one top without a name above all trees", () => {
    expect(steps(TREE, 0, 1)).toBe(2);
    expect(steps(TREE, 0, 3)).toBe(3);
    expect(steps(TREE, 1, 3)).toBe(1);
    expect(steps(TREE, 0, 2)).toBe(3);
    expect(steps(TREE, 0, 7)).toBeNull(); // a class that was added since
  });

  it("has distances that are a metric, and a list with every class once below what is above it", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const n = tree.parents.length;
        const list = outline(tree);
        expect(list.map(([code]) => code).sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
        const seen = new Set([-1]);
        for (const [code, depth] of list) {
          expect(seen.has(tree.parents[code]!)).toBe(true);
          expect(depth).toBe(pathTo(tree, code).length - 1);
          seen.add(code);
        }
        for (let a = 0; a < n; a++)
          for (let b = 0; b < n; b++) {
            expect(steps(tree, a, b)).toBe(steps(tree, b, a));
            expect(steps(tree, a, b) === 0).toBe(a === b);
          }
      }),
    );
  });

  it("is read to its end also where it goes in a circle: the wire is not to be trusted", () => {
    expect(pathTo({ parents: [1, 0], upper: [] }, 0).length).toBeLessThanOrEqual(2);
    expect(outline({ parents: [1, 0], upper: [] })).toEqual([]);
  });
});

describe("the palette", () => {
  it("lists classes as in a table of contents, indented, while nothing is typed", () => {
    const options = matches(NAMES, [], "", new Set(), TREE);
    expect(options.map(({ name, depth }) => [name, depth ?? 0])).toEqual([
      ["oak", 0],
      ["cat", 0],
      ["dog", 0],
      ["puppy", 1],
    ]);
    expect(matches([...NAMES, "new"], [], "", new Set(), TREE).at(-1)?.name).toBe("new");
  });

  it("finds a class by what is above it, also where that is no class", () => {
    const found = (typed: string) => matches([...NAMES], [], typed, new Set(), TREE).map(({ name }) => name);
    expect(found("animal/do")).toEqual(["dog", "puppy"]);
    expect(found("dog/pup")).toEqual(["puppy"]);
    expect(found("animal > pup")).toEqual(["puppy"]);
  });

  it("shows the steps from the label in force, and the inspector those to the suggestion", () => {
    const table = fakeTable([0, 0], [0, 3], [1]);
    const store = fakeStore({ meta: { taxonomy: TREE }, classes: [...NAMES], table });
    store.current.value = 1;
    store.detail.value = fakeDetail(1);
    expect(stepsOf(store, 0, 3)).toBe(3);
    store.palette.value = "current";
    const drawn = draw(
      <>
        <Palette store={store} />
        <Inspector store={store} />
      </>,
    );
    end = drawn.end;
    const line = get(drawn.root, ".ls-option[data-code='3']");
    expect(line.textContent).toContain("3 steps");
    expect(get(drawn.root, ".ls-labels").textContent).toContain("3 steps");
  });
});

describe("tags", () => {
  const names = trace.dataset.picture.tags;
  const tree = trace.dataset.picture.taxonomy as Tree;

  function tagStore() {
    const store = fakeStore({ meta: { task: "multilabel", taxonomy: tree } });
    store.task.value = "multilabel";
    store.tags.value = names;
    store.keyCodes.value = [];
    store.detail.value = fakeDetail(1, { chips: [] });
    store.tagsOf = () => Int8Array.of(1, 0, 1, 0);
    store.addTags = vi.fn(async () => true);
    return store;
  }

  it("come and go with others", () => {
    const store = tagStore();
    expect(along(store, "puppy", 1)).toEqual(["animal", "dog", "living"]);
    expect(along(store, "animal", 0)).toEqual(["dog", "puppy"]);
    expect(along(store, "nothing", 1)).toEqual([]);
  });

  it("say in the box what comes with them, before it is done", () => {
    const store = tagStore();
    store.current.value = 1;
    const drawn = draw(<Sheets store={store} />);
    end = drawn.end;
    act(() => {
      uiOf(store).sheet.value = { kind: "tags" };
    });
    type(get(drawn.root, ".ls-tagbox input"), "living/pup");
    expect(get(drawn.root, ".ls-option").dataset.tag).toBe("puppy");
    expect(get(drawn.root, ".ls-preview").textContent).toContain("with it: dog");
    press(get(drawn.root, ".ls-tagbox input"), "Enter");
    expect(store.addTags).toHaveBeenCalledWith(["puppy"], [1]);
  });

  it("are told in one sentence, whatever each row lacked", () => {
    const event = (rows: number[], data: JournalEvent["data"]) =>
      ({ kind: "tags_added", rows, data, before: [], after: [] }) as unknown as JournalEvent;
    const events = [
      event([1], { tags: ["puppy", "dog"], implied: ["dog"] }),
      event([2, 4], { tags: ["puppy"], refused: ["dog"] }),
    ];
    expect(asOne(events).map((one) => eventSentence(one))).toEqual([
      "3 rows: puppy added, with dog, without dog, refused before.",
    ]);
    expect(eventSentence(event([1], { tags: ["puppy"] }))).toBe("Row 1: puppy added.");
  });
});

describe("a packet", () => {
  it("writes what Python writes", () => {
    const { tags, classes, given, taxonomy } = trace.dataset.picture;
    const codes = Uint16Array.from(given);
    const fold = new Fold(
      codes,
      classes,
      { current: codes.slice(), state: new Uint8Array(4) },
      {
        names: tags,
        unknown: false,
      },
    );
    const sets = new TagSets(tags, false);
    const inSet = (label: unknown) => tags.filter((_, k) => sets.values(label as string)[k] === 1);
    let events = 0;
    for (const step of trace.steps) {
      const command = (step.page as { command?: { name: string; rows: number[]; tags: string[] } }).command;
      const told = step.kernel.flatMap(
        ({ content }) => ((content as { events?: JournalEvent[] }).events ?? []) as JournalEvent[],
      );
      if (command?.tags) {
        const adds = command.name === "add_tags";
        const before = fold.events.filter(({ batch }) => fold.isActive(batch));
        const held = (row: number) => fold.tagsOf(row);
        const moved = closed(taxonomy, tags, command.tags, command.rows, adds, held, before, inSet);
        const wanted = told.map(({ rows, data }) => {
          const { drawn: _, p: __, ...kept } = data;
          return { rows, data: kept };
        });
        const byRow = (a: { rows: number[] }, b: { rows: number[] }) => a.rows[0]! - b.rows[0]!;
        expect(moved.sort(byRow)).toEqual(wanted.sort(byRow));
        events += moved.length;
      }
      fold.apply(told);
    }
    expect(events).toBeGreaterThan(3);
  });

  it("adds what a tag implies in one step, which one undo takes back", () => {
    const { tags, classes, given, taxonomy } = trace.dataset.picture;
    const base64 = (values: ArrayBufferView): never =>
      btoa(String.fromCharCode(...new Uint8Array(values.buffer))) as never;
    const codes = base64(Uint8Array.from(given));
    const zeros = base64(new Uint8Array(4));
    const columns = { x: null, y: null, given: codes, suggested: codes, suspicion: zeros, flags: zeros };
    const facts = { task: "multilabel", tags, tags_unknown: false, taxonomy, classes, class_names: classes };
    const picture = { protocol: 1, n: 4, rows: null, columns, cards: [], notices: [], ...facts };
    const data = { picture, events: [], order: base64(Uint32Array.of(0, 1, 2, 3)), columns: [], gate: null };
    const kernel = new Kernel({ ...data, options: {} } as unknown as PacketData, "ada", () => undefined);
    const run = (command: object) =>
      kernel.receive({ type: "command", id: "c", command } as unknown as PageMessage);
    run({ name: "add_tags", rows: [0, 1], tags: ["puppy"] });
    expect(kernel.journal.own.map(({ rows, data }) => [rows, data.implied])).toEqual([
      [[0], ["living"]],
      [[1], ["animal", "dog", "living"]],
    ]);
    expect(new Set(kernel.journal.own.map(({ batch }) => batch)).size).toBe(1);
    run({ name: "undo" });
    expect([...kernel.journal.fold.current]).toEqual(given);
  });
});
