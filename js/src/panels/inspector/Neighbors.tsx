import type { Detail } from "../../protocol";
import { type Store, UNLABELLED } from "../../store/types";
import { ClassName } from "../ClassName";
import { nameOf } from "../format";

type Side = "for" | "against" | "other";

const SAYS: Record<Side, string> = {
  for: "same label as this row",
  against: "carries the suggested label",
  other: "another label",
};

/** Whether a neighbor speaks for the label of the row or for the suggestion. */
export function sideOf(code: number, label: number, suggested: number): Side {
  if (code === label) return "for";
  return code === suggested && suggested !== UNLABELLED ? "against" : "other";
}

function Neighbor({ store, row, code, side }: { store: Store; row: number; code: number; side: Side }) {
  const found = store.card(row, 64).value;
  const picture = store.meta.value.media === "image";
  const caption = found?.card.text ?? found?.card.caption ?? "";
  const name = nameOf(store.classNames.value, code);
  return (
    <li>
      <button
        type="button"
        class={`ls-neighbor ${side}`}
        data-row={row}
        title={`row ${row}: ${name} (${SAYS[side]}). Click to look at it.${caption ? `\n${caption}` : ""}`}
        aria-label={`Neighbor row ${row}, ${name}, ${SAYS[side]}`}
        onClick={() => store.setCurrent(row)}
      >
        {picture ? (
          <span class="ls-neighbor-media">
            {found?.url && <img src={found.url} alt="" draggable={false} />}
          </span>
        ) : null}
        <ClassName store={store} code={code} />
        {!picture && <span class="ls-clip ls-neighbor-text">{caption || `row ${row}`}</span>}
      </button>
    </li>
  );
}

/** The nearest rows in the feature space, not on the map: the map bends distances. */
export function Neighbors({ store, row, detail }: { store: Store; row: number; detail: Detail | null }) {
  store.version.value;
  if (!detail || detail.neighbors.length === 0) return null;
  const table = store.table.value;
  const label = table.given[row]!;
  const suggested = store.suggestedOf(row);
  const picture = store.meta.value.media === "image";
  return (
    <section class="ls-part" aria-label="True neighbors">
      <h3 class="ls-heading" title="Nearest rows by the features themselves; the map bends distances">
        true neighbors
      </h3>
      <ul class={picture ? "ls-neighbors" : "ls-neighbors list"}>
        {detail.neighbors.map((neighbor) => {
          const code = table.current[neighbor.row] ?? neighbor.code;
          return (
            <Neighbor
              key={neighbor.row}
              store={store}
              row={neighbor.row}
              code={code}
              side={sideOf(code, label, suggested)}
            />
          );
        })}
      </ul>
    </section>
  );
}
