// @vitest-environment happy-dom
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Reports, Sheets, uiOf } from "../../src/panels/index";
import { readOption, stepText } from "../../src/panels/reports/act";
import { scaled, short } from "../../src/panels/reports/Line";
import type { Store } from "../../src/store/types";
import { act, click, draw, get, press } from "../panels/draw";
import { fakeStore } from "../panels/fake";
import { INFOS, REPORT } from "./fake";

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const later = () => act(async () => void (await Promise.resolve()));

beforeEach(() => {
  store = fakeStore();
  store.methods.reports.value = INFOS;
  store.methods.reportRows = async () => [1, 3];
  drawn = draw(
    <>
      <Reports store={store as unknown as Store} />
      <Sheets store={store as unknown as Store} />
    </>,
  );
  act(() => {
    uiOf(store as unknown as Store).reports.value = true;
  });
});
afterEach(() => drawn.end());

function show(more: Partial<NonNullable<Store["methods"]["shown"]["value"]>> = {}): void {
  const state = { job: "j", name: "health", state: "done" as const, what: "", done: 0, total: 0, seconds: 0 };
  act(() => {
    store.methods.shown.value = { name: "health", state, report: REPORT, problem: null, ...more };
  });
}

describe("the drawer", () => {
  it("lists reports, and opens none that is not ready but says what it needs", () => {
    const open = vi.fn(async () => undefined);
    store.methods.openReport = open;
    expect(q("[data-report=benchmark_stability]").textContent).toContain("Needs models.");
    click(q("[data-report=benchmark_stability]"));
    expect(open).not.toHaveBeenCalled();
    click(q("[data-report=health]"));
    expect(open).toHaveBeenCalledWith("health");
  });

  it("takes the focus and closes by Esc", () => {
    expect(drawn.root.activeElement).toBe(q(".ls-reports"));
    press(q(".ls-reports"), "Escape");
    expect(drawn.root.querySelector(".ls-reports")).toBeNull();
  });

  it("shows text as text, and only numbers that stand for rows as buttons", () => {
    show();
    expect(q(".ls-report-part p").textContent).toBe("6 rows, <b>3</b> flagged.");
    const keys = [...drawn.root.querySelectorAll("[data-rows]")].map((one) => one.getAttribute("data-rows"));
    expect(keys).toEqual(["r0", "r1", "r2", "r3"]);
    expect(q("[data-rows=r2]").getAttribute("aria-label")).toBe("2, seven, flagged: select these rows");
  });

  it("selects the rows behind a number, and filters to them with Shift", async () => {
    show();
    click(q("[data-rows=r2]"));
    await later();
    expect(store.select).toHaveBeenCalledWith([1, 3], "replace");
    expect(store.setCurrent).toHaveBeenCalledWith(1);
    expect(store.filters.value.cluster).toBeNull();
    act(() => {
      q("[data-rows=r2]").dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
    });
    await later();
    expect([...store.filters.value.cluster!.mask]).toEqual([0, 1, 0, 1, 0, 0]);
  });

  it("says that no row is behind a number any more", async () => {
    store.methods.reportRows = async () => [];
    show();
    click(q("[data-rows=r0]"));
    await later();
    expect(store.select).not.toHaveBeenCalled();
    expect(store.say).toHaveBeenCalledWith("No row is behind “flagged” any more.");
  });

  it("makes a report again with an option that was set, and refuses what is no value", () => {
    const open = vi.fn(async () => undefined);
    store.methods.openReport = open;
    show();
    const field = get<HTMLInputElement>(drawn.root, "[data-option=page]");
    const set = (text: string) =>
      act(() => {
        field.value = text;
        field.dispatchEvent(new Event("change", { bubbles: true }));
      });
    set("500");
    expect(open).not.toHaveBeenCalled();
    expect(q("[role=alert]").textContent).toBe("a number from 1 to 100");
    set("20");
    expect(open).toHaveBeenCalledWith("health", { page: 20, by: "majority", round: 2 });
  });

  it("shows how far it is and can be given up; the report before stays, faded", () => {
    const cancel = vi.fn();
    store.methods.cancelReport = cancel;
    const state = { job: "j", name: "health", state: "running" as const, what: "fitting", done: 2, total: 5 };
    show({ state: { ...state, seconds: 4.2 } });
    expect(q(".ls-report-progress").textContent).toContain("step 3 of 5: fitting · 4 s");
    expect(q(".ls-report-body").className).toContain("old");
    click(q("[data-action=cancel-report]"));
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("says what is wrong, with its hint", () => {
    show({ state: null, report: null, problem: { message: "No features.", hint: "Pass features=." } });
    expect(q("[role=alert]").textContent).toBe("No features.Pass features=.");
  });

  it("turns advice into a queue, colors the map, and asks before many rows change", async () => {
    const reorder = vi.fn(async () => undefined);
    const color = vi.fn();
    Object.assign(store.methods, { reorder, colorBy: color });
    show();
    click(q("[data-action=report-queue]"));
    expect(store.queue.value).toBe("elicitation:3");
    expect(reorder).toHaveBeenCalledOnce();
    click(q("[data-action=report-color]"));
    expect(color).toHaveBeenCalledWith(":round");
    const accept = vi.fn(async () => true);
    store.methods.acceptBulk = accept;
    store.methods.bulk = async () => ({
      title: "Labels up to round 2",
      n: 2,
      changes: 2,
      by_class: [[2, 2]],
      odd: [3],
      expected_wrong: 0.4,
      rows: [1, 3],
    });
    click(q("[data-action=report-bulk]"));
    await later();
    expect(accept).not.toHaveBeenCalled();
    press(q(".ls-odd"), "o");
    press(q(".ls-odd"), "Enter");
    expect(accept).toHaveBeenCalledWith("spread", [1]);
  });

  it("has no violation of axe", async () => {
    for (const more of [{}, { report: null, state: null }]) {
      show(more);
      const { violations } = await axe.run(drawn.host, {
        rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
      });
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 90))])).toEqual([]);
    }
  });
});

