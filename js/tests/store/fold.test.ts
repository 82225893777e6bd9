import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Journal } from "../../src/packet/journal";
import type { JournalEvent, LabelValue, Progress } from "../../src/protocol";
import { Fold, fold } from "../../src/store/fold";
import { items, type Tagging, TagSets } from "../../src/store/tagSets";
import { UNLABELLED } from "../../src/store/types";

interface Trace {
  name: string;
  given: number[];
  classes: LabelValue[];
  tags?: { names: string[]; unknown?: boolean; attributes?: number[][] };
  flagged?: number[];
  steps: { events: JournalEvent[]; expect: Expected }[];
}

interface Expected {
  current: number[];
  state: number[];
  classes: LabelValue[];
  tags?: number[][];
  by_machine?: number[];
  taken_over?: number[];
  progress?: Progress;
}

function taggingOf({ tags }: Trace): Tagging | null {
  if (tags === undefined) return null;
  const { names, unknown, attributes } = tags;
  return attributes === undefined
    ? { names, unknown: unknown === true }
    : { names, attributes: Int8Array.from(attributes.flat()) };
}

const traces = Object.values(
  import.meta.glob<Trace>("../../../tests/contract/*.json", { eager: true, import: "default" }),
);

const codes = (values: number[]): Uint16Array =>
  Uint16Array.from(values, (code) => (code < 0 ? UNLABELLED : code));
const plain = (values: Uint16Array): number[] =>
  Array.from(values, (code) => (code === UNLABELLED ? -1 : code));

/** What a packet counts, which has no kernel to ask. */
function counted({ given, classes, flagged }: Trace, events: JournalEvent[]): Progress {
  const doubt = new Uint8Array(given.length);
  return new Journal(codes(given), classes, doubt, (row) => flagged?.[row] === 1, events, "ada").progress();
}

