"""Makers of wrong targets of a regression that say which they made wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.labels import Labels, encode
from labelscope.data.targets import rebuild_targets
from labelscope.errors import InvalidInputError
from labelscope.testing.noise import check_rate
from labelscope.types import BoolArray, FloatArray, IntArray


def replaced_targets(targets: Any, *, rate: float = 0.1, random_state: int = 0) -> tuple[Any, BoolArray]:
    """Give a share of the rows the target of another row, as a table does whose lines slipped.

    Parameters
    ----------
    targets : (n,) or (n, 1) numbers
        Any container that `labelscope.Dataset` takes; unlabelled rows stay so.
    rate : float
        Share of the labelled rows to make wrong; exactly the nearest whole number is.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container
    is_wrong : (n,) bool

    Raises
    ------
    InvalidInputError
        ``rate`` is not in [0, 1], or all targets are equal.

    Examples
    --------
    >>> noisy, wrong = replaced_targets(np.arange(20) / 7, rate=0.25)
    >>> int(wrong.sum()), bool(np.isin(noisy, np.arange(20) / 7).all())
    (5, True)
    """
    read, rows, rng = _drawn(targets, rate, random_state)
    codes = read.codes.copy()
    labelled = np.sort(read.codes[read.codes >= 0])
    # A row takes any target that is not its own, as often as it occurs.
    low, high = np.searchsorted(labelled, codes[rows]), np.searchsorted(labelled, codes[rows], side="right")
    place = np.floor(rng.random(len(rows)) * (len(labelled) - (high - low))).astype(np.int64)
    codes[rows] = labelled[np.where(place >= low, place + (high - low), place)]
    return read.rebuild(codes), _mask(read, rows)


def shifted_targets(
    targets: Any, *, rate: float = 0.1, by: tuple[float, float] = (1.0, 3.0), random_state: int = 0
) -> tuple[Any, BoolArray]:
    """Move a share of the targets up or down by some standard deviations.

    Parameters
    ----------
    targets : (n,) or (n, 1) numbers
        Any container that `labelscope.Dataset` takes; unlabelled rows stay so.
    rate : float
        Share of the labelled rows to make wrong; exactly the nearest whole number is.
    by : tuple of two floats
        Least and largest move, in standard deviations of the targets. Where all targets are whole numbers,
        moves are rounded away from zero, so that they stay whole.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container
    is_wrong : (n,) bool

    Raises
    ------
    InvalidInputError
        ``rate`` is not in [0, 1], ``by`` is no range of positive numbers, or all targets are equal.

    Examples
    --------
    >>> y = np.arange(20) / 7
    >>> noisy, wrong = shifted_targets(y, rate=0.1, by=(2, 2))
    >>> np.round(np.abs(noisy - y)[wrong] / y.std(), 6).tolist()
    [2.0, 2.0]
    """
    if len(by) != 2 or not 0 < by[0] <= by[1]:
        raise InvalidInputError(f"by is {by}.", "Pass two positive numbers, the smaller one first.")
    read, rows, rng = _drawn(targets, rate, random_state)
    values = read.targets
    moves = rng.uniform(by[0], by[1], len(rows)) * rng.choice([-1.0, 1.0], len(rows))
    moves *= np.nanstd(values)
    if _whole(values):
        moves = np.sign(moves) * np.ceil(np.abs(moves))
    moved = (values[rows] + moves).tolist()
    return rebuild_targets(read.original, rows, moved, None), _mask(read, rows)


def _drawn(targets: Any, rate: float, random_state: int) -> tuple[Labels, IntArray, np.random.Generator]:
    check_rate(rate)
    read = encode(targets, task="regression")
    if read.n_classes < 2:
        raise InvalidInputError(
            f"There {'is 1 distinct target' if read.n_classes else 'are no targets'}.",
            "At least two distinct targets are needed to make one wrong.",
        )
    rng = np.random.default_rng(random_state)
    labelled = np.flatnonzero(read.codes >= 0)
    rows = rng.choice(labelled, round(rate * len(labelled)), replace=False)
    return read, np.sort(rows).astype(np.int64), rng


def _whole(values: FloatArray) -> bool:
    present = values[~np.isnan(values)]
    return bool((present == np.floor(present)).all())


def _mask(read: Labels, rows: IntArray) -> BoolArray:
    wrong = np.zeros(read.n, dtype=bool)
    wrong[rows] = True
    return wrong
