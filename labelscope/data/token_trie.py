"""Sequences of tokens in a trie, and the search for the best of them that a model can write."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError

_ROOT = 0
Scores = Callable[[tuple[Any, ...]], Any]


@dataclass(frozen=True)
class State:
    """Where a decoding stands.

    ``spent`` counts, for each node, the labels below it that are no longer to be had.
    """

    node: int
    labels: tuple[int, ...]
    spent: Mapping[int, int]
    done: bool = False


@dataclass(frozen=True)
class Written:
    """A beginning that may still be continued: its tokens, its place and its log-probability."""

    tokens: tuple[Any, ...]
    state: State
    score: float


class TokenTrie:
    """Labels by number, as sequences of tokens that end in the separator or in the end token.

    Parameters
    ----------
    names : sequence of str
        K labels, for messages.
    sequences : sequence of tuples
        The tokens of each.
    separator, end : hashable
        Tokens that finish a label and the whole answer.

    Raises
    ------
    InvalidInputError
        A label without tokens, with the tokens of another one or with the separator in it.

    Examples
    --------
    >>> trie = TokenTrie(["ab", "a"], ["ab", "a"], ";", ".")
    >>> trie.continuations(trie.walked("a", trie.start([])))
    ['b', ';', '.']
    """

    def __init__(
        self,
        names: Sequence[str],
        sequences: Iterable[Iterable[Hashable]],
        separator: Hashable,
        end: Hashable,
    ) -> None:
        self.separator, self.end = separator, end
        self.sequences: list[tuple[Hashable, ...]] = []
        self._names = names
        self._children: list[dict[Hashable, int]] = [{}]
        self._ends: list[int] = [-1]
        self._below: list[int] = [0]
        self._paths: list[tuple[int, ...]] = []
        for code, tokens in enumerate(sequences):
            self._insert(code, tuple(tokens))

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self._children)

    def start(self, exclude: Iterable[int]) -> State:
        """Return the state before the first token, without some labels."""
        spent: dict[int, int] = {}
        for code in set(exclude):
            spent = self._without(spent, code)
        return State(_ROOT, (), spent)

    def walked(
        self,
        prefix: Iterable[Hashable],
        state: State,
        n_labels: int | None = None,
        allow_empty: bool = False,
    ) -> State:
        """Return the state after some tokens; raises InvalidInputError where they lead nowhere."""
        for place, token in enumerate(prefix):
            going = self.continuations(state, n_labels, allow_empty)
            if token not in going:
                raise InvalidInputError(
                    f"Token {place}, {token!r}, leads to no label that is left.",
                    f"Allowed there: {', '.join(map(repr, going[:8])) or 'nothing'}.",
                )
            state = self.moved(state, token)
        return state

    def search(
        self,
        scores: Scores,
        start: State,
        *,
        n_beams: int = 1,
        n_labels: int | None = None,
        allow_empty: bool = False,
        length_penalty: float = 0.0,
    ) -> tuple[int, ...]:
        """Return the labels of the likeliest answer that is found; see `LabelTrie.decode`."""
        live, finished = [Written((), start, 0.0)], list[Written]()
        while live:
            grown = [
                one
                for written in live
                for one in self._grown(written, scores, n_labels, allow_empty, n_beams)
            ]
            grown.sort(key=lambda one: -one.score)
            finished += [one for one in grown[:n_beams] if one.state.done]
            live = [one for one in grown if not one.state.done][:n_beams]
            if n_beams == 1 and finished:
                break
            best = max((one.score for one in finished), default=-math.inf)
            # Scores only fall, so that nothing can overtake any more, unless length is to be paid for.
            if not length_penalty and live and live[0].score <= best:
                break
        return max(finished, key=lambda one: one.score / len(one.tokens) ** length_penalty).state.labels

    def _without(self, spent: Mapping[int, int], code: int) -> dict[int, int]:
        return {**spent, **{node: spent.get(node, 0) + 1 for node in self._paths[code]}}

    def continuations(
        self, state: State, n_labels: int | None = None, allow_empty: bool = False
    ) -> list[Any]:
        """Return the tokens that may follow."""
        if state.done:
            return []
        full = n_labels is not None and len(state.labels) >= n_labels
        here = self._ends[state.node]
        going: list[Any] = [
            token
            for token, child in self._children[state.node].items()
            if not full and self._below[child] > state.spent.get(child, 0)
        ]
        if here >= 0 and self._left(state, here):
            last = n_labels is not None and len(state.labels) + 1 >= n_labels
            if not last and self._below[_ROOT] - state.spent.get(_ROOT, 0) > 1:
                going.append(self.separator)
            going.append(self.end)
        if state.node == _ROOT and not state.labels and allow_empty:
            going.append(self.end)
        return going

    def _left(self, state: State, code: int) -> bool:
        """Whether a label was neither written nor excluded: only then is its last node not spent by it."""
        node = self._paths[code][-1]
        deeper = sum(state.spent.get(child, 0) for child in self._children[node].values())
        return state.spent.get(node, 0) == deeper

    def moved(self, state: State, token: Hashable) -> State:
        """Return the state after one more token, which is allowed."""
        if token != self.separator and token != self.end:
            return replace(state, node=self._children[state.node][token])
        code, done = self._ends[state.node], token == self.end
        if code < 0:  # the end of an empty answer
            return replace(state, done=done)
        return State(_ROOT, (*state.labels, code), self._without(state.spent, code), done)

    def _insert(self, code: int, tokens: tuple[Hashable, ...]) -> None:
        label = self._names[code]
        if not tokens:
            raise InvalidInputError(
                f"The label {label!r} has no tokens.", "Give every label a name that the tokenizer can write."
            )
        for mark in (self.separator, self.end):
            if mark in tokens:
                raise InvalidInputError(
                    f"The label {label!r} contains the token {mark!r}, which stands between labels.",
                    "Pass separator= and end= that occur in no label.",
                )
        path = [_ROOT]
        for token in tokens:
            following = self._children[path[-1]].get(token)
            if following is None:
                following = len(self._children)
                self._children[path[-1]][token] = following
                self._children.append({})
                self._ends.append(-1)
                self._below.append(0)
            path.append(following)
        if self._ends[path[-1]] >= 0:
            other = self._names[self._ends[path[-1]]]
            raise InvalidInputError(
                f"The labels {other!r} and {label!r} have the same tokens.",
                "Rename one of them, or pass a tokenizer that tells them apart.",
            )
        self._ends[path[-1]] = code
        for node in path:
            self._below[node] += 1
        self._paths.append(tuple(path))
        self.sequences.append(tokens)

    def _grown(
        self, written: Written, scores: Scores, n_labels: int | None, allow_empty: bool, n_beams: int
    ) -> list[Written]:
        going = self.continuations(written.state, n_labels, allow_empty)
        if n_beams == 1 and len(going) == 1:
            logs = [0.0]
        else:
            logs = _log_probabilities(scores(written.tokens), going)
        return [
            Written((*written.tokens, token), self.moved(written.state, token), written.score + log)
            for token, log in zip(going, logs, strict=True)
        ]


def _log_probabilities(scores: Any, going: Sequence[Any]) -> list[float]:
    """Log-probabilities of the tokens allowed, among all tokens that were scored."""
    if isinstance(scores, Mapping):
        whole = np.array(list(scores.values()), dtype=np.float64)
        wanted = np.array([scores.get(token, -math.inf) for token in going], dtype=np.float64)
    else:
        whole = np.asarray(scores, dtype=np.float64).ravel()
        try:
            at = np.array([int(token) for token in going], dtype=np.int64)
            wanted = whole[at]
        except (TypeError, ValueError, IndexError) as error:
            raise InvalidInputError(
                f"{len(whole):,} scores are given, but a token that is allowed is {going[-1]!r}.",
                "Return one score for each token id, or a mapping from token to score.",
            ) from error
    if np.isnan(whole).any() or (whole == math.inf).any():
        raise InvalidInputError(
            "Scores of the next token are NaN or infinite.", "Return logits or log-probabilities."
        )
    highest = float(whole.max(initial=-math.inf))
    if highest == -math.inf or not len(whole):
        return [-math.log(len(going))] * len(going)
    total = highest + math.log(float(np.exp(whole - highest).sum()))
    # An impossible token must still be a possible way out where nothing else is allowed.
    return [max(float(score) - total, -1e9) for score in wanted]
