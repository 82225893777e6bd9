import type { Detail } from "../../protocol";
import type { Store } from "../../store/types";
import { uiOf } from "../ui";

/** How bad the error is, where somebody said so; the key s, or a click, says it. */
export function Tagged({ store, row, detail }: { store: Store; row: number; detail: Detail | null }) {
  store.version.value;
  const tags = detail?.tags;
  const says = [tags?.severity, tags?.category].filter(Boolean).join(" · ");
  const decided = store.table.value.state[row]! !== 0;
  if (!says && !decided) return null;
  return (
    <button
      type="button"
      class="ls-chip"
      data-action="severity"
      title="How bad the error is (s)"
      aria-label={says ? `Severity: ${says}` : "Say how bad the error is"}
      aria-keyshortcuts="s"
      aria-haspopup="dialog"
      disabled={!store.canDecide.value}
      onClick={() => {
        uiOf(store).sheet.value = { kind: "severity" };
      }}
    >
      <span class="ls-clip">{says || "severity"}</span> <kbd>s</kbd>
    </button>
  );
}
