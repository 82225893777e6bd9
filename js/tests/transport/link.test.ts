import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type KernelError, Link } from "../../src/transport/link";
import { FakeModel, settle } from "../store/fake";

const deaf = () => ({ events: vi.fn(), notice: vi.fn() });
const open: Link[] = [];

function make(kernel: FakeModel["kernel"] = null) {
  const model = new FakeModel();
  model.kernel = kernel;
  const heard = deaf();
  const link = new Link(model, heard);
  open.push(link);
  return { model, link, heard };
}

afterEach(() => {
  vi.useRealTimers();
  for (const link of open.splice(0)) link.dispose();
});

const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "reply",
    (error: KernelError) => error.code,
  );

describe("one outcome for each message", () => {
  it("whatever the kernel answers, how often and in what order", async () => {
    const answers = fc.array(fc.tuple(fc.nat(9), fc.constantFrom("reply", "error")), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(answers, async (steps) => {
        const { model, link } = make();
        const settled: string[][] = Array.from({ length: 10 }, () => []);
        const done = settled.map((into) =>
          outcome(link.request({ name: "detail", row: 0 })).then((code) => into.push(code)),
        );
        const first = new Map<number, string>();
        for (const [which, type] of steps) {
          if (!first.has(which)) first.set(which, type);
          model.say({
            type,
            id: model.sent[which]!.content.id,
            data: {},
            code: "bad",
            message: "m",
            hint: "h",
          });
        }
        link.dispose();
        await Promise.all(done);
        for (const [which, into] of settled.entries()) {
          const type = first.get(which);
          expect(into).toEqual([type === undefined ? "closed" : type === "reply" ? "reply" : "bad"]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("unique ids, also between pages", () => {
    const { model, link } = make();
    for (let i = 0; i < 20; i++) void outcome(link.request({ name: "columns" }));
    const ids = new Set(model.sent.map(({ content }) => content.id));
    expect(ids.size).toBe(20);
    expect([...ids].every((id) => id.length > 20)).toBe(true);
  });
});

describe("requests", () => {
  it("run out of time", async () => {
    vi.useFakeTimers();
    const { model, link } = make();
    const done = outcome(link.request({ name: "columns" }, { timeout: 50 }));
    vi.advanceTimersByTime(60);
    expect(await done).toBe("timeout");
    model.say({ type: "reply", id: model.sent[0]!.content.id, data: {} });
  });

  it("can be given up", async () => {
    const { model, link } = make();
    const abort = new AbortController();
    const done = outcome(link.request({ name: "columns" }, { signal: abort.signal }));
    abort.abort();
    expect(await done).toBe("aborted");
    expect(await outcome(link.request({ name: "columns" }, { signal: abort.signal }))).toBe("aborted");
    expect(model.sent.length).toBe(1);
  });

  it("survive a front end that throws or rejects", async () => {
    const { model, link } = make();
    model.send = () => {
      throw new Error("no comm");
    };
    const first = outcome(link.request({ name: "columns" }, { timeout: 5 }));
    model.send = (() => Promise.reject(new Error("no comm"))) as never;
    const second = outcome(link.request({ name: "columns" }, { timeout: 5 }));
    expect(await Promise.all([first, second])).toEqual(["timeout", "timeout"]);
  });
});

describe("commands", () => {
  it("never run out of time, are sent again under their id, and then are done", async () => {
    vi.useFakeTimers();
    const { model, link } = make();
    const done = outcome(link.command({ name: "keep", rows: [1] }));
    vi.advanceTimersByTime(3_600_000);
    expect(link.unanswered).toBe(1);
    expect(link.resend()).toBe(1);
    const [first, second] = model.sent;
    expect(second).toEqual(first);
    model.say({ type: "reply", id: first!.content.id, data: {} });
    expect(await done).toBe("reply");
    await Promise.resolve();
    expect(link.unanswered).toBe(0);
  });

  it("send many rows as a buffer of uint32", () => {
    const { model, link } = make();
    const rows = Array.from({ length: 1_001 }, (_, i) => i * 2);
    void outcome(link.command({ name: "keep", rows }));
    const { content, buffers } = model.sent[0]!;
    expect(content.command).toEqual({ name: "keep", rows: { buffer: 0 } });
    expect(Array.from(new Uint32Array(buffers[0]!))).toEqual(rows);
  });

  it("move to the view that the cell makes after a restart, but undo does not", async () => {
    const old = make();
    void old.link.adopt("a.jsonl");
    void outcome(old.link.command({ name: "keep", rows: [1] }));
    void outcome(old.link.command({ name: "undo" }));
    const other = make();
    expect(other.link.adopt("b.jsonl")).toEqual([]);
    const beside = make();
    expect(beside.link.adopt("a.jsonl")).toEqual([]);
    old.link.markLost();
    const next = make();
    const adopted = next.link.adopt("a.jsonl");
    expect(adopted.length).toBe(1);
    expect(next.model.sent.map(({ content }) => content)).toEqual([old.model.sent[0]!.content]);
    expect(old.link.unanswered).toBe(0);
    next.link.dispose();
    expect(await outcome(adopted[0]!)).toBe("closed");
    const last = make();
    expect(last.link.adopt("a.jsonl").length).toBe(1);
    for (const answer of last.link.adopt("a.jsonl")) void outcome(answer);
  });
});

describe("what the kernel says by itself", () => {
  it("is heard, and nonsense is not", async () => {
    const { model, link, heard } = make();
    for (const odd of [null, 3, "x", {}, { type: "events" }, { type: "reply", id: "?" }]) model.say(odd);
    expect(heard.events).not.toHaveBeenCalled();
    model.say({ type: "events", events: [] });
    model.say({ type: "notice", message: "m" });
    expect(heard.events).toHaveBeenCalledTimes(1);
    expect(heard.notice).toHaveBeenCalledTimes(1);
    link.dispose();
    model.say({ type: "notice", message: "m" });
    expect(heard.notice).toHaveBeenCalledTimes(1);
    expect(model.count).toBe(0);
    await settle();
  });
});
