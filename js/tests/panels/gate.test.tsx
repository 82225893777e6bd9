// @vitest-environment happy-dom
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Histogram, uiOf } from "../../src/panels/index";
import { bins } from "../../src/panels/strip/counts";
import { aboveAt, clampGate, countsAbove, curve, expectedRight, gateKey } from "../../src/panels/strip/gate";
import { nudgeGate } from "../../src/panels/strip/moveGate";
import type { Gate } from "../../src/protocol";
import { act, draw, get, press } from "./draw";
import { fakeStore, fakeTable } from "./fake";

const GATE: Gate = {
  at: 0.5,
  counts: new Array(64).fill(1),
  clean: Array.from({ length: 64 }, (_, k) => (k < 32 ? 10 : 1)),
  wrong: Array.from({ length: 64 }, (_, k) => (k < 32 ? 0 : 3)),
  n_above: 3,
  expected_right: 1,
};

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const handle = () => get(drawn.root, "[role=slider]");

beforeEach(() => {
  vi.useFakeTimers();
  const table = fakeTable([0, 0, 0, 0], [1, 1, 1, 1], [0], [10, 120, 200, 250]);
  store = fakeStore({ table });
  store.gate.value = GATE;
  drawn = draw(<Histogram store={store} />);
});
afterEach(() => {
  drawn.end();
  vi.useRealTimers();
});

describe("the arithmetic of the gate", () => {
  it("misses no row that is above for the kernel, and adds none that is further below than 8 bits tell", () => {
    const share = () => fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(share()), share(), fc.boolean(), (values, anywhere, on) => {
        const at = on ? (values[0] ?? anywhere) : anywhere;
        const none = values.map(() => 0);
        const table = fakeTable(
          none,
          none,
          [],
          values.map((value) => Math.round(value * 255)),
        );
        const found = aboveAt(countsAbove(table), at);
        expect(found).toBeGreaterThanOrEqual(values.filter((value) => value >= at).length);
        expect(found).toBeLessThanOrEqual(values.filter((value) => value >= at - 1.001 / 255).length);
        expect(bins(table, at).nFlagged).toBe(found);
      }),
    );
  });

  it("moves by keys and stays inside", () => {
    expect([gateKey("ArrowLeft", 0.5), gateKey("PageUp", 0.5), gateKey("Home", 0.5)]).toEqual([0.49, 0.6, 0]);
    expect([gateKey("ArrowDown", 0), gateKey("End", 0.2), gateKey("j", 0.2)]).toEqual([0, 1, null]);
    expect(clampGate(0.12345)).toBe(0.123);
  });

  it("expects fewer right ones the higher it is, and the kernel's number at the kernel's gate", () => {
    expect(expectedRight(GATE, 0.5, 3)).toBe(1);
    expect(expectedRight(GATE, 0.75, 40)).toBeCloseTo(10);
    expect(expectedRight(GATE, 0, 64)).toBeGreaterThan(40);
    expect(expectedRight({ ...GATE, clean: [], wrong: [] }, 0.7, 3)).toBeNull();
  });

  it("draws a curve that starts at the first bin and may leave the box at the top", () => {
    expect(curve([0, 5, 100], 10)).toBe("M16.67 100.00L50.00 50.00L83.33 -200.00");
  });
});

describe("the handle", () => {
  it("is a slider that says in words what is above it", () => {
    expect(handle().getAttribute("aria-valuenow")).toBe("0.5");
    expect(handle().getAttribute("aria-valuetext")).toBe(".50: 2 above the gate, about 1 of them right.");
    expect(drawn.root.querySelectorAll(".ls-curves path")).toHaveLength(2);
  });

  it("moves at once by keys and is sent once they rest; what is above is the queue then", () => {
    for (let k = 0; k < 5; k++) press(handle(), "ArrowRight");
    press(handle(), "PageUp");
    expect(handle().getAttribute("aria-valuenow")).toBe("0.65");
    expect(store.setGate).not.toHaveBeenCalled();
    act(() => {
      vi.advanceTimersByTime(400);
    });
    expect(store.setGate).toHaveBeenCalledTimes(1);
    expect(store.setGate).toHaveBeenCalledWith(0.65);
    expect(store.queue.value).toBe("gate");
    act(() => {
      store.gate.value = { ...GATE, at: 0.65, n_above: 2, expected_right: 0 };
    });
    expect(uiOf(store).gateAt.value).toBeNull();
  });

  it("is dragged by mouse and touch alike, and sent when it is let go", () => {
    const box = get(drawn.root, ".ls-hist");
    box.getBoundingClientRect = () => ({ left: 100, width: 200 }) as DOMRect;
    const at = (type: string, clientX: number) =>
      act(() => {
        handle().dispatchEvent(
          new PointerEvent(type, { bubbles: true, clientX, pointerId: 1, pointerType: "touch", button: 0 }),
        );
      });
    at("pointermove", 280); // not held: nothing
    expect(uiOf(store).gateAt.value).toBeNull();
    at("pointerdown", 200);
    at("pointermove", 280);
    expect(handle().getAttribute("aria-valuetext")).toContain(".90: 1 above the gate");
    expect(store.setGate).not.toHaveBeenCalled();
    at("pointerup", 280);
    expect(store.setGate).toHaveBeenCalledWith(0.9);
    at("pointermove", 120);
    expect(store.setGate).toHaveBeenCalledTimes(1);
  });

  it("is put back by Escape, and stays where it is without a kernel", () => {
    press(handle(), "ArrowRight");
    press(handle(), "Escape");
    expect(handle().getAttribute("aria-valuenow")).toBe("0.5");
    act(() => {
      store.connection.value = "offline";
    });
    expect(handle().getAttribute("aria-disabled")).toBe("true");
    press(handle(), "ArrowRight");
    expect(handle().getAttribute("aria-valuenow")).toBe("0.5");
  });

  it("moves by [ and ] from anywhere", () => {
    act(() => nudgeGate(store, -1));
    act(() => nudgeGate(store, -1));
    expect(uiOf(store).gateAt.value).toBe(0.48);
    vi.advanceTimersByTime(400);
    expect(store.setGate).toHaveBeenCalledWith(0.48);
  });
});
