// @vitest-environment happy-dom
/** Conversations that pytest plays from the kernel's side, played here from the page's. */
import { afterEach, describe, expect, it } from "vitest";
import type { Command, Picture, Request } from "../../src/protocol";
import { createStore } from "../../src/store/create";
import { type Store, UNLABELLED } from "../../src/store/types";
import { Link } from "../../src/transport/link";
import { FakeModel, makePicture, settle } from "../store/fake";

interface Wire {
  dtype: string;
  /** null among them: NaN; null instead of them: a file, of which only that it is there is told */
  values: (number | null)[] | null;
}

interface Step {
  page: { type: string; id: string; protocol?: number; command?: Command; request?: Request };
  page_buffers?: Wire[];
  kernel: { content: { type: string; id?: string }; buffers: Wire[] }[];
  expect?: { current?: number[]; state?: number[]; suspicion?: number[]; classes?: unknown[] };
}

interface Trace {
  name: string;
  dataset: {
    labels: unknown[];
    /** what a page is told where labels are no classes by themselves; `given` are codes, -1 for none */
    picture?: Pick<Picture, "task" | "tags" | "tags_unknown" | "taxonomy"> & {
      classes?: string[];
      given?: number[];
    };
    suspicion: number[];
    suggested: number[];
    flagged: number[];
  };
  steps: Step[];
}

const traces = Object.values(
  import.meta.glob<Trace>("../../../tests/contract/messages/*.json", { eager: true, import: "default" }),
);

const TYPES: Record<string, { from(values: number[]): ArrayBufferView }> = {
  "<u4": Uint32Array,
  uint32: Uint32Array,
  "<u2": Uint16Array,
  uint16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  "|u1": Uint8Array,
};
const numbers = ({ values }: Wire): number[] => (values ?? [1]).map((value) => value ?? Number.NaN);
const buffer = (wire: Wire): ArrayBufferView => (TYPES[wire.dtype] ?? Uint8Array).from(numbers(wire));

function open(trace: Trace): { model: FakeModel; store: Store } {
  const { labels, suspicion, suggested, flagged, picture: told } = trace.dataset;
  const classes = told?.classes ?? [...new Set(labels.filter((label) => label !== null))].map(String).sort();
  const given = told?.given ?? labels.map((label) => (label === null ? -1 : classes.indexOf(String(label))));
  const picture = makePicture({
    given: given.map((code) => (code < 0 ? 255 : code)),
    classes,
    suggested: suggested.map((code) => (code < 0 ? 255 : code)),
    suspicion: suspicion.map((value) => Math.round(value * 255)),
    flags: flagged,
  });
  const { task, tags, tags_unknown, taxonomy } = told ?? {};
  const facts =
    task === undefined ? {} : { task, ...(tags ? { tags, tags_unknown: tags_unknown === true } : {}) };
  const model = new FakeModel({ _picture: { ...picture, ...facts, ...(taxonomy ? { taxonomy } : {}) } });
  model.kernel = null;
  return { model, store: createStore(model) };
}

/** Tells what the kernel said in the trace, under the id that the page used this time. */
function tell(model: FakeModel, step: Step, id: string): void {
  for (const { content, buffers } of step.kernel)
    model.say(content.id === step.page.id ? { ...content, id } : content, buffers.map(buffer));
}

function check(store: Store, step: Step): void {
  const { current, state, suspicion } = step.expect ?? {};
  const table = store.table.peek();
  if (current)
    expect(Array.from(table.current, (code) => (code === UNLABELLED ? -1 : code))).toEqual(current);
  if (suspicion) expect(Array.from(table.suspicion)).toEqual(suspicion);
  if (state) expect(Array.from(table.state)).toEqual(state);
}

let store: Store | null = null;
afterEach(() => store?.dispose());

describe("conversations", () => {
  it("exist", () => expect(traces.length).toBeGreaterThan(2));

  for (const trace of traces)
    it(trace.name, async () => {
      const opened = open(trace);
      store = opened.store;
      const { model } = opened;
      for (const step of trace.steps) {
        if (step.page.type === "hello") {
          tell(model, step, model.sent[0]!.content.id);
          await settle();
          if (step.kernel[0]!.content.type !== "error") {
            check(opened.store, step);
            continue;
          }
          // A kernel of another version: the view says so and decides nothing.
          expect(opened.store.canDecide.peek()).toBe(false);
          expect(opened.store.toasts.peek().length).toBeGreaterThan(0);
          break;
        } else if (step.page.type === "command" && !trace.name.includes("resend")) {
          const before = model.sent.length;
          const command = structuredClone(step.page.command!);
          const inBuffer = "rows" in command && !Array.isArray(command.rows) ? command.rows.buffer : null;
          if (inBuffer !== null && "rows" in command) command.rows = numbers(step.page_buffers![inBuffer]!);
          const done = store.send(command);
          const sent = model.sent.slice(before).find(({ content }) => content.type === "command")!;
          if (inBuffer === null) expect(sent.content.command).toEqual(step.page.command);
          tell(model, step, sent.content.id);
          await done;
          await settle();
        } else
          for (const { content, buffers } of step.kernel)
            if (content.type !== "reply" && content.type !== "error") model.say(content, buffers.map(buffer));
        check(store, step);
        expect(Array.from(store.table.peek().pending).every((mark) => mark === 0)).toBe(true);
      }
    });

  it("answer requests with data and buffers", async () => {
    for (const trace of traces)
      for (const step of trace.steps) {
        if (step.page.type !== "request") continue;
        const model = new FakeModel();
        model.kernel = null;
        const link = new Link(model, { events: () => undefined, notice: () => undefined });
        const done = link.request(step.page.request!).then(
          (answer) => answer,
          (error: Error) => error,
        );
        expect(model.sent[0]!.content.request).toEqual(step.page.request);
        tell(model, step, model.sent[0]!.content.id);
        const answer = await done;
        const wanted = step.kernel.find(({ content }) => content.id === step.page.id)!;
        if (answer instanceof Error) expect(wanted.content.type).toBe("error");
        else expect(answer.buffers.length).toBe(wanted.buffers.length);
        link.dispose();
      }
  });
});
