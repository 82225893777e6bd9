"""Normalized margin: the given label's probability against its strongest rival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.confident.result import (
    Summary,
    adjusted_step,
    margin_suspicion,
    offsets,
    rank_score,
    summary_plan,
)
from labelscope.scorers.inputs import score_here
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class NormalizedMargin:
    """Suspicion is (rival's probability - given label's probability + 1) / 2.

    Parameters
    ----------
    adjust : bool
        Subtract each class's confident threshold from its probabilities first.

    Notes
    -----
    Above 0.5 the model prefers another class (without ``adjust``). ``details`` as in `SelfConfidence`.

    Examples
    --------
    >>> import numpy as np
    >>> evidence = Evidence(given_labels=np.array([0, 1]), pred_probs=np.array([[.75, .25], [.5, .5]]))
    >>> NormalizedMargin().score(evidence).suspicion.tolist()
    [0.25, 0.5]
    """

    name: ClassVar[str] = "normalized_margin"
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
        if not self.adjust:
            return self.of(summary)
        made = yield adjusted_step(offsets(summary), summary.off)
        difference = made.rows["difference"]
        return rank_score(summary, lambda part: (difference[part] + 1.0) / 2.0)

    def of(self, summary: Summary) -> Score:
        """Score what was seen of every row, without ``adjust``."""
        return rank_score(summary, lambda part: margin_suspicion(summary.rows.at(part)))
