"""Self-confidence: the probability of the given label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.confident.result import Summary, offsets, rank_score, summary_plan
from labelscope.scorers.inputs import score_here
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class SelfConfidence:
    """Suspicion is 1 minus the predicted probability of the given label.

    Parameters
    ----------
    adjust : bool
        Measure against the mean probability of the class, so that classes of which the model is less sure
        are not all suspected. Suspicion is then (1 - p + t) / 2 with t the class's confident threshold.

    Notes
    -----
    ``flagged`` are the rows where another class is more probable. ``details`` holds ``log_odds`` (n,)
    float64: the log of the rival's probability over the given label's, which tells rows apart where
    float32 suspicion saturates, and ``rival`` (n,) class codes.

    Examples
    --------
    >>> import numpy as np
    >>> evidence = Evidence(given_labels=np.array([0, 1]), pred_probs=np.array([[.75, .25], [.5, .5]]))
    >>> SelfConfidence().score(evidence).suspicion.tolist()
    [0.25, 0.5]
    """

    name: ClassVar[str] = "self_confidence"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "Northcutt, Jiang, Chuang: Confident Learning, JAIR 2021"
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
        rows, codes = summary.rows, summary.codes
        if not self.adjust:
            return rank_score(summary, lambda part: 1.0 - rows.given[part].astype(np.float64))
        limits = offsets(summary)
        return rank_score(
            summary, lambda part: (1.0 - rows.given[part].astype(np.float64) + limits[codes[part]]) / 2.0
        )
