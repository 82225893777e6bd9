"""Normalized margin: the given label's probability against its strongest rival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from labelscope.scorers.confident.margins import margins
from labelscope.scorers.confident.result import adjusted_margins, rank_score
from labelscope.scorers.inputs import read
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
        inputs = read(evidence, type(self).__name__, probs=True)
        rows = margins(inputs)
        difference = adjusted_margins(inputs, rows)[1] if self.adjust else rows.other - rows.given
        return rank_score(inputs, rows, (difference + 1.0) / 2.0)
