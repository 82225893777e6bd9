"""Whether probabilities are probabilities: slips of a row are repaired, anything larger is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from labelscope.errors import InvalidInputError, notify
from labelscope.types import Array, FloatArray, IntArray

_ROUNDING = 1e-5
# Rounding to float16 moves a row sum by up to half a unit in the last place of each large entry.
_HALF_ROUNDING = 4e-3
_REPAIRABLE = 0.01


def tolerance(dtype: npt.DTypeLike) -> float:
    """Return how far a row of this precision may sum from one by rounding alone."""
    return _HALF_ROUNDING if np.dtype(dtype) == np.float16 else _ROUNDING


def _no_rows() -> IntArray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Sums:
    """What was found wrong with rows, all by position among all rows.

    Attributes
    ----------
    repaired : (m,) int
        Rows off by little.
    not_finite : (m,) int
        Rows with NaN or infinity.
    smallest : (float, int)
        The most negative entry and its row.
    furthest : (float, float, int)
        The largest deviation of a sum from one, that sum, and its row.
    n_beyond : int
        How many rows are off by more than can be repaired.
    largest : float
        The largest entry among rows that are off.
    """

    repaired: IntArray = field(default_factory=_no_rows)
    not_finite: IntArray = field(default_factory=_no_rows)
    smallest: tuple[float, int] = (0.0, 0)
    furthest: tuple[float, float, int] = (0.0, 1.0, 0)
    n_beyond: int = 0
    largest: float = 0.0

    def joined(self, later: Sums) -> Sums:
        """Return both together; ``later`` holds rows further down."""
        return Sums(
            np.concatenate([self.repaired, later.repaired]),
            np.concatenate([self.not_finite, later.not_finite]),
            later.smallest if later.smallest[0] < self.smallest[0] else self.smallest,
            later.furthest if later.furthest[0] > self.furthest[0] else self.furthest,
            self.n_beyond + later.n_beyond,
            max(self.largest, later.largest),
        )

    def settle(self, n: int) -> None:
        """Refuse what cannot be repaired, and say what was.

        Parameters
        ----------
        n : int
            Number of rows in all.

        Raises
        ------
        InvalidInputError
            NaN, negative entries, or a row whose sum is more than .01 off one.
        """
        if len(self.not_finite):
            raise InvalidInputError(
                f"pred_probs is NaN or infinite in {len(self.not_finite):,} rows; the first is row "
                f"{self.not_finite[0]}.",
                "Predict these rows again, or leave pred_probs out and let labelscope make them.",
            )
        if self.smallest[0] < -_ROUNDING:
            logits = " They look like logits: apply a softmax first." if self.n_beyond else ""
            raise InvalidInputError(
                f"pred_probs has negative entries, {self.smallest[0]:.3g} in row {self.smallest[1]} "
                "for instance.",
                f"Pass probabilities in [0, 1].{logits}",
            )
        if self.n_beyond:
            raise InvalidInputError(
                f"{self.n_beyond:,} of {n:,} rows of pred_probs do not sum to one; row {self.furthest[2]} "
                f"sums to {self.furthest[1]:.4g}.",
                self._hint(),
            )
        if len(self.repaired):
            notify(
                "pred_probs_renormalized",
                f"{len(self.repaired):,} of {n:,} rows of pred_probs do not sum to one exactly (off by at "
                f"most {self.furthest[0]:.2g}); they are renormalized.",
                rows=self.repaired,
            )

    def _hint(self) -> str:
        if self.largest > 1 + _REPAIRABLE:
            return "Are these logits or percent? Apply a softmax, or divide by 100."
        if self.furthest[1] > 1:
            return (
                "Do the columns belong to independent tags? Then the task is multi-label; else apply a "
                "softmax."
            )
        return "Is a class's column missing? Pass one column per class, or divide each row by its sum."


def joined(parts: Sequence[Sums]) -> Sums:
    """Return what was found in all blocks, given in the order of the rows."""
    whole = Sums()
    for part in parts:
        whole = whole.joined(part)
    return whole


def _sums(rows: FloatArray) -> FloatArray:
    # Widened first: numpy sums with a cast in buffers, whose ends depend on where the row lies.
    return np.asarray(rows.astype(np.float64, copy=False).sum(axis=1))


def look_at(tile: FloatArray, limit: float, start: int) -> Sums:
    """Find what is wrong with a few rows.

    Parameters
    ----------
    tile : (b, K) float
        Rows.
    limit : float
        Deviation that is rounding.
    start : int
        Position of the first of them.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        sums = _sums(tile)
        off = np.abs(sums - 1.0)
        lowest = tile.min(axis=1)
        bad = ~np.isfinite(sums)
    if bad.any():
        return Sums(not_finite=start + np.flatnonzero(bad))
    row, far = int(lowest.argmin()), int(off.argmax())
    return Sums(
        repaired=start + np.flatnonzero((off > limit) | (lowest < 0)),
        smallest=(float(lowest[row]), start + row),
        furthest=(float(off[far]), float(sums[far]), start + far),
        n_beyond=int((off > max(_REPAIRABLE, limit)).sum()),
        largest=float(tile.max()),
    )


def repaired(rows: FloatArray, limit: float) -> FloatArray:
    """Divide rows that are off by their sum, negative rounding set to 0; others stay as they are.

    Parameters
    ----------
    rows : (m, K) float
        Rows; not written to.
    limit : float
        Deviation that is rounding.

    Returns
    -------
    (m, K) float
        What becomes of a row depends on that row only.
    """
    if not rows.size:
        return rows
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        sums = _sums(rows)
        off: Array = ~((np.abs(sums - 1.0) <= limit) & (rows.min(axis=1) >= 0))
        if not off.any():
            return rows
        fixed = rows.copy()
        wrong = np.maximum(rows[off], 0).astype(np.float64)
        fixed[off] = wrong / wrong.sum(axis=1, keepdims=True)
    return fixed
