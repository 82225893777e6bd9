"""Most suspicious first: the default queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.types import Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class MostSuspicious:
    """Flagged rows without a decision, then other rows without one, then the rest; each part by suspicion.

    Equal suspicion keeps the row order.

    Examples
    --------
    >>> evidence = Evidence(suspicion=np.array([0.1, 0.9, 0.8]), state=np.array([0, 0, 1]))
    >>> MostSuspicious().order(evidence).rows.tolist()
    [1, 0, 2]
    """

    name: ClassVar[str] = "most_suspicious"

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``suspicion`` (n,); ``state`` (n,) and ``flagged`` (n,) when there are any.
        n : int, optional
            How many rows; by default all.

        Returns
        -------
        Ranking
            ``meta["n_left"]`` rows have no decision yet; they come first.
        """
        suspicion = np.asarray(evidence["suspicion"], dtype=np.float64)
        decided = np.asarray(evidence.get("state", np.zeros(len(suspicion)))) != 0
        flagged = np.asarray(evidence.get("flagged", np.zeros(len(suspicion))), dtype=bool)
        part = np.where(decided, 2, np.where(flagged, 0, 1))
        rows = np.lexsort((-suspicion, part))[:n].astype(np.int64)
        return Ranking(rows, suspicion[rows], {"n_left": int((~decided).sum())})
