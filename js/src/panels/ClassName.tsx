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

/** A class as its mark (color and shape) and its name. */
export function ClassName({ store, code, strong, quiet }: Props) {
  const name = nameOf(store.classNames.value, code);
  return (
    <span class={`ls-class${strong ? " strong" : ""}${quiet ? " quiet" : ""}`} title={name}>
      <ClassMark code={code} dark={store.dark.value} />
      <span class="ls-clip">{name}</span>
    </span>
  );
}
