"""Rows above the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.data.arguments import check_numbers
from labelscope.errors import InvalidInputError
from labelscope.types import Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class AboveGate:
    """Rows at or above a suspicion, undecided ones first, each part by suspicion.

    Parameters
    ----------
    at : float, optional
        By default where the session's gate is, which ``evidence["gate"]`` says, else one half.

    Examples
    --------
    >>> evidence = Evidence(suspicion=np.array([0.1, 0.9, 0.8]), state=np.array([0, 0, 1]))
    >>> AboveGate(at=0.5).order(evidence).rows.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "gate"

    at: float | None = None

    def __post_init__(self) -> None:
        check_numbers(optional=True, at=self.at)
        if self.at is not None and not 0 <= self.at <= 1:
            raise InvalidInputError(f"The gate is {self.at!r}.", "Give a number from 0 to 1.")

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``suspicion`` (n,); ``state`` (n,) and ``gate`` when there are any.
        n : int, optional
            How many rows; by default all above the gate.

        Returns
        -------
        Ranking
            ``meta`` holds ``n_left`` and ``at``.
        """
        suspicion = np.asarray(evidence["suspicion"], dtype=np.float64)
        at = self.at if self.at is not None else float(evidence.get("gate", 0.5))
        decided = np.asarray(evidence.get("state", np.zeros(len(suspicion)))) != 0
        rows = np.flatnonzero(suspicion >= at)
        order = np.lexsort((-suspicion[rows], decided[rows]))
        first = rows[order][:n].astype(np.int64)
        return Ranking(first, suspicion[first], {"n_left": int((~decided[rows]).sum()), "at": at})
