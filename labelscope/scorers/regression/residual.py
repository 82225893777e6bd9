"""A target far from its prediction, measured by what is usual for rows like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.regression.residuals import read_residuals
from labelscope.types import Evidence, Score

_MIDDLE = 3.0


@dataclass(frozen=True, kw_only=True)
class ResidualOutlier:
    """Rank rows by the distance of their target from its prediction, over a local robust scale.

    Parameters
    ----------
    cut : float
        Rows whose target is farther than this many robust standard deviations are flagged.

    Notes
    -----
    The scale is the median size of the residuals among the neighbors (or, without ``knn_ids``, among the rows
    with the nearest predictions), drawn toward that of all rows: where targets scatter anyway, a large
    residual says less. With z the ratio, suspicion is ``z / (z + 3)``; of several targets the worst counts.
    ``details``: ``suggested_value``, ``residual`` and ``scale``, in the shape of the targets.

    Examples
    --------
    >>> score = ResidualOutlier().score(
    ...     Evidence(given_labels=np.array([1.0, 2.5, 9.0]), predictions=np.array([1.1, 2.1, 3.0]))
    ... )
    >>> int(score.suspicion.argmax()), score.suggested.tolist()
    (2, [1.1, 2.1, 3.0])
    """

    name: ClassVar[str] = "residual_outlier"
    family: ClassVar[str] = "regression"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "predictions")
    uses: ClassVar[tuple[str, ...]] = ("knn_ids",)
    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reference: ClassVar[str] = (
        "Zhou et al.: Detecting errors in a numerical response via any regression model, 2023; Iglewicz & "
        "Hoaglin: How to detect and handle outliers, 1993"
    )
    fitted: ClassVar[bool] = False

    cut: float = 3.5

    def __post_init__(self) -> None:
        if not self.cut > 0:
            raise InvalidInputError(f"cut is {self.cut}, but a number above 0 is needed.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` and ``predictions``, (n,) or (n, d); NaN where there is none.

        Returns
        -------
        Score
            ``suggested`` has the shape of the targets.

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        read = read_residuals(evidence, type(self).__name__)
        ratio = np.abs(read.values) / read.scale
        worst = ratio.max(axis=1, initial=0.0)
        return Score(
            suspicion=(worst / (worst + _MIDDLE)).astype(np.float32),
            suggested=read.shaped(read.suggested()),
            flagged=worst > self.cut,
            details={
                "suggested_value": read.shaped(read.suggested()),
                "residual": read.shaped(read.values),
                "scale": read.shaped(read.scale),
            },
            meta={"scale": "rank", "cut": self.cut},
        )
