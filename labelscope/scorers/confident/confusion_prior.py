"""The log ratio, plus how common the confusion is that it would be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.confident.counting import Counts, whole_plan
from labelscope.scorers.confident.joint import Rule
from labelscope.scorers.confident.log_ratio import softened
from labelscope.scorers.confident.margins import chunks
from labelscope.scorers.confident.result import rank_score
from labelscope.scorers.inputs import score_here
from labelscope.types import Array, Evidence, FloatArray, IntArray, Score

_STRENGTH = 10.0


@dataclass(frozen=True, kw_only=True)
class ConfusionPairPrior:
    """Suspicion grows with the log odds that the rival is true, the confusion's own frequency included.

    By Bayes' rule, with P(true | row) from the model and P(given | true) from the calibrated confident
    joint, the odds of the rival j against the given label y are p_j / p_y × P(y | j) / P(y | y). The log of
    it is the log ratio plus the log prior odds of the pair: mistakes that many people make are more
    suspicious than those that nobody makes. It is mapped to [0, 1] as in `LogRatio`.

    Parameters
    ----------
    rule : {"paper", "library"}
        Which class wins when several are confident.

    Notes
    -----
    P(given | true) is pulled toward one rate for all pairs with the weight of ten rows of the true class, so
    that rare pairs get no infinite odds. ``details`` holds ``log_ratio`` and ``pair_prior`` (n,) float64,
    whose sum is mapped, and what `SelfConfidence` has. ``flagged`` are the rows where the sum is above 0.

    Examples
    --------
    >>> import numpy as np
    >>> P = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]])
    >>> evidence = Evidence(given_labels=np.array([0, 0, 1, 1, 1]), pred_probs=P)
    >>> int(ConfusionPairPrior().score(evidence).suspicion.argmax())
    4
    """

    name: ClassVar[str] = "confusion_pair_prior"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "labelscope; noise matrix of Northcutt et al., JAIR 2021, in Bayes' rule"
    fitted: ClassVar[bool] = False

    rule: Rule = "paper"

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
        counts = yield from whole_plan(shape, rule=self.rule)
        return self.of(counts)

    def of(self, counts: Counts) -> Score:
        """Score what was counted."""
        summary = counts.summary
        odds = summary.details["log_odds"]
        prior = np.zeros(len(odds))
        if summary.n_classes > 1:
            pairs = PairRates(counts.calibrated)
            for part in chunks(len(odds)):
                own = summary.codes[part]
                found = pairs.log_odds(np.maximum(own, 0), summary.rows.rival[part])
                prior[part] = np.where(own >= 0, found, 0.0)
        return rank_score(
            summary,
            lambda part: softened(odds[part] + prior[part]),
            flagged=(summary.codes >= 0) & (odds + prior > 0),
            more={"log_ratio": odds, "pair_prior": prior},
        )


class PairRates:
    """P(given | true) from a joint of given (rows) × true (columns), pulled toward one rate for all pairs.

    Parameters
    ----------
    joint : (K, K)
        Calibrated counts.
    """

    def __init__(self, joint: Array) -> None:
        self._joint, n_classes = joint, len(joint)
        self._true = joint.sum(axis=0, dtype=np.float64)
        self._right = np.diag(joint).astype(np.float64)
        total = float(self._true.sum())
        # One mistake in twenty labels is the belief before there are any.
        self._common = (total - float(self._right.sum()) + 1.0) / (total + 20.0)
        self._each = self._common / max(n_classes - 1, 1)

    def log_odds(self, given: IntArray, true: IntArray) -> FloatArray:
        """Return log P(given | true) - log P(given | given) for pairs of different classes."""
        wrong = (self._joint[given, true] + _STRENGTH * self._each) / (self._true[true] + _STRENGTH)
        right = (self._right[given] + _STRENGTH * (1.0 - self._common)) / (self._true[given] + _STRENGTH)
        return np.asarray(np.log(wrong) - np.log(right))
