// @vitest-environment happy-dom
/** What keys do beyond a plain decision. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { runAction } from "../../src/input/run";
import type { Action } from "../../src/input/table";
import { uiOf } from "../../src/panels/ui";
import { choose, fakeStore, fakeTable, NOTHING, UNLABELLED } from "../panels/fake";

let store: ReturnType<typeof fakeStore>;
const root = document.createElement("div");
const run = (action: Action["do"]) => runAction({ do: action } as Action, store, root);
const said = () => vi.mocked(store.say).mock.lastCall?.[0];

beforeEach(() => {
  store = fakeStore();
  root.replaceChildren();
});

describe("a digit", () => {
  it("relabels one row at once, and asks first for several", () => {
    runAction({ do: "digit", place: 0 }, store, root);
    expect(store.relabel).toHaveBeenCalledWith("six");
    store.targets = () => [1, 3];
    runAction({ do: "digit", place: 0 }, store, root);
    expect(store.relabel).toHaveBeenCalledTimes(1);
    expect(uiOf(store).sheet.value).toEqual({ kind: "preview", rows: [1, 3], code: 2 });
    runAction({ do: "digit", place: 8 }, store, root);
    expect(said()).toBe("No label on key 9.");
  });
});

describe("dialogs", () => {
  it("open for what there is, and say why not", () => {
    run("several");
    expect(uiOf(store).sheet.value).toEqual({ kind: "several", row: 1 });
    run("clear");
    expect(uiOf(store).sheet.value).toBeNull();
    store.targets = () => [1, 2];
    run("several");
    expect(said()).toContain("one row at a time");
    store.targets = () => [];
    run("severity");
    expect(said()).toBe("No row is chosen.");
    expect(uiOf(store).sheet.value).toBeNull();
  });

  it("check the cell that is filtered to, else the one of the current row", () => {
    run("check"); // row 1: given seven, suggested six
    expect(uiOf(store).sheet.value).toEqual({ kind: "check", given: 1, suggested: 2 });
    store.filters.value = { ...NOTHING, given: 2, suggested: 1 };
    run("check");
    expect(uiOf(store).sheet.value).toEqual({ kind: "check", given: 2, suggested: 1 });
    uiOf(store).sheet.value = null;
    store.filters.value = NOTHING;
    store.current.value = 0; // its suggestion is its label
    run("check");
    expect(said()).toContain("Choose a cell");
    store.current.value = 1;
    store.suggestedOf = () => UNLABELLED;
    run("check");
    expect(uiOf(store).sheet.value).toBeNull();
  });
});

describe("Enter", () => {
  it("accepts nothing that is hidden", () => {
    run("accept");
    expect(store.accept).toHaveBeenCalledTimes(1);
    store.reveal.value = "after_answer";
    run("accept");
    expect(store.accept).toHaveBeenCalledTimes(1);
    expect(said()).toContain("hidden until you decide");
    store.table.value.state[1] = 2;
    run("accept");
    expect(store.accept).toHaveBeenCalledTimes(2);
  });
});

describe("the rest", () => {
  it("takes the current row out of the selection and in again", () => {
    choose(store, [1, 2]);
    run("out");
    expect(store.select).toHaveBeenLastCalledWith([1], "subtract");
    expect(said()).toBe("Row 1 left out; 1 selected.");
    store.current.value = 3;
    run("out");
    expect(store.select).toHaveBeenLastCalledWith([3], "add");
  });

  it("leaves the current row alone on pages, and gives the focus back to the page", () => {
    const page = document.createElement("div");
    page.className = "ls-pages";
    page.tabIndex = 0;
    root.append(page);
    document.body.append(root);
    run("page");
    for (const action of ["accept", "keep", "unsure", "exclude", "palette"] as const) {
      (document.activeElement as HTMLElement | null)?.blur();
      run(action);
      expect(document.activeElement).toBe(page);
      expect(said()).toContain("On a page, Space marks a card");
    }
    runAction({ do: "digit", place: 0 }, store, root);
    for (const decide of [store.accept, store.keep, store.unsure, store.exclude, store.relabel])
      expect(decide).not.toHaveBeenCalled();
    expect(store.palette.value).toBeNull();
    choose(store, [1, 2]);
    run("keep");
    expect(store.keep).toHaveBeenCalledTimes(1);
    root.remove();
  });

  it("turns pages on and off, ranks again, opens the filters, presses the map's buttons", () => {
    run("page");
    expect(store.pageMode.value).toBe(true);
    run("page");
    expect(store.pageMode.value).toBe(false);
    run("rerank");
    expect(store.rescore).toHaveBeenCalledTimes(1);
    run("query");
    expect(uiOf(store).filters.value).toBe(true);
    const heard = vi.fn();
    for (const action of ["fit", "zoom"]) {
      const button = document.createElement("button");
      button.dataset.action = action;
      button.addEventListener("click", () => heard(action));
      root.append(button);
    }
    run("fit");
    run("zoom");
    expect(heard.mock.calls).toEqual([["fit"], ["zoom"]]);
  });

  it("says that the gate cannot be moved when there is none", () => {
    store = fakeStore({ table: fakeTable([0], [1], [0]) });
    runAction({ do: "gate", by: 1 }, store, root);
    expect(said()).toBe("The gate cannot be moved now.");
  });
});