describe("fold of the contract traces", () => {
  it("finds traces", () => expect(traces.length).toBeGreaterThan(5));

  for (const trace of traces)
    it(trace.name, () => {
      const tagging = taggingOf(trace);
      const steps = new Fold(codes(trace.given), trace.classes, {}, tagging);
      const all: JournalEvent[] = [];
      for (const step of trace.steps) {
        steps.apply(step.events);
        all.push(...step.events);
        for (const folded of [steps, fold(codes(trace.given), trace.classes, all, tagging)]) {
          expect(plain(folded.current)).toEqual(step.expect.current);
          expect(Array.from(folded.state)).toEqual(step.expect.state);
          expect(folded.classes).toEqual(step.expect.classes);
          if (step.expect.tags !== undefined)
            expect(trace.given.map((_, row) => Array.from(folded.tagsOf(row)))).toEqual(step.expect.tags);
          if (step.expect.by_machine !== undefined)
            expect(Array.from(folded.unseen(), (by) => +(by === 1))).toEqual(step.expect.by_machine);
          if (step.expect.taken_over !== undefined)
            expect(Array.from(folded.unseen(), (by) => +(by === 2))).toEqual(step.expect.taken_over);
          if (step.expect.progress !== undefined) {
            const { per_100, ...counts } = step.expect.progress;
            const found = counted(trace, all);
            expect(found).toMatchObject(counts);
            expect(found.per_100).toBeCloseTo(per_100, 6);
          }
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

const TAGS = ["joy", "a|b", "?", ""];
const SETS = ["", "joy", "joy|a\\|b"];

/** Tags put in and taken out, whole sets, and undo of anything, by two people. */
const tagJournals = fc
  .array(
    fc.record({
      kind: fc.constantFrom("tags_added", "tags_removed", "relabelled", "kept", "unsure", "reverted"),
      rows: fc.uniqueArray(fc.nat(N - 1), { minLength: 1, maxLength: 4 }),
      tags: fc.array(fc.constantFrom(...TAGS, "nobody"), { maxLength: 3 }),
      label: fc.constantFrom<LabelValue>("", "joy", "\\?|\\e", "mars|joy", null),
      tick: fc.nat(9),
      batch: fc.nat(6),
      target: fc.nat(6),
    }),
    { maxLength: 14 },
  )
  .map((parts) =>
    parts.map(
      ({ kind, rows, tags, label, tick, batch, target }, i): JournalEvent => ({
        kind,
        id: `e${String(i).padStart(3, "0")}`,
        batch: `b${batch}`,
        at: `2025-01-31T09:30:00.00000${tick}Z`,
        reviewer: batch % 2 ? "ada" : "grace",
        source: "widget",
        rows,
        before: [],
        after: kind === "relabelled" || kind === "kept" ? rows.map(() => label) : [],
        suspicion: [],
        data: kind === "reverted" ? { reverts: `b${target}` } : { tags },
      }),
    ),
  );

describe("fold of tags", () => {
  const given = Uint16Array.from([0, 1, 2, 0, 1, UNLABELLED]);
  const attributes = Int8Array.from({ length: N * TAGS.length }, (_, i) => (i % 3) - 1);
  const seenAll = (folded: Fold) => ({
    ...seen(folded),
    tags: Array.from(given, (_, row) => Array.from(folded.tagsOf(row))),
  });

  for (const tagging of [
    { names: TAGS },
    { names: TAGS, unknown: true },
    { names: TAGS, attributes },
  ] as Tagging[])
    it(`is the same step by step, in any order: ${Object.keys(tagging).join(", ")}`, () => {
      fc.assert(
        fc.property(
          tagJournals,
          fc.infiniteStream(fc.nat(3)),
          fc.infiniteStream(fc.nat()),
          (events, cuts, keys) => {
            const whole = seenAll(fold(given, SETS, events, tagging));
            const shuffled = events.map((event) => [keys.next().value!, event] as const);
            shuffled.sort((a, b) => a[0] - b[0]);
            for (const order of [events, shuffled.map(([, event]) => event)]) {
              const steps = new Fold(given, SETS, {}, tagging);
              for (let at = 0; at < order.length; ) {
                const size = 1 + cuts.next().value!;
                steps.apply(order.slice(at, at + size));
                at += size;
              }
              expect(seenAll(steps)).toEqual(whole);
            }
            for (const code of whole.current) expect(code < whole.classes.length).toBe(true);
          },
        ),
      );
    });

  it("gives back what was given when all is undone", () => {
    fc.assert(
      fc.property(tagJournals, (events) => {
        for (const tagging of [
          { names: TAGS, unknown: true },
          { names: TAGS, attributes },
        ] as Tagging[]) {
          const folded = fold(given, SETS, events, tagging);
          const first = seenAll(fold(given, SETS, [], tagging));
          const batches = [...new Set(events.map((event) => event.batch))];
          folded.apply(
            batches.map((target, i) => ({
              ...events[0]!,
              kind: "reverted",
              id: `r${i}`,
              batch: `r${i}`,
              at: `2026-01-31T09:30:00.00000${i}Z`,
              after: [],
              data: { reverts: target },
            })),
          );
          const { current, state, tags } = seenAll(folded);
          expect({ current, state, tags }).toEqual({
            current: first.current,
            state: first.state,
            tags: first.tags,
          });
        }
      }),
    );
  });

  it("reads every set that it writes", () => {
    const sets = new TagSets(TAGS, true);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-1, 0, 1), { minLength: 4, maxLength: 4 }), (row) => {
        expect(Array.from(sets.values(sets.textOf(row)))).toEqual(row);
      }),
    );
    expect(items("a\\|b|c")).toEqual(["a\\|b", "c"]);
  });

  it("tells more than 65,535 numbers apart", () => {
    const numbers = Array.from({ length: 70_000 }, (_, i) => i / 7);
    const folded = fold(Uint32Array.from(numbers.keys()), numbers, [
      {
        kind: "relabelled",
        id: "1",
        batch: "1",
        at: "2025",
        reviewer: "ada",
        source: "widget",
        rows: [69_999, 3],
        before: [],
        after: [0.25, null],
        suspicion: [],
        data: {},
      },
    ]);
    expect([folded.current[69_999], folded.current[3], folded.current[2]]).toEqual([70_000, 0xffff_ffff, 2]);
    expect(folded.codeOf(null)).toBe(0xffff_ffff);
  });
});
