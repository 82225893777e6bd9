/** Moving the gate: shown at once, sent when the hand rests. */
import type { Store } from "../../store/types";
import { decimal, rows } from "../format";
import { uiOf } from "../ui";
import { aboveAt, clampGate, countsAbove, lowestFlagged, STEP } from "./gate";

/** Keys come in bursts; one command for a burst is enough. */
const REST = 350;
const timers = new WeakMap<Store, ReturnType<typeof setTimeout>>();

export function canMoveGate(store: Store): boolean {
  return store.gate.value !== null && store.canDecide.value && store.connection.value === "live";
}

/** Where the gate is for the eye. */
export function gateNow(store: Store): number | null {
  return uiOf(store).gateAt.value ?? store.gate.value?.at ?? lowestFlagged(store.whole.value);
}

export function showGate(store: Store, at: number): void {
  clearTimeout(timers.get(store));
  uiOf(store).gateAt.value = clampGate(at);
}

export function dropGate(store: Store): void {
  clearTimeout(timers.get(store));
  uiOf(store).gateAt.value = null;
}

/** Sets it; what is above the gate is the queue from then on. */
export function setGate(store: Store): void {
  const { gateAt } = uiOf(store);
  clearTimeout(timers.get(store));
  const at = gateAt.peek();
  if (at === null) return;
  if (at === store.gate.peek()?.at) {
    gateAt.value = null;
    return;
  }
  store.setGate(at);
  store.queue.value = "gate";
  const above = aboveAt(countsAbove(store.whole.peek()), at);
  store.say(`Gate at ${decimal(at)}: ${rows(above)} above it.`);
}

/** By keys: the view follows at once, the kernel hears of it once the keys rest. */
export function restGate(store: Store, at: number): void {
  showGate(store, at);
  timers.set(
    store,
    setTimeout(() => setGate(store), REST),
  );
}

/** Back to where it was fitted. */
export function putBack(store: Store): void {
  dropGate(store);
  void store.methods.resetGate();
}

/** By [ and ], wherever the focus is. */
export function nudgeGate(store: Store, by: number): void {
  const at = uiOf(store).gateAt.peek() ?? store.gate.peek()?.at;
  if (at === undefined || !store.canDecide.peek()) {
    store.say("The gate cannot be moved now.");
    return;
  }
  restGate(store, at + by * STEP);
}
