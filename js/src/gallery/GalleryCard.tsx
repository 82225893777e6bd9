/** One glance: picture, given → suggested, how sure, how suspicious, and what was decided. */
import { hasMarks } from "../panels/ClassName";
import { likely } from "../panels/format";
import { ClassMark } from "../plot/Mark";
import { ramp } from "../plot/palette";
import type { Card } from "../protocol";
import { STATES, type Store, UNLABELLED } from "../store/types";
import { CardBody } from "./CardBody";
import { CardTask, Doubts } from "./CardTask";

interface Props {
  store: Store;
  row: number;
  id: string;
  column: number;
  current: boolean;
  selected: boolean;
  dragged: boolean;
  /** CSS pixels of the thumbnail, device pixels counted */
  pixels: number;
}

const BADGES: Record<number, [sign: string, says: string]> = {
  1: ["✓", "relabelled"],
  2: ["✓", "kept"],
  3: ["?", "unsure"],
  4: ["✕", "excluded"],
  5: ["✓", "several labels are right"],
};

function Name({ store, code, strong, old }: { store: Store; code: number; strong?: boolean; old?: boolean }) {
  const name = code === UNLABELLED ? "no label" : (store.classNames.value[code] ?? `class ${code}`);
  return (
    <span class={`ls-card-label${strong ? " strong" : ""}${old ? " old" : ""}`}>
      <ClassMark code={code} dark={store.dark.value} />
      <span class="ls-clip" dir="auto">
        {name}
      </span>
    </span>
  );
}

function Labels({
  store,
  row,
  state,
  card,
}: {
  store: Store;
  row: number;
  state: number;
  card: Card | null;
}) {
  const { given, current, suspicion } = store.table.value;
  const veil = store.veiled(row);
  if (veil === "labels")
    return (
      <span class="ls-card-labels ls-quiet">
        <span class="ls-clip">labels are hidden</span>
      </span>
    );
  const from = given[row]!;
  const decided = state === 1 || state === 2;
  const hint = store.suggestedOf(row);
  // A suggestion that is hidden until the answer looks like none.
  const to = decided ? current[row]! : hint === UNLABELLED ? from : hint;
  // Beside a class: the attributes that are probably wrong.
  const doubts = card?.chips ?? [];
  const names = [from, to].map((code) => store.classNames.value[code] ?? "no label");
  return (
    <span class="ls-card-labels" title={to === from ? names[0] : names.join(" → ")}>
      <span class="ls-card-names">
        <Name store={store} code={from} strong={to === from} old={decided && to !== from} />
        {to !== from && (
          <>
            <span class="ls-card-arrow">→</span>
            <Name store={store} code={to} strong />
          </>
        )}
      </span>
      {doubts.length > 0 ? (
        <Doubts store={store} row={row} chips={doubts} />
      ) : (
        store.meta.value.hasProbability &&
        veil === "none" && <span class="ls-card-share">{likely(suspicion[row]!)}</span>
      )}
    </span>
  );
}

function describe({ store, row }: Props, caption: string, state: number): string {
  const { given, current, pending } = store.table.value;
  const suggested = store.suggestedOf(row);
  const name = (code: number) =>
    code === UNLABELLED ? "no label" : (store.classNames.value[code] ?? `class ${code}`);
  const words = [`row ${row}`];
  if (caption !== "") words.push(caption.slice(0, 80));
  if (store.veiled(row) === "labels") words.push("labels hidden");
  else words.push(`given ${name(given[row]!)}`);
  if (current[row] !== given[row]) words.push(`now ${name(current[row]!)}`);
  else if (suggested !== given[row] && suggested !== UNLABELLED) words.push(`suggested ${name(suggested)}`);
  if (state > 0) words.push(BADGES[state]?.[1] ?? "decided");
  if (pending[row]) words.push("saving");
  return words.join(", ");
}

export function GalleryCard(props: Props) {
  const { store, row, id, column, current, selected, dragged, pixels } = props;
  store.version.value;
  const { state: states, suspicion, pending } = store.table.value;
  const state = states[row] ?? 0;
  const shown = store.card(row, pixels).value;
  const share = (suspicion[row] ?? 0) / 255;
  const badge = BADGES[state];
  const classes = ["ls-card", store.meta.value.media];
  if (current) classes.push("current");
  if (selected || dragged) classes.push("selected");
  if (state > 0) classes.push("decided");
  if (store.moved.value.has(row)) classes.push("moved");
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: focus stays on the grid, which names its active cell
    // biome-ignore lint/a11y/useSemanticElements: a virtual grid is no table, most of its rows do not exist
    <div
      id={id}
      class={classes.join(" ")}
      role="gridcell"
      data-row={row}
      data-state={STATES[state] ?? "unreviewed"}
      {...(pending[row] ? { "data-pending": "1" } : {})}
      aria-selected={selected}
      aria-colindex={column + 1}
      aria-label={describe(props, shown?.card.caption ?? "", state)}
    >
      {pending[row] ? (
        <span class="ls-card-badge saving" title="saving…" />
      ) : (
        badge && (
          <span class={`ls-card-badge ${STATES[state]}`} title={badge[1]}>
            {badge[0]}
          </span>
        )
      )}
      <CardBody store={store} row={row} shown={shown} />
      {hasMarks(store) ? (
        <Labels store={store} row={row} state={state} card={shown?.card ?? null} />
      ) : (
        <CardTask store={store} row={row} card={shown?.card ?? null} />
      )}
      <span class="ls-card-bar">
        {store.veiled(row) === "none" && (
          <i style={{ width: `${share * 100}%`, background: ramp(share, store.dark.value) }} />
        )}
      </span>
    </div>
  );
}
