/** The one table of keys: the listener looks keys up in it and the help reads it out, so neither can be wrong. */

export type Simple =
  | "accept"
  | "keep"
  | "unsure"
  | "exclude"
  | "palette"
  | "several"
  | "severity"
  | "note"
  | "undo"
  | "redo"
  | "fit"
  | "zoom"
  | "clear"
  | "search"
  | "query"
  | "help"
  | "all"
  | "out"
  | "check"
  | "page"
  | "rerank"
  | "play"
  | "tags"
  | "proposals"
  | "reports"
  | "queues"
  | "shapes"
  | "discuss"
  | "settle"
  | "case";

export type Action =
  | { do: "move"; by: number }
  | { do: "digit"; place: number }
  | { do: "refuse"; place: number }
  | { do: "gate"; by: number }
  | { do: Simple };

export interface Row {
  does: string;
  /** chords and what they ask for; "mod" is Ctrl or Cmd. Empty for what the pointer does. */
  keys: [chord: string, action: Action][];
  /** what the help shows instead of the chords */
  shown?: string[];
  /** a key held down must not do it row after row */
  once?: true;
}

export interface Group {
  title: string;
  rows: Row[];
}

const DIGITS: Row["keys"] = Array.from({ length: 9 }, (_, place) => [
  String(place + 1),
  { do: "digit", place },
]);

/** By where the key is: with Shift the sign on it depends on the layout. */
const REFUSALS: Row["keys"] = Array.from({ length: 9 }, (_, place) => [
  `shift+${place + 1}`,
  { do: "refuse", place },
]);

const one = (key: string, name: Simple, does: string): Row => ({
  does,
  keys: [[key, { do: name }]],
});
const once = (key: string, name: Simple, does: string): Row => ({
  ...one(key, name, does),
  once: true,
});

/** In the order in which people need them. */
export const GROUPS: readonly Group[] = [
  {
    title: "Decide",
    rows: [
      once("Enter", "accept", "accept the suggested label"),
      { ...once(" ", "keep", "keep the label as it is"), shown: ["Space"] },
      {
        does: "relabel to the candidate with that number; put the tag in, or take it out; vote; judge a mistake",
        keys: DIGITS,
        shown: ["1", "…", "9"],
        once: true,
      },
      {
        does: "refuse the suggested tag with that number",
        keys: REFUSALS,
        shown: ["Shift", "1", "…", "9"],
        once: true,
      },
      once("l", "palette", "type a label, a tag or a number"),
      once("t", "tags", "type a tag or an attribute"),
      once("e", "proposals", "accept all that follows from a fix"),
      once("m", "several", "say that several labels are right"),
      once("u", "unsure", "unsure: come back later"),
      once("x", "exclude", "exclude the row from the clean data"),
      once("s", "severity", "say how bad the error is"),
      one("n", "note", "write a note"),
      one("mod+z", "undo", "undo the last decision"),
      {
        does: "redo it",
        keys: [
          ["mod+shift+z", { do: "redo" }],
          ["ctrl+y", { do: "redo" }],
        ],
        shown: ["mod+shift+z"],
      },
    ],
  },
  {
    title: "In the queue of mistakes",
    rows: [
      {
        does: "the prediction is correct, wrong, unclear, or the item problematic",
        keys: [],
        shown: ["1", "…", "4"],
      },
      { does: "of a wrong one: its kind", keys: [], shown: ["1", "…", "5"] },
      { does: "of a wrong one: major, minor, borderline", keys: [], shown: ["6", "7", "8"] },
      { does: "save kind and severity; go on", keys: [], shown: ["Enter"] },
      once("v", "case", "the next prediction of the row"),
      once("d", "discuss", "list what people differ on, or what is left to judge"),
      once("y", "settle", "say next what the panel agreed on"),
    ],
  },
  {
    title: "Move",
    rows: [
      {
        does: "next or previous row",
        keys: [
          ["j", { do: "move", by: 1 }],
          ["k", { do: "move", by: -1 }],
        ],
      },
      {
        does: "move between the cards",
        keys: [
          ["ArrowLeft", { do: "move", by: -1 }],
          ["ArrowRight", { do: "move", by: 1 }],
          ["ArrowUp", { do: "move", by: -1 }],
          ["ArrowDown", { do: "move", by: 1 }],
        ],
        shown: ["←", "→", "↑", "↓"],
      },
      {
        does: "first or last row of the queue",
        keys: [
          ["Home", { do: "move", by: Number.NEGATIVE_INFINITY }],
          ["End", { do: "move", by: Number.POSITIVE_INFINITY }],
        ],
      },
      once("w", "queues", "choose which rows come first"),
      one("/", "search", "search the rows"),
      one("q", "query", "filter by a query, columns or a saved filter"),
      {
        ...one("Escape", "clear", "close what is open, clear the selection, then the filters"),
        shown: ["Esc"],
      },
    ],
  },
  {
    title: "Many at once",
    rows: [
      { does: "select up to that card; on the map: add", keys: [], shown: ["Shift", "click"] },
      { does: "add or take away one card", keys: [], shown: ["mod", "click"] },
      {
        does: "select all rows under the filters",
        keys: [
          ["a", { do: "all" }],
          ["mod+a", { do: "all" }],
        ],
        shown: ["a"],
        once: true,
      },
      once(
        "o",
        "out",
        "leave the row out of the selection, or take it in; Shift o in a preview: all odd ones",
      ),
      { does: "take away from the selection on the map", keys: [], shown: ["Alt", "drag"] },
      once("c", "check", "check some rows of a cell at random, then accept the rest"),
      once("g", "page", "pages of one suggestion, where untouched means right"),
      { does: "on a page: the next card that was not in view", keys: [], shown: ["v"] },
    ],
  },
  {
    title: "Map and view",
    rows: [
      {
        does: "lower or raise the gate; a double click on it puts it back",
        keys: [
          ["[", { do: "gate", by: -1 }],
          ["]", { do: "gate", by: 1 }],
        ],
      },
      once("r", "rerank", "rank again with what you decided"),
      once("i", "reports", "open or close the reports"),
      once("h", "shapes", "show or hide an ellipse for each class on the map"),
      one("f", "fit", "show the whole map"),
      one("z", "zoom", "zoom the map to the selection"),
      once("p", "play", "play or stop the sound of the row"),
      once("?", "help", "show or hide this help"),
    ],
  },
  {
    title: "On the map, while it has the focus",
    rows: [
      { does: "walk to the next point that way; Shift selects", keys: [], shown: ["←", "→", "↑", "↓"] },
      { does: "previous or next true neighbor of the row", keys: [], shown: [",", "."] },
      { does: "next or previous class cluster", keys: [], shown: ["PgDn", "PgUp"] },
      { does: "most suspicious row in sight", keys: [], shown: ["Home"] },
      { does: "zoom in or out", keys: [], shown: ["wheel", "+", "-"] },
    ],
  },
];
