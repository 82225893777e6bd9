"""Rows that occur more than once: exactly, or so nearly that they would leak labels between folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.folds import matrix_keys
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Sets of duplicate rows.

    Parameters
    ----------
    near : float
        Rows nearer than this share of the median distance to the last neighbor in the graph count as near
        duplicates; 0 finds exact duplicates only. The default is strict, since folds keep the sets together.
        Up to three columns are always dense enough for near rows by chance: only exact ones count there.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> evidence = ls.Evidence(features=np.array([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0]]))
    >>> ls.providers.Duplicates().make(None, evidence).arrays["duplicates"].tolist()
    [0, 1, 0]
    """

    name: ClassVar[str] = "duplicates"
    makes: ClassVar[tuple[str, ...]] = ("duplicates",)
    needs: ClassVar[tuple[str, ...]] = ("features", "knn_ids", "knn_distances")

    near: float = 0.03

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``duplicates`` (n,) int32: the id of each row's set; a row without a duplicate has its own.

        Parameters
        ----------
        dataset : Dataset or None
            Not used.
        evidence : Evidence
            ``features`` for exact duplicates; for near ones ``knn_ids`` and ``knn_distances``, where present.
        random_state : int
            Seed of the hash; the result does not depend on it.

        Returns
        -------
        Made
            Facts: ``n_exact_duplicates`` and ``n_near_duplicates``, the rows that an earlier row repeats, and
            ``n_conflicting_duplicates``, rows in sets whose given labels differ.

        Raises
        ------
        MissingEvidenceError
            No features.
        """
        if not 0 <= self.near < 1:
            raise InvalidInputError(f"near is {self.near}, but a share in [0, 1) is needed.")
        features = check_features(evidence["features"])
        n = len(features)
        exact: IntArray = np.unique(matrix_keys(features, random_state=random_state), return_inverse=True)[1]
        sets = exact
        if self.near > 0 and features.shape[1] > 3 and "knn_ids" in evidence and "knn_distances" in evidence:
            sets = _with_near(exact, evidence["knn_ids"], evidence["knn_distances"], self.near)
        _, first, inverse = np.unique(sets, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int32)
        rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
        n_exact = n - len(np.unique(exact))
        facts = {
            "n_exact_duplicates": n_exact,
            "n_near_duplicates": n - len(first) - n_exact,
            "n_conflicting_duplicates": _conflicting(inverse, evidence),
        }
        return Made({"duplicates": rank[inverse] if n else np.empty(0, dtype=np.int32)}, facts)


def _with_near(exact: IntArray, ids: IntArray, distances: FloatArray, near: float) -> IntArray:
    """Join exact sets along very short edges of the neighbor graph."""
    if distances.shape[1] == 0:
        return exact
    # The last neighbor, not the first: in data that are there twice the first is a copy everywhere.
    positive = distances[:, -1][distances[:, -1] > 0]
    if len(positive) == 0:
        return exact
    short = distances < near * float(np.median(positive))
    if not short.any():
        return exact
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    row, place = np.nonzero(short)
    size = int(exact.max()) + 1
    links = (np.ones(len(row), dtype=np.int8), (exact[row], exact[ids[row, place]]))
    joined = connected_components(coo_matrix(links, shape=(size, size)), directed=False)[1]
    return np.asarray(joined[exact], dtype=np.int64)


def _conflicting(sets: IntArray, evidence: Evidence) -> int:
    if "given_labels" not in evidence or "classes" not in evidence or len(sets) == 0:
        return 0
    codes = np.asarray(evidence["given_labels"])
    labelled = codes >= 0
    low = np.full(int(sets.max()) + 1, np.iinfo(np.int64).max)
    high = np.full(int(sets.max()) + 1, -1)
    np.minimum.at(low, sets[labelled], codes[labelled])
    np.maximum.at(high, sets[labelled], codes[labelled])
    return int((labelled & (low < high)[sets]).sum())
