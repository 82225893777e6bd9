"""Queues: what to look at next. Frozen dataclasses with ``order(evidence, n) -> Ranking``."""

from __future__ import annotations

import inspect
from typing import Any

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.plans import Plan
from labelscope.review.queues.above_gate import AboveGate
from labelscope.review.queues.active_lab import ActiveLab
from labelscope.review.queues.class_pair import ClassPair
from labelscope.review.queues.clusters import Clusters
from labelscope.review.queues.elicitation import Elicitation
from labelscope.review.queues.foreign import Foreign
from labelscope.review.queues.mistakes import Mistakes
from labelscope.review.queues.most_suspicious import MostSuspicious
from labelscope.review.queues.random_rows import RandomRows
from labelscope.review.queues.review_plan import ReviewPlan
from labelscope.review.queues.robust_distillation import RobustDistillation
from labelscope.review.queues.spread import Spread
from labelscope.review.queues.two_way_confusion import TwoWayConfusion
from labelscope.types import Policy

__all__ = [
    "AboveGate",
    "ActiveLab",
    "ClassPair",
    "Clusters",
    "Elicitation",
    "Foreign",
    "Mistakes",
    "MostSuspicious",
    "Plan",
    "RandomRows",
    "ReviewPlan",
    "RobustDistillation",
    "Spread",
    "TwoWayConfusion",
    "by_name",
]


def by_name(name: str) -> Policy:
    """Return the queue of that name with its defaults.

    Parameters
    ----------
    name : str
        ``"most_suspicious"``, ``"random"``, ``"class_pair"``, ``"active_lab"``, ``"gate"``,
        ``"clusters"``, ``"two_way_confusion"``, ``"foreign"``, ``"review_plan"``, ``"spread"``,
        ``"mistakes"``, ``"robust_distillation"`` or ``"elicitation"``; class names work, too.

    Returns
    -------
    Policy

    Raises
    ------
    InvalidInputError
        There is no such queue; the near miss is named.

    Examples
    --------
    >>> by_name("random")
    RandomRows(random_state=0)
    """
    kinds = (
        MostSuspicious,
        RandomRows,
        ClassPair,
        ActiveLab,
        AboveGate,
        Clusters,
        TwoWayConfusion,
        Foreign,
        ReviewPlan,
        Spread,
        RobustDistillation,
        Elicitation,
        Mistakes,
    )
    for kind in kinds:
        if name in (kind.name, kind.__name__):
            return kind()
    raise InvalidInputError.unknown("queue", name, [kind.name for kind in kinds])


def checked_policy(given: Any) -> Policy:
    """Return the queue that a name or an object stands for.

    Parameters
    ----------
    given : Policy or str

    Returns
    -------
    Policy

    Raises
    ------
    InvalidInputError
        There is no queue of that name.
    InvalidTypeError
        A class, or something that orders nothing.

    Examples
    --------
    >>> checked_policy("random") == checked_policy(RandomRows())
    True
    """
    if isinstance(given, str):
        return by_name(given)
    if isinstance(given, type):
        raise InvalidTypeError(
            f"{given.__name__} is a class, but a queue is an object made of it.",
            f"Write {given.__name__}().",
        )
    if not callable(getattr(given, "order", None)):
        raise InvalidTypeError(
            f"{given!r:.80} is no queue: it has no order(evidence, n) method.",
            "Pass a name such as 'most_suspicious', or an object like ls.queues.RandomRows().",
        )
    try:
        inspect.signature(given.order).bind(None, None)
    except TypeError:
        raise InvalidTypeError(
            f"{type(given).__name__}.order does not take (evidence, n), so that it is no queue.",
            "Pass a name such as 'most_suspicious', or an object like ls.queues.RandomRows().",
        ) from None
    policy: Policy = given
    return policy
