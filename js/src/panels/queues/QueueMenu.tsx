/** Which rows come first: every queue that makes sense here; those that cannot be had now say why. */
import type { Store } from "../../store/types";
import { Menu, type MenuItem } from "../Menu";
import { setVoting } from "../vote/vote";
import { baseName, queueLabel, queuesOf } from "./queue";

export function QueueMenu({ store }: { store: Store }) {
  const queue = store.queue.value || "most_suspicious";
  const named = queueLabel(store, queue);
  const known = queuesOf(store);
  const items: MenuItem[] = known.map(({ name, label, hint, ready, why }) =>
    ready ? { value: name, label, hint } : { value: name, label, hint: why, off: true },
  );
  if (!known.some(({ name }) => name === queue)) items.push({ value: queue, label: named });
  return (
    <Menu
      label={`Queue: ${named}`}
      title="Which rows come first (w)"
      items={items}
      value={queue}
      action="queue"
      class="soft ls-queue"
      onPick={(value) => {
        if (baseName(value) === "validation") {
          setVoting(store, true);
          return;
        }
        store.methods.voting.value = false;
        store.methods.goFirst();
        if (value === store.queue.peek()) void store.methods.reorder();
        else store.queue.value = value;
      }}
    >
      <b class="ls-clip">{named}</b>
    </Menu>
  );
}
