"""What a mistake review found: verdicts, kinds and severities, label sets and accuracies that follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.events import to_scalar
from labelscope.review.label_sets import LabelSets, Mistakes, multi_label_accuracy
from labelscope.review.severity import CORRECT, PROBLEMATIC, SEVERITIES, UNCLEAR, WRONG
from labelscope.review.slices import RegressionSet
from labelscope.types import Array, BoolArray, IntArray

_MAJOR = SEVERITIES.index("major")


@dataclass(frozen=True)
class Opinion:
    """What one person, or the panel, said about one mistake.

    Attributes
    ----------
    place : int
        Position in the list of mistakes.
    reviewer : str
    verdict, category, severity : int
        Positions in ``severity.VERDICTS``, ``CATEGORIES`` and ``SEVERITIES``; -1 where nothing was said.
    settled : bool
        Whether the panel says so after discussion.
    """

    place: int
    reviewer: str
    verdict: int
    category: int = -1
    severity: int = -1
    settled: bool = False


@dataclass(frozen=True, eq=False)
class Findings:
    """What the opinions about mistakes come to.

    Attributes
    ----------
    mistakes : Mistakes
    sets : LabelSets
        Before the review.
    codes : (m, n) int64
        Predictions.
    verdict, category, severity : (p,) int64
        -1 where open or in dispute.
    disputed : (p,) bool
        People differ, and the panel has not settled it.
    n_opinions : (p,) int64
        People who judged it.
    collapsed : pairs of codes
    ids : (n,)
    fingerprint : str
    """

    mistakes: Mistakes
    sets: LabelSets
    codes: IntArray
    verdict: IntArray
    category: IntArray
    severity: IntArray
    disputed: BoolArray
    n_opinions: IntArray
    collapsed: tuple[tuple[int, int], ...]
    ids: Array
    fingerprint: str = ""

    def __repr__(self) -> str:
        return (
            f"<Findings on {len(self.mistakes):,} mistakes: {int(self.stands.sum()):,} judged,"
            f" {int(self.disputed.sum()):,} in dispute>"
        )

    @property
    def stands(self) -> BoolArray:
        """(p,) bool: the verdict stands."""
        return np.asarray(self.verdict >= 0)

    def label_sets(self) -> LabelSets:
        """Return the label sets after the review: what was called correct or unclear is in them."""
        pairs = np.stack([self.mistakes.rows, self.mistakes.predictions], axis=1)
        bad = self.mistakes.rows[self.verdict == PROBLEMATIC]
        return self.sets.including(pairs[self.verdict == CORRECT], pairs[self.verdict == UNCLEAR], bad)

    def accuracy(self) -> dict[str, tuple[float, float]]:
        """Return class-averaged multi-label accuracy of each model before and after the review."""
        after = self.label_sets()
        return {
            name: (
                multi_label_accuracy(predicted, self.sets, self.collapsed),
                multi_label_accuracy(predicted, after, self.collapsed),
            )
            for name, predicted in zip(self.mistakes.names, self.codes, strict=True)
        }

    def remaining(self) -> BoolArray:
        """(p,) bool: mistakes that are none of the review's making: judged wrong, on a row that is judged."""
        judged = self.label_sets().judged
        return np.asarray((self.verdict == WRONG) & judged[self.mistakes.rows])

    def major_slice(
        self, builders: Sequence[str] | None = None, min_models: int | None = None, name: str = "major"
    ) -> RegressionSet:
        """Return the rows on which models make major mistakes, as a regression set.

        Parameters
        ----------
        builders : sequence of str, optional
            Models whose mistakes count; by default all.
        min_models : int, optional
            Of the builders, how many have to make a major mistake on a row; by default all of them, so that
            each scores zero on the set by construction.
        name : str

        Returns
        -------
        RegressionSet

        Raises
        ------
        InvalidInputError
            An unknown model, or a number that cannot be reached.
        """
        chosen = tuple(self.mistakes.names if builders is None else builders)
        for model in chosen:
            if model not in self.mistakes.names:
                raise InvalidInputError.unknown("model", model, self.mistakes.names)
        least = len(chosen) if min_models is None else min_models
        if (
            isinstance(least, bool)
            or not isinstance(least, int | np.integer)
            or not 1 <= least <= len(chosen)
        ):
            raise InvalidInputError(
                f"min_models is {min_models!r}, with {len(chosen)} builders.",
                f"Give a number from 1 to {len(chosen)}.",
            )
        columns = [self.mistakes.names.index(model) for model in chosen]
        bad = self.remaining() & (self.severity == _MAJOR)
        failing = np.zeros((self.sets.n, len(chosen)), dtype=bool)
        for place in np.flatnonzero(bad).tolist():
            failing[self.mistakes.rows[place]] |= self.mistakes.made[place, columns]
        rows = np.flatnonzero(failing.sum(axis=1) >= least)
        return self._set_of(rows, chosen, int(least), name)

    def _set_of(self, rows: IntArray, builders: tuple[str, ...], least: int, name: str) -> RegressionSet:
        accepted = self.label_sets().accepted(self.collapsed)
        classes = tuple(to_scalar(value) for value in self.sets.classes)
        return RegressionSet(
            name=name,
            rows=tuple(rows.tolist()),
            ids=tuple(str(value) for value in np.asarray(self.ids)[rows].tolist()),
            n_rows=self.sets.n,
            classes=classes,
            accepted=tuple(tuple(classes[code] for code in np.flatnonzero(accepted[row])) for row in rows),
            builders=builders,
            min_models=least,
            fingerprint=self.fingerprint,
        )


def settled_findings(
    opinions: Iterable[Opinion],
    mistakes: Mistakes,
    sets: LabelSets,
    codes: IntArray,
    *,
    collapsed: tuple[tuple[int, int], ...] = (),
    raters_per_item: int = 1,
    ids: Any = None,
    fingerprint: str = "",
) -> Findings:
    """Say what stands: what the panel settled, else what enough people say without one who differs.

    Parameters
    ----------
    opinions : iterable of Opinion
        The last word of each person about each mistake.
    mistakes : Mistakes
    sets : LabelSets
    codes : (m, n) int
    collapsed : pairs of codes
    raters_per_item : int
        People who have to judge a mistake.
    ids : (n,), optional
    fingerprint : str

    Returns
    -------
    Findings
    """
    p = len(mistakes)
    columns = {name: np.full(p, -1, dtype=np.int64) for name in ("verdict", "category", "severity")}
    disputed, n_opinions = np.zeros(p, dtype=bool), np.zeros(p, dtype=np.int64)
    by_place: dict[int, list[Opinion]] = {}
    panel: dict[int, Opinion] = {}
    for one in opinions:
        if one.settled:
            panel[one.place] = one
        else:
            by_place.setdefault(one.place, []).append(one)
    for place, said in by_place.items():
        n_opinions[place] = len(said)
        for name, column in columns.items():
            values = {getattr(one, name) for one in said if getattr(one, name) >= 0}
            disputed[place] |= len(values) > 1
            if len(values) == 1 and len(said) >= raters_per_item:
                column[place] = values.pop()
        if columns["verdict"][place] != WRONG:
            columns["category"][place] = columns["severity"][place] = -1
    for place, one in panel.items():
        disputed[place] = False
        for name, column in columns.items():
            column[place] = getattr(one, name)
    names = np.arange(sets.n) if ids is None else np.asarray(ids)
    return Findings(
        mistakes, sets, codes, columns["verdict"], columns["category"], columns["severity"],
        disputed, n_opinions, collapsed, names, fingerprint,
    )  # fmt: skip
