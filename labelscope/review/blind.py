"""Rows drawn uniformly and verified blind: the only ones that a gain may be measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.ballots import PARTS
from labelscope.review.events import MACHINES, scalar_key
from labelscope.review.new_labels import LabelReader
from labelscope.review.rows import as_rows
from labelscope.review.state import ReviewState
from labelscope.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.session import Session

# A label that came with the decision was not found by the person: the model had a say in it.
_NOT_BLIND = ("suggestion", *MACHINES)
#: Least share of the sample that is verified; the others count at their worst.
_LEAST_KNOWN = 0.5


@dataclass(frozen=True, eq=False)
class BlindSample:
    """A sample of the labelled rows.

    Attributes
    ----------
    rows : (m,) int64
    right : (m, K) bool
        Labels that are right; no label for rows that nobody verified blind.
    known : (m,) bool
        Rows verified blind.
    weights : (m,) float64
        One over the probability with which each row was drawn, up to a constant.
    to_verify : (q,) int64
        Rows to verify blind next, those of the sample first.
    basis : {"by chance", "study", "given", "none"}
        Looks by chance, a blind study on flagged and unflagged rows, or what the caller verified.
    n_not_blind : int
        Looks by chance that took over a suggestion.
    """

    rows: IntArray
    right: BoolArray
    known: BoolArray
    weights: FloatArray
    to_verify: IntArray
    basis: str
    n_not_blind: int


def blind_sample(
    session: Session, verified: Mapping[Any, Any] | None = None, *, least: int = 30
) -> BlindSample:
    """Collect rows drawn uniformly, or with known probabilities, and verified blind.

    Parameters
    ----------
    session : Session
    verified : mapping of row to label, optional
        Instead of what the journal holds: rows that the caller drew uniformly from the labelled ones.
    least : int
        Rows that are asked for where there are fewer.

    Returns
    -------
    BlindSample
        The larger of two: the first rows of the sampler's order by chance (looks by chance, and rows of that
        order that were looked at for other reasons, which are verified only by a blind vote); or a blind
        study, whose flagged and unflagged rows were drawn with different probabilities.

    Raises
    ------
    InvalidInputError
        ``verified`` names rows or labels that do not exist.
    """
    state = session.state
    votes = _blind_votes(state)
    drawn, n_not_blind = _drawn_verdicts(state)
    if verified is not None:
        found = _given(session, verified)
    else:
        by_chance = _by_chance(session, {**drawn, **votes})
        study = _study(session, votes)
        found = study if study[2].sum() > by_chance[2].sum() else by_chance
    rows, right, known, weights, basis = found
    # Rows out of scope have no right label, and are none of the data's.
    kept = ~(known & ~right.any(axis=1))
    rows, right, known, weights = rows[kept], right[kept], known[kept], weights[kept]
    order = session.ledger.sampler.order
    seen = np.zeros(state.n, dtype=bool)
    seen[rows] = True
    more = order[~seen[order]][: max(0, least - len(rows))]
    to_verify = np.concatenate([rows[~known], more]).astype(np.int64)
    return BlindSample(rows, right, known, weights, to_verify, basis, n_not_blind)


_Sample = tuple[IntArray, BoolArray, BoolArray, FloatArray, str]


def _table(rows: IntArray, truth: Mapping[int, frozenset[int]], k: int) -> tuple[BoolArray, BoolArray]:
    right, known = np.zeros((len(rows), k), dtype=bool), np.zeros(len(rows), dtype=bool)
    for place, row in enumerate(rows.tolist()):
        if row in truth:
            known[place] = True
            right[place, [code for code in truth[row] if 0 <= code < k]] = True
    return right, known


def _by_chance(session: Session, truth: Mapping[int, frozenset[int]]) -> _Sample:
    """Return the longest beginning of the order by chance of which at least half is verified."""
    order, k = session.ledger.sampler.order, len(session.state.classes)
    known = np.array([row in truth for row in order.tolist()], dtype=bool)
    share = np.cumsum(known) / np.arange(1, len(known) + 1)
    ends = np.flatnonzero(known & (share >= _LEAST_KNOWN))
    rows = order[: int(ends[-1]) + 1 if len(ends) else 0].astype(np.int64)
    right, seen = _table(rows, truth, k)
    return rows, right, seen, np.ones(len(rows)), "by chance" if len(rows) else "none"


def _study(session: Session, truth: Mapping[int, frozenset[int]]) -> _Sample:
    """Return the blind votes of a study, of flagged and unflagged rows, weighed by how many there are.

    Of each part the rows up to the first in its order by chance that nobody voted on: those behind it may
    have been picked. Of several studies it is the one with most rows verified.
    """
    state, k = session.state, len(session.state.classes)
    none = np.zeros(0, dtype=np.int64)
    best: _Sample = none, np.zeros((0, k), dtype=bool), np.zeros(0, dtype=bool), np.zeros(0), "none"
    for parts in _voted_places(state).values():
        if sum(frame for _, frame in parts) != int((state.given >= 0).sum()):
            # One part alone does not stand for all rows, and neither do parts of draws that differ.
            continue
        chosen = {key: _unbroken(places) for key, places in parts.items()}
        if not all(chosen.values()):
            continue
        rows = np.array([row for own in chosen.values() for row in own], dtype=np.int64)
        sizes = [(frame, len(chosen[part, frame])) for part, frame in chosen]
        weights = np.concatenate([np.full(size, frame / size) for frame, size in sizes])
        right, known = _table(rows, truth, k)
        if known.sum() > best[2].sum():
            best = rows, right, known, weights, "study"
    return best


def _voted_places(state: ReviewState) -> dict[str, dict[tuple[str, int], dict[int, int]]]:
    """Rows with a blind vote by study, by part and its size, and by place in the part's order by chance."""
    found: dict[str, dict[tuple[str, int], dict[int, int]]] = {}
    for event in state.active_events():
        data = event.data
        part, place, frame = data.get("part"), data.get("place"), data.get("frame")
        if event.kind != "voted" or part not in PARTS or data.get("blind") is not True:
            continue
        if type(frame) is int and type(place) is int and len(event.rows) == 1 and event.rows[0] < state.n:
            own = found.setdefault(str(data.get("study")), {}).setdefault((str(part), frame), {})
            own[place] = event.rows[0]
    return found


