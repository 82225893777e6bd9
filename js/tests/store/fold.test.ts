import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JournalEvent, LabelValue } from "../../src/protocol";
import { Fold, fold } from "../../src/store/fold";
import { UNLABELLED } from "../../src/store/types";

interface Trace {
  name: string;
  given: number[];
  classes: LabelValue[];
  steps: { events: JournalEvent[]; expect: { current: number[]; state: number[]; classes: LabelValue[] } }[];
}

const traces = Object.values(
  import.meta.glob<Trace>("../../../tests/contract/*.json", { eager: true, import: "default" }),
);

const codes = (values: number[]): Uint16Array =>
  Uint16Array.from(values, (code) => (code < 0 ? UNLABELLED : code));
const plain = (values: Uint16Array): number[] =>
  Array.from(values, (code) => (code === UNLABELLED ? -1 : code));

describe("fold of the contract traces", () => {
  it("finds traces", () => expect(traces.length).toBeGreaterThan(5));

  for (const trace of traces)
    it(trace.name, () => {
      const steps = new Fold(codes(trace.given), trace.classes);
      const all: JournalEvent[] = [];
      for (const step of trace.steps) {
        steps.apply(step.events);
        all.push(...step.events);
        for (const folded of [steps, fold(codes(trace.given), trace.classes, all)]) {
          expect(plain(folded.current)).toEqual(step.expect.current);
          expect(Array.from(folded.state)).toEqual(step.expect.state);
          expect(folded.classes).toEqual(step.expect.classes);
        }
      }
    });
});

const N = 6;
const GIVEN = Uint16Array.from([0, 1, 2, 0, 1, UNLABELLED]);
const CLASSES = ["cat", "dog", "eel"];

/** Events of one reviewer: each batch decides or takes an earlier batch back. */
const journals = fc
  .array(
    fc.record({
      kind: fc.constantFrom(
        "relabelled",
        "kept",
        "unsure",
        "excluded",
        "accepted_set",
        "noted",
        "odd",
        "reverted",
      ),
      rows: fc.uniqueArray(fc.nat(N - 1), { minLength: 1, maxLength: 4 }),
      label: fc.constantFrom<LabelValue>("cat", "dog", "eel", "fox", 1, true, null),
      target: fc.nat(20),
    }),
    { maxLength: 16 },
  )
  .map((parts) =>
    parts.map(({ kind, rows, label, target }, i): JournalEvent => {
      const place = String(i).padStart(3, "0");
      const labeled = kind === "relabelled" || kind === "kept";
      return {
        kind,
        id: `e${place}`,
        batch: `b${i}`,
        at: `2025-01-31T09:30:00.000${place}Z`,
        reviewer: "ada",
        source: "widget",
        rows,
        before: [],
        after: labeled ? rows.map(() => label) : [],
        suspicion: [],
        data: kind === "reverted" ? { reverts: `b${target % Math.max(1, i)}` } : {},
      };
    }),
  );

const seen = (folded: Fold) => ({
  current: plain(folded.current),
  state: Array.from(folded.state),
  classes: folded.classes,
});

describe("fold", () => {
  it("is the same step by step, in any batches and any order", () => {
    fc.assert(
      fc.property(
        journals,
        fc.infiniteStream(fc.nat(3)),
        fc.infiniteStream(fc.nat()),
        (events, cuts, keys) => {
          const whole = seen(fold(GIVEN, CLASSES, events));
          const steps = new Fold(GIVEN, CLASSES);
          for (let at = 0; at < events.length; ) {
            const size = 1 + cuts.next().value!;
            steps.apply(events.slice(at, at + size));
            at += size;
          }
          expect(seen(steps)).toEqual(whole);
          const shuffled = events.map((event) => [keys.next().value!, event] as const);
          shuffled.sort((a, b) => a[0] - b[0]);
          const mixed = new Fold(GIVEN, CLASSES);
          for (const [, event] of shuffled) mixed.apply([event]);
          expect(seen(mixed)).toEqual(whole);
          expect(mixed.apply(events)).toEqual([]);
        },
      ),
    );
  });

  it("gives the given labels when everything is taken back, in whatever order", () => {
    fc.assert(
      fc.property(journals, (events) => {
        const folded = fold(GIVEN, CLASSES, events);
        const later = events.map((event, i) => ({
          ...event,
          kind: "reverted",
          id: `r${i}`,
          batch: `r${i}`,
          at: `2026-01-31T09:30:00.${String(i).padStart(6, "0")}Z`,
          after: [],
          data: { reverts: event.batch },
        }));
        folded.apply(later);
        expect(Array.from(folded.current)).toEqual(Array.from(GIVEN));
        expect(Array.from(folded.state)).toEqual(new Array(N).fill(0));
      }),
    );
  });

  it("never leaves codes outside the classes", () => {
    fc.assert(
      fc.property(journals, (events) => {
        const folded = fold(GIVEN, CLASSES, events);
        for (const code of folded.current)
          expect(code === UNLABELLED || code < folded.classes.length).toBe(true);
      }),
    );
  });

  it("passes over what is no event, and rows that do not exist", () => {
    const good = {
      kind: "excluded",
      id: "1",
      batch: "1",
      at: "2025",
      rows: [0, 99, -1, 0.5],
      before: [],
      after: [],
      data: {},
    } as unknown as JournalEvent;
    const folded = new Fold(GIVEN, CLASSES);
    folded.apply([null, 3, {}, { id: "2" }, good] as unknown as JournalEvent[]);
    expect(Array.from(folded.state)).toEqual([4, 0, 0, 0, 0, 0]);
  });
});
