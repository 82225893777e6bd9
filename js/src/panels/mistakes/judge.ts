/** Mistakes judged by key: in the order of the buttons. */
import type { MistakeCategory, MistakeSeverity, Said, Verdict } from "../../protocol";
import { DISCUSS, type Draft } from "../../store/mistakes";
import type { Store } from "../../store/types";

const words = <T extends string>(...all: T[]): readonly [T, string][] => all.map((word) => [word, word]);

export const VERDICTS = words<Verdict>("correct", "wrong", "unclear", "problematic");
export const SEVERITIES = words<MistakeSeverity>("major", "minor", "borderline");
export const CATEGORIES: readonly [MistakeCategory, string][] = [
  ["fine_grained", "fine-grained"],
  ["fine_grained_oov", "no class fits"],
  ["spurious", "spurious cue"],
  ["non_prototypical", "unusual"],
  ["other", "other"],
];

/** "wrong, spurious cue, major" */
export function saidText({ verdict, category, severity }: Said): string {
  const kind = CATEGORIES.find(([name]) => name === category)?.[1];
  return [verdict, kind, severity].filter(Boolean).join(", ");
}

function setDraft(store: Store, draft: Draft): void {
  store.mistakes.draft.value = draft;
  store.say(`${saidText({ verdict: "wrong", ...draft })}. Enter saves.`);
}

/** Until somebody chooses a severity, it follows the category. */
function withCategory(store: Store, draft: Draft, category: MistakeCategory | null): Draft {
  const likely = category && store.mistakes.likely(category);
  return { ...draft, category, severity: draft.touched ? draft.severity : (likely ?? draft.severity) };
}

/** "wrong" asks for more, starting from what was said before, or else from what is likely. */
export function sayVerdict(store: Store, place: number): void {
  const one = store.mistakes.one();
  const verdict = VERDICTS[place]?.[0];
  if (!store.canDecide.peek() || one === null) return;
  if (verdict === undefined) store.say("No verdict is on that key.");
  else if (verdict !== "wrong") void store.mistakes.say({ verdict, category: null, severity: null });
  else {
    const { category = null, severity = null } = one.settled ?? one.mine ?? {};
    const draft = { category, severity, touched: severity !== null };
    setDraft(store, withCategory(store, draft, category ?? (one.category || null)));
  }
}

/** By the place of the button among those of kinds, then of severities. */
export function choose(store: Store, place: number): void {
  const draft = store.mistakes.draft.peek();
  const category = CATEGORIES[place]?.[0];
  const severity = SEVERITIES[place - CATEGORIES.length]?.[0];
  if (draft === null) return;
  if (category !== undefined) setDraft(store, withCategory(store, draft, category));
  else if (severity !== undefined) setDraft(store, { ...draft, severity, touched: true });
  else store.say("Nothing is on that key.");
}

export function saveDraft(store: Store): void {
  const draft = store.mistakes.draft.peek();
  if (draft !== null)
    void store.mistakes.say({ verdict: "wrong", category: draft.category, severity: draft.severity });
}

/** True when the digit was about a mistake; in their queue digits are nothing else. */
export function mistakeDigit(store: Store, place: number): boolean {
  const { on, draft } = store.mistakes;
  if (!on.peek()) return false;
  if (store.mistakes.one() === null) store.say("No prediction of this row is outside its labels.");
  else if (draft.peek() === null) sayVerdict(store, place);
  else choose(store, place);
  return true;
}

/** Enter saves what is being said; on a row without a case, or a judged one, it goes on. */
export function enterMistake(store: Store): boolean {
  const { on, draft } = store.mistakes;
  if (!on.peek()) return false;
  if (draft.peek() !== null) saveDraft(store);
  else if (store.mistakes.one()?.open) store.say("1 to 4 judge the prediction.");
  else store.mistakes.goOn();
  return true;
}

/** Escape: out of kind and severity, then out of settling. */
export function backStep(store: Store): boolean {
  const { draft, settling } = store.mistakes;
  if (draft.peek() === null && !settling.peek()) return false;
  if (draft.peek() !== null) draft.value = null;
  else settling.value = false;
  store.say("Nothing was saved.");
  return true;
}

export function discuss(store: Store): void {
  const { on, discussing } = store.mistakes;
  if (!on.peek()) {
    store.say("That is for the queue of mistakes.");
    return;
  }
  store.methods.goFirst();
  const open = !discussing.peek();
  store.queue.value = open ? DISCUSS : "mistakes";
  store.say(open ? "What people differ on." : "What is left to judge.");
}

export function settle(store: Store): void {
  const { on, settling } = store.mistakes;
  const one = store.mistakes.one();
  if (!on.peek() || one === null) store.say("That is for the queue of mistakes.");
  else if (one.mine === null) store.say("Say first what you think of it.");
  else if (!one.disputed && one.settled === null) store.say("Nobody differs on it.");
  else {
    settling.value = !settling.peek();
    store.say(settling.peek() ? "What did the panel agree on?" : "Your own verdict again.");
  }
}

/** To a prediction of the row; without a place to the next one. */
export function nextCase(store: Store, place?: number): void {
  const { on, at, found, draft } = store.mistakes;
  const n = found.peek()?.cases.length ?? 0;
  if (!on.peek() || n < 2) {
    store.say("There is no other prediction.");
    return;
  }
  draft.value = null;
  at.value = place ?? (at.peek() + 1) % n;
  store.say(`${store.wordsOf(store.mistakes.one()!.prediction)}, ${at.peek() + 1} of ${n}.`);
}
