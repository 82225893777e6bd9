// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toggled } from "../../src/panels/bulk/preview";
import { Sheets, uiOf } from "../../src/panels/index";
import type { Preview } from "../../src/protocol";
import { UNLABELLED } from "../../src/store/types";
import { act, click, draw, get, press, type } from "./draw";
import { fakeDetail, fakeStore } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const odd = () => [...drawn.root.querySelectorAll<HTMLElement>(".ls-odd")];
const PREVIEW: Preview = { n: 4, changes: 3, already: 1, contradict: 1, odd: [4, 2], by_current: [] };

beforeEach(() => {
  store = fakeStore();
  store.preview = vi.fn(async () => PREVIEW);
  drawn = draw(
    <>
      <button type="button" id="before">
        before
      </button>
      <Sheets store={store} />
    </>,
  );
  q("#before").focus();
});
afterEach(() => drawn.end());

async function preview(): Promise<void> {
  await act(async () => {
    uiOf(store).sheet.value = { kind: "preview", rows: [1, 2, 3, 4], code: 1 };
  });
}

describe("the preview of a bulk edit", () => {
  it("says what changes before anything does, and Enter does it in one step", async () => {
    await preview();
    expect(store.preview).toHaveBeenCalledWith([1, 2, 3, 4], "seven");
    // rows 1 and 2 are seven; 3 and 4 are six, 4 suggested six: its suggestion is its label
    expect(q(".ls-counts").textContent).toContain("2 change");
    expect(q(".ls-counts").textContent).toContain("2 have it already");
    expect(drawn.root.activeElement).toBe(q("[data-action=relabel-all]"));
    expect(store.relabel).not.toHaveBeenCalled();
    press(q("[data-action=relabel-all]"), "Enter");
    expect(store.relabel).toHaveBeenCalledTimes(1);
    expect(store.relabel).toHaveBeenCalledWith("seven", [1, 2, 3, 4]);
    expect(uiOf(store).sheet.value).toBeNull();
    expect(drawn.root.activeElement).toBe(q("#before"));
  });

  it("leaves odd ones out by o, all of them by Shift o, and takes them in again", async () => {
    await preview();
    const dialog = q(".ls-sheet-body");
    expect(odd().map((one) => one.dataset.row)).toEqual(["4", "2"]);
    press(dialog, "o");
    expect(odd()[0]!.getAttribute("aria-pressed")).toBe("true");
    press(dialog, "ArrowRight");
    expect(drawn.root.activeElement).toBe(odd()[1]);
    press(odd()[1]!, "o");
    expect(q("[data-action=relabel-all]").textContent).toContain("Relabel 2 rows");
    press(odd()[1]!, "o");
    press(odd()[1]!, "O");
    expect(odd().every((one) => one.getAttribute("aria-pressed") === "true")).toBe(true);
    press(odd()[1]!, "O");
    expect(odd().some((one) => one.getAttribute("aria-pressed") === "true")).toBe(false);
    act(() => odd()[0]!.focus());
    press(odd()[0]!, "o");
    press(odd()[0]!, "Enter");
    expect(store.relabel).toHaveBeenCalledWith("seven", [1, 2, 3]);
  });

  it("changes nothing by Escape, or when every row was left out", async () => {
    await preview();
    press(q("[role=dialog]"), "Escape");
    expect(uiOf(store).sheet.value).toBeNull();
    await act(async () => {
      uiOf(store).sheet.value = { kind: "preview", rows: [4, 2], code: 1 };
    });
    await vi.waitFor(() => expect(odd()).toHaveLength(2));
    press(q(".ls-sheet-body"), "O");
    expect(q("[data-action=relabel-all]").textContent).toContain("0 rows");
    press(q(".ls-sheet-body"), "Enter");
    expect(store.relabel).not.toHaveBeenCalled();
    expect(vi.mocked(store.say).mock.lastCall![0]).toContain("nothing changed");
  });

  it("leaves out what contradicts by one button", async () => {
    store.table.value.suggested[3] = 0;
    await preview();
    const button = q("[data-action=leave-contradicting]");
    expect(button.textContent).toContain("contradict");
    click(button);
    press(q(".ls-sheet-body"), "Enter");
    const [, rows] = vi.mocked(store.relabel).mock.lastCall!;
    expect(rows).not.toContain(3);
  });

  it("takes rows out together, and in again when all were out", () => {
    expect([...toggled(new Set([1]), [1, 2])]).toEqual([1, 2]);
    expect([...toggled(new Set([1, 2, 3]), [1, 2])]).toEqual([3]);
    expect([...toggled(new Set([3]), [])]).toEqual([3]);
  });
});

describe("severity", () => {
  it("is one key, and is taken back by 0", () => {
    act(() => {
      uiOf(store).sheet.value = { kind: "severity" };
    });
    press(q("[data-severity]"), "2");
    expect(store.tag).toHaveBeenCalledWith({ severity: "minor" }, [1]);
    expect(uiOf(store).sheet.value).toBeNull();
    store.detail.value = fakeDetail(1, { tags: { severity: "minor", category: "blur" } });
    act(() => {
      uiOf(store).sheet.value = { kind: "severity" };
    });
    expect(drawn.root.activeElement).toBe(q("[data-severity=minor]"));
    expect(get<HTMLInputElement>(drawn.root, ".ls-word input").value).toBe("blur");
    press(q("[data-severity=minor]"), "0");
    expect(store.tag).toHaveBeenLastCalledWith({ severity: null }, [1]);
  });

  it("takes a word; its letters are no keys", () => {
    act(() => {
      uiOf(store).sheet.value = { kind: "severity" };
    });
    const field = get<HTMLInputElement>(drawn.root, ".ls-word input");
    press(field, "s");
    press(field, "1");
    expect(store.tag).not.toHaveBeenCalled();
    type(field, "  glasses ");
    act(() => {
      q("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
    expect(store.tag).toHaveBeenCalledWith({ category: "glasses" }, [1]);
  });
});

describe("several labels", () => {
  const field = () => get<HTMLInputElement>(drawn.root, ".ls-palette-input");
  const open = (): void => {
    act(() => {
      uiOf(store).sheet.value = { kind: "several", row: 1 };
    });
  };

  it("starts with the label and the suggestion, so that Enter is enough", () => {
    open();
    expect(q(".ls-chosen").textContent).toContain("seven");
    expect(q(".ls-chosen").textContent).toContain("six");
    press(field(), "Enter");
    expect(store.acceptSet).toHaveBeenCalledWith(1, ["seven", "six"]);
  });

  it("adds and takes away by typing, by digit and by click", () => {
    open();
    type(field(), "on");
    press(field(), "Enter");
    expect(field().value).toBe("");
    press(field(), "1"); // six, the first candidate: away
    const option = [...drawn.root.querySelectorAll<HTMLElement>("[role=option]")];
    expect(option.map((one) => [one.dataset.code, one.getAttribute("aria-selected")])).toEqual([
      ["2", "false"],
      ["0", "true"],
      ["1", "true"],
    ]);
    click(q("[data-action=accept-set]"));
    expect(store.acceptSet).toHaveBeenCalledWith(1, ["seven", "one"]);
  });

  it("does not offer a suggestion that is hidden, nor to save none", () => {
    store.suggestedOf = () => UNLABELLED;
    open();
    expect(q(".ls-chosen").textContent).not.toContain("six");
    click(q(".ls-chosen button"));
    expect(q("[data-action=accept-set]").hasAttribute("disabled")).toBe(true);
    press(field(), "Enter");
    expect(store.acceptSet).not.toHaveBeenCalled();
  });
});
