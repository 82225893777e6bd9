// @vitest-environment happy-dom
/** Answer before reveal where labels are sets of tags, numbers, or classes with attributes. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { App } from "../../src/App";
import type { TagChip, Task } from "../../src/protocol";
import { act, draw } from "../panels/draw";
import { settle, view } from "../store/fake";
import { type Fact, factsOf, open, ROW, type Special } from "./world";

afterEach(() => vi.restoreAllMocks());

/** Tags: the row has the first one; the suggestion is about it and about another. */
function chips({ suggested, suspicion }: Fact): TagChip[] {
  const doubt = suspicion / 255;
  const missing = suggested === 1 ? "dawn" : "dusk";
  return [
    { tag: "bird", given: 1, current: 1, probability: doubt, missing: 0, spurious: doubt },
    { tag: missing, given: 0, current: 0, probability: doubt, missing: doubt, spurious: 0 },
  ];
}

const tags = ["bird", "dawn", "dusk"];
const classes = ["bird", "bird|dawn", "bird|dusk", "dusk"];

const SPECIAL: Record<Exclude<Task, "classification">, Special> = {
  multilabel: {
    picture: { classes, class_names: classes, tags, tags_unknown: false },
    detail: (facts, row) => ({ suggested: classes[facts[row]!.suggested]!, chips: chips(facts[row]!) }),
    card: (facts, row) => ({ chips: chips(facts[row]!) }),
  },
  regression: {
    picture: { classes: [], class_names: [], class_values: view(Float64Array.of(1.5, 2.5, 31.25, 4.5)) },
    detail: (facts, row) => {
      const { suggested } = facts[row]!;
      return {
        target: {
          ...{ given: 1.5, current: 1.5, suggested: 40 * suggested, low: suggested, high: 60 * suggested },
          density: { from: 0, to: 10, counts: [1, 2, 3] },
          neighbors: [{ row: 0, value: 1.5, kind: suggested === 1 ? "push" : "pull", weight: 1 }],
        },
      };
    },
    card: (facts, row) => ({ value: 1.5, suggested_value: 40 * facts[row]!.suggested }),
  },
  concepts: {
    picture: { tags, tags_unknown: true, attributes: view(new Uint8Array(5)) },
    detail: (facts, row) => ({
      concepts: tags.map((name, k) => ({
        ...{ name, given: 0 as const, current: 0 as const, probability: facts[row]!.suspicion / 255 },
        suspicion: k === facts[row]!.suggested ? 0.9 : 0.1,
        suggested: k === facts[row]!.suggested ? (1 as const) : (0 as const),
      })),
    }),
    card: (facts, row) => ({ chips: chips(facts[row]!).slice(facts[row]!.suggested - 1) }),
  },
};

async function page(task: keyof typeof SPECIAL, exchanged: boolean, veiled: boolean): Promise<string[]> {
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  const special = SPECIAL[task];
  const store = await open(factsOf("hint", exchanged), { veiled: veiled ? "hint" : null, task, special });
  store.setCurrent(ROW);
  const { root, end } = draw(<App store={store} />);
  await act(() => settle(80));
  const shown = [...root.innerHTML.split(/(?=<)/), String(store.neighborsOf.value.map(({ kind }) => kind))];
  end();
  store.dispose();
  return shown;
}

describe.each(["multilabel", "regression", "concepts"] as const)("%s", (task) => {
  it("shows the same page whatever is suggested", async () => {
    expect(await page(task, false, true)).toEqual(await page(task, true, true));
  });

  it("shows another one once suggestions may be seen", async () => {
    const [one, other] = [await page(task, false, false), await page(task, true, false)];
    const ofRow = (lines: string[]) => lines.slice(lines.findIndex((line) => line.includes("ls-inspector")));
    expect(ofRow(one)).not.toEqual(ofRow(other));
  });
});
