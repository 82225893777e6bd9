/** Check k rows above a cut of a tag at random, then accept the rest. */
import type { Store } from "../../store/types";
import { CheckDialog } from "../check/CheckSheet";
import { percent, rows } from "../format";
import type { Cut } from "../ui";
import { startTagCheck } from "./tagCheck";

export function TagCheckSheet({ store, cut, n }: { store: Store; cut: Cut; n: number }) {
  const missing = cut.side === "missing";
  return (
    <CheckDialog store={store} n={n} begin={(precision) => startTagCheck(store, cut, precision)}>
      <b class="ls-clip">{cut.tag}</b>
      <span>{missing ? "is added to" : "is taken out of"}</span>
      <span class="ls-quiet">
        {rows(n)} where it is {missing ? "missing" : "wrong"} with at least {percent(cut.threshold)}
      </span>
    </CheckDialog>
  );
}
