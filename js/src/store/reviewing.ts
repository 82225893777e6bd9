/** The part of the store's interface about columns, rescoring, stopping, controls and checks, put together. */
import { computed } from "@preact/signals";
import type { Command, LabelValue } from "../protocol";
import type { Asking } from "./asking";
import type { ColumnValues } from "./columnData";
import type { Core } from "./core";
import type { Decisions } from "./decisions";
import type { Requests } from "./requests";
import type { PageAnswer, ReviewStore } from "./shapes";
import { UNLABELLED } from "./types";

interface Parts {
  core: Core;
  decisions: Decisions;
  asking: Asking;
  values: ColumnValues;
  requests: Requests;
}

/** A grid page as a command; labels by row travel as an object. */
function pageCommand({ rows, wrong, mean, seconds, idle, token }: PageAnswer): Command {
  const labels: Record<string, LabelValue> = {};
  for (const [row, label] of wrong) labels[String(row)] = label;
  return {
    name: "page_done",
    rows: [...rows],
    wrong: labels,
    mean,
    seconds,
    ...(idle ? { idle } : {}),
    token,
  };
}

export function reviewActions({ core, decisions, asking, values, requests }: Parts): ReviewStore {
  const { review } = core;
  return {
    columnInfos: review.columnInfos,
    columnOf: (name) => core.sight.column(name, values.of(name)),
    canQuery: review.canQuery,
    savedFilters: review.savedFilters,
    gate: review.gate,
    estimate: review.estimate,
    reveal: review.reveal,
    live: review.live,
    rescoring: review.rescoring,
    controlRate: review.controlRate,
    acceptance: review.acceptance,
    answered: review.answered,
    noticed: review.noticed,
    moved: core.sight.moved,
    control: review.control,
    veil: core.sight.veil,
    veiled: (row) => core.sight.veiled(row),
    whole: core.table,
    suggestedOf: (row) => core.sight.table.peek().suggested[row] ?? UNLABELLED,
    sort: review.sort,
    group: review.group,
    similarTo: review.similarTo,
    planEvent: review.planEvent,
    pageMode: review.pageMode,
    neighborsOf: computed(() => {
      const detail = core.sight.detail.value;
      // Of numbers it counts whether they are about the same, not whether they are equal.
      const targets = detail?.target?.neighbors;
      if (Array.isArray(targets) && targets.length > 0)
        return targets.map(({ row, kind }) => ({
          row,
          kind,
          code: core.table.peek().current[row] ?? -1,
          distance: 0,
        }));
      return Array.isArray(detail?.neighbors) ? detail.neighbors : [];
    }),
    rescore: () => void asking.rescore(),
    setGate: (at) => {
      const { gate } = review;
      // Shown at once; the kernel's own count follows.
      if (gate.peek() !== null) gate.value = { ...gate.peek()!, at };
      void decisions.ask({ name: "set_gate", at }).then(() => asking.refreshGate());
    },
    setOptions: ({ controlRate, ...others }) =>
      void decisions.ask({
        name: "set_options",
        ...others,
        ...(controlRate === undefined ? {} : { control_rate: controlRate }),
      }),
    check: (given, suggested, precision) => asking.check(given, suggested, precision),
    checkState: (token) => asking.checkState(token),
    acceptRest: async (token) => (await decisions.ask({ name: "accept_rest", token })) !== null,
    preview: (rows, to) => asking.preview(rows, to),
    pageControl: (rows, mean) => asking.pageControl(rows, mean),
    pageDone: async (answer) => (await decisions.ask(pageCommand(answer))) !== null,
    plan: (of, page) => asking.plan(core.queue.peek().startsWith("review_plan"), of, page),
    takeSeat: async (plan, reviewer) => (await decisions.ask({ name: "plan_seat", plan, reviewer })) !== null,
    withdrawPlan: (plan) => void decisions.ask({ name: "plan_withdraw", plan }),
    similar: (row, sort) => asking.similar(row, sort),
    query: (text) => asking.query(text),
    complete: (text, cursor) => asking.complete(text, cursor),
    filterColumn: (name, filter) => values.filter(name, filter),
    saveFilter: (filter, query) => void decisions.ask({ name: "save_filter", filter, query }),
    dropFilter: (filter) => void decisions.ask({ name: "drop_filter", filter }),
    acceptSet: (row, labels) => decisions.decide(() => ({ name: "accept_set", row, labels }), [row]),
    tag: (tags, rows) => {
      const targets = rows ?? decisions.targets();
      if (targets.length === 0) core.say("No row is chosen.");
      else void decisions.ask({ name: "tag", rows: targets, tags });
    },
    spectrogram: (row, width, height) => asking.spectrogram(row, width, height),
    exemplars: (code, n) => asking.exemplars(code, n),
    packet: () => void requests.packet(),
  };
}
