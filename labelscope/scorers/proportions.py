"""Shares of trials with exact intervals (Clopper and Pearson 1934), also of many trials."""

from __future__ import annotations

from labelscope.types import Estimate


def exact_lower(hits: float, n: float, alpha: float) -> float:
    """Return the one-sided lower bound of a share after Clopper and Pearson.

    Parameters
    ----------
    hits, n : float
        Successes and trials; weighted counts may be fractions.
    alpha : float
        Probability with which the bound may be wrong.

    Returns
    -------
    float
        0 without successes.

    Examples
    --------
    >>> round(exact_lower(29, 29, 0.05), 3)
    0.902
    """
    from scipy.special import betaincinv

    return 0.0 if hits <= 0 or n <= 0 else float(betaincinv(hits, n - hits + 1, alpha))


def exact_interval(hits: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share after Clopper and Pearson; (0, 1) without trials.

    Examples
    --------
    >>> low, high = exact_interval(1, 10)
    >>> round(low, 3), round(high, 3)
    (0.003, 0.445)
    """
    alpha = (1.0 - level) / 2
    return exact_lower(hits, n, alpha), 1.0 - exact_lower(n - hits, n, alpha)


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
    return Estimate(hits / n, *exact_interval(hits, n, level), level, measured=True) if n else None
