"""The log ratio of the best other class to the given one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.confident.result import Summary, offsets, rank_score, summary_plan
from labelscope.scorers.inputs import score_here
from labelscope.types import Evidence, FloatArray, Score


@dataclass(frozen=True, kw_only=True)
class LogRatio:
    """Suspicion grows with r, the log of the best other class's probability over the given label's.

    It is (1 + r / (1 + |r|)) / 2: one half where both are equal, and unlike probabilities it goes on telling
    rows apart where a model is all but certain.

    Parameters
    ----------
    adjust : bool
        Take each class's probability relative to its confident threshold, so that classes of which the model
        is less sure are not all suspected.

    Notes
    -----
    ``details["log_ratio"]`` (n,) float64 holds r itself, 0 for unlabelled rows; the others as in
    `SelfConfidence`. ``flagged`` are the rows where another class is more probable.

    Examples
    --------
    >>> import numpy as np
    >>> P = np.array([[.75, .25], [.5, .5], [1e-20, 1.0]])
    >>> evidence = Evidence(given_labels=np.array([0, 1, 0]), pred_probs=P)
    >>> LogRatio().score(evidence).suspicion.astype(float).round(3).tolist()
    [0.238, 0.5, 0.989]
    """

    name: ClassVar[str] = "log_ratio"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "labelscope; the margin of Northcutt et al., JAIR 2021, in log space"
    fitted: ClassVar[bool] = False

    adjust: bool = False

    @property
    def row_wise(self) -> bool:
        """Whether each row is scored by itself; thresholds need all rows."""
        return not self.adjust

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
        summary = yield from summary_plan(shape)
        return self.of(summary)

    def of(self, summary: Summary) -> Score:
        """Score what was seen of every row."""
        odds = summary.details["log_odds"]
        if self.adjust and summary.n_classes > 1:
            limits = offsets(summary)
            level = np.log(np.where(limits > 0, limits, 1.0))
            codes, rival = summary.codes, summary.rows.rival
            odds = np.where(codes >= 0, odds + (level[codes] - level[rival]), 0.0)
        return rank_score(summary, lambda part: softened(odds[part]), more={"log_ratio": odds})


def softened(ratio: FloatArray) -> FloatArray:
    """Map log ratios to [0, 1], 0 to one half, so slowly that float32 keeps their order."""
    return np.asarray(0.5 + 0.5 * (ratio / (1.0 + np.abs(ratio))))
