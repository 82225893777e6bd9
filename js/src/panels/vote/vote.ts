/** Votes by key: in the order of the buttons. */
import type { VoteAnswer } from "../../protocol";
import { NO_FILTERS } from "../../store/ranking";
import type { Store } from "../../store/types";

export const ANSWERS: readonly VoteAnswer[] = ["first", "second", "both", "neither", "unsure"];

/** True when the digit was a vote; while people vote digits are nothing else. */
export function voteDigit(store: Store, place: number): boolean {
  const { voting, ballot, vote } = store.methods;
  if (!voting.peek()) return false;
  const answer = ANSWERS[place];
  const mine = ballot.peek();
  if (answer === undefined || mine === null || mine.row !== store.current.peek())
    store.say("No vote is on that key.");
  else void vote.call(store.methods, answer);
  return true;
}

export function setVoting(store: Store, on: boolean): void {
  store.methods.voting.value = on;
  store.methods.goFirst();
  if (on) {
    // What was chosen before the vote would lead it: a color, an order, a cell of the matrix.
    store.colorBy.value = "state";
    store.filters.value = { ...NO_FILTERS };
    store.group.value = "none";
    store.pageMode.value = false;
  }
  if (on) store.queue.value = "validation";
  else if (store.queue.peek() === "validation") store.queue.value = "most_suspicious";
}
