"""How long looking takes: seconds per item, by class and over time, breaks left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.looks import Looks
from labelscope.types import Array, BoolArray, Estimate, FloatArray, IntArray

#: Pages that took longer are breaks (Pedersen et al.).
IDLE_SECONDS = 3600.0
#: Longest time between two decisions about rows looked at alone.
_PAUSE_SECONDS = 60.0
_OUTLYING = 3.0
_FEWEST_GAPS = 5


@dataclass(frozen=True, eq=False)
class TimeSpent:
    """Time per item.

    Attributes
    ----------
    basis : {"pages", "gaps", "none"}
        Pages timed themselves; else the times between a person's decisions, pauses of more than a minute
        left out; else nothing is known.
    seconds_per_item : Estimate or None
        Seconds of all pages over items of all pages; measured.
    median : float or None
        Median over pages of seconds per item, which long pages do not move.
    hours : float
        Breaks left out.
    n_pages, n_breaks : int
        Pages that count, and those that took longer than ``idle``.
    counted : (p,) bool
        Pages that count.
    """

    basis: str
    seconds_per_item: Estimate | None
    median: float | None
    hours: float
    n_pages: int
    n_breaks: int
    counted: BoolArray


def time_spent(looks: Looks, *, idle: float = IDLE_SECONDS, level: float = 0.95) -> TimeSpent:
    """Measure time per item.

    Parameters
    ----------
    looks : Looks
    idle : float
        Seconds from which on a page is a break and does not count.
    level : float
        Coverage of the interval.

    Returns
    -------
    TimeSpent

    Raises
    ------
    InvalidInputError
        ``idle`` is no time.
    """
    if isinstance(idle, bool) or not isinstance(idle, int | float) or not idle > 0:
        raise InvalidInputError(f"idle is {idle!r}.", "Pass the seconds from which on a page is a break.")
    seconds, n = looks.pages.seconds, looks.pages.n
    known = np.isfinite(seconds) & (n > 0)
    counted = known & (seconds <= idle)
    n_breaks = int((known & ~counted).sum())
    if counted.any():
        spent, items = seconds[counted], n[counted].astype(np.float64)
        return TimeSpent(
            "pages",
            _ratio(spent, items, level),
            float(np.median(spent / items)),
            float(spent.sum() / 3600),
            int(counted.sum()),
            n_breaks,
            counted,
        )
    gaps = _gaps(looks)
    if len(gaps) < _FEWEST_GAPS:
        return TimeSpent("none", None, None, 0.0, 0, n_breaks, counted)
    whole = _ratio(gaps, np.ones(len(gaps)), level)
    return TimeSpent(
        "gaps", whole, float(np.median(gaps)), float(gaps.sum() / 3600), 0, n_breaks, counted
    )  # fmt: skip


def _gaps(looks: Looks) -> FloatArray:
    found = [np.zeros(0)]
    alone = looks.page < 0
    for who in range(len(looks.reviewers)):
        moments = np.unique(looks.at[alone & (looks.reviewer == who) & np.isfinite(looks.at)])
        gaps = np.diff(moments)
        # Ticks of a clock that runs ahead are microseconds apart, which nobody decides in.
        found.append(gaps[(gaps > 0.05) & (gaps <= _PAUSE_SECONDS)])
    return np.concatenate(found)


def _ratio(top: FloatArray, bottom: FloatArray, level: float) -> Estimate:
    """Ratio of sums, and its interval by the delta method."""
    from statistics import NormalDist

    value = float(top.sum() / bottom.sum())
    rest = top - value * bottom
    n = len(top)
    spread = float(np.sqrt((rest**2).sum() * n / max(n - 1, 1))) / float(bottom.sum())
    half = NormalDist().inv_cdf((1 + level) / 2) * spread
    return Estimate(value, max(0.0, value - half), value + half, level, measured=True)


@dataclass(frozen=True)
class ClassTime:
    """Time per item on pages of one class.

    Attributes
    ----------
    code : int
    n_items : int
    seconds_per_item : float
    outlying : bool
        Whether it is more than three standard deviations above the mean over classes.
    """

    code: int
    n_items: int
    seconds_per_item: float
    outlying: bool


def class_times(
    looks: Looks, spent: TimeSpent, *, given: IntArray, suggested: IntArray
) -> tuple[ClassTime, ...]:
    """Measure time per item by class.

    Parameters
    ----------
    looks : Looks
    spent : TimeSpent
    given, suggested : (n,) int
        What pages are grouped by: the commonest of a page is its class.

    Returns
    -------
    tuple of ClassTime
        Slowest first.
    """
    code = page_classes(looks, given, suggested)
    chosen = spent.counted & (code >= 0)
    if not chosen.any():
        return ()
    codes, place = np.unique(code[chosen], return_inverse=True)
    items = np.bincount(place, weights=looks.pages.n[chosen])
    rate = np.bincount(place, weights=looks.pages.seconds[chosen]) / items
    limit = rate.mean() + _OUTLYING * rate.std()
    out = (rate > limit) & (len(rate) > 2)
    found = [
        ClassTime(int(codes[at]), int(items[at]), float(rate[at]), bool(out[at]))
        for at in np.argsort(-rate, kind="stable")
    ]
    return tuple(found)


def page_classes(looks: Looks, given: IntArray, suggested: IntArray) -> IntArray:
    """Return (p,) the class that most rows of each page are given, or suggested, as the page says."""
    found = np.full(len(looks.pages), -1, dtype=np.int64)
    by_suggestion = np.array([mean == "suggested" for mean in looks.pages.mean], dtype=bool)
    on_page = np.flatnonzero(looks.page >= 0)
    if not len(on_page):
        return found
    page, row = looks.page[on_page], looks.row[on_page]
    code = np.where(by_suggestion[page], suggested[row], given[row])
    width = max(int(code.max()) + 1, 1)
    inside = code >= 0
    cells, counts = np.unique(page[inside] * width + code[inside], return_counts=True)
    # The last of equal pages in this order is the one with the highest count, and of these the lowest code.
    order = np.lexsort((-cells, counts))
    found[cells[order] // width] = cells[order] % width
    return found


def times_in_order(looks: Looks, spent: TimeSpent, window: int = 51) -> tuple[FloatArray, FloatArray]:
    """Return seconds per item of each page that counts, in order, and the same smoothed."""
    pages = looks.pages
    rate = pages.seconds[spent.counted] / pages.n[spent.counted]
    return rate, smoothed(rate, window)


def smoothed(values: Array, window: int = 51, order: int = 3) -> FloatArray:
    """Smooth a series by local polynomials.

    Parameters
    ----------
    values : (m,) float
    window : int
        Points that a polynomial is fitted to; made odd, and as short as the series where that is shorter.
    order : int
        Degree.

    Returns
    -------
    (m,) float64

    Notes
    -----
    Savitzky, Golay: Smoothing and differentiation of data, 1964. At both ends the polynomial of the first and
    the last full window is used.

    Examples
    --------
    >>> x = np.arange(20.0)
    >>> bool(np.allclose(smoothed(x**3, 7, 3), x**3))
    True
    """
    series = np.asarray(values, dtype=np.float64)
    size = min(window, len(series))
    size -= 1 - size % 2
    if size <= order:
        return series.copy()
    half = size // 2
    powers = np.vander(np.arange(-half, half + 1) / max(half, 1), order + 1)
    hat = powers @ np.linalg.pinv(powers)
    out = np.empty(len(series))
    out[half : len(series) - half] = np.convolve(series, hat[half][::-1], mode="valid")
    out[:half] = hat[:half] @ series[:size]
    out[len(series) - half :] = hat[half + 1 :] @ series[-size:]
    return out
