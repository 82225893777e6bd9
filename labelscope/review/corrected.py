"""Corrected labels: what votes and decisions say is right, and what remains unknown."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.arguments import check_choice, check_counts
from labelscope.data.frames import to_caller
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError, notify
from labelscope.review.ballots import (
    CORRECTABLE,
    NON_ERROR,
    OPEN,
    OPTIONS,
    POLICIES,
    Vote,
    count_votes,
    outcome_names,
    outcomes_of,
    votes_of,
)
from labelscope.review.current_evidence import verified_rows
from labelscope.review.events import scalar_key
from labelscope.review.files import replacing
from labelscope.review.records import label_values
from labelscope.review.state import KEPT, RELABELLED, UNREVIEWED
from labelscope.types import Array, BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

_UNKNOWN = ("drop", "keep")
_NAMES = ("votes", "decision", "unreviewed", "unlabelled")
_BY_VOTES, _BY_DECISION, _UNREVIEWED, _UNLABELLED = range(4)


@dataclass(frozen=True, eq=False)
class CorrectedLabels:
    """Labels after human validation, and the votes behind each.

    Attributes
    ----------
    labels : container of labels
        As given; rows that are not in ``kept`` are left out.
    kept : (n,) bool
        Rows in ``labels``.
    given, corrected : (n,) int64
        Codes into ``classes``; ``corrected`` is -1 where the right label is unknown.
    classes : tuple of label values
    outcome : (n,) int64
        Position in ``ballots.OUTCOMES`` of rows with votes, -1 for all others.
    basis : (n,) int64
        Who says so: 0 votes, 1 a decision, 2 nobody (not flagged, or flagged and not reviewed), 3 unlabelled.
    votes : (n, 5) int64
        Votes for each of ``ballots.OPTIONS``.
    cast : tuple of Vote
    ids : (n,)
    policy, unknown : str
    """

    labels: Any
    kept: BoolArray
    given: IntArray
    corrected: IntArray
    classes: tuple[Any, ...]
    outcome: IntArray
    basis: IntArray
    votes: IntArray
    cast: tuple[Vote, ...]
    ids: Array
    policy: str
    unknown: str
    like: Any = field(default=None, repr=False)

    @property
    def benign(self) -> BoolArray:
        """(n,) bool: not flagged, or confirmed by people."""
        return np.asarray((self.given >= 0) & (self.corrected == self.given))

    @property
    def correctable(self) -> BoolArray:
        """(n,) bool: people agree on another label."""
        known = (self.given >= 0) & (self.corrected >= 0)
        return np.asarray(known & (self.corrected != self.given))

    @property
    def unknown_rows(self) -> BoolArray:
        """(n,) bool: labelled rows whose right label is not known."""
        return np.asarray((self.given >= 0) & (self.corrected < 0))

    def columns(self) -> dict[str, Any]:
        """Return the rows that are kept, each with what its label rests on.

        Returns
        -------
        dict of str to list
            ``row``, ``id``, ``given``, ``corrected`` (None where unknown), ``outcome`` (by name, None without
            votes), ``basis``, ``policy``, votes by option as ``votes_<option>``, and ``votes``: JSON of
            reviewer, option, blind flag and time.
        """
        rows = np.flatnonzero(self.kept)
        by_row: dict[int, list[dict[str, Any]]] = {}
        for vote in self.cast:
            said = {"reviewer": vote.reviewer, "option": vote.option, "blind": vote.blind, "at": vote.at}
            by_row.setdefault(vote.row, []).append(said)
        names = [
            name if basis == _BY_VOTES else None
            for name, basis in zip(outcome_names(self.outcome[rows]), self.basis[rows].tolist(), strict=True)
        ]
        return {
            "row": rows.tolist(),
            "id": np.asarray(self.ids)[rows].tolist(),
            "given": label_values(self.classes, self.given[rows]).tolist(),
            "corrected": label_values(self.classes, self.corrected[rows]).tolist(),
            "outcome": names,
            "basis": [_NAMES[code] for code in self.basis[rows].tolist()],
            "policy": [self.policy] * len(rows),
            **{f"votes_{option}": self.votes[rows, j].tolist() for j, option in enumerate(OPTIONS)},
            "votes": [json.dumps(by_row.get(row, [])) for row in rows.tolist()],
        }

    @property
    def frame(self) -> Any:
        """:meth:`columns` as a frame in the library of the data given, else pandas, else pyarrow."""
        return to_caller(self.columns(), self.like)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the corrected labels with their provenance.

        Parameters
        ----------
        path : path
            ``.parquet`` or ``.csv``.

        Returns
        -------
        Path

        Raises
        ------
        InvalidInputError
            Another suffix.
        ExportError
            The file cannot be written.
        """
        target = Path(path).expanduser()
        suffix = target.suffix.lower()
        if suffix not in (".parquet", ".csv"):
            raise InvalidInputError.unknown("suffix of corrected labels", suffix, (".parquet", ".csv"))
        table = _arrow(self.columns())
        with replacing(target) as file:
            if suffix == ".csv":
                from pyarrow import csv

                csv.write_csv(table, file)
            else:
                from pyarrow import parquet

                parquet.write_table(table, file)
        return target

    def __repr__(self) -> str:
        return (
            f"<CorrectedLabels of {len(self.given):,} rows: {int(self.benign.sum()):,} benign,"
            f" {int(self.correctable.sum()):,} corrected, {int(self.unknown_rows.sum()):,} unknown>"
        )


