/** Check k rows above a cut of a tag at random, then accept the rest. */
import { useSignal } from "@preact/signals";
import type { Store } from "../../store/types";
import { Precision } from "../check/CheckSheet";
import { needed } from "../check/check";
import { Dialog } from "../Dialog";
import { percent, rows } from "../format";
import { type Cut, uiOf } from "../ui";
import { startTagCheck } from "./tagCheck";

export function TagCheckSheet({ store, cut, n }: { store: Store; cut: Cut; n: number }) {
  const precision = useSignal<number>(n > needed(0.95) ? 0.95 : 0.9);
  const busy = useSignal(false);
  const close = (): void => {
    uiOf(store).sheet.value = null;
  };
  const start = async (): Promise<void> => {
    if (busy.peek() || n <= needed(precision.peek())) return;
    busy.value = true;
    const started = await startTagCheck(store, cut, precision.peek());
    busy.value = false;
    if (started) close();
  };
  return (
    <Dialog
      title="Check some at random, then accept the rest"
      class="ls-check"
      first="input:checked"
      onClose={close}
    >
      <form
        class="ls-sheet-body"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <p class="ls-pair">
          <b class="ls-clip">{cut.tag}</b>
          <span>{cut.side === "missing" ? "is added to" : "is taken out of"}</span>
          <span class="ls-quiet">
            {rows(n)} where it is {cut.side === "missing" ? "missing" : "wrong"} with at least{" "}
            {percent(cut.threshold)}
          </span>
        </p>
        <Precision n={n} precision={precision} busy={busy.value || !store.canDecide.value} onCancel={close} />
      </form>
    </Dialog>
  );
}
