// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { BottomStrip, uiOf } from "../../src/panels/index";
import { act, click, draw, get, press } from "./draw";
import { fakeStore, fakeTable, NOTHING, type Start } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const cells = () => [...drawn.root.querySelectorAll<HTMLElement>(".ls-cell")];

function start(options: Start = {}): void {
  store = fakeStore(options);
  drawn = draw(<BottomStrip store={store} />);
}
afterEach(() => drawn.end());

describe("a check from the matrix", () => {
  it("is offered for the cell that is filtered to, and only for it", () => {
    start();
    expect(drawn.root.querySelector("[data-action=check]")).toBeNull();
    click(cells()[1 * 3 + 2]!);
    const button = q("[data-action=check]");
    expect(button.getAttribute("title")).toContain("given seven");
    click(button);
    expect(uiOf(store).sheet.value).toEqual({ kind: "check", given: 1, suggested: 2 });
    act(() => {
      store.filters.value = NOTHING;
    });
    expect(drawn.root.querySelector("[data-action=check]")).toBeNull();
  });

  it("opens by the menu of a cell that holds rows", () => {
    start();
    const menu = (cell: HTMLElement) =>
      act(() => {
        cell.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
      });
    menu(cells()[0]!); // the diagonal
    menu(cells()[1]!); // empty
    expect(uiOf(store).sheet.value).toBeNull();
    menu(cells()[5]!);
    expect(uiOf(store).sheet.value).toEqual({ kind: "check", given: 1, suggested: 2 });
  });

  it("is for the cell that was walked to, by its key", () => {
    start();
    act(() => cells()[5]!.focus());
    expect(uiOf(store).cell.value).toEqual({ given: 1, suggested: 2 });
    act(() => cells()[0]!.focus());
    expect(uiOf(store).cell.value).toBeNull();
  });

  it("is not offered for changes that were made already", () => {
    start();
    click(q("[title='Show given → now instead']"));
    store.table.value.current[1] = 2;
    act(() => {
      store.version.value++;
    });
    act(() => {
      cells()[5]!.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
    });
    expect(uiOf(store).sheet.value).toBeNull();
  });
});

describe("the pairs of many classes", () => {
  it("are walked by arrows as one stop for Tab, most first", () => {
    const given = Array.from({ length: 300 }, (_, row) => row % 100);
    const table = fakeTable(
      given,
      given.map((code, row) => (row < 120 ? (code + 1) % 100 : code)),
      given.map((_, row) => row),
    );
    start({ table, classes: Array.from({ length: 100 }, (_, k) => `class ${k}`) });
    click(q("[title='Show all 100 classes']"));
    const pairs = () => [...drawn.root.querySelectorAll<HTMLElement>(".ls-pairs button")];
    expect(pairs()).toHaveLength(100);
    expect(pairs()[0]!.getAttribute("aria-label")).toBe("given class 0, suggested class 1: 2 rows");
    expect(pairs().filter((pair) => pair.tabIndex === 0)).toHaveLength(1);
    act(() => pairs()[0]!.focus());
    press(pairs()[0]!, "ArrowDown");
    expect(drawn.root.activeElement).toBe(pairs()[1]);
    expect(uiOf(store).cell.value).toEqual({ given: 1, suggested: 2 });
    press(pairs()[1]!, "End");
    expect(drawn.root.activeElement).toBe(pairs()[99]);
    press(pairs()[99]!, "Home");
    expect(drawn.root.activeElement).toBe(pairs()[0]);
  });
});
