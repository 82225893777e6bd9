/** A card of a page: right until it is marked, with the label it should have instead. */
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { ClassMark } from "../plot/Mark";
import { type Store, UNLABELLED } from "../store/types";
import { CardBody } from "./CardBody";

export interface Mark {
  kind: "wrong" | "open";
  /** the right label; UNLABELLED: not known */
  code: number;
}

interface Props {
  store: Store;
  row: number;
  id: string;
  label: number;
  mark: Mark | undefined;
  seen: boolean;
  active: boolean;
  choose: () => void;
  relabel: (code: number) => void;
}

const LISTED = 500;
const PIXELS = 192;

/** A name typed or picked from the list; one that is no class is refused on the spot. */
function LabelField({
  store,
  row,
  code,
  relabel,
}: Pick<Props, "store" | "row" | "relabel"> & { code: number }) {
  const list = useId();
  const refused = useSignal("");
  const names = store.classNames.value;
  const take = (text: string): void => {
    const wanted = text.trim().toLowerCase();
    const found = names.findIndex((one) => one.toLowerCase() === wanted);
    if (found >= 0 || wanted === "") relabel(found >= 0 ? found : UNLABELLED);
    refused.value = found >= 0 || wanted === "" ? "" : `No class is called “${text.trim()}”.`;
  };
  return (
    <span class="ls-page-label">
      <input
        type="text"
        list={list}
        value={code === UNLABELLED ? "" : (names[code] ?? "")}
        placeholder="which one?"
        aria-label={`Right label of row ${row}`}
        aria-invalid={refused.value !== ""}
        title={refused.value || "Leave empty when you do not know"}
        onChange={(event) => take(event.currentTarget.value)}
        onClick={(event) => event.stopPropagation()}
      />
      <datalist id={list}>
        {names.slice(0, LISTED).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </span>
  );
}

export function PageCard({ store, row, id, label, mark, seen, active, choose, relabel }: Props) {
  const shown = store.card(row, PIXELS).value;
  const names = store.classNames.value;
  const kind = mark?.kind ?? "right";
  const says = { right: `agreed, ${names[label]}`, wrong: "marked wrong", open: "left open" }[kind];
  const caption = shown?.card.caption.slice(0, 80) ?? "";
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: focus stays on the grid, which names its active cell
    // biome-ignore lint/a11y/useSemanticElements: a grid of cards is no table
    <div class="ls-page-row" role="row">
      {/* biome-ignore lint/a11y/useFocusableInteractive: focus stays on the grid, which names its active cell */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys of all of them */}
      {/* biome-ignore lint/a11y/useSemanticElements: a grid of cards is no table */}
      <div
        id={id}
        class={`ls-card ls-page-card ${store.meta.value.media} ${kind}${active ? " current" : ""}`}
        role="gridcell"
        data-row={row}
        data-mark={kind}
        {...(seen ? {} : { "data-unseen": "" })}
        aria-selected={kind === "wrong"}
        aria-label={`row ${row}, ${caption === "" ? "" : `${caption}, `}${says}`}
        onClick={choose}
      >
        <CardBody store={store} row={row} shown={shown} />
        {mark?.kind === "wrong" ? (
          <LabelField store={store} row={row} code={mark.code} relabel={relabel} />
        ) : (
          <span class="ls-card-labels">
            <span class="ls-card-label strong">
              <ClassMark code={label} dark={store.dark.value} />
              <span class="ls-clip">{kind === "open" ? "left open" : (names[label] ?? "no label")}</span>
            </span>
          </span>
        )}
      </div>
    </div>
  );
}
