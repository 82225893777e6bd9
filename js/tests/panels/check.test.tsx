// @vitest-environment happy-dom
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { needed, tally } from "../../src/panels/check/check";
import { CheckBar, Sheets, uiOf } from "../../src/panels/index";
import { openRows } from "../../src/panels/strip/cell";
import type { Check, CheckState } from "../../src/protocol";
import { act, click, draw, get, press } from "./draw";
import { fakeStore, fakeTable, NOTHING } from "./fake";

const N = 40;
const CHECK: Check = {
  token: "t",
  given: "one",
  suggested: "seven",
  precision: 0.9,
  rows: Array.from({ length: 29 }, (_, k) => k),
  k: 29,
  n: N,
  needed: "29 of 29",
  expected_wrong: 1,
};
const STATE: CheckState = {
  checked: 1,
  right: 1,
  lower: 0.05,
  precision: 0.9,
  ready: false,
  expected_wrong: 1,
  n_rest: 11,
};

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
let state: CheckState;
const q = (selector: string) => get(drawn.root, selector);

beforeEach(() => {
  const zeros = new Array<number>(N).fill(0);
  const table = fakeTable(
    zeros,
    zeros.map(() => 1),
    zeros.map((_, row) => row),
  );
  store = fakeStore({ table });
  state = STATE;
  store.check = vi.fn(async () => CHECK);
  store.checkState = vi.fn(async () => state);
  store.acceptRest = vi.fn(async () => true);
  drawn = draw(
    <>
      <CheckBar store={store} />
      <Sheets store={store} />
    </>,
  );
});
afterEach(() => drawn.end());

function open(): void {
  act(() => {
    uiOf(store).sheet.value = { kind: "check", given: 0, suggested: 1 };
  });
}

async function begin(): Promise<void> {
  open();
  await act(
    async () => void q("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })),
  );
}

describe("how many to look at", () => {
  it("is 29, 59 and 299, and the smallest number that does", () => {
    expect([0.9, 0.95, 0.99].map(needed)).toEqual([29, 59, 299]);
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 0.995, noNaN: true }), (precision) => {
        const k = needed(precision);
        expect(precision ** k).toBeLessThanOrEqual(0.05 + 1e-9);
        expect(precision ** (k - 1)).toBeGreaterThan(0.05 - 1e-9);
      }),
    );
  });

  it("counts rows with a decision, and of them those that are as suggested", () => {
    const table = fakeTable([0, 0, 0, 0], [1, 1, 1, 1], []);
    table.state.set([1, 2, 0, 1]);
    table.current.set([1, 0, 0, 1]);
    expect(tally(table, [0, 1, 2, 3], 1)).toEqual({ checked: 3, right: 2 });
    expect(openRows(table, 0, 1)).toBe(1);
  });
});

describe("the dialog", () => {
  it("offers what the cell is large enough for and says what it costs", () => {
    open();
    expect(q("[role=dialog]").textContent).toContain("40 rows not looked at");
    const [ninety, more] = [...drawn.root.querySelectorAll<HTMLInputElement>("input[type=radio]")];
    expect(ninety!.checked).toBe(true);
    expect(q("form [role=status]").textContent).toContain("You look at 29 rows");
    expect(q("form [role=status]").textContent).toContain("the other 11 can be accepted");
    click(more!);
    expect(q("form [role=status]").textContent).toContain("no more work than a check of 59");
    expect(q("[data-action=start-check]").hasAttribute("disabled")).toBe(true);
    press(q("[role=dialog]"), "Escape");
    expect(uiOf(store).sheet.value).toBeNull();
  });

  it("draws the rows and shows only them", async () => {
    await begin();
    expect(store.check).toHaveBeenCalledWith("one", "seven", 0.9);
    expect(uiOf(store).sheet.value).toBeNull();
    const { cluster } = store.filters.value;
    expect(cluster?.name).toBe("check one → seven");
    expect([...cluster!.mask].reduce((sum, on) => sum + on, 0)).toBe(29);
    expect(store.setCurrent).toHaveBeenCalledWith(0);
  });

  it("stays when the kernel refuses", async () => {
    store.check = vi.fn(async () => null);
    await begin();
    expect(uiOf(store).run.value).toBeNull();
    expect(uiOf(store).sheet.value).not.toBeNull();
  });
});

describe("the bar", () => {
  const accept = () => q("[data-action=accept-rest]");
  const decide = (n: number, to = 1): void => {
    for (let row = 0; row < n; row++) {
      store.table.value.state[row] = 1;
      store.table.value.current[row] = to;
    }
    act(() => {
      store.version.value++;
    });
  };

  it("counts along, and opens the button only when the kernel says the bound is met", async () => {
    await begin();
    expect(accept().textContent).toBe("Accept the remaining 11 (about 1 wrong expected)");
    expect(accept().hasAttribute("disabled")).toBe(true);
    decide(17);
    expect(q(".ls-checkbar").textContent).toContain("17 of 29 right so far");
    expect(q("[role=progressbar]").getAttribute("aria-valuetext")).toBe("17 of 29 right so far");
    state = { ...STATE, checked: 29, right: 29, lower: 0.902, ready: true };
    decide(29);
    expect(accept().hasAttribute("disabled")).toBe(true); // the kernel has not said so yet
    await vi.waitFor(() => expect(accept().hasAttribute("disabled")).toBe(false));
    expect(q(".ls-checkbar").textContent).toContain("at least .90, needs .90");
    expect(store.say).toHaveBeenCalledWith("29 of 29 right. The remaining 11 can be accepted.");
    await act(async () => accept().click());
    expect(store.acceptRest).toHaveBeenCalledWith("t");
    expect(uiOf(store).run.value).toBeNull();
    expect(store.filters.value).toEqual(NOTHING);
    expect(vi.mocked(store.toast).mock.calls[0]![1]).toContain("11 rows accepted");
  });

  it("says when it cannot come out well any more", async () => {
    await begin();
    decide(29, 0);
    expect(q(".ls-checkbar").textContent).toContain("0 of 29 right: not enough for 90 %");
    expect(accept().hasAttribute("disabled")).toBe(true);
    click(q("[data-action=end-check]"));
    expect(drawn.root.querySelector(".ls-checkbar")).toBeNull();
    expect(store.filters.value.cluster).toBeNull();
  });

  it("keeps the check when the acceptance was refused", async () => {
    store.acceptRest = vi.fn(async () => false);
    state = { ...STATE, ready: true };
    await begin();
    await vi.waitFor(() => expect(accept().hasAttribute("disabled")).toBe(false));
    await act(async () => accept().click());
    expect(uiOf(store).run.value).not.toBeNull();
    expect(store.toast).not.toHaveBeenCalled();
  });
});
