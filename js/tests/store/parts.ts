/** The review half of a store for fakes: signals with nothing in them, and actions that do nothing. */
import { signal } from "@preact/signals";
import type { LabelValue, MistakeCategory } from "../../src/protocol";
import type { MethodStore } from "../../src/store/methods";
import type { MistakeStore } from "../../src/store/mistakes";
import type { ReviewStore } from "../../src/store/shapes";
import type { TaskStore } from "../../src/store/taskShapes";
import { type Table, UNLABELLED } from "../../src/store/types";

const nothing = async (): Promise<null> => null;

export function fakeStoreParts() {
  return {
    columnInfos: signal<ReviewStore["columnInfos"]["value"]>([]),
    columnOf: (_: string): ReturnType<ReviewStore["columnOf"]> => signal(null),
    canQuery: signal(true),
    savedFilters: signal<ReviewStore["savedFilters"]["value"]>([]),
    gate: signal<ReviewStore["gate"]["value"]>(null),
    estimate: signal<ReviewStore["estimate"]["value"]>(null),
    reveal: signal<ReviewStore["reveal"]["value"]>("at_once"),
    live: signal(false),
    rescoring: signal(false),
    controlRate: signal(0.03),
    acceptance: signal<ReviewStore["acceptance"]["value"]>(null),
    answered: signal<ReviewStore["answered"]["value"]>(null),
    noticed: signal<string | null>(null),
    moved: signal<ReadonlySet<number>>(new Set()),
    control: signal<ReviewStore["control"]["value"]>(null),
    veil: signal<ReviewStore["veil"]["value"]>("none"),
    veiled: (_: number): ReviewStore["veil"]["value"] => "none",
    whole: signal({ n: 0 } as Table),
    suggestedOf: (_: number): number => UNLABELLED,
    sort: signal<ReviewStore["sort"]["value"]>("queue"),
    group: signal<ReviewStore["group"]["value"]>("none"),
    similarTo: signal<number | null>(null),
    planEvent: signal<ReviewStore["planEvent"]["value"]>(null),
    pageMode: signal(false),
    neighborsOf: signal<ReviewStore["neighborsOf"]["value"]>([]),
    rescore: () => undefined,
    setGate: () => undefined,
    setOptions: () => undefined,
    check: nothing as ReviewStore["check"],
    checkState: nothing as ReviewStore["checkState"],
    acceptRest: (async () => true) as ReviewStore["acceptRest"],
    preview: nothing as ReviewStore["preview"],
    pageControl: nothing as ReviewStore["pageControl"],
    pageDone: (async () => true) as ReviewStore["pageDone"],
    plan: nothing as ReviewStore["plan"],
    takeSeat: (async () => true) as ReviewStore["takeSeat"],
    withdrawPlan: () => undefined,
    similar: nothing as ReviewStore["similar"],
    query: (async () => ({ ok: true, rows: 0 })) as ReviewStore["query"],
    complete: nothing as ReviewStore["complete"],
    filterColumn: () => undefined,
    saveFilter: () => undefined,
    dropFilter: () => undefined,
    acceptSet: () => undefined,
    tag: () => undefined,
    spectrogram: nothing as ReviewStore["spectrogram"],
    exemplars: nothing as ReviewStore["exemplars"],
    packet: () => undefined,
  } satisfies ReviewStore;
}

/** Reports, queues, votes and ellipses. */
export function fakeMethods() {
  return {
    reports: signal<MethodStore["reports"]["value"]>(null),
    shown: signal<MethodStore["shown"]["value"]>(null),
    queues: signal<MethodStore["queues"]["value"]>([]),
    listed: signal<number | null>(null),
    overlay: signal<MethodStore["overlay"]["value"]>(null),
    overlayOn: signal(false),
    voting: signal(false),
    ballot: signal<MethodStore["ballot"]["value"]>(null),
    loadReports: async () => undefined,
    loadQueues: async () => undefined,
    openReport: async () => undefined,
    cancelReport: () => undefined,
    reportRows: nothing as MethodStore["reportRows"],
    saveReport: async () => undefined,
    bulk: nothing as MethodStore["bulk"],
    acceptBulk: (async () => true) as MethodStore["acceptBulk"],
    askTeacher: (async () => true) as MethodStore["askTeacher"],
    resetGate: async () => undefined,
    vote: async () => undefined,
    goFirst: () => undefined,
    reorder: async () => undefined,
    colorBy: () => undefined,
  } satisfies MethodStore;
}

/** Predictions outside the labels. */
export function fakeMistakes() {
  const found = signal<MistakeStore["found"]["value"]>(null);
  const at = signal(0);
  return {
    on: signal(false),
    discussing: signal(false),
    found,
    problem: signal<MistakeStore["problem"]["value"]>(null),
    sending: signal(false),
    at,
    draft: signal<MistakeStore["draft"]["value"]>(null),
    settling: signal(false),
    votes: signal(0),
    one: () => found.value?.cases[at.value] ?? null,
    likely: (category: MistakeCategory) => found.value?.severities[category] ?? null,
    ready: () => true,
    say: (async () => undefined) as MistakeStore["say"],
    goOn: () => undefined,
    saveSlice: (async () => undefined) as MistakeStore["saveSlice"],
  } satisfies MistakeStore;
}

/** The half about tags and attributes. */
export function fakeTaskParts() {
  return {
    task: signal<TaskStore["task"]["value"]>("classification"),
    tags: signal<readonly string[]>([]),
    scorers: signal<readonly string[]>([]),
    tagsOf: (_: number) => new Int8Array(),
    tagsIn: (label: LabelValue) =>
      typeof label === "string" ? new Set(label.split("|").filter(Boolean)) : null,
    wordsOf: (label: LabelValue) => (label === null ? "no label" : String(label)),
    setWith: (_: number, added: readonly string[], removed: readonly string[]) =>
      [...added, ...removed.map((tag) => `-${tag}`)].join("|"),
    addTags: (async () => true) as TaskStore["addTags"],
    removeTags: (async () => true) as TaskStore["removeTags"],
    proposed: signal<TaskStore["proposed"]["value"]>(null),
    acceptProposals: (async () => true) as TaskStore["acceptProposals"],
    dismissProposals: () => undefined,
    acceptPreview: nothing as TaskStore["acceptPreview"],
    similarFixes: nothing as TaskStore["similarFixes"],
    fixSimilar: (async () => true) as TaskStore["fixSimilar"],
    tagCounts: nothing as TaskStore["tagCounts"],
    tagCut: nothing as TaskStore["tagCut"],
    tagCheck: nothing as TaskStore["tagCheck"],
    conditionals: nothing as TaskStore["conditionals"],
  } satisfies TaskStore;
}
