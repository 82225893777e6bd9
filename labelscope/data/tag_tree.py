"""A taxonomy as far as the columns of a matrix of tags go: which tag is implied by which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.taxonomy import Taxonomy
from labelscope.types import BoolArray, FloatArray, IntArray

_EDGE = 1e-6


@dataclass(frozen=True, eq=False)
class TagTree:
    """Columns of tags in trees; labels of the taxonomy without a column are passed over.

    Attributes
    ----------
    names : tuple of K str
    parents : (K,) int64
        Column of the nearest tag above, -1 where there is none.
    ancestors : (K, K) bool
        Whether the column's tag is the row's or above it.

    Examples
    --------
    >>> tree = TagTree.of(Taxonomy.of({"animal": None, "dog": "animal", "puppy": "dog"}), ["animal", "puppy"])
    >>> tree.parents.tolist(), tree.above([1]).tolist(), tree.below([0]).tolist()
    ([-1, 0], [0], [1])
    """

    names: tuple[str, ...]
    parents: IntArray
    ancestors: BoolArray

    @classmethod
    def of(cls, taxonomy: Taxonomy, names: Sequence[str]) -> TagTree:
        """Cut a taxonomy down to columns; raises InvalidInputError for a name that it does not have."""
        column_of = {taxonomy.place(name): column for column, name in enumerate(names)}
        parents = np.full(len(names), -1, dtype=np.int64)
        above = np.eye(len(names), dtype=bool)
        for place, column in column_of.items():
            at = int(taxonomy.parents[place])
            while at >= 0:
                if at in column_of:
                    above[column, column_of[at]] = True
                    parents[column] = column_of[at] if parents[column] < 0 else parents[column]
                at = int(taxonomy.parents[at])
        return cls(tuple(names), parents, above)

    @property
    def flat(self) -> bool:
        """Whether no tag implies another one."""
        return bool((self.parents < 0).all())

    def columns(self, names: Iterable[str]) -> IntArray:
        """Return the columns of tags."""
        return np.array([self.names.index(name) for name in names], dtype=np.int64)

    def above(self, columns: Any) -> IntArray:
        """Return the columns that others imply, without these themselves."""
        found: BoolArray = np.asarray(self.ancestors[columns].any(axis=0))
        found[columns] = False
        return np.flatnonzero(found)

    def below(self, columns: Any) -> IntArray:
        """Return the columns that imply one of these, without these themselves."""
        found: BoolArray = np.asarray(self.ancestors[:, columns].any(axis=1))
        found[columns] = False
        return np.flatnonzero(found)

    def violations(self, tags: npt.ArrayLike) -> BoolArray:
        """Return (n, K) bool: tags that are present (1) though the one above is absent (0)."""
        matrix = np.asarray(tags)
        child = np.flatnonzero(self.parents >= 0)
        found = np.zeros(matrix.shape, dtype=bool)
        found[:, child] = (matrix[:, child] == 1) & (matrix[:, self.parents[child]] == 0)
        return found

    def trees(self, which: BoolArray) -> BoolArray:
        """Return (n, K) bool: all tags of the trees in which a row has one that is marked."""
        tops = np.flatnonzero(self.parents < 0)
        hit: BoolArray = np.zeros(which.shape, dtype=bool)
        for top in tops.tolist():
            inside = self.ancestors[:, top]
            hit[:, inside] = np.asarray(which[:, inside].any(axis=1))[:, None]
        return hit

    def given_closed(self, probs: FloatArray) -> FloatArray:
        """Return the probabilities of tags once it is known that no tag is there without what it implies.

        Parameters
        ----------
        probs : (n, K) float
            Of each tag by itself, taken as independent before.

        Returns
        -------
        (n, K) float64
            Never more for a tag than for one above it, so that those of at least one half are closed.

        Notes
        -----
        Sums over all closed sets, in one pass up the trees and one down.
        """
        inside = np.clip(np.asarray(probs, dtype=np.float64), _EDGE, 1 - _EDGE)
        odds: FloatArray = np.asarray(np.log(inside) - np.log1p(-inside))
        order = np.argsort(self.ancestors.sum(axis=1), kind="stable")
        for column in order[::-1].tolist():
            if self.parents[column] >= 0:
                odds[:, self.parents[column]] += np.logaddexp(0, odds[:, column])
        found: FloatArray = np.asarray(1 / (1 + np.exp(-odds)))
        for column in order.tolist():
            if self.parents[column] >= 0:
                found[:, column] *= found[:, self.parents[column]]
        return found


__all__ = ["TagTree"]
