// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { focusSearch, NoticesBar, Toasts, Toolbar } from "../../src/panels/index";
import { LiveRegion } from "../../src/panels/Messages";
import { act, click, draw, get, press, type } from "./draw";
import { fakeStore, NOTHING } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);

beforeEach(() => {
  store = fakeStore({ progress: { reviewed: 2, relabelled: 1, kept: 1, flagged_left: 2 } });
  drawn = draw(
    <>
      <Toolbar store={store} />
      <NoticesBar store={store} />
    </>,
  );
});
afterEach(() => {
  drawn.end();
  vi.useRealTimers();
});

describe("menus", () => {
  it("open by arrow key, walk, pick and give the focus back", () => {
    const button = q("[data-action=export]");
    button.focus();
    press(button, "ArrowDown");
    expect(button.getAttribute("aria-expanded")).toBe("true");
    const items = [...drawn.root.querySelectorAll<HTMLElement>("[role=menuitem]")];
    expect(items.map((item) => item.dataset.value)).toEqual(["parquet", "csv", "npy", "packet"]);
    expect(drawn.root.activeElement).toBe(items[0]);
    press(items[0]!, "ArrowUp");
    expect(drawn.root.activeElement).toBe(items[3]);
    press(items[3]!, "Home");
    press(items[0]!, "c"); // type ahead
    expect(drawn.root.activeElement).toBe(items[1]);
    click(items[1]!);
    expect(store.exportAs).toHaveBeenCalledWith("csv");
    expect(drawn.root.querySelector("[role=menu]")).toBeNull();
    expect(drawn.root.activeElement).toBe(button);
  });

  it("close by Escape and keep their keys from the view", () => {
    const heard = vi.fn();
    drawn.host.addEventListener("keydown", heard);
    const button = q("[data-action=color]");
    click(button);
    const chosen = q("[role=menuitemradio][aria-checked=true]");
    expect(drawn.root.activeElement).toBe(chosen);
    press(chosen, "u");
    press(chosen, "Escape");
    expect(heard).not.toHaveBeenCalled();
    expect(drawn.root.activeElement).toBe(button);
  });

  it("close by a press elsewhere", () => {
    click(q("[data-action=queue]"));
    act(() => {
      document.body.dispatchEvent(new Event("pointerdown", { bubbles: true, composed: true }));
    });
    expect(drawn.root.querySelector("[role=menu]")).toBeNull();
  });

  it("set queue and color", () => {
    click(q("[data-action=queue]"));
    click(q("[data-value=random]"));
    expect(store.queue.value).toBe("random");
    click(q("[data-action=color]"));
    click(q("[data-value=suspicion]"));
    expect(store.colorBy.value).toBe("suspicion");
    click(q("[data-action=color]"));
    click(q("[data-value='column::reviewer']"));
    expect(q("[data-action=color]").textContent).toContain("color reviewer");
  });

  it("cannot export without a kernel", () => {
    act(() => {
      store.connection.value = "offline";
    });
    expect(q("[data-action=export]").hasAttribute("disabled")).toBe(true);
  });
});

describe("the search", () => {
  it("asks after a pause, at once by Enter, and clears by Escape", () => {
    vi.useFakeTimers();
    focusSearch(drawn.root);
    const field = get<HTMLInputElement>(drawn.root, ".ls-search input");
    expect(drawn.root.activeElement).toBe(field);
    type(field, "ca");
    type(field, "cat");
    expect(store.search).not.toHaveBeenCalled();
    vi.advanceTimersByTime(400);
    expect(store.search).toHaveBeenCalledTimes(1);
    expect(store.search).toHaveBeenCalledWith("cat");
    type(field, "cats");
    press(field, "Enter");
    expect(store.search).toHaveBeenLastCalledWith("cats");
    vi.advanceTimersByTime(400);
    expect(store.search).toHaveBeenCalledTimes(2);
    press(field, "Escape");
    expect(field.value).toBe("");
    expect(store.search).toHaveBeenLastCalledWith("");
  });

  it("follows when its chip is removed", () => {
    const field = get<HTMLInputElement>(drawn.root, ".ls-search input");
    type(field, "cat");
    press(field, "Enter");
    act(() => {
      store.filters.value = { ...NOTHING, search: { query: "cat", mask: new Uint8Array(6) } };
    });
    click(q("[data-filter=search]"));
    expect(store.filters.value.search).toBeNull();
    expect(field.value).toBe("");
  });
});

