/** A report as the kernel sends it. */
import type { Report } from "../../src/protocol";

export const REPORT: Report = {
  title: "Label health of digits",
  sections: [
    {
      heading: "Overview",
      paragraphs: ["6 rows, <b>3</b> flagged."],
      figures: [
        ["rows", "6", null],
        ["flagged", "3", "r0"],
      ],
      tables: [],
      line: {
        title: "caught",
        x: "rows",
        y: "%",
        points: [
          [0, 0],
          [3, 80],
          [6, 100],
        ],
        mark: [3, 80],
      },
    },
    {
      heading: "Class health",
      paragraphs: [],
      figures: [],
      tables: [
        {
          header: ["class", "given", "flagged"],
          rows: [
            ["seven", "2", "2"],
            ["six", "2", "0"],
          ],
          caption: "",
          numeric: [false, true, true],
          rows_of: [
            [null, "r1", "r2"],
            [null, "r3", null],
          ],
        },
      ],
    },
  ],
  options: [
    {
      name: "page",
      label: "rows a page",
      kind: "number",
      value: 60,
      choices: [],
      low: 1,
      high: 100,
      step: 1,
      hint: "of a grid",
    },
    {
      name: "by",
      label: "votes count by",
      kind: "choice",
      value: "majority",
      choices: [
        ["majority", "majority"],
        ["unanimous", "all agree"],
      ],
      low: 0,
      high: 0,
      step: 0,
      hint: "",
    },
    {
      name: "round",
      label: "up to round",
      kind: "range",
      value: 2,
      choices: [],
      low: 1,
      high: 6,
      step: 1,
      hint: "",
    },
  ],
  actions: [
    { do: "bulk", name: "spread", label: "Accept 2 up to round 2…" },
    { do: "queue", name: "elicitation:3", label: "Turn the advice into a queue of 3" },
    { do: "color", name: ":round", label: "Color the map by round" },
  ],
};

export const INFOS = [
  { name: "health", title: "Label health", about: "counts", ready: true, missing: "" },
  {
    name: "benchmark_stability",
    title: "Benchmark stability",
    about: "does it stand?",
    ready: false,
    missing: "Needs models. Give them in the next cell.",
  },
];
