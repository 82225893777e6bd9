// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Inspector } from "../../src/panels/index";
import type { Card, MediaKind } from "../../src/protocol";
import { act, click, draw, get, press, type } from "./draw";
import { choose, fakeDetail, fakeStore } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const text = () => drawn.root.textContent ?? "";

beforeEach(() => {
  store = fakeStore();
  drawn = draw(<Inspector store={store} />);
});
afterEach(() => drawn.end());

function redraw(media: MediaKind, card: Partial<Card>): void {
  drawn.end();
  store = fakeStore({ meta: { media } });
  store.detail.value = fakeDetail(1, card);
  drawn = draw(<Inspector store={store} />);
}

describe("the current row", () => {
  it("is said: what, how sure, why, what else, who", () => {
    expect(q(".ls-labels").textContent).toBe("seven→six");
    expect(q(".ls-sure").textContent).toBe("96 % likely wrong");
    expect(text()).toContain("rank 3 of 3");
    expect(q(".ls-why").textContent).toContain("none shares the given label seven.");
    expect(q(".ls-scorers").textContent).toContain("confident learning");
    expect(drawn.root.querySelectorAll(".ls-scorers i")).toHaveLength(2); // one has no verdict
  });

  it("speaks of a chance only where there is one", () => {
    act(() => {
      store.meta.value = { ...store.meta.value, hasProbability: false };
    });
    expect(text()).not.toContain("likely wrong");
    expect(q(".ls-sure").textContent).toBe("rank 3 of 3");
  });

  it("shows the decision, and that it is being saved", () => {
    store.table.value.pending[1] = 1;
    act(() => {
      store.version.value++;
    });
    expect(q("h2").textContent).toContain("saving…");
    store.table.value.pending[1] = 0;
    store.table.value.state[1] = 1;
    store.table.value.current[1] = 0;
    act(() => {
      store.version.value++;
    });
    expect(q("h2").textContent).toContain("relabelled");
    expect(q(".ls-labels").textContent).toBe("seven→sixnowone");
  });

  it("does not show another row's details", () => {
    act(() => {
      store.current.value = 3;
    });
    expect(text()).toContain("row 3");
    expect(text()).toContain("loading…");
    expect(drawn.root.querySelector(".ls-scorers")).toBeNull();
    act(() => {
      store.current.value = null;
    });
    expect(text()).toContain("No row is chosen.");
    expect(q("[data-action=accept]").hasAttribute("disabled")).toBe(true);
  });
});

describe("decisions", () => {
  it("are buttons with the keys on them", () => {
    expect(q("[data-action=accept]").textContent).toBe("accept six↵");
    expect(q("[data-action=keep]").textContent).toBe("keep sevenspace");
    for (const action of ["accept", "keep", "unsure", "exclude"]) {
      click(q(`[data-action=${action}]`));
      expect(store[action as "accept"]).toHaveBeenCalledTimes(1);
    }
    click(q("[data-action=relabel]"));
    expect(store.palette.value).toBe("current");
  });

  it("say how many rows they are for", () => {
    act(() => choose(store, [1, 3, 4]));
    expect(q("[data-action=accept]").textContent).toContain("accept 3 rows");
    expect(q("[data-action=exclude]").textContent).toContain("exclude 3 rows");
    // rows 1 and 3 differ from their suggestion, row 4 does not
    expect(q(".ls-scope").textContent).toContain("Accepting changes 2");
    click(q("[data-action=relabel]"));
    expect(store.palette.value).toBe("selection");
    click(q(".ls-scope button"));
    expect(store.clearSelection).toHaveBeenCalled();
  });

  it("are off without a kernel", () => {
    act(() => {
      store.canDecide.value = false;
    });
    expect(q("[data-action=keep]").hasAttribute("disabled")).toBe(true);
  });

  it("relabel to a candidate, by the digit's order", () => {
    const first = q(".ls-candidate");
    expect(first.textContent).toBe("1six83 %");
    click(first);
    expect(store.relabel).toHaveBeenCalledWith("six");
    const rest = q(".ls-more-codes button");
    expect(rest.textContent).toBe("3seven");
    click(rest);
    expect(store.relabel).toHaveBeenLastCalledWith("seven");
  });
});

