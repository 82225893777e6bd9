"""Ballots: votes of several people about one label, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.arguments import check_choice
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.types import Array, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: What a person may say about a row: which of the two labels is right.
OPTIONS = ("given", "suggested", "both", "neither", "unsure")
#: What the votes come to, by code from 0.
OUTCOMES = ("non_error", "correctable", "multi_label", "neither", "no_agreement")
NON_ERROR, CORRECTABLE, MULTI_LABEL, NEITHER, NO_AGREEMENT = range(5)
#: Codes of rows that came to nothing yet: votes are missing, or most people were unsure.
OPEN, UNSURE = -1, -2
POLICIES = ("majority", "unanimous")
_FLAGGED, _UNFLAGGED = "flagged", "unflagged"
PARTS = (_FLAGGED, _UNFLAGGED)


@dataclass(frozen=True)
class Vote:
    """The last word of one person about one row.

    Attributes
    ----------
    row : int
    reviewer : str
    option : str
        One of ``OPTIONS``.
    suggested : label value
        What the given label was held against.
    blind : bool
        Whether the person did not know which label was the given one.
    part : str
        ``"flagged"`` or ``"unflagged"``, of which the row was drawn; empty for a row picked by hand.
    place : int
        Place of the row in the random order of its part; -1 for a row picked by hand.
    frame : int
        Rows of the part.
    at : str
        UTC, ISO 8601.
    """

    row: int
    reviewer: str
    option: str
    suggested: Any = None
    blind: bool = False
    part: str = ""
    place: int = -1
    frame: int = 0
    at: str = ""

    def data(self, study: str) -> dict[str, Any]:
        """Return what the journal keeps of it."""
        found: dict[str, Any] = {"study": study, "option": self.option, "blind": self.blind}
        found["suggested"] = self.suggested
        if self.part:
            found |= {"part": self.part, "place": self.place, "frame": self.frame}
        return found


def votes_of(session: Session, study: str = "validation") -> tuple[Vote, ...]:
    """Read the votes of a study from the journal.

    Parameters
    ----------
    session : Session
    study : str
        Name of the study.

    Returns
    -------
    tuple of Vote
        By row, then by time of the person's first vote about it; who voted twice about a row counts with
        the later vote.
    """
    last: dict[tuple[int, str], Vote] = {}
    unreadable = 0
    for event in session.state.active_events():
        if event.kind != "voted" or event.data.get("study") != study:
            continue
        for row in event.rows:
            vote = _read(event.data, row, event.reviewer, event.at) if row < session.audit.n else None
            if vote is None:
                unreadable += 1
            else:
                last[row, event.reviewer] = vote
    if unreadable:
        notify(
            "votes_unreadable",
            f"{unreadable:,} votes of the study {study!r} cannot be read and are not counted.",
            f"Options are {', '.join(OPTIONS)}.",
        )
    return tuple(sorted(last.values(), key=lambda vote: vote.row))


def _read(data: dict[str, Any], row: int, reviewer: str, at: str) -> Vote | None:
    if data.get("option") not in OPTIONS:
        return None
    numbers = [data.get(name) for name in ("place", "frame")]
    drawn = data.get("part") in PARTS and all(type(number) is int for number in numbers)
    place, frame = numbers if drawn else (-1, 0)
    part = str(data["part"]) if drawn else ""
    option, blind = str(data["option"]), data.get("blind") is True
    return Vote(
        row, reviewer, option, data.get("suggested"), blind, part, int(place or 0), int(frame or 0), at
    )


def count_votes(votes: Iterable[Vote]) -> tuple[IntArray, IntArray]:
    """Count votes row by row.

    Parameters
    ----------
    votes : iterable of Vote

    Returns
    -------
    rows : (m,) int64
        Rows with a vote, sorted.
    counts : (m, 5) int64
        Votes for each of ``OPTIONS``.

    Examples
    --------
    >>> rows, counts = count_votes([Vote(7, "ada", "both"), Vote(7, "bob", "both"), Vote(2, "ada", "given")])
    >>> rows.tolist(), counts.tolist()
    ([2, 7], [[1, 0, 0, 0, 0], [0, 0, 2, 0, 0]])
    """
    cast = list(votes)
    where = np.array([vote.row for vote in cast], dtype=np.int64)
    rows, place = np.unique(where, return_inverse=True)
    counts = np.zeros((len(rows), len(OPTIONS)), dtype=np.int64)
    said = np.array([OPTIONS.index(vote.option) for vote in cast], dtype=np.int64)
    np.add.at(counts, (place.astype(np.int64), said), 1)
    return rows, counts


def checked_counts(votes: Any, name: str = "votes") -> IntArray:
    """Return (m, 5) int64 counts of votes, or say what is wrong with them.

    Parameters
    ----------
    votes : (m, 4) or (m, 5) whole numbers
        Votes for each of ``OPTIONS``; without the last column nobody was unsure.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        No such table, or negative counts.
    """
    try:
        table = np.asarray(votes, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidTypeError(
            f"{name} is a {type(votes).__name__} and no table of counts.", _SHAPE
        ) from None
    if table.ndim != 2 or table.shape[1] not in (4, 5):
        raise InvalidInputError(f"{name} has the shape {table.shape}.", _SHAPE)
    if not np.isfinite(table).all() or (table < 0).any() or (table != np.round(table)).any():
        raise InvalidInputError(f"{name} holds numbers that are no counts.", _SHAPE)
    counts = np.zeros((len(table), len(OPTIONS)), dtype=np.int64)
    counts[:, : table.shape[1]] = table
    return counts


_SHAPE = f"Pass one row an item, and the number of votes for each of {', '.join(OPTIONS)}."


def outcomes_of(
    counts: IntArray, *, raters_per_item: int, agree: int | None = None, policy: str = "majority"
) -> IntArray:
    """Say what the votes about each row come to.

    Parameters
    ----------
    counts : (m, 5) int
        Votes for each of ``OPTIONS``.
    raters_per_item : int
        People who are to vote about a row.
    agree : int, optional
        Votes that an option needs: more than half of ``raters_per_item``, by default just so many.
    policy : {"majority", "unanimous"}
        ``"unanimous"`` asks for all votes, and for no fewer than ``raters_per_item``.

    Returns
    -------
    (m,) int64
        Position in ``OUTCOMES``; -1 (``OPEN``) where votes are missing that may still decide, -2 (``UNSURE``)
        where ``unsure`` itself has the votes.

    Raises
    ------
    InvalidInputError
        A threshold that two options could reach, or that none can.

    Notes
    -----
    Northcutt, Athalye, Mueller: Pervasive label errors in test sets destabilize machine learning benchmarks,
    NeurIPS 2021: five people, three of whom must agree. Where more people voted than planned, an option
    needs more than half of the votes.

    Examples
    --------
    >>> votes = np.array([[3, 1, 1, 0, 0], [1, 3, 1, 0, 0], [2, 2, 1, 0, 0], [1, 1, 0, 0, 0]])
    >>> outcomes_of(votes, raters_per_item=5).tolist()
    [0, 1, 4, -1]
    """
    needed = checked_agree(raters_per_item, agree, policy)
    total = counts.sum(axis=1)
    if policy == "unanimous":
        threshold = np.maximum(total, raters_per_item)
    else:
        threshold = np.maximum(needed, total // 2 + 1)
    top, most = counts.argmax(axis=1), counts.max(axis=1, initial=0)
    reachable = most + np.maximum(raters_per_item - total, 0) >= threshold
    if policy == "unanimous":
        reachable = most == total
    found = np.where(reachable, OPEN, NO_AGREEMENT)
    reached = most >= threshold
    found[reached] = np.where(top == len(OPTIONS) - 1, UNSURE, top)[reached]
    return found.astype(np.int64)


def checked_agree(raters_per_item: Any, agree: Any, policy: Any) -> int:
    """Return how many votes an option needs, or say what is wrong with the rule."""
    if not _is_count(raters_per_item) or raters_per_item < 1:
        raise InvalidInputError(f"raters_per_item is {raters_per_item!r}.", "Give a whole number from 1.")
    check_choice("policy", policy, POLICIES)
    half = int(raters_per_item) // 2 + 1
    if agree is None:
        return half
    if not _is_count(agree) or not half <= agree <= raters_per_item:
        raise InvalidInputError(
            f"agree is {agree!r}, with {raters_per_item} raters an item.",
            f"Give {half} to {raters_per_item}: with fewer, two options could both have the votes.",
        )
    return int(agree)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def outcome_names(outcomes: IntArray) -> list[str]:
    """Return the outcomes by name, ``"open"`` and ``"unsure"`` included."""
    names = (*OUTCOMES, "unsure", "open")
    return [names[code] for code in outcomes.tolist()]


def rater_table(votes: Iterable[Vote]) -> list[dict[str, Any]]:
    """Say how each person voted.

    Parameters
    ----------
    votes : iterable of Vote

    Returns
    -------
    list of dict
        ``reviewer``, ``n_votes``, votes by option, ``n_blind``, ``same_rate`` (share of the commonest answer)
        and ``with_others`` (share of votes equal to another person's vote about the same row, None without
        any).
    """
    cast = list(votes)
    by_row: dict[int, list[Vote]] = {}
    for vote in cast:
        by_row.setdefault(vote.row, []).append(vote)
    table = []
    for name in sorted({vote.reviewer for vote in cast}):
        own = [vote for vote in cast if vote.reviewer == name]
        counts = np.array([sum(vote.option == option for vote in own) for option in OPTIONS])
        pairs = [
            (vote.option, other.option)
            for vote in own
            for other in by_row[vote.row]
            if other.reviewer != name
        ]
        table.append(
            {
                "reviewer": name,
                "n_votes": len(own),
                **dict(zip(OPTIONS, counts.tolist(), strict=True)),
                "n_blind": sum(vote.blind for vote in own),
                "same_rate": float(counts.max() / len(own)),
                "with_others": float(np.mean([a == b for a, b in pairs])) if pairs else None,
            }
        )
    return table


def answers_table(votes: Iterable[Vote]) -> tuple[Array, tuple[str, ...]]:
    """Return (m, A) float64 codes of options, NaN where a person did not vote, and the A people."""
    cast = list(votes)
    people = tuple(sorted({vote.reviewer for vote in cast}))
    rows = np.unique([vote.row for vote in cast]) if cast else np.zeros(0, dtype=np.int64)
    table: FloatArray = np.full((len(rows), len(people)), np.nan)
    for vote in cast:
        table[np.searchsorted(rows, vote.row), people.index(vote.reviewer)] = OPTIONS.index(vote.option)
    return table, people
