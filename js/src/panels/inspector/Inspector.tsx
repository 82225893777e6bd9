/** The current row, answered in order: what, how sure, why, what else, who is near, who says so, what to do. */
import type { Card, Detail } from "../../protocol";
import { type Store, UNLABELLED } from "../../store/types";
import { ClassName, hasMarks } from "../ClassName";
import { Proposals } from "../concepts/Proposals";
import { count, percent } from "../format";
import { Icon } from "../Icon";
import { guardKeys } from "../keys";
import { MistakePane } from "../mistakes/MistakePane";
import { stepsOf, stepsText } from "../palette/match";
import { TagChips } from "../tags/TagChips";
import { TargetLabels, TargetPart } from "../target/TargetPart";
import { Ballot } from "../vote/Ballot";
import { Actions } from "./Actions";
import { Candidates } from "./Candidates";
import { Exemplars } from "./Exemplars";
import { Expert } from "./Expert";
import { History, Note } from "./History";
import { Judges } from "./Judges";
import { Picture, Record, Sound, Text } from "./Media";
import { Neighbors } from "./Neighbors";
import { Scorers } from "./Scorers";
import { isHidden, onPages } from "./selection";
import { Tagged } from "./Tagged";
import { Why } from "./Why";

const DECIDED = ["", "relabelled", "kept", "unsure", "excluded", "several labels"];

// The table changes in place, so whoever reads it reads the version as well: equal props alone redraw nothing.
function Decision({ store, row }: { store: Store; row: number }) {
  store.version.value;
  const table = store.table.value;
  if (table.pending[row]) return <span class="ls-chip">saving…</span>;
  const says = DECIDED[table.state[row]!];
  if (!says) return null;
  return (
    <span class={`ls-chip${table.state[row]! < 3 ? " done" : ""}`}>
      {table.state[row]! < 3 && <Icon name="check" />}
      {says}
    </span>
  );
}

/** given → suggested, and the label in force where it is neither. */
function Labels({ store, row }: { store: Store; row: number }) {
  store.version.value;
  const table = store.table.value;
  const given = table.given[row]!;
  const hidden = isHidden(store, row);
  const suggested = store.suggestedOf(row);
  const current = table.current[row]!;
  const differs = suggested !== UNLABELLED && suggested !== given;
  const apart = differs ? stepsOf(store, given, suggested) : null;
  return (
    <div class="ls-labels">
      <ClassName store={store} code={given} strong={!differs} />
      {differs ? (
        <>
          <span class="ls-arrow" role="img" aria-label="suggested">
            →
          </span>
          <ClassName store={store} code={suggested} strong />
          {apart !== null && <em title="Steps from the given label in the taxonomy">{stepsText(apart)}</em>}
        </>
      ) : (
        <span class="ls-quiet">
          {hidden
            ? "the suggestion shows after you decided"
            : suggested === UNLABELLED
              ? "no suggestion"
              : "and the suggestion agrees"}
        </span>
      )}
      {current !== given && current !== suggested && (
        <>
          <span class="ls-quiet">now</span>
          <ClassName store={store} code={current} strong />
        </>
      )}
    </div>
  );
}

function Sure({ store, row, detail }: { store: Store; row: number; detail: Detail | null }) {
  const { flagged } = store.progress.value;
  const n = store.table.value.n;
  const chance = detail?.suspicion ?? store.table.value.suspicion[row]! / 255;
  const rank = detail ? `rank ${count(detail.rank)} of ${count(detail.rank <= flagged ? flagged : n)}` : "";
  if (!store.meta.value.hasProbability)
    return <div class={`ls-sure${chance >= 0.5 ? " hot" : ""}`}>{rank || "…"}</div>;
  return (
    <>
      <div class={`ls-sure${chance >= 0.5 ? " hot" : ""}`}>{percent(chance)} likely wrong</div>
      <div class="ls-quiet">{rank}</div>
    </>
  );
}

