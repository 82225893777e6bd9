"""Self-confidence: the probability of the given label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.confident.margins import margins
from labelscope.scorers.confident.result import adjusted_margins, rank_score
from labelscope.scorers.inputs import read
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
        inputs = read(evidence, type(self).__name__, probs=True)
        rows = margins(inputs)
        suspicion = 1.0 - rows.given
        if self.adjust and inputs.n_classes:
            limits = adjusted_margins(inputs, rows)[0]
            suspicion = (1.0 - rows.given + limits[np.maximum(inputs.codes, 0)]) / 2.0
        return rank_score(inputs, rows, suspicion)