def corrected_labels(
    session: Session,
    *,
    study: str = "validation",
    policy: str = "majority",
    unknown: str = "drop",
    raters_per_item: int | None = None,
    agree: int | None = None,
) -> CorrectedLabels:
    """Correct labels by the votes of a study, and by decisions where nobody voted.

    Parameters
    ----------
    session : Session
    study : str
        Name of the study whose votes count.
    policy : {"majority", "unanimous"}
        How much agreement a new label needs.
    unknown : {"drop", "keep"}
        Whether rows whose right label is unknown are left out, or keep the label that they were given.
    raters_per_item : int, optional
        People who were to vote about a row; by default the most that voted about one.
    agree : int, optional
        Votes that an option needs; by default more than half.

    Returns
    -------
    CorrectedLabels

    Raises
    ------
    InvalidInputError
        A policy that there is not, or a threshold that cannot decide.
    TaskError
        Labels are sets of tags or numbers.

    Notes
    -----
    A row is benign when it is not flagged, or confirmed; correctable when people agree on another label;
    else unknown: several labels, neither, no agreement, unsure, out of scope, flagged and not reviewed,
    changed by a method, or taken over from suggestions in one go, without a person's look at each.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> session = ls.Session(audit, journal=None)
    >>> corrected_labels(session).labels
    ['+', '-']
    >>> _ = session.relabel(2, "-")
    >>> corrected_labels(session).labels
    ['+', '-', '-']
    """
    check_classes(session)
    check_choice("treatment of unknown rows", unknown, _UNKNOWN)
    check_choice("policy", policy, POLICIES)
    check_counts(optional=True, raters_per_item=raters_per_item, agree=agree)
    with session.ledger.lock:
        cast = votes_of(session, study)
        rows, counts = count_votes(cast)
        raters = raters_per_item or int(counts.sum(axis=1).max(initial=1))
        said = outcomes_of(counts, raters_per_item=raters, agree=agree, policy=policy)
        corrected, basis, classes = _decided(session)
        outcome = np.full(session.audit.n, OPEN)
        votes = np.zeros((session.audit.n, len(OPTIONS)), dtype=np.int64)
        outcome[rows], votes[rows] = said, counts
        basis[rows] = _BY_VOTES
        corrected[rows] = _voted(session, classes, cast, rows, said)
        given = np.asarray(session.state.given, dtype=np.int64)
        labels = session.audit.dataset.labels
        kept = (corrected >= 0) | (unknown == "keep")
        written = np.where(corrected >= 0, corrected, given)
        rebuilt = labels.rebuild(written, list(classes), keep=kept)
    return CorrectedLabels(
        rebuilt, kept, given, corrected, classes, outcome, basis, votes, cast,
        np.asarray(session.audit.dataset.ids), policy, unknown, session.audit.dataset.frame,
    )  # fmt: skip


def check_classes(session: Any) -> None:
    """Refuse what is no session, and labels of which several people cannot say which of two is right."""
    from labelscope.review.session import Session

    if not isinstance(session, Session):
        raise InvalidTypeError(
            f"Votes are kept in a Session, but this is a {type(session).__name__}.",
            "Write ls.Session(ls.audit(data, labels)).",
        )
    if session.audit.dataset.labels.is_open:
        raise TaskError(
            f"Votes are about classes, but the task is {session.audit.task}.",
            "Review sets of tags and numbers with session.relabel, session.add_tags and session.keep.",
        )


def _decided(session: Session) -> tuple[IntArray, IntArray, tuple[Any, ...]]:
    """Codes of the right labels by decisions alone, and what each rests on."""
    state, classes = session.state, session.state.classes
    given = np.asarray(state.given, dtype=np.int64)
    flagged = np.asarray(session.audit.flagged, dtype=bool)
    decided = np.asarray(state.state) != UNREVIEWED
    settled = np.isin(state.state, (KEPT, RELABELLED)) & verified_rows(state)
    corrected = np.where(settled, state.current, np.where(decided | flagged, -1, given)).astype(np.int64)
    basis = np.where(decided, _BY_DECISION, np.where(given < 0, _UNLABELLED, _UNREVIEWED))
    return corrected, basis.astype(np.int64), classes


def _voted(
    session: Session, classes: tuple[Any, ...], cast: tuple[Vote, ...], rows: IntArray, said: IntArray
) -> IntArray:
    """Codes of the right labels by votes, -1 where they do not name one."""
    code_of = {scalar_key(value): code for code, value in enumerate(classes)}
    suggested: dict[int, set[Any]] = {}
    for vote in cast:
        if vote.option == "suggested":
            suggested.setdefault(vote.row, set()).add(scalar_key(vote.suggested))
    given = np.asarray(session.state.given, dtype=np.int64)[rows]
    found = np.where(said == NON_ERROR, given, -1)
    unclear = []
    for place in np.flatnonzero(said == CORRECTABLE).tolist():
        named = suggested.get(int(rows[place]), set())
        code = code_of.get(next(iter(named)), -1) if len(named) == 1 else -1
        found[place] = code
        if code < 0:
            unclear.append(int(rows[place]))
    if unclear:
        notify(
            "votes_for_different_labels",
            f"On {len(unclear):,} rows people agreed on the suggestion, but were shown different ones.",
            "These rows count as unknown; ask again with one suggestion.",
            unclear,
        )
    return found


def _arrow(columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    def column(values: list[Any]) -> Any:
        try:
            return pa.array(values)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError):  # mixed types, lone surrogates
            return pa.array([None if value is None else _text(value) for value in values], pa.string())

    return pa.table({name: column(values) for name, values in columns.items()})


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()
