"""Confidence-weighted entropy, with the right limit where the model is certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.confident.margins import Margins, margins
from labelscope.scorers.confident.result import rank_score
from labelscope.scorers.inputs import Inputs, blocks, read
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
        inputs = read(evidence, type(self).__name__, probs=True)
        rows = margins(inputs)
        return rank_score(inputs, rows, 1.0 - weighted_entropy_quality(inputs, rows))


def weighted_entropy_quality(inputs: Inputs, rows: Margins) -> FloatArray:
    """Return (n,) float64 log(1 + x) / x, 1 where x is 0."""
    uncertainty = normalized_entropy(inputs)
    certain_of_other = ~rows.agrees & (rows.given < _LOWEST_PROBABILITY)
    uncertainty = np.where(certain_of_other, np.maximum(uncertainty, 1.0 - rows.given), uncertainty)
    x = uncertainty / np.maximum(rows.given, _LOWEST_PROBABILITY)
    return np.asarray(np.divide(np.log1p(x), x, out=np.ones_like(x), where=x > 0))


def normalized_entropy(inputs: Inputs) -> FloatArray:
    """Return (n,) float64 entropies over log K, in [0, 1]; 0 when there are fewer than two classes."""
    probs = inputs.probabilities()
    n, n_classes = probs.shape
    entropy = np.zeros(n)
    if n_classes < 2:
        return entropy
    for rows in blocks(n, n_classes):
        block = probs[rows].astype(np.float64)
        # log(1) for zeros: p log p tends to 0.
        logs = np.log(np.where(block > 0, block, 1.0))
        entropy[rows] = -np.einsum("ij,ij->i", block, logs)
    return np.asarray(np.clip(entropy / np.log(n_classes), 0.0, 1.0))
