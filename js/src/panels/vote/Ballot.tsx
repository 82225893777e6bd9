/** One row, two labels with sure examples of each, and five answers: no label changes by a vote. */
import type { VoteAnswer } from "../../protocol";
import type { Store } from "../../store/types";
import { count } from "../format";
import { Choices, Examples } from "./Choices";
import { ANSWERS } from "./vote";

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
        <Examples key={side} store={store} label={label} rows={ballot.exemplars[side as 0 | 1]} />
      ))}
      <Choices
        store={store}
        label="Answers"
        list={ANSWERS.map((answer) => [answer, textOf(answer, names)])}
        chosen={ballot.answer}
        pick={(k) => void store.methods.vote(ANSWERS[k]!)}
      />
    </section>
  );
}