describe("what is typed", () => {
  const page = REPORT.options[0]!;
  it.each([
    ["20", 20],
    ["20.4", 20],
    ["0", null],
    ["101", null],
    ["", null],
    ["two", null],
    ["1e1", 10],
  ])("%j is %j", (text, value) => expect(readOption(page, text)).toBe(value));

  it("is a fraction where any number will do, with a comma as well", () => {
    expect(readOption({ ...page, step: 0 }, "0,5")).toBe(null);
    expect(readOption({ ...page, step: 0, low: 0 }, "0,5")).toBe(0.5);
  });
});

describe("curves", () => {
  it("go from the lower left to the upper right", () => {
    const { path, mark, low, high } = scaled(REPORT.sections[0]!.line!);
    expect([low, high]).toEqual([
      [0, 0],
      [6, 100],
    ]);
    const points = [...path.matchAll(/(\d+\.\d),(\d+\.\d)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points[0]![0]).toBeLessThan(points[2]![0]!);
    expect(points[0]![1]).toBeGreaterThan(points[2]![1]!);
    expect(mark!.map((v) => v.toFixed(1))).toEqual(points[1]!.map((v) => v.toFixed(1)));
  });

  it("lie in the middle when they are flat", () => {
    const { path } = scaled({
      points: [
        [0, 5],
        [9, 5],
      ],
      mark: null,
    });
    expect(path).not.toContain("NaN");
  });

  it("have short numbers", () => expect([0, 0.12345, 12345.6].map(short)).toEqual(["0", "0.123", "12,346"]));
});

it("says a step in words", () => {
  expect(stepText("", 0, 0)).toBe("working…");
  expect(stepText("fitting", 5, 5)).toBe("step 5 of 5: fitting");
  expect(stepText("fitting", 7, 0)).toBe("fitting…");
});
