// @vitest-environment happy-dom
/** The whole view on a host: keys stay inside, mounting again and again leaves nothing behind. */
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ErrorBoundary } from "../../src/ErrorBoundary";
import widget from "../../src/index";
import { FakeModel, makePicture, settle } from "../store/fake";

let model: FakeModel;
let el: HTMLElement;
let stop: () => void;
let unmount: (() => void) | null;
const heard = vi.fn();

const host = (): HTMLElement => el.querySelector<HTMLElement>(".labelscope")!;
const shadow = (): ShadowRoot => host().shadowRoot!;

async function press(name: string, more: KeyboardEventInit = {}, on: Element = host()): Promise<boolean> {
  let free = true;
  await act(() => {
    const init = { key: name, bubbles: true, composed: true, cancelable: true, ...more };
    free = on.dispatchEvent(new KeyboardEvent("keydown", init));
  });
  return !free;
}

async function show(): Promise<void> {
  await act(() => {
    unmount = widget.render({ model, el });
  });
  await act(() => settle(5));
}

beforeEach(async () => {
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  model = new FakeModel({
    _picture: makePicture({ suggested: [1, 1, 2, 2, 1, 2], flags: [1, 0, 0, 1, 0, 0] }),
  });
  el = document.createElement("div");
  document.body.append(el);
  document.body.addEventListener("keydown", heard);
  stop = widget.initialize({ model });
  await show();
});

afterEach(async () => {
  await act(() => unmount?.());
  stop();
  el.remove();
  document.body.removeEventListener("keydown", heard);
  heard.mockClear();
  vi.restoreAllMocks();
});

describe("host element", () => {
  it("holds everything in a shadow root and asks Lumino to leave its keys alone", () => {
    expect(host().dataset.lmSuppressShortcuts).toBe("true");
    expect(host().tabIndex).toBe(0);
    expect(shadow().querySelector(".ls-root")!.getAttribute("data-theme")).toBe("light");
    for (const part of ["toolbar", "plot", "gallery", "inspector", "strip", "live"])
      expect(shadow().querySelector(`.ls-${part}`), part).not.toBeNull();
  });
});

describe("keys", () => {
  it("decide, move, and never leave the view", async () => {
    expect(await press("Enter")).toBe(true);
    expect(await press("j")).toBe(true);
    expect(await press("u")).toBe(true);
    await press("b");
    await press("d");
    expect(model.commands()).toEqual([
      { name: "accept", rows: [0] },
      { name: "unsure", rows: [1] },
    ]);
    expect(heard).not.toHaveBeenCalled();
  });

  it("leave the browser and the notebook theirs", async () => {
    expect(await press("s", { ctrlKey: true })).toBe(false);
    expect(await press("Tab")).toBe(false);
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("mean text while typing", async () => {
    const field = shadow().querySelector("input")!;
    expect(await press("x", {}, field)).toBe(false);
    expect(await press("Enter", {}, field)).toBe(false);
    expect(model.commands()).toEqual([]);
    expect(heard).not.toHaveBeenCalled();
  });

  it("press the focused button and nothing else", async () => {
    const button = shadow().querySelector(".ls-gallery-head button")!;
    expect(await press("Enter", {}, button)).toBe(false);
    expect(await press(" ", {}, button)).toBe(false);
    expect(model.commands()).toEqual([]);
  });

  it("under the help change no row", async () => {
    await press("?");
    expect(shadow().querySelector("[role=dialog]")).not.toBeNull();
    await press("x");
    expect(model.commands()).toEqual([]);
    await press("Escape");
    expect(shadow().querySelector("[role=dialog]")).toBeNull();
  });

  it("l opens the palette, / the search, digits relabel", async () => {
    await press("l");
    expect(shadow().querySelector("[role=dialog]")).not.toBeNull();
    await press("Escape");
    await press("/");
    expect(shadow().activeElement?.tagName).toBe("INPUT");
  });
});

describe("views", () => {
  it("of one model share their store, and go without a trace, 50 times", async () => {
    const before = model.count;
    const doc = new Set<string>();
    const add = vi.spyOn(document, "addEventListener");
    const remove = vi.spyOn(document, "removeEventListener");
    for (let i = 0; i < 50; i++) {
      const other = document.createElement("div");
      document.body.append(other);
      let gone: () => void = () => undefined;
      await act(() => {
        // each call gets its own proxy of the model
        const { get, set, save_changes, on, off, send } = model;
        gone = widget.render({ model: { get, set, save_changes, on, off, send }, el: other });
      });
      expect(other.querySelectorAll(".labelscope").length).toBe(1);
      await act(() => gone());
      expect(other.childElementCount).toBe(0);
      other.remove();
      expect(model.count).toBe(before);
    }
    for (const [type] of add.mock.calls) doc.add(type as string);
    for (const type of doc) {
      const count = (calls: unknown[][]) => calls.filter(([name]) => name === type).length;
      expect(count(remove.mock.calls), type).toBeGreaterThanOrEqual(count(add.mock.calls));
    }
    expect(model.sent.filter(({ content }) => content.type === "hello").length).toBe(1);
  });

  it("end with their model", async () => {
    await act(() => unmount?.());
    unmount = null;
    stop();
    expect(model.count).toBe(0);
  });

  it("never go blank: a part that fails says so and can be tried again", async () => {
    const { render } = await import("preact");
    const box = document.createElement("div");
    let fails = true;
    const Bad = () => {
      if (fails) throw new Error("out of ink");
      return <b>drawn</b>;
    };
    await act(() =>
      render(
        <ErrorBoundary what="map">
          <Bad />
        </ErrorBoundary>,
        box,
      ),
    );
    expect(box.textContent).toContain("The map could not be drawn");
    expect(box.textContent).toContain("out of ink");
    fails = false;
    await act(() => void box.querySelector("button")!.click());
    expect(box.textContent).toBe("drawn");
  });

  it("say what happened when not even the store can be made", () => {
    const broken = new FakeModel();
    broken.get = () => {
      throw new Error("no such model");
    };
    const box = document.createElement("div");
    const gone = widget.render({ model: broken, el: box });
    expect(box.textContent).toContain("no such model");
    gone();
    expect(box.childElementCount).toBe(0);
  });

  it("say that no kernel is connected, and come back when it is", async () => {
    await act(() => unmount?.());
    stop();
    model = new FakeModel();
    model.kernel = null;
    vi.useFakeTimers();
    stop = widget.initialize({ model });
    await act(() => {
      unmount = widget.render({ model, el });
    });
    await act(() => void vi.advanceTimersByTime(4_100));
    expect(shadow().querySelector(".ls-offline")!.textContent).toContain("changes cannot be saved");
    model.kernel = (content) => model.answer(content);
    await act(() => void shadow().querySelector<HTMLElement>("[data-action=reconnect]")!.click());
    await act(async () => void (await vi.advanceTimersByTimeAsync(50)));
    vi.useRealTimers();
    await act(() => settle(5));
    expect(shadow().querySelector(".ls-offline")).toBeNull();
  });
});
