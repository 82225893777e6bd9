"""One confusion at a time: rows of one class that look like another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class ClassPair:
    """Rows whose suggestion differs from the given label, pair by pair.

    Without arguments the pair with the most undecided rows comes first; with them only that pair is listed.
    Undecided rows come first, by suspicion. People decide faster when one question is asked many times.

    Parameters
    ----------
    given, suggested : label, optional
        The label that rows have, and the one that is suggested; None for any.

    Examples
    --------
    >>> evidence = Evidence(
    ...     classes=np.array(["cat", "dog"]), given_labels=np.array([0, 0, 1]), suggested=np.array([1, 0, 0]),
    ...     suspicion=np.array([0.5, 0.1, 0.9]), state=np.zeros(3, int),
    ... )
    >>> ClassPair(given="cat").order(evidence).rows.tolist()
    [0]
    """

    name: ClassVar[str] = "class_pair"

    given: Any = None
    suggested: Any = None

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``classes`` (K,); ``given_labels``, ``suggested`` (codes), ``suspicion``, ``state`` (n,).
        n : int, optional
            How many rows; by default all of the pairs wanted.

        Returns
        -------
        Ranking
            ``meta["pairs"]`` lists the first pairs as (given, suggested, undecided rows).

        Raises
        ------
        InvalidInputError
            A label that is no class.
        """
        given, suggested = (
            np.asarray(evidence[name], dtype=np.int64) for name in ("given_labels", "suggested")
        )
        suspicion = np.asarray(evidence["suspicion"], dtype=np.float64)
        decided = np.asarray(evidence.get("state", np.zeros(len(given)))) != 0
        classes = list(np.asarray(evidence["classes"]).tolist())
        wanted = (given != suggested) & (given >= 0) & (suggested >= 0)
        wanted &= _matches(given, self.given, classes) & _matches(suggested, self.suggested, classes)
        rows = np.flatnonzero(wanted)
        pair = given[rows] * len(classes) + suggested[rows]
        pairs, place = np.unique(pair, return_inverse=True)
        left = np.bincount(place, weights=~decided[rows], minlength=len(pairs))
        order = np.lexsort((-suspicion[rows], pair, -left[place], decided[rows]))
        first = rows[order][:n].astype(np.int64)
        largest = np.argsort(-left, kind="stable")[:20]
        listed = [
            (classes[pairs[k] // len(classes)], classes[pairs[k] % len(classes)], int(left[k]))
            for k in largest
        ]
        return Ranking(first, suspicion[first], {"n_left": int(left.sum()), "pairs": listed})


def _matches(codes: Array, label: Any, classes: list[Any]) -> BoolArray:
    if label is None:
        return np.ones(len(codes), dtype=bool)
    for code, known in enumerate(classes if np.ndim(label) == 0 else ()):
        if known == label and isinstance(known, bool) == isinstance(label, bool | np.bool_):
            return np.asarray(codes == code)
    raise InvalidInputError.unknown("label", label, classes)
