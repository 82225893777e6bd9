"""Whether tags are as good for what is little known as for what is well known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.errors import InvalidInputError
from labelscope.evidence.given_tags import as_tags
from labelscope.types import Estimate, FloatArray, IntArray


@dataclass(frozen=True)
class PopularityF1:
    """Macro F1 from the least to the most popular rows.

    Attributes
    ----------
    groups : tuple of (float, float)
        Lowest and highest popularity in each group.
    n_rows : tuple of int
    macro_f1 : tuple of float
    gap : Estimate
        Of the most popular group less that of the least popular, with a bootstrap interval.
    """

    groups: tuple[tuple[float, float], ...]
    n_rows: tuple[int, ...]
    macro_f1: tuple[float, ...]
    gap: Estimate


def macro_f1_by_popularity(
    given: npt.ArrayLike,
    predicted: npt.ArrayLike,
    popularity: npt.ArrayLike,
    *,
    n_groups: int = 2,
    n_bootstrap: int = 1000,
    level: float = 0.9,
    random_state: int = 0,
) -> PopularityF1:
    """Compare predictions for well-known and for little-known rows (companies, artists, species).

    Parameters
    ----------
    given : (n, K) of 1, 0 and -1 or NaN for unknown
        The right tags.
    predicted : (n, K) of 1 and 0
    popularity : (n,) float
        Page views, employees, plays: only its order counts. NaN rows are left out.
    n_groups : int
        Groups of about equally many rows; equal popularities stay together.
    n_bootstrap : int
        Rows are drawn so often, with replacement, within each group.
    level : float
        Coverage of the interval of the gap.
    random_state : int

    Returns
    -------
    PopularityF1
        Tags that no row of a group has count there only where they are predicted, as an F1 of 0.

    Raises
    ------
    InvalidInputError
        Shapes differ, or there are fewer groups than asked for.

    Notes
    -----
    Asked by Rønne Gustafsson et al., "Prompt tuned embedding classification for industry sector allocation"
    (NAACL 2024 industry track), of well-known and less-known companies.

    Examples
    --------
    >>> given = np.array([[1, 0], [0, 1]] * 20)
    >>> predicted = given.copy(); predicted[:20:4] = 0
    >>> found = macro_f1_by_popularity(given, predicted, np.arange(40))
    >>> found.n_rows, [round(value, 2) for value in found.macro_f1], found.gap.low > 0
    ((20, 20), [0.83, 1.0], True)
    """
    true, said = as_tags(given), as_tags(predicted, "predicted")
    known = np.asarray(popularity, dtype=np.float64)
    if true.shape != said.shape or known.shape != (len(true),):
        raise InvalidInputError(
            f"given has the shape {true.shape}, predicted {said.shape} and popularity {known.shape}.",
            "Pass two (n, K) matrices of tags and one number a row.",
        )
    if n_groups < 2 or n_bootstrap < 1 or not 0 < level < 1:
        raise InvalidInputError(
            f"n_groups is {n_groups}, n_bootstrap {n_bootstrap} and level {level}.",
            "Pass at least 2 groups, at least 1 draw, and a level between 0 and 1.",
        )
    there = np.flatnonzero(~np.isnan(known))
    cuts = np.quantile(known[there], np.arange(1, n_groups) / n_groups) if len(there) else np.zeros(0)
    group = np.searchsorted(cuts, known[there], side="right")
    members = [there[group == number] for number in range(n_groups)]
    if not all(map(len, members)):
        raise InvalidInputError(
            f"The popularity of {len(there):,} rows does not make {n_groups} groups.",
            "Ask for fewer groups, or pass a column with more different values.",
        )
    hits = _cells(true, said)
    values = [_macro(hits[rows].sum(axis=0)[None])[0] for rows in members]
    rng = np.random.default_rng(random_state)
    drawn = [_drawn(hits[members[place]], n_bootstrap, rng) for place in (0, -1)]
    low, high = np.quantile(drawn[1] - drawn[0], ((1 - level) / 2, (1 + level) / 2))
    gap = float(values[-1] - values[0])
    return PopularityF1(
        groups=tuple((float(known[rows].min()), float(known[rows].max())) for rows in members),
        n_rows=tuple(len(rows) for rows in members),
        macro_f1=tuple(float(value) for value in values),
        gap=Estimate(gap, min(gap, float(low)), max(gap, float(high)), level, measured=True),
    )


def _cells(true: IntArray, said: IntArray) -> FloatArray:
    """(n, K, 2): right positives twice, and positives given plus positives predicted, of known entries."""
    there, found = true == 1, (said == 1) & (true >= 0)
    return np.stack([2.0 * (there & found), 1.0 * there + found], axis=2)


def _macro(sums: Any) -> FloatArray:
    """Mean F1 over the tags that are given or predicted at all: sums (b, K, 2) to (b,)."""
    seen = sums[:, :, 1] > 0
    each = sums[:, :, 0] / np.maximum(sums[:, :, 1], 1)
    return np.asarray(each.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def _drawn(hits: FloatArray, n_bootstrap: int, rng: np.random.Generator) -> FloatArray:
    """Macro F1 of so many samples of the rows."""
    n = len(hits)
    out = np.empty(n_bootstrap)
    step = max(1, 2_000_000 // max(n, 1))
    flat = hits.reshape(n, -1)
    for begin in range(0, n_bootstrap, step):
        size = min(step, n_bootstrap - begin)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(np.float64)
        out[begin : begin + size] = _macro((counts @ flat).reshape(size, *hits.shape[1:]))
    return out
