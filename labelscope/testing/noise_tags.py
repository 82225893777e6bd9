"""Makers of wrong tags and wrong attributes that say which they made wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.tag_output import rebuild_tags, snapshot_rows
from labelscope.data.tag_values import read_tags
from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.testing.noise import check_rate
from labelscope.types import BoolArray

Rates = float | Mapping[Any, float]


def missing_tags(tags: Any, *, rate: Rates = 0.3, random_state: int = 0) -> tuple[Any, BoolArray]:
    """Forget a share of the tags that are there, as people do who tag many things.

    Parameters
    ----------
    tags : (n, K) array or frame of 0/1 (NaN for unknown), list of sets or lists, or joined texts
        Tags of each row.
    rate : float or mapping of tag to float
        Share of the present tags to drop: of all alike, or of each tag its own (others stay). Exactly the
        nearest whole number is dropped.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container
    is_wrong : (n, K) bool for matrices, (n,) bool (a tag is missing) for sets and texts

    Raises
    ------
    InvalidInputError
        ``rate`` is not in [0, 1], or the tags cannot be read.

    Examples
    --------
    >>> noisy, wrong = missing_tags(np.ones((4, 5), dtype=int), rate=0.25)
    >>> int(noisy.sum()), int(wrong.sum())
    (15, 5)
    >>> missing_tags([{"joy", "awe"}, {"joy"}], rate={"joy": 1.0})[0]
    [{'awe'}, set()]
    """
    read = read_tags(tags)
    wrong = _drawn(read, read.matrix == 1, rate, random_state)
    return _result(tags, read, wrong, 0)


def spurious_tags(tags: Any, *, rate: Rates = 0.05, random_state: int = 0) -> tuple[Any, BoolArray]:
    """Put in tags that do not belong, as many as a share of those that do.

    Parameters
    ----------
    tags : (n, K) array or frame of 0/1 (NaN for unknown), list of sets or lists, or joined texts
        Tags of each row; unlabelled rows and unknown tags stay so.
    rate : float or mapping of tag to float
        Number of tags to put in, as a share of the tags that are there: of all, or of each tag its own
        (others stay). Where each tag gets them is drawn from the rows that do not have it, common tags more
        often than rare ones.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container
    is_wrong : (n, K) bool for matrices, (n,) bool (some tag is wrong) for sets and texts

    Raises
    ------
    InvalidInputError
        ``rate`` is not in [0, 1], or there is no room for so many.

    Examples
    --------
    >>> noisy, wrong = spurious_tags(np.eye(4, dtype=int), rate=0.5)
    >>> int(noisy.sum()), int(wrong.sum())
    (6, 2)
    """
    read = read_tags(tags)
    wrong = _drawn(read, read.matrix == 0, rate, random_state, like=read.matrix == 1)
    return _result(tags, read, wrong, 1)


def flipped_concepts(concepts: Any, *, rate: Rates = 0.1, random_state: int = 0) -> tuple[Any, BoolArray]:
    """Turn a share of the known attributes around: present becomes absent, absent present.

    Parameters
    ----------
    concepts : (n, C) array or frame of 0/1, NaN for unknown
        Attributes of each row; unknown ones stay so.
    rate : float or mapping of attribute to float
        Share of the known values to flip: of all alike, or of each attribute its own (others stay).
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container
    is_wrong : (n, C) bool

    Raises
    ------
    InvalidInputError
        ``rate`` is not in [0, 1], or the values are not 0, 1 and NaN.
    InvalidTypeError
        No matrix.

    Examples
    --------
    >>> noisy, wrong = flipped_concepts(np.zeros((5, 2)), rate=0.3)
    >>> int(noisy.sum()), bool((noisy[wrong] == 1).all())
    (3, True)
    """
    read = read_tags(concepts)
    if read.form != "matrix":
        raise InvalidTypeError(
            f"concepts are given as {type(concepts).__name__}.", "Pass a matrix (n, C) of 0, 1 and NaN."
        )
    wrong = _drawn(read, read.matrix >= 0, rate, random_state)
    rows = np.flatnonzero(wrong.any(axis=1))
    flipped = np.where(wrong, 1 - read.matrix, read.matrix)
    return rebuild_tags(snapshot_rows(concepts), read, rows, flipped[rows], None), wrong


def _drawn(
    tags: Tags, room: BoolArray, rate: Rates, random_state: int, *, like: BoolArray | None = None
) -> BoolArray:
    """Draw places among ``room``, as many as ``rate`` of ``like``."""
    rng = np.random.default_rng(random_state)
    base = room if like is None else like
    wrong = np.zeros(room.shape, dtype=bool)
    if isinstance(rate, Mapping):
        for tag, share in rate.items():
            check_rate(share)
            column = tags.column(tag)
            rows = np.flatnonzero(room[:, column])
            wanted = _count(share, int(base[:, column].sum()), len(rows))
            wrong[rng.choice(rows, wanted, replace=False), column] = True
        return wrong
    check_rate(rate)
    rows, columns = np.nonzero(room)
    wanted = _count(rate, int(base.sum()), len(rows))
    if like is None:
        chosen = rng.choice(len(rows), wanted, replace=False)
    else:
        # The largest of exponential races: places of common tags win more often.
        weight = (like.sum(axis=0) + 1.0)[columns]
        chosen = np.argsort(rng.exponential(size=len(rows)) / weight, kind="stable")[:wanted]
    wrong[rows[chosen], columns[chosen]] = True
    return wrong


def _count(rate: float, base: int, room: int) -> int:
    wanted = round(rate * base)
    if wanted > room:
        raise InvalidInputError(
            f"{wanted:,} wrong tags are asked for, but there is room for {room:,}.", "Pass a smaller rate."
        )
    return wanted


def _result(given: Any, tags: Tags, wrong: BoolArray, value: int) -> tuple[Any, BoolArray]:
    rows = np.flatnonzero(wrong.any(axis=1))
    wanted: npt.NDArray[np.int8] = np.where(wrong, np.int8(value), tags.matrix)
    noisy = rebuild_tags(snapshot_rows(given), tags, rows, wanted[rows], None)
    return noisy, wrong if tags.form == "matrix" else np.asarray(wrong.any(axis=1))
