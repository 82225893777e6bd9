/** What the kernel counts anew after decisions. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Store } from "../store/types";

/** Decisions come fast; counts are asked for when they rest. */
const REST = 250;

/** Null until the first answer, which is asked for at once. */
export function useCounted<T>(store: Store, ask: (store: Store) => Promise<T | null>): Signal<T | null> {
  const found = useSignal<T | null>(null);
  const live = store.connection.value === "live";
  const version = store.version.value;
  useEffect(() => {
    if (!live) return;
    let late = false;
    const timer = setTimeout(
      async () => {
        const answer = await ask(store);
        if (!late && answer !== null) found.value = answer;
      },
      found.peek() === null ? 0 : REST,
    );
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [store, live, version]);
  return found;
}
