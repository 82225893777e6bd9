"""The properties that every review queue has, checked one by one."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np

from labelscope.testing import sample
from labelscope.types import Evidence, Policy, Ranking


def check_policy(policy: Policy) -> None:
    """Check that a queue keeps the contract of `labelscope.types.Policy`.

    Parameters
    ----------
    policy : Policy
        An instance of a frozen, keyword-only dataclass with ``name`` and ``order(evidence, n)``. It is given
        ``suspicion``, ``flagged``, ``given_labels``, ``current`` and ``suggested`` codes, ``classes``,
        ``state`` (0 unreviewed, 1 relabelled, 2 kept, 3 unsure, 4 excluded) and the arrays of an audit.

    Raises
    ------
    AssertionError
        The message starts with the name of the property that failed.

    Examples
    --------
    >>> from labelscope.review.queues import MostSuspicious
    >>> check_policy(MostSuspicious())
    """
    _check_facts(policy)
    evidence = _evidence(120)
    _check_untouched(policy, evidence)
    for n in (None, 0, 1, 10, 1000):
        _check_ranking(policy, evidence, n)
    first, second = policy.order(evidence, 20), policy.order(evidence, 20)
    _require(np.array_equal(first.rows, second.rows), "same result", "ordering twice gives two orders")
    again: Any = pickle.loads(pickle.dumps(policy))
    _require(
        np.array_equal(again.order(evidence, 20).rows, first.rows), "pickles", "the unpickled queue differs"
    )
    for rows in (0, 1, 2):
        _check_ranking(policy, _evidence(rows), None)
    done = evidence.including(state=np.full(120, 2, dtype=np.uint8))
    _check_ranking(policy, done, 5)


def _require(condition: bool, prop: str, message: str) -> None:
    if not condition:
        raise AssertionError(f"{prop}: {message}")


def _check_facts(policy: Policy) -> None:
    kind = type(policy)
    _require(isinstance(getattr(policy, "name", None), str), "facts", f"{kind.__name__} has no name")
    _require(dataclasses.is_dataclass(kind), "facts", f"{kind.__name__} is not a dataclass")
    _require(bool(kind.__dataclass_params__.frozen), "facts", f"{kind.__name__} is not frozen")  # type: ignore[attr-defined]


def _evidence(n: int) -> Evidence:
    full = sample.planted(max(n, 3))[0]
    rng = np.random.default_rng(3)
    suspicion = rng.random(max(n, 3)).astype(np.float32)
    given = np.asarray(full["given_labels"])
    made = full.including(
        classes=np.arange(sample.N_CLASSES),
        suspicion=suspicion,
        flagged=suspicion > 0.7,
        current=given,
        suggested=(given + 1) % sample.N_CLASSES,
        state=np.where(np.arange(max(n, 3)) % 5 == 4, 1, 0).astype(np.uint8),
        cluster=np.arange(max(n, 3)) // 4,
        clusters=np.array([2, 0]),
        gate=0.5,
    )
    if n >= 3:
        return made
    whole = ("classes", "clusters", "gate")
    absent = ("knn_ids", "knn_distances", *whole)
    kept = {name: array[:n] for name, array in made.items() if name not in absent}
    return Evidence(kept, **{name: made[name] for name in whole})


def _check_ranking(policy: Policy, evidence: Evidence, n: int | None) -> None:
    total = len(evidence["given_labels"])
    ranking = policy.order(evidence, n)
    _require(isinstance(ranking, Ranking), "shape", f"order() returned {type(ranking).__name__}, not Ranking")
    rows, weights = np.asarray(ranking.rows), np.asarray(ranking.weights, dtype=np.float64)
    _require(
        rows.ndim == 1 and (rows.dtype.kind in "iu" or not len(rows)), "shape", "rows are not whole numbers"
    )
    _require(len(weights) == len(rows), "shape", f"{len(weights)} weights for {len(rows)} rows")
    _require(len(rows) <= (total if n is None else n), "length", f"{len(rows)} rows where {n} were asked for")
    _require(len(np.unique(rows)) == len(rows), "no row twice", "a row is listed more than once")
    _require(
        not len(rows) or (rows.min() >= 0 and rows.max() < total), "range", f"rows outside 0 to {total - 1}"
    )
    _require(
        bool(np.isfinite(weights).all() and (weights >= 0).all()),
        "weights",
        "weights are negative or not finite",
    )
    _require(isinstance(ranking.meta, dict), "shape", "meta is not a dict")


def _check_untouched(policy: Policy, evidence: Evidence) -> None:
    arrays = {name: np.array(array) for name, array in evidence.items()}
    before = {name: array.copy() for name, array in arrays.items()}
    try:
        policy.order(Evidence(arrays), 10)
    except ValueError as error:
        _require(
            "read-only" not in str(error), "inputs untouched", f"order() writes to its evidence ({error})"
        )
        raise
    for name, array in arrays.items():
        same = np.array_equal(array, before[name], equal_nan=array.dtype.kind == "f")
        _require(same, "inputs untouched", f"order() changed {name}")
