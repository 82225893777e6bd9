/** Before suggestions of several rows are accepted: which single tags stay as somebody decided. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { AcceptPreview } from "../../protocol";
import type { Store } from "../../store/types";
import { count } from "../format";
import { rowsOf } from "./selection";

const SETTLED_MS = 200;
const NAMED = 3;

export function stayingText(stay: AcceptPreview["stay"]): string {
  const n = stay.reduce((sum, [, rows]) => sum + rows, 0);
  if (n === 0) return "";
  const named = stay.slice(0, NAMED).map(([tag, rows]) => `${tag} ${count(rows)}`);
  const more = stay.length > NAMED ? ", …" : "";
  return ` ${n === 1 ? "1 tag stays" : `${count(n)} tags stay`} as decided: ${named.join(", ")}${more}.`;
}

export function Staying({ store }: { store: Store }) {
  const text = useSignal("");
  useSignalEffect(() => {
    store.version.value;
    const { mask, count: n } = store.selection.value;
    text.value = "";
    if (store.tags.value.length === 0 || n < 2 || store.connection.value !== "live") return;
    let late = false;
    const timer = setTimeout(async () => {
      const found = await store.acceptPreview([...rowsOf(mask, n)]);
      if (!late && found) text.value = stayingText(found.stay);
    }, SETTLED_MS);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  });
  return text.value ? <b class="ls-staying">{text}</b> : null;
}
