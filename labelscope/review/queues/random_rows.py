"""Random rows: what an estimate of the errors left must rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.data.arguments import check_seed
from labelscope.types import Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class RandomRows:
    """Rows without a decision in random order, then the rest in random order.

    The order of two rows never changes while others are decided, so that a list does not jump.

    Parameters
    ----------
    random_state : int

    Examples
    --------
    >>> evidence = Evidence(suspicion=np.zeros(3), state=np.array([0, 0, 1]))
    >>> RandomRows().order(evidence).rows.tolist()[-1]
    2
    """

    name: ClassVar[str] = "random"

    random_state: int = 0

    def __post_init__(self) -> None:
        check_seed(self.random_state)

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``suspicion`` (n,), for the number of rows; ``state`` (n,) when there is one.
        n : int, optional
            How many rows; by default all.

        Returns
        -------
        Ranking
            With equal weights: each row without a decision is equally likely to come first.
        """
        total = len(evidence["suspicion"])
        decided = np.asarray(evidence.get("state", np.zeros(total))) != 0
        shuffled = np.random.default_rng(self.random_state).permutation(total)
        rows = shuffled[np.argsort(decided[shuffled], kind="stable")][:n].astype(np.int64)
        return Ranking(rows, np.ones(len(rows)), {"n_left": int((~decided).sum())})
