"""Dataset cartography: where a row lies between easy, ambiguous and hard to learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.dynamics.recorded import read_dynamics
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class Cartography:
    """Suspicion is nearness to the corner of the data map where the given label is never believed.

    Over the recorded epochs, confidence is the mean of the probability of the given label, variability its
    standard deviation, and correctness the share of epochs in which the given label was ahead. Rows of low
    confidence and low variability are hard to learn, and many of them are mislabeled.

    Notes
    -----
    Suspicion is 1 - sqrt(confidence² + variability²), one minus the distance from that corner (the root mean
    square of the probability). ``flagged`` are the rows where another class has a larger mean probability;
    ``suggested`` is the class with the largest. ``details`` holds ``confidence``, ``variability`` and
    ``correctness`` (n,) float64 and ``n_recorded`` (n,), the epochs. The given label is ahead only where no
    other logit is as large. Rows that were never recorded have suspicion 0 and NaN details; rows of a fake
    class (see `labelscope.scorers.AreaUnderMargin`) are measured among the real classes and not flagged.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.log([[[0.8, 0.2], [0.6, 0.4]], [[0.9, 0.1], [0.9, 0.1]]])
    >>> evidence = Evidence(given_labels=np.array([0, 1]), training_dynamics=logits)
    >>> details = Cartography().score(evidence).details
    >>> details["confidence"].round(6).tolist(), details["variability"].round(6).tolist()
    ([0.7, 0.1], [0.1, 0.0])
    """

    name: ClassVar[str] = "cartography"
    family: ClassVar[str] = "dynamics"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "training_dynamics")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Swayamdipta et al.: Dataset cartography: mapping and diagnosing datasets with training dynamics, "
        "EMNLP 2020"
    )
    fitted: ClassVar[bool] = False
    row_wise: ClassVar[bool] = True

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
        confidence = recorded.mean(recorded.given["probability"])
        square = recorded.mean(recorded.given["square"])
        return recorded.scored(
            1.0 - np.sqrt(square),
            recorded.behind("probability") & ~recorded.fake,
            "probability",
            {
                "confidence": confidence,
                "variability": np.sqrt(np.maximum(square - confidence**2, 0.0)),
                "correctness": recorded.mean(recorded.given["wins"]),
            },
        )
