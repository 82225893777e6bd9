"""Krippendorff's alpha on nominal, ordinal and interval scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.agreement.answers import Answers, read
from labelscope.evidence.agreement.intervals import Statistic, Sums
from labelscope.evidence.agreement.result import Agreement, made
from labelscope.types import FloatArray

METRICS = ("nominal", "ordinal", "interval")


def krippendorff_alpha(
    answers: Any,
    *,
    metric: str = "nominal",
    missing: Any = -1,
    level: float = 0.95,
    interval: str = "bootstrap",
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Agreement:
    """Return Krippendorff's alpha, which takes any number of raters and missing answers as they are.

    Parameters
    ----------
    answers : (n, r) array
        One column per rater; items with fewer than two answers are left out.
    metric : {"nominal", "ordinal", "interval"}
        How far two values are apart; ordered values are ordered as they sort, interval ones are numbers.
    missing : object
        Value that stands for no answer; pass None where -1 is a value.
    level, interval, n_bootstrap, random_state
        As in `percent_agreement`.

    Returns
    -------
    Agreement

    Raises
    ------
    InvalidInputError
        Not a matrix, values that are no numbers on an interval scale, or settings that cannot be used.

    Notes
    -----
    Krippendorff: Computing Krippendorff's alpha-reliability, 2011. Undefined (NaN) where all answers are the
    same.

    Examples
    --------
    >>> round(krippendorff_alpha([[1, 1, None], [2, 2, 3], [3, 3, 3]], metric="interval").value, 3)
    0.841
    """
    if metric not in METRICS:
        raise InvalidInputError.unknown("metric of alpha", metric, METRICS)
    given = read(answers, missing)
    name = "Krippendorff's alpha" if metric == "nominal" else f"Krippendorff's alpha, {metric}"
    makers = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval}
    statistic, sums, largest = makers[metric](given)
    return made(name, statistic, sums, given, level, interval, (n_bootstrap, random_state, largest))


def _nominal(given: Answers) -> tuple[Statistic, Sums, float]:
    counts, weights = given.counts()
    many = counts.sum(axis=1)
    # Each answer's share of disagreement with the others on its item, summed.
    apart = (many**2 - (counts**2).sum(axis=1)) / np.maximum(many - 1, 1)

    def statistic(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        n, of_value = sums[:, 0], sums[:, 2:]
        chance = (n**2 - (of_value**2).sum(axis=1)) / np.maximum(n * (n - 1), 1e-300)
        return sums[:, 1] / np.maximum(n, 1e-300), chance

    return statistic, Sums.of(np.column_stack([many, apart, counts]), weights), 1.0


def _ordinal(given: Answers) -> tuple[Statistic, Sums, float]:
    counts, weights = given.counts()
    m, k = counts.shape
    many = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] / np.maximum(many - 1, 1)[:, None, None]

    def statistic(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        n, of_value, met = sums[:, 0], sums[:, 1 : k + 1], sums[:, k + 1 :].reshape(-1, k, k)
        # Steps between two values: answers between them, and half of those at the ends, as a share of all.
        place = np.cumsum(of_value, axis=1) - of_value / 2
        far = ((place[:, :, None] - place[:, None, :]) / np.maximum(n, 1e-300)[:, None, None]) ** 2
        found = (met * far).sum(axis=(1, 2)) / np.maximum(n, 1e-300)
        chance = np.einsum("bj,bjk,bk->b", of_value, far, of_value) / np.maximum(n * (n - 1), 1e-300)
        return found, chance

    return statistic, Sums.of(np.column_stack([many, counts, pairs.reshape(m, k * k)]), weights), 1.0


def _interval(given: Answers) -> tuple[Statistic, Sums, float]:
    try:
        values = given.values.astype(np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"Answers such as {given.values[0]!r} are no numbers, which an interval scale needs.",
            "Pass numbers, or metric='nominal' or 'ordinal'.",
        ) from None
    # Sums of squares lose digits far from zero.
    values = values - (values.mean() if len(values) else 0.0)
    kinds = given.kinds.where((given.kinds.codes >= 0).sum(axis=1) >= 2)
    codes, known = kinds.codes, kinds.codes >= 0
    numbers = np.where(known, values[np.maximum(codes, 0)] if len(values) else 0.0, 0.0)
    many, sums_, squares = known.sum(axis=1), numbers.sum(axis=1), (numbers**2).sum(axis=1)
    apart = 2 * (many * squares - sums_**2) / np.maximum(many - 1, 1)

    def statistic(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        n = sums[:, 0]
        chance = 2 * (n * sums[:, 3] - sums[:, 2] ** 2) / np.maximum(n * (n - 1), 1e-300)
        return np.maximum(sums[:, 1], 0) / np.maximum(n, 1e-300), chance

    largest = float(np.ptp(values) ** 2) if len(values) else 0.0
    parts = np.column_stack([many, apart, sums_, squares]).astype(np.float64)
    return statistic, Sums.of(parts, kinds.weights), largest
