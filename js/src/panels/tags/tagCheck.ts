/** Starts the check of a tag: the rows drawn are the only ones in sight until it ends. */
import type { Store } from "../../store/types";
import { beginRun } from "../check/check";
import type { Cut } from "../ui";

export async function startTagCheck(store: Store, cut: Cut, precision: number): Promise<boolean> {
  const check = await store.tagCheck(cut.tag, cut.side, cut.threshold, precision);
  if (check === null) return false;
  beginRun(store, { check, given: -1, suggested: -1, tag: cut, state: null });
  return true;
}
