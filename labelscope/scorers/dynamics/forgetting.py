"""Forgetting events: how often a row that had been learned was lost again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.dynamics.recorded import read_dynamics
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """Suspicion grows with every time that a learned row is forgotten, and is 1 if it was never learned.

    A row is learned in an epoch in which its given label is ahead of all others; it is forgotten when the
    next epoch in which it is recorded finds it not learned.

    Notes
    -----
    Suspicion is 1 - correctness / (1 + forgotten), with correctness the share of epochs in which the row was
    learned: never forgotten and always right is 0, and never learned is the limit 1 of learning it ever more
    rarely, not a count of 1000 beside counts of 3. ``flagged`` are the rows for which another class was ahead
    more often; ``suggested`` is the class that was most often. ``details`` holds ``forgotten`` (n,) int32
    events, ``first_learned`` (n,) int32 epoch counted from 0 (-1 for never), ``never_learned`` (n,) bool,
    ``correctness`` (n,) float64 and ``n_recorded`` (n,). Rows that were never recorded have suspicion 0;
    rows of a fake class (see `labelscope.scorers.AreaUnderMargin`) are measured among the real classes and
    not flagged.

    Examples
    --------
    >>> import numpy as np
    >>> right, wrong = [1.0, 0.0], [0.0, 1.0]
    >>> logits = np.array([[wrong, right, wrong, right], [wrong, wrong, wrong, wrong]])
    >>> evidence = Evidence(given_labels=np.array([0, 0]), training_dynamics=logits)
    >>> score = Forgetting().score(evidence)
    >>> score.details["forgotten"].tolist(), score.suspicion.tolist()
    ([1, 0], [0.75, 1.0])
    """

    name: ClassVar[str] = "forgetting"
    family: ClassVar[str] = "dynamics"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "training_dynamics")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Toneva et al.: An empirical study of example forgetting during deep neural network learning, "
        "ICLR 2019"
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
        correctness = recorded.mean(recorded.given["wins"])
        forgotten = np.where(recorded.judged, recorded.given["forgotten"], 0).astype(np.int32)
        first = np.where(recorded.judged, recorded.given["first"], -1).astype(np.int32)
        return recorded.scored(
            1.0 - correctness / (1.0 + forgotten),
            recorded.behind("wins") & ~recorded.fake,
            "wins",
            {
                "forgotten": forgotten,
                "first_learned": first,
                "never_learned": np.asarray(recorded.judged & (first < 0)),
                "correctness": correctness,
            },
        )
