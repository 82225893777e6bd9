"""The long-tail panel's numbers: per tag, how many recovered rows to check before the rest is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.checking import needed
from labelscope.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class TailCheck:
    """One bar of the panel.

    Attributes
    ----------
    tag : str
    given, recovered, corrected : int
        Rows with the tag, rows that should have it too, and both.
    n_check : int
        Rows to check at random; if all are right, the rest may be accepted.
    n_rest : int
        Rows that would then be accepted unseen; 0 where all have to be looked at.
    expected_wrong : float
        Wrong ones to expect among the rest, by the method's own probabilities.
    rows : (recovered,) int
        The rows, in the random order in which to check them.
    """

    tag: str
    given: int
    recovered: int
    corrected: int
    n_check: int
    n_rest: int
    expected_wrong: float
    rows: IntArray


def tail_checks(
    given: BoolArray,
    recovered: BoolArray,
    missing: FloatArray,
    *,
    names: Sequence[str] | None = None,
    precision: float = 0.9,
    random_state: int = 0,
) -> tuple[TailCheck, ...]:
    """Say per tag how many recovered rows to check at random before the rest can be accepted.

    The rule is that of `labelscope.review.checking`: the rest may be accepted only while the lower bound
    (95 %) of the share of right ones exceeds ``precision``; .90 needs 29 of 29, .95 needs 59 of 59.

    Parameters
    ----------
    given, recovered : (n, K) bool
        Given tags, and those to be added.
    missing : (n, K) float
        Probability that a tag that is not given should be there.
    names : sequence of str, optional
        Tags; by default "0", "1", …
    precision : float
        From .5 to .999.
    random_state : int
        Seed of the order in which rows are checked.

    Returns
    -------
    tuple of TailCheck
        Most frequent tags first.

    Raises
    ------
    InvalidInputError
        Shapes do not fit, a tag is both given and recovered, or the precision cannot be had.

    Examples
    --------
    >>> recovered = np.ones((40, 1), dtype=bool)
    >>> (check,) = tail_checks(~recovered, recovered, np.full((40, 1), 0.9), names=["joy"])
    >>> check.n_check, check.n_rest, round(check.expected_wrong, 1)
    (29, 11, 1.1)
    """
    given, recovered = np.asarray(given, dtype=bool), np.asarray(recovered, dtype=bool)
    missing = np.asarray(missing, dtype=np.float64)
    if given.ndim != 2 or not given.shape == recovered.shape == missing.shape:
        raise InvalidInputError(
            f"given, recovered and missing have the shapes {given.shape}, {recovered.shape} and"
            f" {missing.shape}.",
            "Pass three (n, K) arrays, one entry for each row and tag.",
        )
    if (given & recovered).any():
        raise InvalidInputError("A tag is both given and recovered.", "Recovered tags are not given ones.")
    tags = [str(tag) for tag in (range(given.shape[1]) if names is None else names)]
    if len(tags) != given.shape[1]:
        raise InvalidInputError(
            f"names has {len(tags)} entries for {given.shape[1]} tags.", "Name every column."
        )
    most, rng = needed(precision), np.random.default_rng(random_state)
    checks = []
    for column in np.argsort(-given.sum(axis=0), kind="stable"):
        rows = rng.permutation(np.flatnonzero(recovered[:, column]))
        n_check = min(most, len(rows))
        rest = len(rows) - n_check
        doubt = float((1 - missing[rows, column]).mean()) if len(rows) else 0.0
        own = int(given[:, column].sum())
        checks.append(
            TailCheck(tags[column], own, len(rows), own + len(rows), n_check, rest, doubt * rest, rows)
        )
    return tuple(checks)


__all__ = ["TailCheck", "tail_checks"]
