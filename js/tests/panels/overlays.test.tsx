// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Help, Palette, uiOf } from "../../src/panels/index";
import { act, click, draw, get, press, type } from "./draw";
import { choose, fakeStore } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const field = () => get<HTMLInputElement>(drawn.root, ".ls-palette-input");
const options = () => [...drawn.root.querySelectorAll<HTMLElement>("[role=option]")];

beforeEach(() => {
  store = fakeStore();
  drawn = draw(
    <>
      <button type="button" id="before">
        before
      </button>
      <input id="after" />
      <Palette store={store} />
      <Help store={store} />
    </>,
  );
  q("#before").focus();
});
afterEach(() => drawn.end());

function open(scope: "current" | "selection"): void {
  act(() => {
    store.palette.value = scope;
  });
}

describe("the help key", () => {
  it("closes by the key that opened it", () => {
    act(() => {
      store.helpOpen.value = true;
    });
    press(q("[role=dialog]"), "?");
    expect(store.helpOpen.value).toBe(false);
  });
});

describe("a dialog that closes", () => {
  it("gives the focus back at once and never takes it from whoever went on", async () => {
    act(() => {
      store.helpOpen.value = true;
    });
    expect(q("[role=dialog]").contains(drawn.root.activeElement)).toBe(true);
    store.helpOpen.value = false;
    await new Promise((done) => queueMicrotask(() => done(null)));
    await Promise.resolve();
    expect(drawn.root.querySelector("[role=dialog]")).toBeNull();
    expect(drawn.root.activeElement).toBe(q("#before"));
    q("#after").focus();
    await new Promise((done) => setTimeout(done, 120));
    expect(drawn.root.activeElement).toBe(q("#after"));
  });
});

describe("the palette", () => {
  it("puts the class typed to the letter first where classes differ in case only", () => {
    act(() => {
      store.classes.value = ["Cat", "cat", "CAT"];
    });
    open("current");
    type(field(), "CAT");
    expect(options()[0]!.textContent).toContain("CAT");
  });

  it("takes the focus, lists candidates first, relabels by Enter and gives the focus back", () => {
    open("current");
    expect(drawn.root.activeElement).toBe(field());
    expect(options().map((option) => option.textContent)).toEqual(["six1", "one2", "seven3"]);
    expect(field().getAttribute("aria-activedescendant")).toBe(options()[0]!.id);
    press(field(), "ArrowDown");
    expect(options()[1]!.getAttribute("aria-selected")).toBe("true");
    press(field(), "Enter");
    expect(store.relabel).toHaveBeenCalledWith("one", [1]);
    expect(store.palette.value).toBeNull();
    expect(drawn.root.activeElement).toBe(q("#before"));
  });

  it("picks by digit, unless class names start with digits", () => {
    open("current");
    press(field(), "3");
    expect(store.relabel).toHaveBeenCalledWith("seven", [1]);
    act(() => {
      store.classes.value = [0, 1, 2];
    });
    open("current");
    expect(press(field(), "3").defaultPrevented).toBe(false);
    expect(store.relabel).toHaveBeenCalledTimes(1);
  });

  it("completes what is typed", () => {
    open("current");
    type(field(), "se");
    expect(options().map((option) => option.dataset.code)).toEqual(["1", "new"]);
    press(field(), "Enter");
    expect(store.relabel).toHaveBeenCalledWith("seven", [1]);
  });

  it("adds a class only as the last choice, after asking", () => {
    open("current");
    type(field(), "<b>new</b>");
    expect(options().map((option) => option.textContent)).toEqual(["add new class “<b>new</b>”…"]);
    press(field(), "Enter");
    expect(store.relabel).not.toHaveBeenCalled();
    expect(q(".ls-confirm").textContent).toContain("is not among the 3 classes");
    press(q(".ls-dialog"), "Escape"); // back, not closed
    expect(store.palette.value).toBe("current");
    expect(field().value).toBe("<b>new</b>");
    press(field(), "Enter");
    click(q("[data-action=add-class]"));
    expect(store.relabel).toHaveBeenCalledWith("<b>new</b>", [1], true);
  });

  it("says what happens to a selection, and leaves out what contradicts", () => {
    act(() => choose(store, [1, 2, 3, 4]));
    open("selection");
    expect(q("h2").textContent).toBe("Relabel 4 rows");
    // to "six": rows 1 and 2 (seven) change, row 2 is suggested seven: no contradiction counts for its own label
    expect(q(".ls-preview").textContent).toContain("changes 2 of 4 rows, 2 have it already");
    type(field(), "one");
    expect(q(".ls-preview").textContent).toContain("4 contradict their suggestion");
    type(field(), "seven");
    expect(q(".ls-preview").textContent).toContain("1 contradicts its suggestion");
    press(field(), "Enter");
    // nothing changes before the preview was seen
    expect(store.relabel).not.toHaveBeenCalled();
    expect(uiOf(store).sheet.value).toEqual({ kind: "preview", rows: [1, 2, 3, 4], code: 1 });
  });

  it("keeps Tab inside and its keys from the view", () => {
    open("current");
    const heard = vi.fn();
    drawn.host.addEventListener("keydown", heard);
    const close = q(".ls-dialog-head button");
    field().focus();
    press(field(), "Tab");
    expect(drawn.root.activeElement).toBe(close);
    press(close, "Tab", { shiftKey: true });
    expect(drawn.root.activeElement).toBe(field());
    press(field(), "x");
    press(field(), "Escape");
    expect(heard).not.toHaveBeenCalled();
    expect(store.palette.value).toBeNull();
  });

  it("stays quick with a thousand classes", () => {
    act(() => {
      store.classes.value = Array.from({ length: 1000 }, (_, k) => `class ${k}`);
    });
    open("current");
    expect(options().length).toBeLessThanOrEqual(61);
    type(field(), "class 999");
    expect(options()[0]!.dataset.code).toBe("999");
  });
});

describe("the help", () => {
  it("shows every key and closes by Escape", () => {
    act(() => {
      store.helpOpen.value = true;
    });
    const dialog = q("[role=dialog]");
    expect(dialog.getAttribute("aria-modal")).toBe("true");
    expect(drawn.root.activeElement).toBe(dialog);
    expect(drawn.root.querySelectorAll("kbd").length).toBeGreaterThan(20);
    press(dialog, "Escape");
    expect(store.helpOpen.value).toBe(false);
    expect(drawn.root.activeElement).toBe(q("#before"));
  });
});
