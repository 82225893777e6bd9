"""Confidence-weighted entropy, with the right limit where the model is certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.confident.margins import AGREEMENT, Margins
from labelscope.scorers.confident.result import Summary, rank_score, summary_plan
from labelscope.scorers.inputs import score_here
from labelscope.types import Evidence, FloatArray, Score

_LOWEST_PROBABILITY = 1e-6


@dataclass(frozen=True, kw_only=True)
class ConfidenceWeightedEntropy:
    """Suspicion is 1 - log(1 + x) / x with x = normalized entropy / probability of the given label.

    A certain model (x = 0) that agrees with the label gives suspicion 0, the limit of the formula.

    Notes
    -----
    A one-hot prediction of another class has entropy 0 too, and there the published formula says "fine"
    although nothing is more suspicious. Its limit is no use, so a row that the model contradicts keeps at
    least the uncertainty ``1 - p`` of its given label's own yes or no, whose limit is a suspicion of 1.
    ``details`` as in `SelfConfidence`.

    Examples
    --------
    >>> import numpy as np
    >>> P = np.array([[1.0, 0.0], [0.5, 0.5]])
    >>> evidence = Evidence(given_labels=np.array([0, 0]), pred_probs=P)
    >>> ConfidenceWeightedEntropy().score(evidence).suspicion.astype(float).round(3).tolist()
    [0.0, 0.451]
    """

    name: ClassVar[str] = "confidence_weighted_entropy"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "Kuan, Mueller: Model-agnostic label quality scoring, ICML 2022 DataPerf"
    fitted: ClassVar[bool] = False
    row_wise: ClassVar[bool] = True

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and out-of-sample ``pred_probs`` (n, K).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        return score_here(self.plan, evidence, type(self).__name__)

    def plan(self, shape: Shape) -> Plan:
        """Yield the steps of scoring; see `labelscope.scorers.blockwise`."""
        summary = yield from summary_plan(shape, entropy=True)
        return self.of(summary)

    def of(self, summary: Summary) -> Score:
        """Score what was seen of every row, entropy included."""
        return rank_score(
            summary, lambda part: 1.0 - weighted_entropy_quality(summary.rows.at(part), summary.n_classes)
        )


def weighted_entropy_quality(rows: Margins, n_classes: int) -> FloatArray:
    """Return (n,) float64 log(1 + x) / x, 1 where x is 0."""
    uncertainty = normalized_entropy(rows, n_classes)
    certain_of_other = (rows.given + AGREEMENT < rows.other) & (rows.given < _LOWEST_PROBABILITY)
    uncertainty = np.where(certain_of_other, np.maximum(uncertainty, 1.0 - rows.given), uncertainty)
    x = uncertainty / np.maximum(rows.given, _LOWEST_PROBABILITY)
    return np.asarray(np.divide(np.log1p(x), x, out=np.ones_like(x), where=x > 0))


def normalized_entropy(rows: Margins, n_classes: int) -> FloatArray:
    """Return (n,) float64 entropies over log K, in [0, 1]; 0 when there are fewer than two classes.

    Parameters
    ----------
    rows : Margins
        In float64, with ``rest``. The two classes that matter most are added in float64, so that a certain
        model's tiny entropies keep their order.
    n_classes : int
        Number of classes K.
    """
    if n_classes < 2 or rows.rest is None:
        return np.zeros(len(rows.given))
    entropy = -rows.rest.astype(np.float64)
    for p in (rows.given, rows.other):
        # log(1) for zeros: p log p tends to 0.
        entropy -= p * np.log(np.where(p > 0, p, 1.0))
    return np.asarray(np.clip(entropy / np.log(n_classes), 0.0, 1.0))
