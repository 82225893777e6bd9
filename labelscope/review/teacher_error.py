"""How often a teacher is wrong: measured where a person and the teacher labeled the same rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, Estimate, FloatArray

#: With fewer rows than these an upper bound says little more than that nothing is known.
LEAST_OVERLAP = 20


@dataclass(frozen=True)
class TeacherError:
    """Share of a teacher's answers that people contradict.

    Attributes
    ----------
    estimate : Estimate or None
        ``high`` is the upper bound that is wrong with a probability of 1 - ``level``, ``low`` the lower one,
        so that both hold with 2 ``level`` - 1. None where too few rows have both labels.
    n_overlap : int
        Rows with a verified label and an answer of the teacher.
    n_wrong : int
        Those of them where the two differ.
    n_by_chance : int
        Those of them that were drawn by chance.
    basis : {"drawn by chance", "chosen by people", "given", "unknown"}
        What the estimate rests on. Rows that people chose, such as the most suspicious ones, may be harder or
        easier than others.
    """

    estimate: Estimate | None
    n_overlap: int = 0
    n_wrong: int = 0
    n_by_chance: int = 0
    basis: str = "unknown"

    @property
    def upper(self) -> float | None:
        """Share of wrong answers to reckon with; None where it is unknown."""
        return None if self.estimate is None else self.estimate.high

    @property
    def words(self) -> str:
        """The estimate in a sentence that says what it rests on."""
        if self.estimate is None:
            return (
                f"The teacher's error is not measured: {self.n_overlap:,} rows have both its answer and a"
                f" verified label, and {LEAST_OVERLAP} are needed."
            )
        if self.basis == "given":
            return f"The teacher is assumed to be wrong on {100 * self.estimate.high:.1f} % of the rows."
        return (
            f"Measured on {self.n_overlap:,} verified rows ({self.basis}): the teacher is wrong on"
            f" {100 * self.estimate.value:.1f} %, at most {100 * self.estimate.high:.1f} %"
            f" ({50 * (1 + self.estimate.level):.0f} % bound)."
        )


def teacher_error(
    teacher_labels: Any,
    labels: Any,
    verified: Any,
    *,
    inclusion: Any = None,
    by_chance: Any = None,
    level: float = 0.95,
    least: int = LEAST_OVERLAP,
) -> TeacherError:
    """Measure a teacher on rows that a person verified.

    Parameters
    ----------
    teacher_labels : (n,) int
        Codes of the teacher's answers, -1 where it has none.
    labels : (n,) int
        Codes of the labels as they are now; -1 on a verified row means that no class is right, and every
        answer wrong.
    verified : (n,) bool
        Rows whose label a person confirmed or corrected.
    inclusion : (n,) float, optional
        Probability with which the teacher was asked about each row; its answers count by the inverse. NaN and
        absent ones count as 1.
    by_chance : (n,) bool, optional
        Rows that were verified because a draw by chance said so. Where ``least`` of them have an answer, no
        others are used.
    level : float
        Confidence of the upper bound alone.
    least : int
        Fewest rows to measure on.

    Returns
    -------
    TeacherError

    Raises
    ------
    InvalidInputError
        Arrays of different lengths, or probabilities that are none.

    Notes
    -----
    The bound is Wilson's (1927), with the effective number of rows of Kish (1965) in place of their number
    where they weigh differently.

    Examples
    --------
    >>> answers, truth = np.zeros(40, int), np.repeat([0, 1], [36, 4])
    >>> found = teacher_error(answers, truth, np.ones(40, bool))
    >>> found.n_wrong, round(found.estimate.value, 2), round(found.upper, 2)
    (4, 0.1, 0.2)
    """
    codes, own = np.asarray(teacher_labels), np.asarray(labels)
    n = len(codes)
    sure = _column("verified", verified, n).astype(bool)
    chance = sure if by_chance is None else _column("by_chance", by_chance, n).astype(bool)
    if len(own) != n:
        raise InvalidInputError.wrong_length("labels", len(own), n, "teacher_labels")
    if not 0.5 < level < 1:
        raise InvalidInputError(f"level is {level}.", "Pass a confidence above 0.5 and below 1.")
    weights = _weights(inclusion, n)
    overlap = sure & (codes >= 0)
    drawn = overlap & chance
    by_luck = by_chance is not None and int(drawn.sum()) >= least
    used = drawn if by_luck else overlap
    count, wrong = int(used.sum()), used & (codes != own)
    basis = "drawn by chance" if by_luck else "chosen by people"
    facts = (count, int(wrong.sum()), int(drawn.sum()) if by_chance is not None else 0)
    if count < least:
        return TeacherError(None, *facts, "unknown")
    total = float(weights[used].sum())
    effective = total**2 / float(np.square(weights[used]).sum())
    share = float(weights[wrong].sum()) / total
    low, high = wilson(share, effective, level)
    return TeacherError(Estimate(share, low, high, round(2 * level - 1, 12), True), *facts, basis)


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    """Return one-sided lower and upper bounds of a share, each at ``level``.

    Parameters
    ----------
    share : float
    n : float
        Rows, or their effective number.
    level : float

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> low, high = wilson(0.0, 20, 0.95)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.119)
    """
    z2 = NormalDist().inv_cdf(level) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    # The bounds are exact at the ends, but for rounding.
    low = 0.0 if share <= 0 else max(middle - reach, 0.0)
    high = 1.0 if share >= 1 else min(middle + reach, 1.0)
    return low, high


def _column(name: str, given: Any, n: int) -> Array:
    array = np.asarray(given)
    if array.shape != (n,):
        raise InvalidInputError.wrong_length(name, array.size, n, "teacher_labels")
    return array


def _weights(inclusion: Any, n: int) -> FloatArray:
    if inclusion is None:
        return np.ones(n)
    chances = _column("inclusion", inclusion, n).astype(np.float64)
    chances = np.where(np.isnan(chances), 1.0, chances)
    bad: BoolArray = (chances <= 0) | (chances > 1 + 1e-9)
    if bad.any():
        raise InvalidInputError(
            f"The inclusion probability of row {int(np.flatnonzero(bad)[0])} is {chances[bad][0]}.",
            "Pass probabilities above 0 and up to 1, or NaN for rows that were not drawn.",
        )
    return 1.0 / chances