function Head({
  store,
  row,
  card,
  detail,
}: {
  store: Store;
  row: number;
  card: Card | null;
  detail: Detail | null;
}) {
  const id = card?.id;
  const task = store.task.value;
  const voting = store.methods.voting.value || store.mistakes.on.value;
  return (
    <div class="ls-head">
      {store.meta.value.media === "image" && <Picture key={row} store={store} row={row} card={card} />}
      <div class="ls-head-text">
        <h2>
          <span>row {row}</span>
          <Decision store={store} row={row} />
          <Tagged store={store} row={row} detail={detail} />
          {voting ? null : <Expert detail={detail} />}
        </h2>
        {id !== undefined && id !== String(row) && (
          <div class="ls-quiet ls-clip" title={id}>
            {id}
          </div>
        )}
        {task === "regression" ? (
          <TargetLabels store={store} row={row} target={detail?.target} />
        ) : (
          task !== "multilabel" && !voting && <Labels store={store} row={row} />
        )}
        {voting || isHidden(store, row) ? null : <Sure store={store} row={row} detail={detail} />}
      </div>
    </div>
  );
}

function Content({ store, row, card }: { store: Store; row: number; card: Card | null }) {
  const kind = store.meta.value.media;
  if (kind === "audio")
    return (
      <>
        <Sound key={row} store={store} row={row} card={card} />
        {card?.record && <Record card={card} />}
      </>
    );
  if (!card || (kind === "image" && !card.record)) return null;
  return kind === "text" ? <Text store={store} card={card} /> : <Record card={card} />;
}

function Empty() {
  return (
    <div class="ls-empty">
      <p>No row is chosen.</p>
      <p class="ls-quiet">
        Click a card or a point, or press <kbd>j</kbd> for the most suspicious one.
      </p>
    </div>
  );
}

function Row({ store, row }: { store: Store; row: number }) {
  const found = store.detail.value;
  const detail = found?.row === row ? found : null;
  const card = detail ?? store.card(row, 128).value?.card ?? null;
  store.version.value;
  const hidden = isHidden(store, row);
  const task = store.task.value;
  const media = store.meta.value.media;
  // Who votes is told nothing that could lead the vote.
  const judging = store.mistakes.on.value;
  if (judging || (store.methods.voting.value && task === "classification"))
    return (
      <>
        <Head store={store} row={row} card={card} detail={detail} />
        <Content store={store} row={row} card={card} />
        {judging ? <MistakePane store={store} row={row} /> : <Ballot store={store} row={row} />}
        <Note store={store} row={row} note={detail?.note ?? ""} />
      </>
    );
  // A list of values is long; what is to be decided stands before it where that is more than a label.
  const late = task !== "classification" && (media === "table" || media === "features");
  return (
    <>
      <Head store={store} row={row} card={card} detail={detail} />
      {task === "concepts" && <Proposals store={store} row={row} />}
      {late ? null : <Content store={store} row={row} card={card} />}
      {task === "multilabel" && <TagChips store={store} row={row} />}
      {task === "regression" && <TargetPart store={store} row={row} />}
      {task === "concepts" && <Candidates store={store} row={row} detail={detail} hidden={hidden} />}
      {task === "concepts" && <TagChips store={store} row={row} />}
      {hidden ? null : <Why store={store} row={row} detail={detail} />}
      {late && <Content store={store} row={row} card={card} />}
      {task === "classification" && <Candidates store={store} row={row} detail={detail} hidden={hidden} />}
      {task === "classification" && !hidden && <Judges store={store} row={row} detail={detail} />}
      {task !== "regression" && <Neighbors store={store} row={row} detail={detail} />}
      {hasMarks(store) && <Exemplars key={`e${row}`} store={store} row={row} />}
      <Scorers store={store} detail={detail} />
      {detail && <History row={row} events={detail.history} />}
      <Note store={store} row={row} note={detail?.note ?? ""} />
    </>
  );
}

export function Inspector({ store }: { store: Store }) {
  const row = store.current.value;
  const inside = row !== null && row >= 0 && row < store.table.value.n;
  return (
    <section class="ls-inspector" aria-label="Current row" onKeyDown={guardKeys}>
      <div class="ls-inspector-body ls-scroll">
        <div class="ls-inspector-flow">{inside ? <Row store={store} row={row} /> : <Empty />}</div>
      </div>
      {store.mistakes.on.value ||
      onPages(store) ||
      (store.methods.voting.value && store.task.value === "classification") ? null : (
        <Actions store={store} />
      )}
    </section>
  );
}
