import { useEffect, useState } from "preact/hooks";
import { likely } from "../panels/format";
import { type Store, UNLABELLED } from "../store/types";
import { plainName } from "./coloring";
import { ClassMark } from "./Mark";
import { numberText } from "./scale";
import { coloringColumn } from "./scene";
import { className } from "./walk";

/** Resting this long on a point asks for its card: sweeping over the map must not flood the kernel. */
const REST_MS = 90;
const THUMB = 96;

function Preview({ store, row }: { store: Store; row: number }) {
  const found = store.card(row, THUMB).value;
  if (found === null) return null;
  const { card, url } = found;
  const words = card.text ?? card.caption;
  return (
    <>
      {url !== null && <img src={url} alt="" />}
      {words !== "" && <p>{words.length > 140 ? `${words.slice(0, 140)}…` : words}</p>}
    </>
  );
}

/** The value that colors the point, when a column of the user's does. */
function Value({ store, row }: { store: Store; row: number }) {
  const column = coloringColumn(store);
  if (column === null) return null;
  const code = column.kind === "categorical" ? column.codes[row]! : 0;
  const value =
    column.kind === "numeric"
      ? numberText(column.values[row] ?? Number.NaN, column.info.format ?? "number")
      : (column.info.categories?.[code] ?? "missing");
  return (
    <div class="ls-plot-tip-value">
      <span>{plainName(column.info.name)}</span>
      <b>{value === "–" ? "missing" : value}</b>
    </div>
  );
}

interface Props {
  store: Store;
  tip: { row: number; x: number; y: number };
  /** CSS pixels of the stage, to open towards the free side */
  width: number;
  height: number;
}

/** What the point under the pointer is. Screen readers hear it from the live region instead. */
export function Tooltip({ store, tip, width, height }: Props) {
  const [rested, setRested] = useState<number | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setRested(tip.row), REST_MS);
    return () => clearTimeout(timer);
  }, [tip.row]);
  store.version.value;
  const table = store.table.value;
  const dark = store.dark.value;
  if (tip.row >= table.n) return null;
  const label = table.current[tip.row]!;
  const suggested = store.suggestedOf(tip.row);
  const veil = store.veiled(tip.row);
  const style = {
    ...(tip.x > width / 2 ? { right: `${width - tip.x + 14}px` } : { left: `${tip.x + 14}px` }),
    ...(tip.y > height / 2 ? { bottom: `${height - tip.y + 10}px` } : { top: `${tip.y + 10}px` }),
  };
  return (
    <div class="ls-plot-tip" style={style} aria-hidden="true">
      {rested === tip.row && <Preview store={store} row={tip.row} />}
      <div class="ls-plot-tip-labels">
        {veil === "labels" ? (
          <span>labels are hidden</span>
        ) : (
          <>
            <ClassMark code={label} dark={dark} />
            <span>{className(store, label)}</span>
          </>
        )}
        {suggested !== label && suggested !== UNLABELLED && (
          <>
            <s>→</s>
            <ClassMark code={suggested} dark={dark} />
            <b>{className(store, suggested)}</b>
          </>
        )}
        {veil === "none" && <em>{likely(table.suspicion[tip.row]!)}</em>}
      </div>
      <Value store={store} row={tip.row} />
    </div>
  );
}
