import { useSignal } from "@preact/signals";
import type { Store } from "../../store/types";
import { Rules } from "../concepts/Rules";
import { guardKeys } from "../keys";
import { TagPanel } from "../tags/TagPanel";
import { Scatter } from "../target/Scatter";
import { Histogram } from "./Histogram";
import { Matrix } from "./Matrix";
import { SoFar } from "./SoFar";

/** Where labels are confused: classes as a matrix, and what takes its place for tags, numbers and attributes. */
function Confusion({ store }: { store: Store }) {
  const rules = useSignal(true);
  const toggle = (): void => {
    rules.value = !rules.peek();
  };
  switch (store.task.value) {
    case "multilabel":
      return <TagPanel store={store} />;
    case "regression":
      return <Scatter store={store} />;
    case "concepts":
      return rules.value ? (
        <Rules store={store} onMatrix={toggle} />
      ) : (
        <Matrix store={store} onRules={toggle} />
      );
    default:
      return <Matrix store={store} />;
  }
}

/** For steering: where labels are confused, how suspicious the rows are, where you stand. */
export function BottomStrip({ store }: { store: Store }) {
  return (
    <section class="ls-strip" aria-label="Overview" onKeyDown={guardKeys}>
      <Confusion store={store} />
      <Histogram store={store} />
      <SoFar store={store} />
    </section>
  );
}
