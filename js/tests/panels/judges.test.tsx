// @vitest-environment happy-dom
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Inspector } from "../../src/panels/index";
import { Reliability } from "../../src/panels/reports/Reliability";
import type { JudgeStrip, ReportPlot } from "../../src/protocol";
import { act, click, draw, get } from "./draw";
import { fakeDetail, fakeStore } from "./fake";

const JUDGES: JudgeStrip = {
  said: [
    {
      name: "words <b>",
      code: 2,
      sure: 0.83,
      silence: "",
      about: "model bayes, prompt short, cost 0.02 for all rows",
    },
    { name: "column", code: 1, sure: null, silence: "", about: "" },
    { name: "quiet", code: -1, sure: null, silence: "abstained", about: "" },
    { name: "odd", code: -1, sure: null, silence: "not a label: '<i>sx</i>' (near 'six')", about: "" },
  ],
  more: 0,
  code: 2,
  sure: 0.7,
};

let store: ReturnType<typeof fakeStore>;
let drawn: ReturnType<typeof draw>;
const q = (selector: string) => get(drawn.root, selector);
const strip = () => drawn.root.querySelector("section[aria-label=Judges]");

beforeEach(() => {
  store = fakeStore();
  store.detail.value = fakeDetail(1, { judges: JUDGES });
  drawn = draw(<Inspector store={store} />);
});
afterEach(() => drawn.end());

describe("the judge strip", () => {
  it("says who says what and how sure, who is silent and why, and what they come to together", () => {
    const judges = [...drawn.root.querySelectorAll<HTMLElement>("[data-judge]")];
    expect(judges.map((one) => one.textContent)).toEqual([
      "words <b>six83 %",
      "columnseven",
      "quietabstained",
      "oddnot a label: '<i>sx</i>' (near 'six')",
      "togethersix70 %",
    ]);
    expect(strip()!.textContent).toContain("2 of 4 answered");
    expect(judges[0]!.title).toContain("cost 0.02");
    expect(judges[0]!.querySelector("i")!.style.width).toBe("83%");
    expect(judges[1]!.querySelector(".ls-meter"), "a judge that does not say how sure it is").toBeNull();
    expect(strip()!.querySelector("b, i i"), "text is text").toBeNull();
  });

  it("takes an answer over for this row only, as a suggestion", () => {
    store.selection.value = { mask: Uint8Array.of(1, 1, 1, 0, 0, 0), count: 3 };
    click(q("[data-judge=column]"));
    expect(store.relabel).toHaveBeenCalledWith("seven", [1], false, "suggestion");
    expect(q("[data-judge=quiet]").tagName).not.toBe("BUTTON");
  });

  it("is not there without judges, while somebody votes, or before the reader has decided", () => {
    store.veiled = () => "hint";
    act(() => {
      store.version.value += 1;
    });
    expect(strip()).toBeNull();
    store.veiled = () => "none";
    act(() => {
      store.methods.voting.value = true;
    });
    expect(strip()).toBeNull();
    act(() => {
      store.methods.voting.value = false;
    });
    expect(strip()).not.toBeNull();
    act(() => {
      store.detail.value = fakeDetail(1);
    });
    expect(strip()).toBeNull();
  });

  it("passes axe", async () => {
    const found = await axe.run(strip()!, { rules: { "color-contrast": { enabled: false } } });
    expect(found.violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });
});

describe("the reliability plot", () => {
  const plot: ReportPlot = {
    title: "Share",
    x: "confidence",
    y: "right",
    series: [
      {
        name: "said",
        points: [
          [0.4, 0.25, 0.1, 0.5, 12],
          [0.9, 0.75, 0.5, 0.9, 8],
        ],
      },
      { name: "calibrated", points: [[0.75, 0.75, 0.6, 0.85, 20]] },
    ],
  };

  it("places shares by confidence with their intervals, and says them", () => {
    drawn.end();
    drawn = draw(<Reliability plot={plot} />);
    const dots = [...drawn.root.querySelectorAll("[data-series] path:last-child")].map((dot) =>
      dot.getAttribute("d")!.slice(1).split(/[ h]/).map(Number),
    );
    expect(dots).toHaveLength(3);
    expect(dots[0]![0]!, "surer is further right").toBeLessThan(dots[1]![0]!);
    expect(dots[0]![1]!, "better is higher").toBeGreaterThan(dots[1]![1]!);
    const whisker = q("[data-series] path").getAttribute("d")!;
    const [, low, high] = /([\d.]+)V([\d.]+)/.exec(whisker)!.map(Number);
    expect(low!).toBeGreaterThan(dots[0]![1]!);
    expect(high!).toBeLessThan(dots[0]![1]!);
    expect(q("svg").getAttribute("aria-label")).toContain("said: 25 % of 12 at 40 %, 75 % of 8 at 90 %.");
    expect(q("title").textContent).toContain("12 reviewed (10 % to 50 %)");
  });
});