def _unbroken(places: Mapping[int, int]) -> list[int]:
    rows: list[int] = []
    while len(rows) in places:
        rows.append(places[len(rows)])
    return rows


def _given(session: Session, verified: Mapping[Any, Any]) -> _Sample:
    if not isinstance(verified, Mapping):
        raise InvalidTypeError(
            f"verified is a {type(verified).__name__}.", "Pass a mapping of rows, drawn uniformly, to labels."
        )
    rows = as_rows(list(verified), session.audit.n).astype(np.int64)
    reader = LabelReader(session.audit.dataset.labels, session.state.classes, False)
    codes = [reader.code(label) for label in verified.values()]
    if len(np.unique(rows)) < len(rows) or any(code < 0 for code in codes):
        raise InvalidInputError("verified names a row twice, or no label.", "Pass one label for each row.")
    truth = {row: frozenset([code]) for row, code in zip(rows.tolist(), codes, strict=True)}
    right, known = _table(rows, truth, len(session.state.classes))
    return rows, right, known, np.ones(len(rows)), "given" if len(rows) else "none"


def _blind_votes(state: ReviewState) -> dict[int, frozenset[int]]:
    """What most of the blind votes about a row say: each person's last one counts."""
    codes = {scalar_key(value): code for code, value in enumerate(state.classes)}
    said: dict[int, dict[str, frozenset[int] | None]] = {}
    for event in state.active_events():
        if event.kind != "voted" or event.data.get("blind") is not True or "option" not in event.data:
            continue
        for row in event.rows:
            if row < state.n:
                said.setdefault(row, {})[event.reviewer] = _voted(event, int(state.given[row]), codes)
    found = {}
    for row, by_person in said.items():
        votes = list(by_person.values())
        for vote in set(votes):
            if vote is not None and 2 * votes.count(vote) > len(votes):
                found[row] = vote
    return found


def _voted(event: Event, given: int, codes: Mapping[Any, int]) -> frozenset[int] | None:
    suggested = codes.get(scalar_key(event.data.get("suggested")), -1)
    option = event.data.get("option")
    return {
        "given": frozenset([given]),
        "suggested": frozenset([suggested]),
        "both": frozenset([given, suggested]),
    }.get(str(option))


def _drawn_verdicts(state: ReviewState) -> tuple[dict[int, frozenset[int]], int]:
    """What people said, by their own hand, of rows looked at by chance; and how many took a suggestion."""
    codes = {scalar_key(value): code for code, value in enumerate(state.classes)}
    found: dict[int, frozenset[int]] = {}
    n_not_blind = 0
    for row in np.flatnonzero(state.first >= 0).tolist():
        event = state.events[int(state.first[row])]
        if event.data.get("drawn") != "random" or len(event.rows) != 1:
            continue
        if event.source in _NOT_BLIND:
            n_not_blind += 1
        elif event.kind in ("relabelled", "kept") and (event.after or event.before):
            code = codes.get(scalar_key((event.after or event.before)[0]), -1)
            if code >= 0:
                found[row] = frozenset([code])
        elif event.kind == "accepted_set" and isinstance(event.data.get("labels"), list):
            found[row] = frozenset(codes.get(scalar_key(value), -1) for value in event.data["labels"])
        elif event.kind == "excluded":
            found[row] = frozenset()
    return found, n_not_blind
