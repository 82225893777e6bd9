"""What a judge says: a probability of each class, or an abstention with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.judgements.cases import Cases
from labelscope.types import FloatArray, IntArray

_MOST_REASONS = 20
#: Reason of an abstention on a text without a word.
EMPTY = "empty text"


@dataclass(frozen=True)
class Verdicts:
    """Answers of one judge.

    Attributes
    ----------
    probs : (n, K) float64
        Rows sum to 1; NaN throughout where the judge abstained.
    reasons : tuple of str
        Why the judge abstained, row by row; empty where it answered.
    facts : dict
        JSON-like: calls, cost in the currency of the prices, latency in seconds.
    """

    probs: FloatArray
    reasons: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def codes(self) -> IntArray:
        """(n,) int64, the likeliest class; -1 where the judge abstained."""
        known = self.answered
        filled = np.where(known[:, None], self.probs, 0.0)
        best = filled.argmax(axis=1) if self.probs.shape[1] else np.zeros(len(known), dtype=np.int64)
        return np.where(known, best, -1).astype(np.int64)

    @property
    def answered(self) -> Any:
        """(n,) bool."""
        return ~np.isnan(self.probs).any(axis=1) & (self.probs.shape[1] > 0)

    def counted(self) -> dict[str, int]:
        """Count abstentions by reason, the most frequent first."""
        return dict(Counter(reason for reason in self.reasons if reason).most_common(_MOST_REASONS))


@runtime_checkable
class Judge(Protocol):
    """Says of each row which class it is, written as a frozen dataclass of settings."""

    @property
    def name(self) -> str:
        """Name of the column of votes."""
        ...

    @property
    def model(self) -> str:
        """Which model answers; judges of one model are averaged first."""
        ...

    @property
    def prompt(self) -> str:
        """Name of the prompt."""
        ...

    @property
    def learns(self) -> bool:
        """Whether it learns from the given labels of other rows; all others never see a label."""
        ...

    def judge(self, cases: Cases) -> Verdicts:
        """Judge all rows."""
        ...


def abstained(n: int, n_classes: int, reason: str, facts: dict[str, Any] | None = None) -> Verdicts:
    """Return abstentions throughout, for one reason."""
    return Verdicts(np.full((n, n_classes), np.nan), (reason,) * n, facts or {})


def from_probabilities(probs: Any, n: int, n_classes: int, by: str) -> Verdicts:
    """Check probabilities: rows of NaN and rows that sum to 0 are abstentions.

    Parameters
    ----------
    probs : (n, K) array
    n, n_classes : int
        The shape that is needed.
    by : str
        Who gave them.

    Raises
    ------
    InvalidInputError
        Another shape, values outside of [0, 1], or rows that do not sum to about 1.
    """
    try:
        matrix = np.array(probs, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"{by} gave something that is no matrix of numbers.", f"Return ({n}, {n_classes}) probabilities."
        ) from None
    if matrix.shape != (n, n_classes):
        raise InvalidInputError(
            f"{by} gave probabilities of the shape {matrix.shape} for {n:,} rows and {n_classes} classes.",
            "Return one row per item and one column per class, in the order of the classes.",
        )
    sums = matrix.sum(axis=1)
    silent = np.isnan(sums) | (sums == 0)
    bad = ~silent & (~(np.abs(sums - 1) <= 0.01) | (matrix < 0).any(axis=1))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidInputError(
            f"{by} gave probabilities in {int(bad.sum()):,} rows that are negative or do not sum to 1"
            f" (row {row} sums to {sums[row]:g}).",
            "Return probabilities, and a row of NaN to abstain.",
        )
    matrix[silent] = np.nan
    known = ~silent
    matrix[known] /= sums[known, None]
    return Verdicts(matrix, tuple("abstained" if one else "" for one in silent.tolist()))


def from_codes(codes: IntArray, reasons: Sequence[str], n_classes: int) -> Verdicts:
    """Return the verdicts of a judge that names a class without saying how sure it is."""
    probs = np.full((len(codes), n_classes), np.nan)
    known = codes >= 0
    probs[known] = 0.0
    probs[np.flatnonzero(known), codes[known]] = 1.0
    return Verdicts(probs, tuple(reasons))


def silences_of(reasons: Sequence[Sequence[str]]) -> tuple[list[str], IntArray]:
    """Hold why judges gave no answer as numbers.

    Parameters
    ----------
    reasons : J sequences of n str
        Of each judge, empty where it answered.

    Returns
    -------
    texts : list of str
        Each once, sorted.
    places : (n, J) int64
        Positions in ``texts``, -1 for an answer.

    Examples
    --------
    >>> texts, places = silences_of([("", "abstained"), ("empty text", "")])
    >>> texts, places.tolist()
    (['abstained', 'empty text'], [[-1, 1], [0, -1]])
    """
    texts = sorted({reason for one in reasons for reason in one if reason})
    place = {"": -1} | {text: k for k, text in enumerate(texts)}
    return texts, np.array([[place[reason] for reason in one] for one in reasons], dtype=np.int64).T
