"""Rows that seem to belong to no class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.data.arguments import check_counts, check_flags
from labelscope.errors import MissingEvidenceError
from labelscope.scorers.representation.weight_aware import WeightAware
from labelscope.types import Array, BoolArray, Evidence, IntArray, Ranking

UNREVIEWED, UNSURE, EXCLUDED = 0, 3, 4


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Rows far from every labelled class first: call them out of scope, or make a new class of them.

    The order follows the review: labels as they are now are compared, rows that were excluded leave the list
    and speak for no class, and rows of a new class speak for it. Decided rows come last.

    Parameters
    ----------
    unlabelled : bool
        Whether to list only rows without a label.
    n_nearest : int, optional
        As in `scorers.WeightAware`.

    Notes
    -----
    Weights are the foreignness. ``meta`` holds ``n_left``, ``foreign_cut`` (beyond it lie rows that are
    farther off than labelled rows usually are), ``foreign_share``, and for the rows in order
    ``nearest_class``, the code of the class that they are least far from.

    Examples
    --------
    >>> X = np.array([[0, 3], [0, 4], [1, 4], [4, 0], [3, 0], [4, 1], [-5, -5]], dtype=np.float32)
    >>> evidence = Evidence(given_labels=np.array([0, 0, 0, 1, 1, 1, -1]), classes=np.arange(2), features=X)
    >>> Foreign().order(evidence, 1).rows.tolist()
    [6]
    """

    name: ClassVar[str] = "foreign"

    unlabelled: bool = False
    n_nearest: int | None = None

    def __post_init__(self) -> None:
        check_flags(unlabelled=self.unlabelled)
        check_counts(optional=True, n_nearest=self.n_nearest)

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``features`` (n, d), ``current`` or ``given_labels`` (n,) codes, ``classes``; ``state`` (n,) and
            ``verified`` (n,) bool where there are any.
        n : int, optional
            How many rows; by default all in scope.

        Returns
        -------
        Ranking

        Raises
        ------
        MissingEvidenceError
            No features.
        """
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", type(self).__name__, evidence)
        codes, state = current_codes(evidence), states(evidence)
        out = excluded_rows(evidence, state)
        read = {
            "features": evidence["features"],
            "given_labels": codes,
            "excluded": out,
            "verified": evidence.get("verified"),
        }
        classes = np.arange(max(len(evidence.get("classes", ())), int(codes.max(initial=-1)) + 1))
        # Doubtful labels speak for no class until they are settled.
        read["given_labels"] = np.where(state == UNSURE, -1, codes)
        score = WeightAware(n_nearest=self.n_nearest).score(Evidence(read, classes=classes))
        foreign, nearest = score.details["foreign"], score.details["pseudo_label"]
        decided = (state != UNREVIEWED) & (state != UNSURE)
        listed = np.flatnonzero(~out & ((codes < 0) | (not self.unlabelled)))
        order = np.lexsort((-foreign[listed], decided[listed]))
        rows = listed[order][:n].astype(np.int64)
        meta = {
            "n_left": int((~decided[listed]).sum()),
            "foreign_cut": score.meta["foreign_cut"],
            "foreign_share": score.meta["foreign_share"],
            "nearest_class": nearest[rows],
        }
        return Ranking(rows, np.asarray(foreign[rows], dtype=np.float64), meta)


def current_codes(evidence: Evidence) -> IntArray:
    """Return (n,) int64 labels as they are now, -1 for rows without one."""
    name = "current" if "current" in evidence else "given_labels"
    return np.asarray(evidence[name], dtype=np.int64)


def states(evidence: Evidence) -> Array:
    """Return (n,) numbers of the rows' states; 0 where nobody decided."""
    return np.asarray(evidence.get("state", np.zeros(len(evidence["features"]), dtype=np.uint8)))


def excluded_rows(evidence: Evidence, state: Array) -> BoolArray:
    """Return (n,) bool: rows that somebody called out of scope."""
    given = evidence.get("excluded")
    return np.asarray((state == EXCLUDED) | (False if given is None else np.asarray(given, dtype=bool)))
