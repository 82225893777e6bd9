"""Rankings of models: where they cross, how alike two rankings are, and what chance does to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

_CELLS = 4_000_000


@dataclass(frozen=True)
class Answers:
    """Which predictions are right, by the labels given and by the corrected ones.

    Attributes
    ----------
    given, corrected : (m, n) bool
        By model and row, of rows whose right label is known.
    correctable : (n,) bool
        Rows whose given label is wrong.
    """

    given: BoolArray
    corrected: BoolArray
    correctable: BoolArray

    @property
    def prevalence(self) -> float:
        """Share of the rows whose given label is wrong."""
        return float(self.correctable.mean())

    def figures(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return (m,) accuracies: on right labels, on wrong ones, on wrong ones that are corrected.

        NaN where there are no such rows.
        """
        rest, wrong = ~self.correctable, self.correctable
        parts = (self.given[:, rest], self.given[:, wrong], self.corrected[:, wrong])
        nan = np.full(len(self.given), np.nan)
        b, o, c = (part.mean(axis=1) if part.shape[1] else nan for part in parts)
        return b, o, c

    def resampled(self, n_bootstrap: int, random_state: int) -> Iterator[tuple[FloatArray, ...]]:
        """Draw rows again, the same for all models.

        Parameters
        ----------
        n_bootstrap, random_state : int

        Yields
        ------
        original, corrected, benign, correctable_original, correctable_corrected : (r, m) float64
            Accuracies of ``r`` draws; NaN where a draw holds no such row.

        Notes
        -----
        Rows on which all models do alike are exchangeable, so that only their number is drawn.
        """
        table = np.vstack([self.correctable[None], self.given, self.corrected])
        packed = np.packbits(table, axis=0).T
        _, first, sizes = np.unique(packed, axis=0, return_index=True, return_counts=True)
        kinds = table[:, first].T.astype(np.float64)
        m, n = self.given.shape
        wrong, given, corrected = kinds[:, 0], kinds[:, 1 : m + 1], kinds[:, m + 1 :]
        rng, left = np.random.default_rng(random_state), n_bootstrap
        while left > 0:
            size = min(left, max(1, _CELLS // len(sizes)))
            drawn = rng.multinomial(n, sizes / n, size=size).astype(np.float64)
            in_wrong = drawn * wrong
            n_wrong = in_wrong.sum(axis=1, keepdims=True)
            hits, fixed = in_wrong @ given, in_wrong @ corrected
            benign = (drawn - in_wrong) @ given
            with np.errstate(invalid="ignore"):
                yield (
                    (benign + hits) / n,
                    (benign + fixed) / n,
                    benign / (n - n_wrong),
                    hits / n_wrong,
                    fixed / n_wrong,
                )
            left -= size


def accuracy_at(prevalence: FloatArray, benign: FloatArray, correctable: FloatArray) -> FloatArray:
    """Return (m, g) accuracies where a share of the rows has a wrong label.

    Parameters
    ----------
    prevalence : (g,) float
    benign, correctable : (m,) float
        Accuracy on rows with right labels, and on those with wrong ones.

    Examples
    --------
    >>> accuracy_at(np.array([0.0, 0.5]), np.array([0.9]), np.array([0.5])).round(2).tolist()
    [[0.9, 0.7]]
    """
    return np.asarray(benign[:, None] * (1 - prevalence) + correctable[:, None] * prevalence)


def crossover(first: tuple[float, float], second: tuple[float, float]) -> float | None:
    """Return the share of wrong labels at which two models are equally good.

    Parameters
    ----------
    first, second : (benign, correctable) accuracies

    Returns
    -------
    float or None
        Between 0 and 1; None where one model is as good or better everywhere.

    Notes
    -----
    Accuracy is linear in the share of wrong labels, so that with b and c the two accuracies the lines meet at
    (b1 - b2) / ((b1 - b2) - (c1 - c2)).

    Examples
    --------
    >>> round(crossover((0.9, 0.5), (0.8, 0.9)), 6)
    0.2
    """
    at = crossings(np.array([first]), np.array([second]))[0]
    return None if np.isnan(at) else float(at)


def crossings(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return `crossover` of (r, 2) accuracies each; NaN where lines do not cross between 0 and 1."""
    ahead = first - second
    b, c = ahead[:, 0], ahead[:, 1]
    found = np.full(len(ahead), np.nan)
    meet = b * c < 0
    found[meet] = b[meet] / (b[meet] - c[meet])
    return found


def ranks_of(values: FloatArray) -> IntArray:
    """Return ranks along the last axis, 1 for the highest value; equal values share the better rank.

    Examples
    --------
    >>> ranks_of(np.array([0.5, 0.9, 0.5])).tolist()
    [2, 1, 2]
    """
    higher = values[..., None, :] > values[..., :, None] + 1e-12
    return np.asarray(higher.sum(axis=-1) + 1)


def kendall_tau(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return Kendall's tau-b of two rankings along the last axis.

    Parameters
    ----------
    first, second : (..., m) float

    Returns
    -------
    (...) float64
        NaN where one of the rankings has no order at all.

    Examples
    --------
    >>> float(kendall_tau(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])).round(3))
    0.333
    """
    m = first.shape[-1]
    one, other = np.triu_indices(m, k=1)
    a, b = (_sign(x[..., one] - x[..., other]) for x in (first, second))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    return np.asarray(found)


def _sign(difference: FloatArray) -> FloatArray:
    return np.asarray(np.where(np.abs(difference) < 1e-12, 0.0, np.sign(difference)))
