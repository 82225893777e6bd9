"""What a measure of agreement says, and how value and interval are put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.evidence.agreement.answers import Answers
from labelscope.evidence.agreement.intervals import (
    Statistic,
    Sums,
    agreement_of,
    check_interval,
    interval_of,
)
from labelscope.types import Estimate


@dataclass(frozen=True)
class Agreement:
    """How far answers agree.

    Attributes
    ----------
    statistic : str
        Name of the measure.
    value, low, high : float
        The measure and the ends of its interval; NaN where it is not defined, and ``note`` says why.
    level : float
        Coverage of the interval.
    n_items, n_raters : int
        Items with two or more answers, and raters with an answer on one of these.
    observed, expected : float
        Disagreement found, and the one that chance would give.
    note : str
        Why there is no value; else empty.
    """

    statistic: str
    value: float
    low: float
    high: float
    level: float
    n_items: int
    n_raters: int
    observed: float
    expected: float
    note: str = ""

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return not np.isnan(self.value)

    def estimate(self) -> Estimate:
        """Return value and interval as a measured estimate."""
        return Estimate(self.value, self.low, self.high, self.level, measured=True)

    def __str__(self) -> str:
        if not self.defined:
            return f"{self.statistic}: {self.note}"
        return (
            f"{self.statistic} {self.value:.3f} ({self.low:.3f} to {self.high:.3f}, {self.n_items:,} items)"
        )


def made(
    name: str,
    statistic: Statistic,
    sums: Sums,
    given: Answers,
    level: float,
    interval: str,
    rest: tuple[int, int, float],
) -> Agreement:
    """Put value and interval together, or say why there are none."""
    n_bootstrap, random_state, largest = rest
    check_interval(level, interval, n_bootstrap)
    nan = float("nan")
    if not sums.n:
        return Agreement(name, nan, nan, nan, level, 0, 0, nan, nan, "no item has two answers")
    observed, expected = (float(side[0]) for side in statistic(sums.total()))
    value = float(agreement_of(np.array([observed]), np.array([expected]))[0])
    note = "all answers are the same, so that chance alone would agree" if np.isnan(value) else ""
    low, high = interval_of(
        statistic,
        sums,
        level=level,
        interval=interval,
        n_bootstrap=n_bootstrap,
        random_state=random_state,
        largest=largest,
    )
    return Agreement(name, value, low, high, level, sums.n, given.n_raters, observed, expected, note)
