import type { Store } from "../../store/types";
import { guardKeys } from "../keys";
import { Histogram } from "./Histogram";
import { Matrix } from "./Matrix";
import { SoFar } from "./SoFar";

/** For steering: where labels are confused, how suspicious the rows are, where you stand. */
export function BottomStrip({ store }: { store: Store }) {
  return (
    <section class="ls-strip" aria-label="Overview" onKeyDown={guardKeys}>
      <Matrix store={store} />
      <Histogram store={store} />
      <SoFar store={store} />
    </section>
  );
}
