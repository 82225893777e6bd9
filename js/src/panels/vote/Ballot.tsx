/** One row, two labels with sure examples of each, and five answers: no label changes by a vote. */
import type { LabelValue, VoteAnswer } from "../../protocol";
import type { Store } from "../../store/types";
import { ClassName } from "../ClassName";
import { count } from "../format";
import { ANSWERS } from "./vote";

function codeOf(store: Store, label: LabelValue): number {
  return store.classes.value.indexOf(label);
}

function Examples({ store, rows, name }: { store: Store; rows: readonly number[]; name: string }) {
  const picture = store.meta.value.media === "image";
  return (
    <ul class={`ls-examples${picture ? "" : " list"}`} aria-label={`Sure examples of ${name}`}>
      {rows.slice(0, picture ? 6 : 2).map((row) => {
        const shown = store.card(row, 64).value;
        const caption = shown?.card.text ?? shown?.card.caption ?? "";
        return (
          <li key={row} class="ls-example" title={caption || `row ${row}`}>
            {shown?.url ? (
              <img src={shown.url} alt={`row ${row}`} draggable={false} />
            ) : (
              <span>{caption || row}</span>
            )}
          </li>
        );
      })}
      {rows.length === 0 && <li class="ls-quiet">no sure example</li>}
    </ul>
  );
}

/** What an answer says, of two labels. */
function textOf(answer: VoteAnswer, names: readonly string[]): string {
  if (answer === "first" || answer === "second") return `It is ${names[answer === "first" ? 0 : 1]}`;
  return { both: "Both are right", neither: "Neither is right", unsure: "Not sure" }[answer];
}

export function Ballot({ store, row }: { store: Store; row: number }) {
  const ballot = store.methods.ballot.value;
  if (!store.methods.voting.value) return null;
  if (ballot === null || ballot.row !== row)
    return (
      <section class="ls-part ls-ballot" aria-label="Vote" aria-busy="true">
        <p class="ls-quiet">…</p>
      </section>
    );
  const names = ballot.labels.map((label) => store.wordsOf(label));
  return (
    <section class="ls-part ls-ballot" aria-label="Vote">
      <header class="ls-part-head">
        <h3 class="ls-heading">your vote</h3>
        <span class="ls-quiet">
          {ballot.blind && "in random order · "}
          {count(ballot.left)} left
        </span>
      </header>
      {ballot.labels.map((label, side) => (
        <div key={side} class="ls-examples-line">
          {codeOf(store, label) >= 0 ? (
            <ClassName store={store} code={codeOf(store, label)} strong />
          ) : (
            <b>{names[side]}</b>
          )}
          <Examples store={store} rows={ballot.exemplars[side as 0 | 1]} name={names[side]!} />
        </div>
      ))}
      <fieldset class="ls-votes" aria-label="Answers">
        {ANSWERS.map((answer, k) => (
          <button
            key={answer}
            type="button"
            class={`ls-btn ${ballot.answer === answer ? "on" : "line"}`}
            data-vote={answer}
            aria-pressed={ballot.answer === answer}
            aria-keyshortcuts={String(k + 1)}
            disabled={!store.canDecide.value}
            onClick={() => void store.methods.vote(answer)}
          >
            <span class="ls-clip">{textOf(answer, names)}</span> <kbd>{k + 1}</kbd>
          </button>
        ))}
      </fieldset>
    </section>
  );
}
