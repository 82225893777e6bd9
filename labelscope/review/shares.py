"""Measured shares with exact intervals, also of many trials."""

from __future__ import annotations

from labelscope.types import Estimate


def measured_share(hits: int, n: int, level: float = 0.95) -> Estimate | None:
    """Return a share and its interval after Clopper and Pearson.

    Parameters
    ----------
    hits, n : int
        Successes and trials.
    level : float
        Coverage.

    Returns
    -------
    Estimate or None
        ``measured`` is True; None without trials.

    Examples
    --------
    >>> found = measured_share(1, 10)
    >>> round(found.low, 3), round(found.high, 3)
    (0.003, 0.445)
    """
    from scipy.special import betaincinv

    if not n:
        return None
    alpha = (1 - level) / 2
    low = 0.0 if hits <= 0 else float(betaincinv(hits, n - hits + 1, alpha))
    high = 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, 1 - alpha))
    return Estimate(hits / n, low, high, level, measured=True)
