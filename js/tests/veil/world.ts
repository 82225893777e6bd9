/** Two worlds that differ only in what is veiled of two rows, so that a page that differs between them gives it away. */
import type { Card, Detail, JournalEvent, Picture, Request, Task } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import type { Store } from "../../src/store/types";
import { FakeModel, makePicture, PROGRESS, settle, view } from "../store/fake";

/** the row that is looked at, and the one that it is exchanged with */
export const ROW = 1;
const OTHER = 4;

export const NAMES = ["kestrel", "lynx", "marten", "newt"];

export interface Fact {
  given: number;
  suggested: number;
  suspicion: number;
  flag: number;
  /** what somebody decided about the row before */
  decided?: "relabelled" | "kept";
}

const FACTS: Fact[] = [
  { given: 0, suggested: 0, suspicion: 10, flag: 0 },
  { given: 0, suggested: 1, suspicion: 230, flag: 1 },
  { given: 3, suggested: 2, suspicion: 180, flag: 1 },
  { given: 2, suggested: 2, suspicion: 20, flag: 0 },
  { given: 1, suggested: 0, suspicion: 90, flag: 0 },
  { given: 3, suggested: 3, suspicion: 30, flag: 0 },
];

export type Mode = "hint" | "labels";

/** Facts of a world; in mode hint both rows have the same label, which is no secret. */
export function factsOf(mode: Mode, exchanged: boolean): Fact[] {
  const facts = FACTS.map((fact) => ({ ...fact }));
  if (mode === "hint") facts[OTHER] = { given: 0, suggested: 2, suspicion: 90, flag: 0 };
  // Who votes meets rows that were decided; a reader sees all of those.
  else {
    facts[ROW]!.decided = "relabelled";
    facts[OTHER]!.decided = "kept";
  }
  if (exchanged) [facts[ROW], facts[OTHER]] = [facts[OTHER]!, facts[ROW]!];
  return facts;
}

/** A file in the folder of its class, as many data sets have it. */
function card(facts: readonly Fact[], row: number): Card {
  const name = NAMES[facts[row]!.given]!;
  return { row, id: `${name}/${name}-${row}.jpg`, caption: `${name}-${row}.jpg` };
}

function detail(facts: readonly Fact[], row: number): Detail {
  const { given, suggested, suspicion, flag, decided } = facts[row]!;
  const [from, to] = [NAMES[given]!, NAMES[suggested]!];
  const undone = {
    ...{ kind: "relabelled", id: "e1", batch: "b1", at: "2025-01-31T09:30:00Z", reviewer: "ada" },
    ...{ source: "widget", rows: [row], before: [from], after: [to], suspicion: [0.5], data: {} },
  } as JournalEvent;
  const note = decided ? `Looks like a ${to} to me.` : "";
  const noted = {
    ...{ kind: "noted", id: "e2", batch: "b2", at: "2025-01-31T09:31:00Z", reviewer: "carol" },
    ...{ source: "widget", rows: [row], before: [""], after: [note], suspicion: [0.5], data: { text: note } },
  } as JournalEvent;
  return {
    ...card(facts, row),
    suspicion: suspicion / 255,
    suggested: to,
    rank: 7 - flag,
    reasons: [`8 of 8 nearest neighbors are ${to}; none shares the given label ${from}.`],
    candidates: [
      { code: suggested, probability: 0.8 },
      { code: given, probability: 0.1 },
    ],
    neighbors: [
      { row: 0, code: 0, distance: 0.1 },
      { row: 3, code: 2, distance: 0.2 },
    ],
    scorers: [{ name: "margin", suspicion: suspicion / 255, flagged: flag === 1 }],
    history: [undone, noted],
    note,
    surely_not: [{ code: 3 - suggested, probability: 0.001 }],
    threshold: { code: suggested, passed_by: 0.3 },
    annotators: [{ name: "bob", code: suggested }],
    judges: {
      ...{ said: [{ name: "eve", code: suggested, sure: 0.9, silence: "", about: "" }], more: 0 },
      ...{ code: suggested, sure: 0.9 },
    },
    tags: { severity: flag === 1 ? "major" : "minor" },
    expert: {
      ...{ used: "local", agree: flag === 0, local: suspicion / 255, global: 0.4 },
      ...{ local_label: to, global_label: from },
    },
  };
}

/** What the kernel says of a task whose labels are no classes. */
export interface Special {
  picture: Partial<Picture>;
  detail: (facts: readonly Fact[], row: number) => Partial<Detail>;
  card: (facts: readonly Fact[], row: number) => Partial<Card>;
}

