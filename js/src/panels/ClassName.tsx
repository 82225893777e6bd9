import { ClassMark } from "../plot/Mark";
import type { Store } from "../store/types";
import { nameOf } from "./format";

interface Props {
  store: Store;
  code: number;
  /** bold, for the label that counts */
  strong?: boolean;
  /** quiet, for the label that no longer holds */
  quiet?: boolean;
}

/** Sets and numbers are as many as rows: a color each would tell nothing. */
export function hasMarks(store: Store): boolean {
  const task = store.task.value;
  return task === "classification" || task === "concepts";
}

/** A class as its mark (color and shape) and its name. */
export function ClassName({ store, code, strong, quiet }: Props) {
  const name = nameOf(store.classNames.value, code);
  return (
    <span class={`ls-class${strong ? " strong" : ""}${quiet ? " quiet" : ""}`} title={name}>
      {hasMarks(store) && <ClassMark code={code} dark={store.dark.value} />}
      <span class="ls-clip" dir="auto">
        {name}
      </span>
    </span>
  );
}
