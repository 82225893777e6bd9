"""The likeliest classes of every row, found once where there are very many classes and not too many rows.

Looking for them is most of the work on a row; what is kept of it is a small part of the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labelscope.scorers.blockwise import Block, Partial, Shape, chunk_rows
from labelscope.scorers.confident.row_sums import joined
from labelscope.scorers.evidence_tables import CANDIDATES, Table, logs_of, picked, values_of
from labelscope.scorers.row_keys import keys_of
from labelscope.types import Array, FloatArray, IntArray

# What is kept is at most an eighth of a matrix of float32, and a few tens of megabytes.
KEPT_FROM, _CODES_UP_TO = 12 * CANDIDATES, 1 << 15
KEPT_ROWS = 1 << 17


@dataclass(frozen=True)
class Kept:
    """Candidates of all rows.

    Attributes
    ----------
    classes : (n, W) int16
        The given one first, then the likeliest.
    values : (n, W) float32
        Their probabilities.
    """

    classes: IntArray
    values: FloatArray

    def table(self, rows: slice | IntArray, codes: IntArray) -> Table:
        """Return the evidence about some rows, as `labelscope.scorers.evidence_tables.table_of` does.

        Parameters
        ----------
        rows : slice or (b,) int
            Positions among all rows.
        codes : (b,) int
            Their given labels.
        """
        turned = np.array(self.values[rows].T, order="C")
        return Table(logs_of({"model": turned}), np.minimum(codes, 0), self.classes[rows])


def keeps(shape: Shape, needs: tuple[str, ...]) -> bool:
    """Say whether candidates are kept: where the model speaks alone.

    Parameters
    ----------
    shape : Shape
    needs : tuple of str
        Matrices that there are.
    """
    few = len(shape.codes) <= KEPT_ROWS and KEPT_FROM <= len(shape.classes) <= _CODES_UP_TO
    return few and needs == ("pred_probs",)


def keyed_and_kept(block: Block) -> Partial:
    """Look at each row once, and for its candidates while it is at hand.

    Returns
    -------
    Partial
        As of `labelscope.scorers.row_keys.keys_of`, ``reduced`` is which rows do not sum to one; for every
        row there are ``key``, ``classes`` and ``values``.
    """
    rows: dict[str, Array] = {
        "key": np.zeros(len(block.codes), np.uint64),
        "classes": np.zeros((len(block.codes), CANDIDATES), np.int16),
        "values": np.zeros((len(block.codes), CANDIDATES), np.float32),
    }
    found = []
    for start in range(0, len(block.codes), chunk_rows(block.n_classes)):
        at = slice(start, min(start + chunk_rows(block.n_classes), len(block.codes)))
        probs = None if block.pred_probs is None else block.pred_probs[at]
        some = replace(
            block,
            start=block.start + at.start,
            stop=block.start + at.stop,
            codes=block.codes[at],
            pred_probs=probs,
        )
        rows["key"][at], seen = keys_of(some)
        chosen, values = picked(values_of(some, slice(None), seen.repaired), some.codes)
        rows["classes"][at], rows["values"][at] = chosen, values["model"]
        found.append(seen)
    return Partial(joined(found), rows)
