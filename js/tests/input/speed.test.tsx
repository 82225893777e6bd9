// @vitest-environment happy-dom
/** Ten keys a second against a kernel that needs almost half a second for each: nothing is dropped, all in order. */
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import widget from "../../src/index";
import { FakeModel, makePicture } from "../store/fake";

const N = 120;
const EVERY = 100;
const LATENCY = 450;

let model: FakeModel;
let el: HTMLElement;
let ends: (() => void)[] = [];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  const given = Array.from({ length: N }, (_, row) => row % 3);
  model = new FakeModel({
    _picture: makePicture({
      given,
      suggested: given.map((code) => (code + 1) % 3),
      flags: given.map(() => 1),
    }),
  });
  model.kernel = (content) => {
    setTimeout(() => {
      const { request } = content;
      if (request?.name !== "detail") model.answer(content);
      else
        model.say({
          type: "reply",
          id: content.id,
          data: {
            row: request.row,
            id: String(request.row),
            caption: "",
            suspicion: 0.9,
            suggested: null,
            rank: 1,
            reasons: [],
            candidates: [{ code: (request.row + 1) % 3, probability: 0.9 }],
            neighbors: [],
            scorers: [],
            history: [],
            note: "",
          },
        });
    }, LATENCY);
  };
  el = document.createElement("div");
  document.body.append(el);
  ends = [widget.initialize({ model })];
  await act(() => {
    ends.unshift(widget.render({ model, el }));
  });
  await act(async () => void (await vi.advanceTimersByTimeAsync(1500)));
});

afterEach(async () => {
  await act(() => {
    for (const end of ends) end();
  });
  el.remove();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function press(key: string): Promise<void> {
  const host = el.querySelector(".labelscope")!;
  await act(async () => {
    host.dispatchEvent(
      new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }),
    );
    await vi.advanceTimersByTimeAsync(EVERY);
  });
}

it("loses no decision at ten keys a second and keeps their order", async () => {
  const keys = Array.from({ length: 40 }, (_, k) => ["Enter", " ", "u", "1"][k % 4]!);
  for (const key of keys) await press(key);
  await act(async () => void (await vi.advanceTimersByTimeAsync(30_000)));
  const told = model.commands();
  expect(told.map(({ name }) => name)).toEqual(
    keys.map((key) => ({ Enter: "accept", " ": "keep", u: "unsure", 1: "relabel" })[key]),
  );
  // one decision, one key, one row: each in turn, none twice
  const rows = told.flatMap((command) => ("rows" in command ? (command.rows as number[]) : []));
  expect(rows).toEqual(Array.from({ length: 40 }, (_, row) => row));
  // a digit means the candidate of its own row, however late that came
  for (const command of told)
    if (command.name === "relabel")
      expect(command.to).toBe(["cat", "dog", "eel"][((command.rows as number[])[0]! + 1) % 3]);
});
