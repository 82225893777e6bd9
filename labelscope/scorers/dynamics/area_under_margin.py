"""Area under the margin: by how much the given label led, averaged over training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.dynamics.recorded import Recorded, read_dynamics
from labelscope.types import Evidence, FloatArray, Score


@dataclass(frozen=True, kw_only=True)
class AreaUnderMargin:
    """Suspicion grows as the area under the margin (AUM) falls below the cut.

    AUM is the mean, over the epochs in which the row was recorded, of the logit of the given label minus the
    largest other logit.

    Parameters
    ----------
    percentile : float
        The cut is this percentile of the AUM of rows that were trained as a fake class (see
        `labelscope.providers.draw_fake_class`); without such rows it is 0.

    Notes
    -----
    With x = AUM - cut, suspicion is (1 - x / (m + abs(x))) / 2, where m is the median of abs(x): the cut is
    at .5 and the unit of the logits does not matter. ``flagged`` are the rows below the cut; ``suggested`` is
    the class with the largest AUM. Rows of the fake class were not trained on their given label: they are
    measured among the real classes, against 0, and never flagged; a second run with another fake class judges
    them. ``details`` holds ``area_under_margin`` (n,) float64 and ``n_recorded`` (n,), the epochs; ``meta``
    the ``cut`` and ``n_fake``. Rows that were never recorded have suspicion 0 and NaN details.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([[[2.0, 0.0], [4.0, 0.0]], [[1.0, 0.0], [3.0, 0.0]]])
    >>> evidence = Evidence(given_labels=np.array([0, 1]), training_dynamics=logits)
    >>> score = AreaUnderMargin().score(evidence)
    >>> score.details["area_under_margin"].tolist(), score.flagged.tolist()
    ([3.0, -2.0], [False, True])
    """

    name: ClassVar[str] = "area_under_margin"
    family: ClassVar[str] = "dynamics"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "training_dynamics")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Pleiss, Zhang, Elenberg, Weinberger: Identifying mislabeled data using the area under the margin "
        "ranking, NeurIPS 2020"
    )
    fitted: ClassVar[bool] = False
    row_wise: ClassVar[bool] = False

    percentile: float = 99.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.percentile <= 100.0:
            raise InvalidInputError(f"percentile is {self.percentile}.", "Pass a number from 0 to 100.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``training_dynamics`` (n, epochs, K) logits or recorded sums, and, when
            rows were trained as a fake class, ``fake_class`` (n,) bool.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        recorded = read_dynamics(evidence, type(self).__name__)
        area = recorded.mean(recorded.given["margin"])
        cut, n_fake = self._cut(recorded)
        above = np.where(recorded.fake, area, area - cut)
        return recorded.scored(
            _falling(above, recorded),
            np.asarray((above < 0.0) & ~recorded.fake),
            "margin",
            {"area_under_margin": area},
            cut=cut,
            n_fake=n_fake,
            percentile=self.percentile,
        )

    def _cut(self, recorded: Recorded) -> tuple[float, int]:
        drawn = recorded.fake & (recorded.steps > 0)
        if not drawn.any():
            return 0.0, 0
        areas = recorded.mean(recorded.fake_margins)[drawn]
        return float(np.percentile(areas, self.percentile)), int(drawn.sum())


def _falling(above: FloatArray, recorded: Recorded) -> FloatArray:
    usual = np.abs(above[recorded.judged & ~recorded.fake])
    middle = float(np.median(usual)) if len(usual) else 0.0
    scale = middle if middle > 0.0 else 1.0
    return np.asarray((1.0 - above / (scale + np.abs(above))) / 2.0)