describe("the rest of the toolbar", () => {
  it("shows progress with its hook", () => {
    expect(q(".ls-progress").dataset.reviewed).toBe("2");
    expect(q(".ls-progress").textContent).toContain("2 / 4");
    expect(q("[role=progressbar]").getAttribute("aria-valuetext")).toBe("2 of 4 reviewed");
    act(() => {
      store.progress.value = { ...store.progress.peek(), by_machine: 1_200 };
    });
    const said = "2 reviewed and 1,200 decided by a method, of 1,204";
    expect(q(".ls-progress").textContent).toContain("2 + 1,200 / 1,204");
    expect(q("[role=progressbar]").getAttribute("aria-valuetext")).toBe(said);
    expect(q("[role=progressbar]").getAttribute("aria-valuenow")).toBe("1202");
    expect(q(".ls-progress").title).toContain(`${said}: 1 relabelled`);
    act(() => {
      store.progress.value = { ...store.progress.peek(), taken_over: 30 };
    });
    expect(q(".ls-progress").textContent).toContain("2 + 1,230 / 1,234");
    expect(q("[role=progressbar]").getAttribute("aria-valuetext")).toBe(
      "2 reviewed, 30 accepted in one go and 1,200 decided by a method, of 1,234",
    );
  });

  it("removes chips and escapes what is in them", () => {
    act(() => {
      store.classes.value = ["<img src=x onerror=alert(1)>", "b", "c"];
      store.filters.value = { ...NOTHING, given: 0 };
    });
    const chip = q("[data-filter=given]");
    expect(chip.textContent).toContain("given <img src=x onerror=alert(1)>");
    expect(drawn.root.querySelector("img")).toBeNull();
    click(chip);
    expect(store.filters.value).toEqual(NOTHING);
  });

  it("keeps the filters in sight in place of the evidence line, with one button that ends all", () => {
    act(() => {
      store.filters.value = { ...NOTHING, given: 0, state: 1 };
    });
    expect(drawn.root.querySelectorAll(".ls-notices [data-filter]")).toHaveLength(2);
    click(q("[data-action=clear-filters]"));
    expect(store.filters.value).toEqual(NOTHING);
    expect(drawn.root.querySelector(".ls-chips")).toBeNull();
  });

  it("undoes, redoes, turns the theme and opens the help", () => {
    click(q("[data-action=undo]"));
    expect(store.undo).toHaveBeenCalled();
    expect(q("[data-action=redo]").hasAttribute("disabled")).toBe(true);
    const seen = [1, 2, 3].map(() => {
      click(q("[data-action=theme]"));
      return store.theme.value;
    });
    expect(seen).toEqual(["light", "dark", "auto"]);
    click(q("[data-action=help]"));
    expect(store.helpOpen.value).toBe(true);
  });

  it("lets Enter and Space press a button and nothing else", () => {
    const heard = vi.fn();
    drawn.host.addEventListener("keydown", heard);
    press(q("[data-action=undo]"), " ");
    press(q("[data-action=undo]"), "Enter");
    expect(heard).not.toHaveBeenCalled();
    press(q("[data-action=undo]"), "j");
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("names every control", () => {
    for (const button of drawn.root.querySelectorAll("button, input")) {
      expect(button.getAttribute("aria-label") ?? button.textContent).toBeTruthy();
      expect(button.getAttribute("title"), button.outerHTML).toBeTruthy();
    }
  });
});

describe("messages", () => {
  it("announce, alert, stay until read, and go when dismissed", () => {
    vi.useFakeTimers();
    const toasts = draw(
      <>
        <Toasts store={store} />
        <LiveRegion store={store} />
      </>,
    );
    act(() => {
      store.announcement.value = "Row 4 relabelled.";
      store.toasts.value = [
        { key: 1, level: "error", message: "<b>no</b>", hint: "try this" },
        { key: 2, level: "info", message: "written", hint: "" },
      ];
    });
    expect(get(toasts.root, ".ls-live").textContent).toBe("Row 4 relabelled.");
    const error = get(toasts.root, ".ls-toast[data-level=error]");
    expect(error.getAttribute("role")).toBe("alert");
    expect(error.textContent).toContain("<b>no</b>");
    vi.advanceTimersByTime(10_000);
    expect(store.dismiss).toHaveBeenCalledTimes(1);
    expect(store.dismiss).toHaveBeenCalledWith(2);
    click(get(error, "button"));
    expect(store.dismiss).toHaveBeenLastCalledWith(1);
    toasts.end();
  });

  it("unfold notices and select their rows", () => {
    const own = fakeStore({
      meta: { summary: "pixels", notices: [{ code: "dup", message: "twice", hint: "", rows: [1, 2] }] },
    });
    const bar = draw(<NoticesBar store={own} />);
    expect(bar.root.textContent).not.toContain("twice");
    click(get(bar.root, "button[aria-expanded]"));
    click(get(bar.root, "[data-code=dup] button"));
    expect(own.select).toHaveBeenCalledWith([1, 2], "replace");
    bar.end();
  });
});
