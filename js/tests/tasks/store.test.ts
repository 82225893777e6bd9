// @vitest-environment happy-dom
/** The store of a view of tags, numbers, or attributes: what it folds, sends and works out itself. */
import { afterEach, describe, expect, it } from "vitest";
import type { Picture } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import { heldOf } from "../../src/store/tagSets";
import type { Store } from "../../src/store/types";
import { FakeModel, makePicture, settle, view } from "../store/fake";

let store: Store;
let model: FakeModel;
afterEach(() => store.dispose());

async function open(picture: Partial<Picture>, answers: Record<string, unknown> = {}): Promise<void> {
  model = new FakeModel({ _picture: { ...makePicture(), ...picture } });
  model.kernel = (content) => {
    const name = content.request?.name ?? content.command?.name ?? "";
    if (content.type === "hello" || !(name in answers)) model.answer(content);
    else queueMicrotask(() => model.say({ type: "reply", id: content.id, data: answers[name] }));
  };
  store = createStore(model);
  await settle(5);
}

const sets: Partial<Picture> = {
  ...makePicture({ classes: ["", "joy", "fear|joy"], given: [0, 1, 2, 0, 1, 2] }),
  task: "multilabel",
  tags: ["fear", "joy"],
  tags_unknown: false,
};

describe("sets of tags", () => {
  it("are named by their tags, and are no colors of the map", async () => {
    await open(sets);
    expect(store.classNames.value).toEqual(["(no tags)", "joy", "fear, joy"]);
    expect(store.colorBy.value).toBe("suspicion");
    expect(store.keyCodes.value).toEqual([]);
    expect(store.wordsOf("fear|joy")).toBe("fear, joy");
    expect(store.tagsIn("fear|joy")).toEqual(new Set(["fear", "joy"]));
    expect(store.setWith(1, ["fear"], ["joy"])).toBe("fear");
  });

  it("change by one tag: a command, then the event, then all that is worked out from it", async () => {
    await open(sets);
    const column = store.columnOf("tag: fear");
    expect([...(column.value as { codes: Uint16Array }).codes]).toEqual([1, 1, 0, 1, 1, 0]);
    store.setCurrent(1);
    expect(await store.addTags(["fear"])).toBe(true);
    expect(model.commands()).toEqual([{ name: "add_tags", rows: [1], tags: ["fear"] }]);
    expect(store.current.value, "one tag of many does not end the row").toBe(1);
    model.tell([model.event("tags_added", [1], [], { data: { tags: ["fear"] } })]);
    expect([...store.tagsOf(1)]).toEqual([1, 1]);
    expect(store.table.value.state[1]).toBe(1);
    expect([...(column.value as { codes: Uint16Array }).codes]).toEqual([1, 0, 0, 1, 1, 0]);
    expect(store.announcement.value).toContain("Row 1: fear added.");
    model.tell([model.event("tags_removed", [1], [], { data: { tags: ["fear"] } })]);
    expect(store.table.value.state[1], "as it was given").toBe(2);
  });

  it("come as text of bytes where there are very many", async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(["", "joy", "fear|joy"]));
    await open({ ...sets, classes: [], class_names: [], class_values: view(bytes) });
    expect(store.classes.value).toEqual(["", "joy", "fear|joy"]);
    expect([...store.tagsOf(2)]).toEqual([1, 1]);
  });
});

describe("numbers", () => {
  const n = 70_000;
  const many: Partial<Picture> = {
    ...makePicture({ n: 4 }),
    n: 4,
    task: "regression",
    classes: [],
    class_names: [],
    class_values: view(Float64Array.from({ length: n }, (_, k) => k / 2)),
    columns: {
      ...makePicture({ n: 4 }).columns,
      given: view(Uint32Array.of(0, 65_535, 69_999, 0xffff_ffff)),
      suggested: view(Uint32Array.of(0, 2, 69_999, 0xffff_ffff)),
    },
  };

  it("are colored by the target, however many there are", async () => {
    await open(many);
    expect(store.colorBy.value).toBe("column:target");
    const { values, info } = store.columnOf("target").value as { values: Float64Array; info: object };
    expect([...values]).toEqual([0, 32_767.5, 34_999.5, Number.NaN]);
    expect(info).toMatchObject({ min: 0, max: 34_999.5, n_missing: 1 });
  });

  it("take any number that a person gives", async () => {
    await open(many);
    store.relabel(8.25, [0]);
    expect(model.commands()[0]).toMatchObject({ name: "relabel", rows: [0], to: 8.25 });
    await settle(5);
    expect((store.columnOf("target").value as { values: Float64Array }).values[0]).toBe(8.25);
    expect(store.classNames.value.at(-1)).toBe("8.25");
  });
});

describe("attributes beside a class", () => {
  const birds: Partial<Picture> = {
    task: "concepts",
    tags: ["wings", "fins"],
    tags_unknown: true,
    attributes: view(Uint8Array.of(0b10_00_00_01, 0b01_00_00_00, 0)),
  };
  const proposal = { variable: "fins", kind: "attribute", old: 0, new: 1, p_old: 0.1, p_new: 0.9 };

  it("travel four to a byte, 2 as unknown", () => {
    expect([...heldOf(Uint8Array.of(0b10_00_00_01, 0b01), 5)!]).toEqual([1, 0, 0, -1, 1]);
    expect(heldOf(Uint8Array.of(1), 5)).toBeNull();
  });

  it("ask what follows from a fix; nothing changes until it is taken up", async () => {
    await open(birds, { propagate: { row: 0, proposals: [proposal] } });
    expect([...store.tagsOf(0)]).toEqual([1, 0]);
    expect([...store.tagsOf(1)]).toEqual([0, -1]);
    expect(
      [...(store.columnOf("attribute: fins").value as { codes: Uint16Array }).codes].slice(0, 2),
    ).toEqual([1, 2]);
    store.setCurrent(0);
    await store.removeTags(["wings"], [0]);
    expect(model.requests("propagate").at(-1)!.request).toMatchObject({ row: 0, fix: { wings: 0 } });
    expect(store.proposed.value).toMatchObject({ row: 0, proposals: [proposal] });
    expect(model.commands()).toHaveLength(1);
    await store.acceptProposals(["fins"]);
    expect(model.commands().at(-1)).toEqual({ name: "accept_proposals", row: 0, variables: ["fins"] });
    expect(store.proposed.value).toBeNull();
  });

  it("hold the reader on a row whose class was fixed, as long as something follows", async () => {
    await open(birds, { propagate: { row: 0, proposals: [proposal] } });
    store.setCurrent(0);
    store.relabel("dog", [0]);
    await settle(5);
    expect([store.current.value, store.proposed.value?.row]).toEqual([0, 0]);
    store.dispose();
    await open(birds, { propagate: { row: 0, proposals: [] } });
    store.setCurrent(0);
    store.relabel("dog", [0]);
    await settle(5);
    expect(store.current.value).not.toBe(0);
  });
});
