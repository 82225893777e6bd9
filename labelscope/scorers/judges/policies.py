"""What could be done about the flags of judges: proposals, of which none is carried out unasked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.types import Array, BoolArray, FloatArray, IntArray, Score

POLICIES = ("flip", "drop")


@dataclass(frozen=True)
class Proposals:
    """Rows whose label would be changed, or which would be left out of training.

    Attributes
    ----------
    policy : {"flip", "drop"}
    rows : (m,) int64
        The surest first.
    suggested : (m,) labels
    confidence : (m,) float64
    n : int
        Rows in all.
    """

    policy: str
    rows: IntArray
    suggested: Array
    confidence: FloatArray
    n: int

    def __len__(self) -> int:
        return len(self.rows)

    def training_labels(self, labels: Any) -> tuple[Array, BoolArray]:
        """Return what a model would be trained on, as new arrays.

        Parameters
        ----------
        labels : (n,) labels
            Left as they are.

        Returns
        -------
        labels : (n,) array
            With the suggested labels where the policy is to flip.
        kept : (n,) bool
            Rows to train on.

        Raises
        ------
        InvalidInputError
            Another number of labels.
        """
        made = np.array(labels)
        if made.shape != (self.n,):
            raise InvalidInputError.wrong_length("labels", len(made), self.n)
        kept = np.ones(self.n, dtype=bool)
        if self.policy == "drop":
            kept[self.rows] = False
            return made, kept
        suggested = np.asarray(self.suggested)
        # Fixed-width texts widen rather than truncate.
        made = made.astype(np.promote_types(made.dtype, suggested.dtype)) if made.dtype.kind == "U" else made
        made[self.rows] = suggested
        return made, kept


def propose(
    score: Score,
    *,
    policy: str = "flip",
    min_confidence: float = 0.8,
    n: int | None = None,
    verified: Any = None,
) -> Proposals:
    """Propose what to do about the flagged rows of which the judges are sure.

    Parameters
    ----------
    score : Score
        Of `JudgeEnsemble`. Its calibrated confidence counts where there is one.
    policy : {"flip", "drop"}
        Give the suggested label, or leave the row out of training.
    min_confidence : float
        Flags that are less sure are left alone.
    n : int, optional
        Most rows, the surest first.
    verified : (n,) bool, optional
        Rows on which a person has decided; they are never proposed.

    Returns
    -------
    Proposals
        Nothing is changed by it: see `Proposals.training_labels`, or hand its rows to a review.

    Raises
    ------
    InvalidInputError
        An unknown policy, or a threshold that is no probability.
    MissingEvidenceError
        A score without flags, suggestions or confidence.

    Examples
    --------
    >>> score = Score(np.array([.9, .2], "f4"), np.array(["b", "a"]), np.array([True, False]),
    ...               {"confidence": np.array([.9, .8])})
    >>> found = propose(score)
    >>> found.rows.tolist(), found.training_labels(["a", "a"])[0].tolist()
    ([0], ['b', 'a'])
    """
    if policy not in POLICIES:
        raise InvalidInputError.unknown("policy", policy, POLICIES)
    if not 0 <= min_confidence <= 1 or (n is not None and n < 0):
        raise InvalidInputError(
            f"min_confidence is {min_confidence} and n is {n}.",
            "Pass a confidence between 0 and 1 and a number of rows of 0 or more.",
        )
    if score.flagged is None or score.suggested is None or "confidence" not in score.details:
        raise MissingEvidenceError(
            "A score with flags, suggestions and details['confidence'] is needed.",
            "Pass the score of scorers.JudgeEnsemble().",
        )
    sure = np.asarray(
        score.details.get("calibrated_confidence", score.details["confidence"]), dtype=np.float64
    )
    chosen = np.asarray(score.flagged, dtype=bool) & (sure >= min_confidence)
    if verified is not None:
        mask = np.asarray(verified)
        if mask.shape != chosen.shape:
            raise InvalidInputError.wrong_length("verified", len(mask), len(chosen))
        chosen &= ~mask.astype(bool)
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(-sure[rows], kind="stable")][:n]
    return Proposals(policy, rows, np.asarray(score.suggested)[rows], sure[rows], len(chosen))