export const COLUMN = ":score margin";
/** a column of the user's frame */
export const LABEL = "species";
const EXPERTS = ":experts";
const infos = [
  { name: COLUMN, kind: "numeric", n_missing: 0, min: 0, max: 1 },
  { name: LABEL, kind: "categorical", n_missing: 0, categories: [...NAMES].reverse(), counts: [2, 1, 1, 2] },
  { name: EXPERTS, kind: "categorical", n_missing: 0, categories: ["agree", "disagree"], counts: [3, 3] },
  { name: "suggested target", kind: "numeric", n_missing: 0, min: 0, max: 6 },
];

function reply(facts: readonly Fact[], request: Request, special: Special | null) {
  const bytes = (array: ArrayBufferView) => [view(array)];
  switch (request.name) {
    case "cards":
      return {
        data: {
          cards: request.rows.map((row) => ({ ...card(facts, row), ...special?.card(facts, row) })),
          thumbs: request.rows,
        },
        buffers: request.rows.map(() => view(new Uint8Array())),
      };
    case "detail":
      return { data: { ...detail(facts, request.row), ...special?.detail(facts, request.row) } };
    case "ballot":
      return {
        data: {
          ...{ row: request.row, labels: ["kestrel", "lynx"], exemplars: [[0], [5]] },
          ...{ blind: true, answer: null, left: 6 },
        },
      };
    case "queue":
      return { data: { listed: 4 }, buffers: bytes(Uint32Array.of(2, ROW, OTHER, 3, 0, 5)) };
    case "exemplars":
      return { data: { rows: [5] } };
    case "column": {
      const info = infos.find(({ name }) => name === request.column)!;
      if (info.kind === "categorical")
        return {
          data: { info, dtype: "uint16" },
          buffers: bytes(
            Uint16Array.from(facts, ({ flag, given }) => (info.name === LABEL ? 3 - given : flag)),
          ),
        };
      const values = facts.map(({ suspicion, suggested }) =>
        info.name === COLUMN ? suspicion / 255 : suggested,
      );
      return { data: { info, dtype: "float32" }, buffers: bytes(Float32Array.from(values)) };
    }
    default:
      return { data: { plan: null, open: null } };
  }
}

/** The journal as it was before anybody voted. */
function decisions(facts: readonly Fact[]): JournalEvent[] {
  return facts.flatMap(({ given, suggested, decided }, row) => {
    if (decided === undefined) return [];
    const after = NAMES[decided === "kept" ? given : suggested]!;
    const named = { kind: decided, id: `d${row}`, batch: `d${row}`, at: "2025-01-30T09:30:00.000000Z" };
    const said = { rows: [row], before: [NAMES[given]!], after: [after], suspicion: [0.5], data: {} };
    return [{ ...named, reviewer: "bob", source: "widget", ...said }];
  });
}

export async function open(
  facts: readonly Fact[],
  { veiled, task, special = null }: { veiled: Mode | null; task?: Task; special?: Special | null },
): Promise<Store> {
  const picture = makePicture({
    given: facts.map(({ given }) => given),
    suggested: facts.map(({ suggested }) => suggested),
    suspicion: facts.map(({ suspicion }) => suspicion),
    flags: facts.map(({ flag }) => flag),
    classes: NAMES,
    media: "image",
  });
  const model = new FakeModel({
    _picture: { ...picture, ...(task ? { task } : {}), ...special?.picture },
  });
  const hello = {
    ...{
      protocol: 1,
      events: decisions(facts),
      progress: PROGRESS,
      journal: null,
      reviewer: "ada",
      can_undo: false,
    },
    ...{ can_redo: false, export_formats: [], more: false, columns: infos, scorers: ["mix", "margin"] },
    ...{ control_rate: 0, can_query: true, gate: null, estimate: null, live: false, saved_filters: [] },
    reveal: veiled === "hint" ? "after_answer" : "at_once",
  };
  model.kernel = (content) => {
    if (content.type === "command") {
      queueMicrotask(() => model.decide(content));
      return;
    }
    const { data, buffers = [] } =
      content.type === "hello"
        ? { data: hello, buffers: [] }
        : { buffers: [], ...reply(facts, content.request!, special) };
    queueMicrotask(() => model.say({ type: "reply", id: content.id, data }, buffers));
  };
  const store = createStore(model);
  await settle(20);
  return store;
}
