/** In the legend: shows or hides the ellipses, and says what they are. */
import type { Store } from "../store/types";

const HINT =
  "An ellipse for each class, fitted without outliers (h). It is asked for once and follows no decision.";

export function Shapes({ store }: { store: Store }) {
  const { overlayOn, overlay } = store.methods;
  const task = store.task.value;
  if (
    store.table.value.x === null ||
    !store.canQuery.value ||
    (task !== "classification" && task !== "concepts")
  )
    return null;
  const on = overlayOn.value;
  const found = on ? overlay.value : null;
  const more = found !== null && found.more > 0 ? ` ${found.more} small classes are left out.` : "";
  return (
    <label class="ls-legend-item ls-legend-check" title={found === null ? HINT : `${found.says}${more}`}>
      <input
        type="checkbox"
        data-action="shapes"
        aria-keyshortcuts="h"
        aria-busy={on && found === null}
        checked={on}
        onChange={(event) => {
          overlayOn.value = event.currentTarget.checked;
        }}
      />
      <i class="ls-legend-ellipse" aria-hidden="true" />
      <span class="ls-legend-name">ellipses</span>
    </label>
  );
}