describe("neighbors", () => {
  it("show whom they agree with and become current by a click", () => {
    store.card = () => signal(null);
    act(() => {
      store.detail.value = fakeDetail(1, {
        neighbors: [
          { row: 2, code: 1, distance: 0.1 },
          { row: 3, code: 2, distance: 0.2 },
          { row: 0, code: 0, distance: 0.3 },
        ],
      });
    });
    const found = [...drawn.root.querySelectorAll<HTMLElement>(".ls-neighbor")];
    expect(found.map((button) => button.className)).toEqual([
      "ls-neighbor for",
      "ls-neighbor against",
      "ls-neighbor other",
    ]);
    click(found[1]!);
    expect(store.setCurrent).toHaveBeenCalledWith(3);
  });
});

describe("media", () => {
  const evil = "<script>alert(1)</script><img src=x onerror=alert(1)>";

  it("shows text whole, as text, with the found words marked", () => {
    redraw("text", { text: evil });
    act(() => {
      store.filters.value = { ...store.filters.value, search: { query: "alert", mask: new Uint8Array(6) } };
    });
    expect(q(".ls-media.text").textContent).toBe(evil);
    expect(drawn.root.querySelectorAll("mark")).toHaveLength(2);
    expect(drawn.root.querySelector("script, img")).toBeNull();
  });

  it("shows a table row as names and values", () => {
    redraw("table", {
      record: [
        ["age", "42"],
        [evil, evil],
      ],
    });
    expect(q("dt").textContent).toBe("age");
    expect(drawn.root.querySelectorAll("dd")[1]!.textContent).toBe(evil);
    expect(drawn.root.querySelector("img")).toBeNull();
  });

  it("plays sounds and draws their envelope", async () => {
    redraw("audio", { wave: [0, 128, 255] });
    expect(drawn.root.querySelectorAll("rect")).toHaveLength(3);
    expect(q("audio").hasAttribute("controls")).toBe(true);
  });

  it("loads the large picture, and enlarges it", async () => {
    drawn.end();
    const load = vi.fn(async () => ({
      mime: "image/png",
      url: "blob:large",
      data: new ArrayBuffer(0),
      info: {},
    }));
    store.media = load as unknown as typeof store.media;
    drawn = draw(<Inspector store={store} />);
    await vi.waitFor(() => expect(q(".picture img").getAttribute("src")).toBe("blob:large"));
    expect(load).toHaveBeenCalledTimes(1);
    click(q(".picture"));
    expect(q(".picture").getAttribute("aria-pressed")).toBe("true");
  });

  it("says so when it cannot be read", () => {
    redraw("image", { broken: true });
    expect(text()).toContain("cannot be read");
  });
});

describe("notes", () => {
  const field = () => get<HTMLTextAreaElement>(drawn.root, ".ls-note textarea");

  it("are saved on Ctrl+Enter, left alone when unchanged, restored by Escape", () => {
    type(field(), "looks odd");
    press(field(), "Enter", { ctrlKey: true });
    expect(store.note).toHaveBeenCalledWith(1, "looks odd");
    type(field(), "looks odder");
    press(field(), "Escape");
    expect(field().value).toBe("looks odd");
    expect(store.note).toHaveBeenCalledTimes(1);
  });

  it("keep their keys from the view, and are saved when the row is left", () => {
    const heard = vi.fn();
    drawn.host.addEventListener("keydown", heard);
    press(field(), "u");
    expect(heard).not.toHaveBeenCalled();
    type(field(), "hm");
    act(() => {
      store.current.value = 3;
    });
    expect(store.note).toHaveBeenCalledWith(1, "hm");
    expect(field().value).toBe("");
  });
});
