"""The expected joint of given and true labels, summed in whole units: it does not depend on the blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labelscope.types import FloatArray, IntArray

# Shares are counted in whole numbers of billionths; exact up to eight billion rows.
_UNIT = 2.0**30
# With many classes, what is smaller counts as the given label's.
_SMALLEST = np.float32(2.0**-22)
# So many cells are kept as a table; of more of them, only those that something was counted in.
_TABLE_CELLS = 1 << 17


@dataclass
class JointCounts:
    """Shares of a block's rows.

    Parameters
    ----------
    n_classes : int

    Attributes
    ----------
    labelled : (K,) int64
        Rows of each given label.
    table : (K * K,) int64 or None
        Units by cell, ``given * K + true``, where there are not too many cells.
    cells, units : list of (m,) int64
        Else single cells and their units.
    """

    n_classes: int
    labelled: IntArray = field(init=False)
    table: IntArray | None = None
    cells: list[IntArray] = field(default_factory=list)
    units: list[IntArray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.labelled = np.zeros(self.n_classes, dtype=np.int64)
        if self.n_classes**2 <= _TABLE_CELLS:
            self.table = np.zeros(self.n_classes**2, dtype=np.int64)

    def count(
        self, others: FloatArray, codes: IntArray, classes: IntArray | None, chosen: FloatArray | None
    ) -> None:
        """Add the shares of a tile.

        Parameters
        ----------
        others : (W, b) float32
            Beliefs in classes other than the given one.
        codes : (b,) int
            Given labels; -1 is unlabelled and is not counted.
        classes : (b, W) int, optional
            Which classes these are, by default all of them.
        chosen : (W, b) float32, optional
            1 at given labels, where all classes are there.
        """
        if len(codes) and codes.min() < 0:
            labelled = np.flatnonzero(codes >= 0)
            codes, others = codes[labelled], others[:, labelled]
            classes = None if classes is None else classes[labelled]
            chosen = None if chosen is None else chosen[:, labelled]
        self.labelled += np.bincount(codes, minlength=self.n_classes)
        if classes is None:
            shares = (chosen @ others.T).astype(np.float64)  # type: ignore[operator]
            self.table += np.rint(shares * _UNIT).astype(np.int64).reshape(-1)  # type: ignore[operator]
            return
        # Units are whole numbers below 2 ** 30: float32 has them, or rounds them as it rounds shares.
        cells = classes + (codes * self.n_classes)[:, None]
        units = np.rint(others * np.float32(_UNIT)).T.astype(np.int64, order="C")
        if self.table is not None:
            np.add.at(self.table, cells.reshape(-1), units.reshape(-1))
        else:
            counted = others.T >= _SMALLEST
            self.cells.append(cells[counted])
            self.units.append(units[counted])


def added(made: Sequence[JointCounts]) -> FloatArray:
    """Return the joint (K, K) float64 of all blocks; each row sums to how often its label is given."""
    n_classes = made[0].n_classes
    total, labelled = np.zeros(n_classes**2, dtype=np.int64), np.zeros(n_classes, dtype=np.int64)
    for one in made:
        labelled += one.labelled
        if one.table is not None:
            total += one.table
        for cells, units in zip(one.cells, one.units, strict=True):
            np.add.at(total, cells, units)
    joint = total.reshape(n_classes, n_classes) / _UNIT
    np.fill_diagonal(joint, 0.0)
    np.fill_diagonal(joint, labelled - joint.sum(axis=1))
    return np.asarray(joint)
