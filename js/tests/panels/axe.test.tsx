// @vitest-environment happy-dom
/** Structure for those who hear the view, in every state of the panels; contrast needs a real browser. */
import axe from "axe-core";
import type { ComponentChild } from "preact";
import { afterEach, describe, expect, it } from "vitest";
import {
  BottomStrip,
  CheckBar,
  Controls,
  Help,
  Inspector,
  NoticesBar,
  Palette,
  Sheets,
  Toasts,
  Toolbar,
  uiOf,
} from "../../src/panels/index";
import type { Store } from "../../src/store/types";
import { act, draw, get } from "./draw";
import { choose, fakeDetail, fakeStore } from "./fake";

type Fake = ReturnType<typeof fakeStore>;
let end: () => void = () => {};
afterEach(() => end());

function All({ store }: { store: Store }): ComponentChild {
  return (
    <>
      <Toolbar store={store} />
      <NoticesBar store={store} />
      <CheckBar store={store} />
      <Controls store={store} />
      <Inspector store={store} />
      <BottomStrip store={store} />
      <Palette store={store} />
      <Sheets store={store} />
      <Help store={store} />
      <Toasts store={store} />
    </>
  );
}

const GATE = {
  at: 0.5,
  counts: new Array(64).fill(1),
  clean: new Array(64).fill(2),
  wrong: new Array(64).fill(1),
  n_above: 3,
  expected_right: 1,
};

function full(store: Fake): void {
  store.gate.value = GATE;
  store.estimate.value = {
    left: 38,
    low: 21,
    high: 60,
    level: 0.95,
    measured: true,
    looks: 137,
    random_looks: 24,
    per_minute: 4.2,
    next_100: 31,
    effort: [
      [0, 0],
      [137, 29],
    ],
    advice: "Go on.",
  };
  store.columnInfos.value = [
    { name: "camera", kind: "categorical", n_missing: 0, categories: ["l", "r"], counts: [3, 3] },
    { name: "age", kind: "numeric", n_missing: 0, min: 0, max: 9 },
  ];
  store.savedFilters.value = [{ name: "old", query: "age < 3" }];
  store.exemplars = async () => [2, 3];
  store.preview = async () => ({ n: 2, changes: 2, already: 0, contradict: 0, odd: [1, 3], by_current: [] });
  store.detail.value = fakeDetail(1, {
    neighbors: [{ row: 2, code: 1, distance: 0.1 }],
    threshold: { code: 2, passed_by: 0.1 },
    surely_not: [{ code: 0, probability: 0.001 }],
    annotators: [{ name: "ann", code: 1 }],
    tags: { severity: "minor" },
  });
}

const STATES: Record<string, (store: Fake, root: ShadowRoot) => void> = {
  plain: () => {},
  "several rows selected": (store) => choose(store, [1, 3]),
  "a row is decided": (store) => {
    store.table.value.state[1] = 1;
    store.version.value++;
  },
  "suggestion hidden": (store) => {
    store.reveal.value = "after_answer";
  },
  "no row": (store) => {
    store.current.value = null;
  },
  offline: (store) => {
    store.connection.value = "offline";
    store.canDecide.value = false;
  },
  palette: (store) => {
    store.palette.value = "current";
  },
  "several labels": (store) => {
    uiOf(store).sheet.value = { kind: "several", row: 1 };
  },
  severity: (store) => {
    uiOf(store).sheet.value = { kind: "severity" };
  },
  "bulk preview": (store) => {
    uiOf(store).sheet.value = { kind: "preview", rows: [1, 3], code: 1 };
  },
  check: (store) => {
    uiOf(store).sheet.value = { kind: "check", given: 1, suggested: 2 };
  },
  "check going on": (store) => {
    const check = {
      token: "t",
      given: "seven",
      suggested: "six",
      precision: 0.9,
      rows: [1, 3],
      k: 2,
      n: 9,
      needed: "2 of 2",
      expected_wrong: 1,
    };
    uiOf(store).run.value = { check, given: 1, suggested: 2, state: null };
  },
  controls: (store) => {
    store.answered.value = { row: 1, passed: true, kind: "known_label", acceptance: null };
    store.noticed.value = "Suggestions are accepted without a look.";
    store.acceptance.value = { wrong_accepted: 7, n: 8, low: 0.5, high: 0.9 };
  },
  filters: (store) => {
    uiOf(store).filters.value = true;
  },
  effort: (_, root) => get(root, "[data-action=effort]").click(),
  options: (_, root) => get(root, "[data-action=options]").click(),
  export: (_, root) => get(root, "[data-action=export]").click(),
  help: (store) => {
    store.helpOpen.value = true;
  },
  messages: (store) => {
    store.toasts.value = [{ key: 1, level: "error", message: "no", hint: "try" }];
  },
};

describe("no violation of axe", () => {
  it.each(Object.keys(STATES))("%s", async (name) => {
    const store = fakeStore();
    full(store);
    const drawn = draw(<All store={store} />);
    end = drawn.end;
    await act(async () => STATES[name]!(store, drawn.root));
    await act(async () => void (await new Promise((done) => setTimeout(done, 170))));
    const { violations } = await axe.run(drawn.host, {
      rules: {
        // colors and boxes do not exist here
        "color-contrast": { enabled: false },
        "scrollable-region-focusable": { enabled: false },
        // parts of a view inside a page, drawn here without one
        region: { enabled: false },
      },
    });
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))])).toEqual([]);
  });

  it("would be found", async () => {
    const drawn = draw(<button type="button" />);
    end = drawn.end;
    const { violations } = await axe.run(drawn.host);
    expect(violations.map(({ id }) => id)).toContain("button-name");
  });
});
