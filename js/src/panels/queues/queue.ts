/** What queues are called, and what can be done with their rows. */
import type { QueueInfo } from "../../protocol";
import type { Store } from "../../store/types";
import { words } from "../format";

/** Before the kernel has said, and where there is none. */
export const BASE: readonly QueueInfo[] = [
  {
    name: "most_suspicious",
    label: "most suspicious",
    hint: "suspects first",
    ready: true,
    why: "",
    actions: [],
  },
  { name: "gate", label: "above the gate", hint: "moves with the gate", ready: true, why: "", actions: [] },
  { name: "random", label: "random", hint: "for honest estimates", ready: true, why: "", actions: [] },
];

/** how the kernel names the order of one scorer */
export const SCORE = "score:";

export function queuesOf(store: Store): readonly QueueInfo[] {
  const found = store.methods.queues.value;
  return found.length > 0 ? found : BASE;
}

/** "elicitation:120" is the queue of the first 120. */
export function baseName(queue: string): string {
  return queue.startsWith(SCORE) ? queue : (queue.split(":")[0] ?? queue);
}

export function queueInfo(store: Store, queue: string): QueueInfo | undefined {
  const name = baseName(queue);
  return queuesOf(store).find((info) => info.name === name);
}

export function queueLabel(store: Store, queue: string): string {
  const size = /:(\d+)$/.exec(queue)?.[1];
  const label = queueInfo(store, queue)?.label ?? words(queue.replace(SCORE, "by ").replace(/:\d+$/, ""));
  if (queue.endsWith(":discuss")) return `${label}, to discuss`;
  return size === undefined ? label : `${label}, ${Number(size).toLocaleString("en-US")}`;
}

/** Queues whose order follows from what was decided: it is asked for again after each decision. */
export const FOLLOWS: ReadonlySet<string> = new Set(["foreign"]);
